"""View counts as they are kept: a counter per article and time buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from newsgraph.domain.views import ViewCount, Window


class Views(Protocol):
    async def add(self, counts: Sequence[ViewCount]) -> None:
        """Adds to the articles' counters and to the current bucket of every width; unknown articles are skipped."""
        ...

    async def counts(self, ids: Sequence[int], window: Window) -> Mapping[int, int]:
        """Views of each article in the window (not ALL_TIME), unweighted; articles without any may be missing."""
        ...

    async def prune(self) -> int:
        """Drops the buckets that no window reads any more; returns how many."""
        ...
