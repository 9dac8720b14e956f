"""Recounts: whether what is kept twice agrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from newsgraph.domain.checks import Drift


class Checks(Protocol):
    async def find(self, name: str, limit: int) -> Sequence[Drift]:
        """What is not as a recount says, at most `limit` of it. A check that cannot be made is a drift by itself."""
        ...

    async def mend(self, name: str, drift: Drift) -> bool:
        """Puts one right where it still is as it was found. Whether anything was changed."""
        ...
