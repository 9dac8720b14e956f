"""Medians over the rounds, and the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from fan.servers import REFERENCE


@dataclass(frozen=True, slots=True)
class Scenario:
    """So many subscribers, of so many articles in turn, of whom so many do not read."""

    subscribers: int
    articles: int = 1
    stuck: int = 0

    def __str__(self) -> str:
        topics = "one article" if self.articles == 1 else f"{self.articles} articles"
        stuck = f", {self.stuck} of them stuck" if self.stuck else ""
        return f"{self.subscribers:,} subscribers of {topics}{stuck}"


@dataclass(frozen=True, slots=True)
class Measured:
    """One server in one round; `figures` are those of `fan.load.Figures` by name."""

    server: str
    scenario: Scenario
    round: int
    figures: dict[str, float]


_COLUMNS = [
    ("cpu us/delivery", "cpu_us", ".1f"),
    ("x", "cpu_us x", ".2f"),
    ("deliveries/s", "per_second", ",.0f"),
    ("x", "per_second x", ".2f"),
    ("p50 ms", "p50_ms", ".1f"),
    ("p99 ms", "p99_ms", ".1f"),
    ("x", "p99_ms x", ".2f"),
    ("KB/subscriber", "rss_kb", ".1f"),
    ("x", "rss_kb x", ".2f"),
    ("RSS MB", "rss_mb", ".0f"),
    ("server cores", "busy", ".2f"),
    ("client us", "client_us", ".1f"),
    ("frame bytes", "frame_bytes", ".0f"),
]
NOTES = f"""\
x is the ratio to {REFERENCE} of the same round, and like every figure the median of the rounds.
cpu: user and system time of the server per delivery, the publish itself included. p50, p99: from publish to receipt.
KB/subscriber: resident memory per idle subscriber. RSS MB: of the server at the end.
server cores below about 0.9: it waited for the client or the machine, and could deliver more; judge by cpu then.
client us: what the load client itself took per delivery."""


def summary(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """A row for each server in each scenario, in the order of measuring."""
    rows: dict[tuple[Scenario, str], list[Measured]] = {}
    for one in measured:
        rows.setdefault((one.scenario, one.server), []).append(one)
    return [
        {"server": server, "scenario": str(scenario), "rounds": len(rounds), **_medians(rounds, measured)}
        for (scenario, server), rounds in rows.items()
    ]


def _medians(rounds: Sequence[Measured], measured: Sequence[Measured]) -> dict[str, float]:
    references = {(one.scenario, one.round): one.figures for one in measured if one.server == REFERENCE}
    found = {name: median(one.figures[name] for one in rounds) for name in rounds[0].figures}
    pairs = [(one.figures, references[key]) for one in rounds if (key := (one.scenario, one.round)) in references]
    if not pairs:
        return found
    return found | {f"{name} x": median(_ratio(own[name], other[name]) for own, other in pairs) for name in found}


def _ratio(own: float, other: float) -> float:
    """0 where there is nothing to compare with."""
    return own / other if other > 0 else 0.0


def table(rows: Sequence[dict[str, Any]]) -> str:
    titles = ["server", *(title for title, _, _ in _COLUMNS)]
    parts = []
    for scenario in dict.fromkeys(row["scenario"] for row in rows):
        lines = [titles, *(_line(row) for row in rows if row["scenario"] == scenario)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        parts.append(f"\n{scenario}\n")
        parts += ["  ".join(_aligned(line, widths)).rstrip() for line in lines]
    return "\n".join([*parts, "", NOTES])


def _line(row: dict[str, Any]) -> list[str]:
    return [row["server"], *(format(row[key], form) if key in row else "-" for _, key, form in _COLUMNS)]


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
