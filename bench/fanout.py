"""Live fan-out: what it costs to tell N subscribers of a new comment, for four servers in one run on one machine.

    python bench/fanout.py --subscribers 1000,5000,10000 --rounds 3
    python bench/fanout.py --spread

newsgraph        `newsgraph serve` on a new SQLite database; a publish is a `postComment` mutation
bare-sansio      ASGI on uvicorn that passes on a ready frame of the same size: the reference
bare-websockets  the same on uvicorn's other WebSocket implementation
strawberry       the same subscription as Strawberry's documentation teaches it, comments in memory

The loop is closed: the next publish goes out when everybody has received the one before. Every measurement has a new
server and a new load client (one process, `fan/load.py`). A server, a client and the scripts themselves want two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from fan.load import Plan
from fan.processes import serving
from fan.report import Measured, summary, table
from fan.servers import SERVERS, Prepared

_SPREAD = (5_000, 500)  # subscribers, articles
_SPARE = 200  # file descriptors that a server or a client needs besides one for each socket
_OPENING = 180.0  # seconds for all of a measurement but the closed loop
_LOG = 1_000  # characters of a server's log that are shown when it failed
_PACKAGES = ("strawberry-graphql", "starlette", "uvicorn", "uvloop", "websockets")


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are killed then, too
    measured, failures = [], 0
    for number, subscribers, server in _turns(options):
        name = f"{subscribers:,} subscribers, round {number}, {server}"
        try:
            one = _measure(server, subscribers, number, options)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            failures += 1
            print(f"{name}: FAILED: {error}", flush=True)
            continue
        measured.append(one)
        print(f"{name}: {one.figures['cpu_us']:.1f} us, {one.figures['per_second']:,.0f}/s", flush=True)
    _report(measured, options)
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args()
    options.only = options.only.split(",")
    if options.spread:
        options.subscribers = [_SPREAD[0]]
    if problem := _problem(options):
        parser.error(problem)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measures live fan-out.")
    add = parser.add_argument
    add("--subscribers", type=numbers, default="1000,5000,10000", help="how many, separated by commas")
    add("--rounds", type=int, default=3, help="measurements of each server; medians are reported")
    add("--deliveries", type=int, default=50_000, help="deliveries of a measurement")
    add("--seconds", type=float, default=20.0, help="longest closed loop of a measurement")
    add("--only", default=",".join(SERVERS), help="servers, separated by commas")
    add("--spread", action="store_true", help="5,000 subscribers over 500 articles, published in turn")
    add("--json", type=Path, metavar="FILE", help="write everything measured to this file")
    return parser


def numbers(given: str) -> list[int]:
    return [int(number) for number in given.split(",")]


def _problem(options: argparse.Namespace) -> str | None:
    """What cannot be measured, said before anything is."""
    if unknown := set(options.only) - set(SERVERS):
        return f"no such server: {', '.join(sorted(unknown))}; there are {', '.join(SERVERS)}"
    if min(options.rounds, options.deliveries, options.seconds) <= 0 or min(options.subscribers) < 2:
        return "at least 2 subscribers, and more than 0 of everything else"
    if options.json and not options.json.absolute().parent.is_dir():
        return f"there is no folder {options.json.parent}"
    return _too_many(max(options.subscribers))


def _too_many(subscribers: int) -> str | None:
    """Raises the limit of open files as far as it goes; says so when that is not far enough."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY or subscribers + _SPARE <= hard:
        return None
    return f"{subscribers} subscribers do not fit: a process may open {hard} files here (ulimit -Hn), {_SPARE} to spare"


def _turns(options: argparse.Namespace) -> Iterator[tuple[int, int, str]]:
    """Servers take turns within a round: a machine's speed changes, and what is compared must be near in time."""
    for subscribers in options.subscribers:
        for number in range(1, options.rounds + 1):
            for server in options.only:
                yield number, subscribers, server


def _measure(server: str, subscribers: int, number: int, options: argparse.Namespace) -> Measured:
    articles = _SPREAD[1] if options.spread else 1
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        prepared, log = SERVERS[server](Path(folder), articles), Path(folder) / "log"
        try:
            figures = _served(prepared, log, subscribers, options)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text()[-_LOG:]}") from None
    return Measured(server, subscribers, articles, number, figures)


def _served(prepared: Prepared, log: Path, subscribers: int, options: argparse.Namespace) -> dict[str, float]:
    with serving(prepared.command, prepared.environment, log) as (group, port):
        plan = Plan(
            port=port,
            group=group,
            dialect=prepared.dialect,
            articles=prepared.articles,
            token=prepared.token,
            subscribers=subscribers,
            deliveries=options.deliveries,
            seconds=options.seconds,
        )
        return _load(plan)


def _load(plan: Plan) -> dict[str, float]:
    """The figures from a load client of its own process."""
    done = subprocess.run(
        [sys.executable, "-m", "fan.load"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        timeout=plan.seconds + _OPENING,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2] or f"the load client ended with {done.returncode}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _report(measured: list[Measured], options: argparse.Namespace) -> None:
    rows = summary(measured)
    machine = {"python": platform.python_version(), "cores": os.cpu_count()} | {p: version(p) for p in _PACKAGES}
    print("\n" + ", ".join(f"{name} {value}" for name, value in machine.items()))
    print(table(rows, _SPREAD[1] if options.spread else 1))
    if options.json:
        found = {"machine": machine, "summary": rows, "measured": [asdict(one) for one in measured]}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
