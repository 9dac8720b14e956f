"""Medians over the rounds, and the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from fan.servers import REFERENCE


@dataclass(frozen=True, slots=True)
class Measured:
    """One server in one round; `figures` are those of `fan.load.Figures` by name."""

    server: str
    subscribers: int
    articles: int
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
    ("server cores", "busy", ".2f"),
    ("client us", "client_us", ".1f"),
    ("frame bytes", "frame_bytes", ".0f"),
]
NOTES = f"""\
x is the ratio to {REFERENCE} of the same round, and like every figure the median of the rounds.
cpu: user and system time of the server per delivery, the publish itself included. p50, p99: from publish to receipt.
server cores below about 0.9: it waited for the client or the machine, and could deliver more; judge by cpu then.
client us: what the load client itself took per delivery."""


def summary(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """A row for each server at each number of subscribers, in the order of measuring."""
    rows: dict[tuple[int, str], list[Measured]] = {}
    for one in measured:
        rows.setdefault((one.subscribers, one.server), []).append(one)
    return [
        {"server": server, "subscribers": subscribers, "rounds": len(rounds), **_medians(rounds, measured)}
        for (subscribers, server), rounds in rows.items()
    ]


def _medians(rounds: Sequence[Measured], measured: Sequence[Measured]) -> dict[str, float]:
    references = {(one.subscribers, one.round): one.figures for one in measured if one.server == REFERENCE}
    found = {name: median(one.figures[name] for one in rounds) for name in rounds[0].figures}
    pairs = [(one.figures, references[key]) for one in rounds if (key := (one.subscribers, one.round)) in references]
    if not pairs:
        return found
    return found | {f"{name} x": median(_ratio(own[name], other[name]) for own, other in pairs) for name in found}


def _ratio(own: float, other: float) -> float:
    """0 where there is nothing to compare with."""
    return own / other if other > 0 else 0.0


def table(rows: Sequence[dict[str, Any]], articles: int) -> str:
    titles = ["server", *(title for title, _, _ in _COLUMNS)]
    parts = []
    for subscribers in dict.fromkeys(row["subscribers"] for row in rows):
        lines = [titles, *(_line(row) for row in rows if row["subscribers"] == subscribers)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        topics = "one article" if articles == 1 else f"{articles} articles"
        parts.append(f"\n{subscribers:,} subscribers of {topics}\n")
        parts += ["  ".join(_aligned(line, widths)).rstrip() for line in lines]
    return "\n".join([*parts, "", NOTES])


def _line(row: dict[str, Any]) -> list[str]:
    return [row["server"], *(format(row[key], form) if key in row else "-" for _, key, form in _COLUMNS)]


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
