"""Rates: how much was taken of late, by all processes together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Rates(Protocol):
    async def settle(self, taken: Mapping[int, float]) -> Mapping[int, float]:
        """Adds what was taken, in seconds' worth by number; what all have taken of each and has not drained yet."""
        ...
