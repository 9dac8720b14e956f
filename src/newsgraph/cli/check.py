"""`newsgraph check`: recount everything that is kept twice."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict

import click

from newsgraph import app
from newsgraph.actions.checks import CHECKS, LIMIT, Report, run
from newsgraph.cli.options import STORE, with_settings
from newsgraph.domain.checks import Drift
from newsgraph.settings import Settings


@click.command(name="check")
@click.option("--fix", is_flag=True, help="Put right what can be put right, in small transactions.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@with_settings(*STORE)
def check(settings: Settings, fix: bool, as_json: bool) -> int:
    """Recount every counter, list and index from the rows that they are made of, and report what has drifted.

    The server may go on running. At most 5,000 rows of each check are listed. What --fix mends is told to
    all clients that watch, as any other change.

    The exit status is 1 when something has drifted that was not put right.
    """
    return asyncio.run(_checked(settings, fix, as_json))


async def _checked(settings: Settings, fix: bool, as_json: bool) -> int:
    reports: list[Report] = []
    started = time.monotonic()
    async with app.open_newsroom(settings) as newsroom:
        for one in CHECKS:
            reports.append(await run(newsroom, one, fix))
            if not as_json:
                _say(reports[-1])
    seconds = time.monotonic() - started
    left = sum(report.left for report in reports)
    if as_json:
        click.echo(json.dumps({"left": left, "seconds": round(seconds, 3), "checks": list(map(_plain, reports))}))
    else:
        click.echo(f"{len(reports)} checks in {seconds:.1f} s: {_summary(reports, left)}")
    return 1 if left else 0


def _say(report: Report) -> None:
    for drift in report.found:
        click.echo(f"{report.check.name}  {drift.key}: {_values(drift)}")
    if len(report.found) == LIMIT:
        click.echo(f"{report.check.name}  and perhaps more")
    if report.mended:
        click.echo(f"{report.check.name}  {report.mended} put right")


def _values(drift: Drift) -> str:
    stored = "nothing" if drift.stored is None else drift.stored
    return f"is {stored}" if drift.right is None else f"is {stored}, should be {drift.right}"


def _summary(reports: Sequence[Report], left: int) -> str:
    mended = sum(report.mended for report in reports)
    if not left:
        return f"{mended} put right, nothing is left." if mended else "nothing has drifted."
    by_hand = any(report.left and not report.check.mends for report in reports)
    hint = "docs/operations.md says what to do." if by_hand else "newsgraph check --fix mends it."
    return f"{left} have drifted{f', {mended} put right' if mended else ''}. {hint}"


def _plain(report: Report) -> dict[str, object]:
    found = [asdict(drift) for drift in report.found]
    return {"name": report.check.name, "found": found, "mended": report.mended, "left": report.left}
