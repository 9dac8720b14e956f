"""A flood of views: how many `recordView` a second are answered, counted once, and written, beside the bare updates.

    python bench/views.py
    python bench/views.py --seconds 2 --rounds 2

new readers     100 connections over HTTP; each view is another reader's, so that all of them count
the same again  the same, but readers who have been here: none of them counts
crawlers        the same, but programs that say so: none of them counts
in process      new readers without HTTP and GraphQL: ViewCounter.record, written every second
bare, one       aiosqlite, one update of the article and one of its bucket, and a commit for each view
bare, group     the same with one commit for a thousand views

They take turns within a round, and ratios are medians of the rounds. At the end every view that was answered with
`counted: true` is looked for in the database. Then ten times as many readers come as may be remembered (`view_memory`),
while nothing is written, to see that memory has an end.
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
from itertools import count, cycle
from pathlib import Path
from statistics import median

from read.database import FOLDER
from read.report import aligned
from read.servers import newsgraph, running
from view.flood import BROWSER, CRAWLER, Crowd, Flood
from view.inside import Inside, bare
from write import people
from write.figures import Figures, row

WANTED = 10_000.0  # views a second
GROUP = 1_000  # views in one commit of the bare ones
KNOWN = 1_000  # readers who have been here
MEMORY = 10_000  # readers who may be remembered, where ten times as many come
KEPT_FOR = 5.0  # seconds until all that was counted must have been written
NEW, AGAIN, CRAWLERS = "new readers", "the same again", "crawlers"
INSIDE, ONE, TOGETHER = "in process", "bare, one", "bare, group"
Rounds = dict[str, list[Figures]]


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server is killed then, too
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="views-", dir=FOLDER) as folder:
            return _measured(Path(folder), options)
    except (RuntimeError, OSError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1


def _measured(folder: Path, options: argparse.Namespace) -> int:
    served, inner, outer = (folder / f"{name}.db" for name in ("served", "process", "bare"))
    articles, *_ = [people.furnish(file, 1) for file in (served, inner, outer)]
    found: Rounds = {name: [] for name in (NEW, AGAIN, CRAWLERS, INSIDE, ONE, TOGETHER)}
    fresh, inside = count(KNOWN), Inside(inner)
    with running(newsgraph(served, cached=True), folder / "log") as server:
        flood = Flood(server, articles, options.clients)
        kinds = {
            NEW: Crowd(fresh, BROWSER, True),
            AGAIN: Crowd(cycle(range(KNOWN)), BROWSER, False),
            CRAWLERS: Crowd(cycle(range(KNOWN)), CRAWLER, False),
        }
        flood.greet(KNOWN)
        flood.measure(options.warm, kinds[CRAWLERS])
        for number in range(1, options.rounds + 1):
            for name, crowd in kinds.items():
                found[name].append(flood.measure(options.seconds, crowd))
            found[INSIDE].append(asyncio.run(inside.measure(options.seconds)))
            found[ONE].append(asyncio.run(bare(outer, 1, options.seconds)))
            found[TOGETHER].append(asyncio.run(bare(outer, GROUP, options.seconds)))
            print(f"round {number} of {options.rounds}", flush=True)
        lost = _lost(served, flood.counted)
    return _report(found, lost, asyncio.run(inside.drown(MEMORY)))


def _lost(path: Path, counted: int) -> int:
    end = time.monotonic() + KEPT_FOR
    while (missing := counted - _written(path)) and time.monotonic() < end:
        time.sleep(0.05)
    return missing


def _written(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT sum(view_count) FROM articles").fetchone()[0])


def _report(found: Rounds, lost: int, drowned: tuple[int, int]) -> int:
    """1 when a counted view is not there, memory has no end, or fewer are taken than should be."""
    lines = [["", "views/s", "p50 ms", "p99 ms", "cpu us", *(f"x {base}" for base in (ONE, TOGETHER))]]
    lines += [[name, *row(found, name, (ONE, TOGETHER))] for name in found]
    print("\n" + "\n".join(aligned(lines)))
    print("\np50, p99: until a view is answered; of bare, group: until a whole group is written.")
    print(f"views that were counted and are not there: {lost}")
    print(f"of {10 * MEMORY:,} readers {drowned[0]:,} are remembered and {drowned[1]:,} wait, at most {MEMORY:,}")
    reached = median(one.per_second for one in found[INSIDE])
    print(f"wanted {WANTED:,.0f} views/s: {'reached' if reached >= WANTED else 'MISSED'}")
    return int(bool(lost) or reached < WANTED or max(drowned) > MEMORY)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one contender in one round")
    parser.add_argument("--warm", type=float, default=1.0, help="seconds before anything counts")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
