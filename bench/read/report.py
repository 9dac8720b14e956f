"""Medians over the rounds, ratios within them, and the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median

from read.contenders import BY_HAND, CONTENDERS, IDIOMATIC, LOOK_UP
from read.load import Figures

BASES = {LOOK_UP: "x look-up", BY_HAND: "x by hand", IDIOMATIC: "x Strawberry"}
NOT_YET = "not yet"

Rounds = Mapping[str, Sequence[Figures | None]]
"""Of one operation: the figures of each contender, round by round; None where the server cannot do that yet."""

_COLUMNS = [
    ("requests/s", "per_second", ",.0f"),
    ("p50 ms", "p50_ms", ".2f"),
    ("p99 ms", "p99_ms", ".1f"),
    ("cpu us", "cpu_us", ",.0f"),
    ("cores", "cores", ".2f"),
    ("RSS MB", "rss_mb", ",.0f"),
    ("client us", "client_us", ".0f"),
]
NOTES = """\
x: how many times as fast, by the server's CPU time per request in the same round; in brackets by requests per second.
Figures and ratios are medians of the rounds. CPU decides: it counts neither the client nor other programs, and below
about 0.9 cores a server waited for them.
cpu us: user and system time of the server per request. client us: what the load client took per request.
Nothing is ranked anew during the run, so that all servers go on saying the same."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the medians by the names of `Figures`; ratios by base, by CPU time and by requests per second."""

    operation: str
    contender: str
    medians: dict[str, float]
    ratios: dict[str, tuple[float, float] | None]


def rows(operation: str, rounds: Rounds) -> list[Row]:
    """For each contender; without medians where it was not measured."""
    return [
        Row(operation, name, _medians(measured), {base: ratio(rounds, name, base) for base in BASES})
        for name, measured in rounds.items()
    ]


def _medians(measured: Sequence[Figures | None]) -> dict[str, float]:
    found = [asdict(one) for one in measured if one is not None]
    return {field.name: median(one[field.name] for one in found) for field in fields(Figures)} if found else {}


def ratio(rounds: Rounds, name: str, base: str) -> tuple[float, float] | None:
    """How many times as fast as `base`; None where one of the two was not measured."""
    pairs = [(own, other) for own, other in zip(rounds[name], rounds.get(base, ()), strict=False) if own and other]
    if not pairs:
        return None
    by_cpu = median(other.cpu_us / own.cpu_us for own, other in pairs)
    return by_cpu, median(own.per_second / other.per_second for own, other in pairs)


def table(found: Sequence[Row]) -> str:
    titles = ["server", *(title for title, _, _ in _COLUMNS), *BASES.values()]
    parts = []
    for operation in dict.fromkeys(row.operation for row in found):
        parts += ["", operation, "", *aligned([titles, *(_cells(row) for row in found if row.operation == operation)])]
    return "\n".join([*parts, "", NOTES])


def _cells(row: Row) -> list[str]:
    name = CONTENDERS[row.contender].about
    if not row.medians:
        return [name, NOT_YET, *[""] * (len(_COLUMNS) + len(BASES) - 1)]
    figures = [format(row.medians[key], form) for _, key, form in _COLUMNS]
    return [name, *figures, *(_ratio(row.ratios[base]) for base in BASES)]


def _ratio(found: tuple[float, float] | None) -> str:
    return "-" if found is None else f"{digits(found[0])} ({digits(found[1])})"


def digits(value: float) -> str:
    """Three that say something."""
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines]
