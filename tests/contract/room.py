"""A small newsroom in a store: what the contract's tests write before they ask."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from newsgraph.domain.articles import Article, ArticleRecord, ArticleStatus, Body
from newsgraph.domain.authors import Author, Byline
from newsgraph.domain.comments import Comment, CommentStatus
from newsgraph.domain.pages import Slice
from newsgraph.domain.sections import Section
from newsgraph.domain.users import Claims, Role, User
from newsgraph.ports.comments import NewComment
from newsgraph.ports.store import Session, Store
from tests.conftest import Clock

T = TypeVar("T")

NOBODY = Claims("", "", Role.READER, datetime.fromtimestamp(0, UTC), None)


@dataclass
class Room:
    store: Store
    clock: Clock
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def read(self, query: Callable[[Session], Awaitable[T]]) -> T:
        return await self.store.read(query)

    async def write(self, change: Callable[[Session], Awaitable[T]]) -> T:
        return await self.store.write(change)

    async def section(self, slug: str = "asia") -> Section:
        known = await self.read(lambda s: s.sections.by_slug(slug))
        if known is not None:
            return known
        return await self.write(lambda s: s.sections.insert(slug, slug.title()))

    async def author(self, name: str = "ada") -> Author:
        author, _ = await self.write(lambda s: s.authors.upsert(name, Byline(name.title())))
        return author

    async def user(self, subject: str = "kim") -> User:
        claims = replace(NOBODY, subject=subject, name=subject.title(), issued_at=self.clock())
        return await self.write(lambda s: s.users.recognise(claims))

    async def record(self, **given: object) -> ArticleRecord:
        """A record with a slug of its own; published now unless something else is given."""
        number = next(self._numbers)
        known = {"slug": f"article-{number}", "headline": f"Headline {number}", "section_id": 0}
        blank = ArticleRecord(
            "", None, "", None, "en", None, ArticleStatus.PUBLISHED, self.clock(), 0, Body("<p>Text.</p>", "Text.")
        )
        record = replace(blank, **(known | given))  # type: ignore[arg-type]
        return record if record.section_id else replace(record, section_id=(await self.section()).id)

    async def article(self, authors: Sequence[int] = (), tags: Sequence[str] = (), **given: object) -> Article:
        record = await self.record(**given)

        async def change(session: Session) -> Article:
            article = await session.articles.insert(record)
            await session.articles.set_authors(article.id, authors)
            await session.articles.set_tags(article.id, tags)
            return article

        return await self.write(change)

    async def comment(
        self, article: Article, parent: Comment | None = None, status: CommentStatus = CommentStatus.PUBLISHED
    ) -> Comment:
        user = await self.user()
        parent_id, depth = (None, 0) if parent is None else (parent.id, parent.depth + 1)
        new = NewComment(article.id, parent_id, user.id, "Well said.", status, depth)
        return await self.write(lambda s: s.comments.insert(new))

    async def save(self, comment: Comment, **given: object) -> Comment:
        changed = replace(comment, **given)  # type: ignore[arg-type]
        await self.write(lambda s: s.comments.save(changed))
        return changed


Key = tuple[int | float | str, ...]
Fetch = Callable[[Slice], Awaitable[Sequence[T]]]


async def walk(fetch: Fetch[T], key: Callable[[T], Key], size: int = 2, backward: bool = False) -> list[T]:
    """Everything page by page, in the order of the list, as a client that follows cursors sees it."""
    found: list[T] = []
    edge: Key | None = None
    while True:
        asked = Slice(size, before=edge, backward=True) if backward else Slice(size, after=edge)
        rows = list(await fetch(asked))
        assert len(rows) <= size + 1
        found += rows[:size]
        if len(rows) <= size:
            return found[::-1] if backward else found
        edge = key(rows[size - 1])


def milliseconds(at: datetime | None) -> int:
    assert at is not None
    return (at - datetime.fromtimestamp(0, at.tzinfo)) // timedelta(milliseconds=1)
