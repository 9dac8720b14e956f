"""What is measured of one contender in one round."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """`cpu_us`: of the server, per comment."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
