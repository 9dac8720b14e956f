"""Live fan-out: what it costs to tell N subscribers of a new comment, for four servers in one run on one machine.

    python bench/fanout.py
    python bench/fanout.py --subscribers 1000 --rounds 1 --only newsgraph,bare-sansio

newsgraph        `newsgraph serve` on a new SQLite database; a publish is a `postComment` mutation
bare-sansio      ASGI on uvicorn that passes on a ready frame of the same size: the reference
bare-websockets  the same on uvicorn's other WebSocket implementation
strawberry       the same subscription as Strawberry's documentation teaches it, comments in memory

Without options: 1,000, 5,000 and 10,000 subscribers of one article, 5,000 spread over 500 articles, and newsgraph with
5,000 of whom 100 have stopped reading before anything is measured.

The loop is closed: the next publish goes out when everybody has received the one before. Every measurement has a new
server and a new load client (one process, `fan/load.py`). A server, a client and the scripts themselves want two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from fan.limits import too_many
from fan.load import Plan
from fan.processes import serving
from fan.report import Measured, Scenario, summary, table
from fan.servers import OURS, SERVERS, Prepared

_SIZES = [1_000, 5_000, 10_000]
_OPENING = 180.0  # seconds for all of a measurement but the closed loop
_LOG = 1_000  # characters of a server's log that are shown when it failed
_PACKAGES = ("strawberry-graphql", "starlette", "uvicorn", "uvloop", "websockets")


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are killed then, too
    measured, failures = [], 0
    for scenario, number, server in _turns(options):
        name = f"{scenario}, round {number}, {server}"
        try:
            one = _measure(server, scenario, number, options)
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
    options.scenarios = _scenarios(options)
    if problem := _problem(options):
        parser.error(problem)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measures live fan-out.")
    add = parser.add_argument
    add("--subscribers", type=numbers, metavar="N,N", help="of one article, and nothing else")
    add("--rounds", type=int, default=3, help="measurements of each server; medians are reported")
    add("--deliveries", type=int, default=100_000, help="deliveries of a measurement")
    add("--seconds", type=float, default=20.0, help="longest closed loop of a measurement")
    add("--only", default=",".join(SERVERS), help="servers, separated by commas")
    add("--spread", action="store_true", help="5,000 subscribers over 500 articles, and nothing else")
    add("--stuck", action="store_true", help="5,000 subscribers with and without 100 who do not read, and nothing else")
    add("--json", type=Path, metavar="FILE", help="write everything measured to this file")
    return parser


def _scenarios(options: argparse.Namespace) -> list[Scenario]:
    if options.subscribers:
        return [Scenario(count) for count in options.subscribers]
    spread, stuck = Scenario(5_000, articles=500), Scenario(5_000, stuck=100)
    if options.spread:
        return [spread]
    if options.stuck:
        return [Scenario(5_000), stuck]
    return [*map(Scenario, _SIZES), spread, stuck]


def numbers(given: str) -> list[int]:
    return [int(number) for number in given.split(",")]


def _problem(options: argparse.Namespace) -> str | None:
    """What cannot be measured, said before anything is."""
    if unknown := set(options.only) - set(SERVERS):
        return f"no such server: {', '.join(sorted(unknown))}; there are {', '.join(SERVERS)}"
    counts = [scenario.subscribers for scenario in options.scenarios]
    if min(options.rounds, options.deliveries, options.seconds) <= 0 or min(counts) < 2:
        return "at least 2 subscribers, and more than 0 of everything else"
    if options.json and not options.json.absolute().parent.is_dir():
        return f"there is no folder {options.json.parent}"
    return too_many(max(counts))


def _turns(options: argparse.Namespace) -> Iterator[tuple[Scenario, int, str]]:
    """Servers take turns within a round: a machine's speed changes, and what is compared must be near in time."""
    for scenario in options.scenarios:
        for number in range(1, options.rounds + 1):
            for server in options.only:
                if server == OURS or not scenario.stuck:
                    yield scenario, number, server


def _measure(server: str, scenario: Scenario, number: int, options: argparse.Namespace) -> Measured:
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        prepared, log = SERVERS[server](Path(folder), scenario.articles), Path(folder) / "log"
        try:
            figures = _served(prepared, log, scenario, options)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text()[-_LOG:]}") from None
    return Measured(server, scenario, number, figures)


def _served(prepared: Prepared, log: Path, scenario: Scenario, options: argparse.Namespace) -> dict[str, float]:
    with serving(prepared.command, prepared.environment, log) as (group, port):
        plan = Plan(
            port=port,
            group=group,
            dialect=prepared.dialect,
            articles=prepared.articles,
            token=prepared.token,
            subscribers=scenario.subscribers,
            stuck=scenario.stuck,
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
    print(table(rows))
    if options.json:
        found = {"machine": machine, "summary": rows, "measured": [asdict(one) for one in measured]}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
