"""Reading: what an answer costs, cached and not, beside what it could cost and what it usually costs.

    python bench/reads.py
    python bench/reads.py --seconds 2 --rounds 3 --operation ArticlePage --server newsgraph-uncached,by-hand
    python bench/reads.py --writes

newsgraph            a POST whose answer is in the response cache
newsgraph-get        the same by GET, with the document's hash in place of its text
newsgraph-304        the same by a client that has the answer already
newsgraph-uncached   newsgraph without its response cache
look-up              bare ASGI that finds ready answers in a dict: the limit of a cache
by-hand              SQL written by hand for each page behind bare ASGI, one thread hop a page: the limit without one
strawberry           the same schema as Strawberry's documentation teaches it
mercurius, apollo    the same on Node.js with better-sqlite3; left out where `make peers` has fetched nothing

All read the same SQLite database of 20,000 articles and 200,000 comments, and before anything is measured they have to
say the same, byte for byte once decoded, keys' order included. They take turns within a round: a machine's speed
changes, and what is compared must be near in time. 32 connections ask for 64 stories in turn; any failed request, and
any answer that is not the one from before, ends the run.

--writes measures newsgraph alone: 32 clients read one article on which 50 comments a second are posted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from read import targets, writes
from read.contenders import BY_HAND, CACHED, CONTENDERS, IDIOMATIC, LOOK_UP, NODE, UNCACHED, difference
from read.database import database, stories
from read.filling import Shape
from read.http import ask
from read.load import Exchange, Figures, measure
from read.operations import OPERATIONS, Asked, asked
from read.plot import plot
from read.report import Rounds, rows, table
from read.servers import CACHE_SETTING, Command, Server, has_cache, module, newsgraph, node, node_is_here, running

SHAPE = Shape(articles=20_000, comments=200_000)
_IMAGE = Path(__file__).parents[1] / "docs" / "images" / "reads.svg"
_PACKAGES = ("strawberry-graphql", "starlette", "uvicorn", "uvloop", "httptools", "orjson", "aiosqlite")
_WARM = 0.5  # seconds before anything counts

Pages = Mapping[str, Sequence[Asked]]


@dataclass(frozen=True, slots=True)
class Turn:
    """One contender with one operation; `exchanges` is empty for what the server cannot do yet."""

    operation: str
    contender: str
    server: Server
    exchanges: list[Exchange]


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are killed then, too
    path = database("reads", SHAPE)
    try:
        return writes.main(path, stories(path, SHAPE)[0], options) if options.writes else _compared(path, options)
    except (RuntimeError, OSError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1


def _compared(path: Path, options: argparse.Namespace) -> int:
    if not has_cache():
        print(f"newsgraph has no setting {CACHE_SETTING}: what is called uncached is newsgraph as it is")
    pages = {operation: asked(operation, stories(path, SHAPE)) for operation in options.operation}
    with tempfile.TemporaryDirectory(prefix="reads-") as folder, ExitStack() as started:
        servers = _started(path, Path(folder), pages, options.server, started)
        measured = _rounds(_turns(servers, pages, options.server), options)
    return _report(measured, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures reading.")
    add = parser.add_argument
    add("--seconds", type=float, default=3.0, help="of each measurement")
    add("--rounds", type=int, default=5, help="measurements of each server; medians are reported")
    add("--connections", type=int, default=32, help="kept alive, one request at a time on each")
    add("--operation", type=_names, default=OPERATIONS, metavar="NAME,NAME", help="of " + ", ".join(OPERATIONS))
    add("--server", type=_names, default=[*CONTENDERS], metavar="NAME,NAME", help="of " + ", ".join(CONTENDERS))
    add("--writes", action="store_true", help="read one article while it is written to, and nothing else")
    add("--check", action="store_true", help="fail when a target is missed")
    add("--plot", action="store_true", help=f"draw {_IMAGE.name}")
    add("--json", type=Path, metavar="FILE", help="write everything measured to this file")
    options = parser.parse_args()
    if unknown := {*options.operation, *options.server} - {*OPERATIONS, *CONTENDERS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if min(options.seconds, options.rounds, options.connections) <= 0:
        parser.error("more than 0 of everything")
    if not node_is_here() and not options.writes:
        print("Node.js or its packages are not here (make peers), so its servers are left out")
        options.server = [name for name in options.server if name not in NODE]
    return options


def _names(given: str) -> list[str]:
    return given.split(",")


# Servers


def _started(path: Path, folder: Path, pages: Pages, wanted: Sequence[str], started: ExitStack) -> dict[str, Server]:
    """The uncached newsgraph comes first: what it says is what all have to say."""
    reference = started.enter_context(running(newsgraph(path, cached=False), folder / "log-reference"))
    answers = folder / "answers"
    answers.write_bytes(b"\n".join(_answered(reference, one) for many in pages.values() for one in many))
    commands: dict[str, Command] = {
        CACHED: newsgraph(path, cached=True),
        LOOK_UP: module("read.lookup", answers),
        BY_HAND: module("read.byhand", path),
        IDIOMATIC: module("read.idiomatic", path),
        **{name: node(name, path) for name in NODE if name in wanted},
    }
    servers = {UNCACHED: reference}
    for name in {CONTENDERS[one].server for one in wanted} - {UNCACHED}:
        servers[name] = started.enter_context(running(commands[name], folder / f"log-{name}"))
    _compare(servers, pages)
    return servers


def _answered(server: Server, one: Asked) -> bytes:
    answer = ask(server.port, one.post())
    assert answer.data
    return one.body + b"\t" + answer.body


def _compare(servers: Mapping[str, Server], pages: Pages) -> None:
    """Errors: RuntimeError with the difference."""
    for operation, many in pages.items():
        for one in many:
            wanted = ask(servers[UNCACHED].port, one.post())
            for name, server in servers.items():
                if different := difference(wanted.body, ask(server.port, one.post()).body):
                    raise RuntimeError(f"{operation} {dict(one.variables)}: {name} says something else\n{different}")


# Measuring


def _turns(servers: Mapping[str, Server], pages: Pages, wanted: Sequence[str]) -> list[Turn]:
    turns = []
    for operation, many in pages.items():
        for name in wanted:
            contender = CONTENDERS[name]
            server = servers[contender.server]
            with _named(operation, name):
                exchanges = [contender.way(server, one) for one in many]
            turns.append(Turn(operation, name, server, [one for one in exchanges if one is not None]))
    return turns


@contextmanager
def _named(operation: str, contender: str) -> Iterator[None]:
    """What fails says what it was."""
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(f"{operation}, {contender}: {error}") from None


def _rounds(turns: Sequence[Turn], options: argparse.Namespace) -> dict[str, Rounds]:
    measured: dict[str, dict[str, list[Figures | None]]] = {}
    for turn in turns:
        measured.setdefault(turn.operation, {})[turn.contender] = []
        if turn.exchanges:
            measure(turn.server, turn.exchanges, options.connections, _WARM)
    for number in range(1, options.rounds + 1):
        for turn in turns:
            found = _measured(turn, options)
            measured[turn.operation][turn.contender].append(found)
        print(f"round {number} of {options.rounds}", flush=True)
    return {operation: dict(found) for operation, found in measured.items()}


def _measured(turn: Turn, options: argparse.Namespace) -> Figures | None:
    if not turn.exchanges:
        return None
    with _named(turn.operation, turn.contender):
        return measure(turn.server, turn.exchanges, options.connections, options.seconds)


def _report(measured: Mapping[str, Rounds], options: argparse.Namespace) -> int:
    machine = {"python": platform.python_version(), "cores": os.cpu_count()} | {p: version(p) for p in _PACKAGES}
    found = [row for operation, rounds in measured.items() for row in rows(operation, rounds)]
    verdicts, met = targets.judged(measured)
    print("\n" + ", ".join(f"{name} {value}" for name, value in machine.items()))
    print(table(found) + "\n\n" + verdicts)
    if options.plot:
        _IMAGE.write_text(plot(found), "utf-8")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "measured": _plain(measured)}, indent=1) + "\n")
    return 1 if options.check and not met else 0


def _plain(measured: Mapping[str, Rounds]) -> dict[str, dict[str, list[dict[str, float] | None]]]:
    return {
        operation: {name: [asdict(one) if one else None for one in found] for name, found in rounds.items()}
        for operation, rounds in measured.items()
    }


if __name__ == "__main__":
    sys.exit(main())
