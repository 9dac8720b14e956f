"""Authors as they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from newsgraph.domain.authors import Author, Byline
from newsgraph.domain.pages import Slice


class Authors(Protocol):
    async def by_ids(self, ids: Sequence[int]) -> Sequence[Author]: ...

    async def by_slugs(self, slugs: Sequence[str]) -> Sequence[Author]: ...

    async def of_articles(self, ids: Sequence[int]) -> Mapping[int, Sequence[Author]]:
        """In byline order; articles without authors may be missing."""
        ...

    async def page(self, asked: Slice) -> Sequence[Author]:
        """By (name, id) ascending; up to `asked.limit + 1` rows in the direction of `asked`."""
        ...

    async def count(self) -> int: ...

    async def upsert(self, slug: str, byline: Byline) -> tuple[Author, bool]:
        """The author with this slug, created or completed by what the byline says and the row lacks.

        True when a row was created or changed.
        """
        ...
