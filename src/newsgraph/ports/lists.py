"""Ranked lists as they are kept, and the figures from which they are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newsgraph.domain.lists import Curation, ListDiff, RankedItem, RankedList
from newsgraph.domain.lists import Likeness as Likeness
from newsgraph.domain.views import Window


@dataclass(frozen=True, slots=True)
class StoredList:
    """`items` are in rank order."""

    list: RankedList
    items: Sequence[RankedItem]


class Lists(Protocol):
    async def by_keys(self, keys: Sequence[str]) -> Sequence[StoredList]:
        """Those that exist with all their items in rank order, in one statement."""
        ...

    async def create(self, key: str, title: str, section_id: int | None) -> None:
        """An empty list, its version the log's head at this transaction. Nothing happens when it exists."""
        ...

    async def save(self, key: str, items: Sequence[RankedItem], diff: ListDiff | None) -> None:
        """Replaces the items; `diff` says how membership changed, None when only scores or reasons did."""
        ...

    async def set_title(self, key: str, title: str) -> None: ...

    async def containing(self, article_id: int) -> Sequence[str]:
        """Keys of the lists that have this article."""
        ...

    async def curation(self, key: str) -> Curation: ...

    async def set_curation(self, key: str, curation: Curation) -> None: ...

    async def latest(self, section_id: int | None, limit: int) -> Sequence[int]:
        """Ids of published articles, newest first by (published_at, id)."""
        ...

    async def popular(self, section_id: int | None, window: Window, limit: int) -> Sequence[tuple[int, float]]:
        """(article id, score) of published articles, best first, ties by id descending.

        The score is the sum of views in the window's buckets, each halved per half-life of its age
        (domain.views.SHAPES); for ALL_TIME the plain count. Only buckets are read, never rows per view.
        Articles without a view in the window are missing.
        """
        ...

    async def likenesses(self, article_id: int, limit: int) -> Sequence[Likeness]:
        """Candidates for "You May Also Like": published, never the article itself.

        The best `limit` by shared words of headline, standfirst and tags, together with the newest of its
        section and of its authors (up to `limit` each).
        """
        ...

    async def unscoped(self) -> Sequence[str]:
        """Keys of the lists of the whole site and of those that editors made."""
        ...

    async def stale(self, prefix: str, before: datetime, limit: int) -> Sequence[str]:
        """Keys with this prefix computed before then, longest ago first."""
        ...
