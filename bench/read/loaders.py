"""DataLoaders over aiosqlite: a statement for each relation, and for each statement a way to its thread and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import aiosqlite
from strawberry.dataloader import DataLoader

Row = Any  # an sqlite3.Row, read by name

_ARTICLES = "SELECT * FROM articles WHERE shown_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
_BY_SLUG = "SELECT * FROM articles WHERE shown_at IS NOT NULL AND slug IN (SELECT value FROM json_each(?))"
_BODIES = "SELECT article_id, html FROM article_bodies WHERE article_id IN (SELECT value FROM json_each(?))"
_SECTIONS = "SELECT id, slug, name FROM sections WHERE id IN (SELECT value FROM json_each(?))"
_ALL_SECTIONS = "SELECT id, slug, name FROM sections ORDER BY position"
_USERS = "SELECT id, name FROM users WHERE id IN (SELECT value FROM json_each(?))"
_LISTS = "SELECT key, title, version, items FROM ranked_lists WHERE key IN (SELECT value FROM json_each(?))"
_HEAD = "SELECT epoch, last_seq FROM stream"
_AUTHORS = """
SELECT x.article_id, w.slug, w.name, w.email FROM article_authors AS x JOIN authors AS w ON w.id = x.author_id
WHERE x.article_id IN (SELECT value FROM json_each(?)) ORDER BY x.article_id, x.position
"""
_COMMENTS = """
SELECT * FROM comments WHERE article_id = ? AND parent_id IS NULL AND listed = 1
ORDER BY created_at DESC, tie DESC LIMIT ?
"""


class Loaders:
    """One set for each request."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self._db = db
        self.articles = self._one(_ARTICLES, "id")
        self.by_slug = self._one(_BY_SLUG, "slug")
        self.bodies = self._one(_BODIES, "article_id")
        self.sections = self._one(_SECTIONS, "id")
        self.users = self._one(_USERS, "id")
        self.lists = self._one(_LISTS, "key")
        self.authors = DataLoader(load_fn=self._load_authors)
        self.comments = DataLoader(load_fn=self._load_comments)
        self.head = DataLoader(load_fn=self._load_head)

    async def all_sections(self) -> Iterable[Row]:
        return await self._db.execute_fetchall(_ALL_SECTIONS)

    def _one(self, sql: str, key: str) -> DataLoader[Any, Row]:
        async def load(keys: list[Any]) -> list[Row]:
            rows = {row[key]: row for row in await self._db.execute_fetchall(sql, (json.dumps(keys),))}
            return [rows.get(wanted) for wanted in keys]

        return DataLoader(load_fn=load)

    async def _load_authors(self, ids: list[int]) -> list[list[Row]]:
        found: dict[int, list[Row]] = {key: [] for key in ids}
        for row in await self._db.execute_fetchall(_AUTHORS, (json.dumps(ids),)):
            found[row["article_id"]].append(row)
        return [found[key] for key in ids]

    async def _load_comments(self, pages: list[tuple[int, int]]) -> list[Sequence[Row]]:
        return [list(await self._db.execute_fetchall(_COMMENTS, page)) for page in pages]

    async def _load_head(self, keys: list[None]) -> list[Row]:
        found = list(await self._db.execute_fetchall(_HEAD))
        return found * len(keys)
