"""Writing: acknowledged comments a second from 100 readers at once, beside the bare inserts.

    python bench/writes.py
    python bench/writes.py --clients 10 --seconds 2 --rounds 3

newsgraph     100 connections, each of which posts the next comment when the one before was answered, over HTTP
in process    the same 100 without HTTP and GraphQL: actions.comments.post
bare, one     aiosqlite, one insert and one commit a comment
bare, group   aiosqlite, one transaction for as many comments as there are clients

All write to the same disk, with synchronous=FULL and into the same tables, so that every acknowledged comment has been
flushed; the bare ones write the comment's row and nothing else. newsgraph checks the token, judges the comment, keeps
the article's and the thread's counters, writes the event from which streams and caches live, and tells of it. They take
turns within a round, and ratios are medians of the rounds. At the end every acknowledged comment is looked for in the
database.

A lone `postComment` waits for one flush of the disk; a hundred at once share a few.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from read.database import FOLDER
from read.report import aligned
from read.servers import Server, newsgraph, running
from write import bare, people, syncs
from write.figures import Figures, figures, row
from write.posting import Writers

from newsgraph import app
from newsgraph.settings import Settings

TARGET = 200.0  # acknowledged comments a second
HTTP, IN_PROCESS, ONE, GROUP = "newsgraph", "in process", "bare, one", "bare, group"
Rounds = dict[str, list[Figures]]


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server is killed then, too
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="writes-", dir=FOLDER) as folder:
            return _measured(Path(folder), options)
    except (RuntimeError, OSError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1


def _measured(folder: Path, options: argparse.Namespace) -> int:
    path, inner, outer = (folder / f"{name}.db" for name in ("served", "process", "bare"))
    articles, *_ = [people.furnish(file, options.clients) for file in (path, inner, outer)]
    found: Rounds = {HTTP: [], IN_PROCESS: [], ONE: [], GROUP: []}
    with running(newsgraph(path, cached=True), folder / "log") as server:
        writers = Writers(server, articles, options.clients)
        writers.measure(options.warm)
        for number in range(1, options.rounds + 1):
            found[HTTP].append(writers.measure(options.seconds))
            found[IN_PROCESS].append(asyncio.run(_in_process(inner, options)))
            found[ONE].append(asyncio.run(bare.measure(outer, 1, options.seconds)))
            found[GROUP].append(asyncio.run(bare.measure(outer, options.clients, options.seconds)))
            print(f"round {number} of {options.rounds}", flush=True)
        shared = _flushes(server, writers, folder / "strace") if syncs.countable() else None
    return _report(found, shared, _lost(path, len(writers.acknowledged)))


async def _in_process(path: Path, options: argparse.Namespace) -> Figures:
    async with app.open_newsroom(Settings(database=f"sqlite:///{path}")) as newsroom:
        viewers = await people.people(newsroom, options.clients)
        cpu, started = time.process_time(), time.perf_counter()
        times = await people.post(newsroom, viewers, options.seconds)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    return figures(times, wall, cpu)


def _flushes(server: Server, writers: Writers, log: Path) -> float:
    """Comments that share a flush of the disk."""
    before = len(writers.acknowledged)
    with syncs.counted(server.group, log) as found:
        writers.measure(1.0)
    return (len(writers.acknowledged) - before) / max(1, found.count)


def _lost(path: Path, acknowledged: int) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM comments").fetchone()
    return acknowledged - int(kept)


def _report(found: Rounds, shared: float | None, lost: int) -> int:
    """1 when an acknowledged comment is not there, or fewer were acknowledged than should be."""
    lines = [["", "comments/s", "p50 ms", "p99 ms", "cpu us", *(f"x {base}" for base in (ONE, GROUP))]]
    lines += [[name, *row(found, name, (ONE, GROUP))] for name in found]
    print("\n" + "\n".join(aligned(lines)))
    print("\np50, p99: until a comment is acknowledged; of bare, group: until a whole group is.")
    if shared is not None:
        print(f"comments that share a flush of the disk (strace): {shared:.1f}")
    print(f"acknowledged comments that are not there: {lost}")
    reached = median(one.per_second for one in found[HTTP])
    print(f"target {TARGET:.0f} comments/s: {'met' if reached >= TARGET else 'MISSED'}")
    return 1 if lost or reached < TARGET else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0, help="of one contender in one round")
    parser.add_argument("--warm", type=float, default=1.0, help="seconds before anything counts")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
