"""Authors in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from newsgraph.domain.authors import Author, Byline
from newsgraph.domain.pages import Slice
from newsgraph.storage.connection import Sql
from newsgraph.storage.statements import Keyset
from newsgraph.storage.values import grouped

_BY_NAME = Keyset((("w.name", str), ("w.id", int)))


class SqlAuthors:
    """Implements ports.authors.Authors."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def by_ids(self, ids: Sequence[int]) -> Sequence[Author]:
        return [Author(*row) for row in self._sql.rows_of("authors_by_ids", ids)]

    async def by_slugs(self, slugs: Sequence[str]) -> Sequence[Author]:
        return [Author(*row) for row in self._sql.rows_of("authors_by_slugs", slugs)]

    async def of_articles(self, ids: Sequence[int]) -> Mapping[int, Sequence[Author]]:
        rows = self._sql.rows_of("authors_of_articles", ids)
        return grouped((article_id, Author(*row)) for article_id, *row in rows)

    async def page(self, asked: Slice) -> Sequence[Author]:
        return [Author(*row) for row in self._sql.rows("authors_page", asked.limit + 1, parts=_BY_NAME.parts(asked))]

    async def count(self) -> int:
        found: int = self._sql.value("authors_count")
        return found

    async def upsert(self, slug: str, byline: Byline) -> tuple[Author, bool]:
        known = await self.by_slugs([slug])
        return self._complete(known[0], byline) if known else (self._insert(slug, byline), True)

    def _insert(self, slug: str, byline: Byline) -> Author:
        return Author(*self._sql.one("author_insert", slug, byline.name, byline.email, byline.bio, byline.avatar_url))

    def _complete(self, known: Author, byline: Byline) -> tuple[Author, bool]:
        author = replace(
            known,
            email=known.email or byline.email,
            bio=known.bio or byline.bio,
            avatar_url=known.avatar_url or byline.avatar_url,
        )
        if author != known:
            self._sql.execute("author_complete", author.id, author.email, author.bio, author.avatar_url)
        return author, author != known
