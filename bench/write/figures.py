"""What is measured of one contender in one round, and a contender's row in the table of all rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Figures:
    """`cpu_us`: of the server, per answer."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def figures(times: Sequence[float], wall: float, cpu: float) -> Figures:
    """Of so many answers, each after so many seconds, in `wall` seconds with `cpu` seconds of the server's."""
    percent = quantiles(times, n=100)
    return Figures(len(times) / wall, percent[49] * 1e3, percent[98] * 1e3, cpu / len(times) * 1e6)


def row(found: Mapping[str, Sequence[Figures]], name: str, bases: Sequence[str]) -> list[str]:
    """Medians of the rounds, and how many times as fast as each of `bases` within a round."""
    own = found[name]
    ratios = [median(a.per_second / b.per_second for a, b in zip(own, found[base], strict=True)) for base in bases]
    per_second, p50, p99, cpu = (
        median(getattr(one, field) for one in own) for field in ("per_second", "p50_ms", "p99_ms", "cpu_us")
    )
    return [f"{per_second:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{cpu:,.0f}", *(f"{ratio:.2f}" for ratio in ratios)]
