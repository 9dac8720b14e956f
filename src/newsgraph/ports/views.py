"""View counts as they are kept: a counter per article and time buckets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from newsgraph.domain.views import Mark, ViewCount, Window


class Views(Protocol):
    async def add(self, counts: Sequence[ViewCount]) -> None:
        """Adds to the articles' counters and to the current bucket of every width; unknown articles are skipped."""
        ...

    async def counts(self, ids: Sequence[int], window: Window) -> Mapping[int, int]:
        """Views of each article in the window (not ALL_TIME), unweighted; articles without any may be missing."""
        ...

    async def salt(self, day: date, fresh: bytes) -> bytes:
        """The day's salt, which `fresh` becomes if there is none yet; that of another day is gone then."""
        ...

    async def marked_at(self, mark: Mark, window: timedelta) -> datetime | None:
        """When the same key was marked before, if that was within the window."""
        ...

    async def mark(self, marks: Sequence[Mark], window: timedelta) -> Collection[int]:
        """Remembers them; returns the keys of those that were not marked within the window."""
        ...

    async def forget(self, window: timedelta, keep: int) -> int:
        """Drops marks from before the window, and all but the newest `keep`; returns how many."""
        ...

    async def prune(self) -> int:
        """Drops the buckets that no window reads any more; returns how many."""
        ...
