"""Sections as they are kept. There are few: they are always read together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from newsgraph.domain.sections import Section


class Sections(Protocol):
    async def all(self) -> Sequence[Section]:
        """In page order."""
        ...

    async def by_slug(self, slug: str) -> Section | None: ...

    async def insert(self, slug: str, name: str) -> Section:
        """At the end of the page order."""
        ...
