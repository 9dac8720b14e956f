"""Sections in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from newsgraph.domain.sections import Section
from newsgraph.storage.connection import Sql


class SqlSections:
    """Implements ports.sections.Sections."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def all(self) -> Sequence[Section]:
        return [Section(*row) for row in self._sql.rows("sections_all")]

    async def by_slug(self, slug: str) -> Section | None:
        row = self._sql.row("section_by_slug", slug)
        return None if row is None else Section(*row)

    async def insert(self, slug: str, name: str) -> Section:
        return Section(*self._sql.one("section_insert", slug, name))
