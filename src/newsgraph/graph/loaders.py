"""Loaders: what several fields of one level ask for is read together, each thing once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

from newsgraph.domain.articles import AdSlot, Article, Body
from newsgraph.domain.authors import Author
from newsgraph.domain.comments import Comment, Flag, ModerationAction
from newsgraph.domain.pages import Slice
from newsgraph.domain.sections import Section
from newsgraph.domain.users import User, Viewer
from newsgraph.graph.enums import CommentOrder, ReactionKind, Window
from newsgraph.ports.lists import StoredList
from newsgraph.ports.store import Session, Store

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
S = TypeVar("S", bound=Hashable)

_EMPTY_BODY = Body("", "")


@dataclass(frozen=True, slots=True)
class Under:
    """A page below a parent. Pages of the same shape are read together, whatever their parents."""

    parent_id: int
    asked: Slice
    order: CommentOrder | None = None


@dataclass(frozen=True, slots=True)
class CommentRows:
    """Rows of a page, and the log's last sequence number in the snapshot from which they were read."""

    rows: Sequence[Comment]
    seq: int


class Loaders:
    """One set for one operation, or for one event of a subscription."""

    def __init__(self, store: Store, viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer

    @cached_property
    def article(self) -> DataLoader[int, Article | None]:
        return self._one(lambda s, ids: s.articles.by_ids(ids), "id")

    @cached_property
    def article_by_slug(self) -> DataLoader[str, Article | None]:
        return self._one(lambda s, slugs: s.articles.by_slugs(slugs), "slug")

    @cached_property
    def article_by_url(self) -> DataLoader[str, Article | None]:
        return self._one(lambda s, urls: s.articles.by_urls(urls), "url")

    @cached_property
    def body(self) -> DataLoader[int, Body]:
        return self._many(lambda s, ids: s.articles.bodies(ids), _EMPTY_BODY)

    @cached_property
    def tags(self) -> DataLoader[int, Sequence[str]]:
        return self._many(lambda s, ids: s.articles.tags(ids), ())

    @cached_property
    def ad_slots(self) -> DataLoader[int, Sequence[AdSlot]]:
        return self._many(lambda s, ids: s.articles.ad_slots(ids), ())

    @cached_property
    def _sections(self) -> DataLoader[str, Sequence[Section]]:
        async def load(keys: list[str]) -> list[Sequence[Section]]:
            return [await self._store.read(lambda session: session.sections.all()) for _ in keys]

        return DataLoader(load_fn=load)

    async def sections(self) -> Sequence[Section]:
        """All of them: they are few, and whoever needs one soon needs the others."""
        return await self._sections.load("all")

    async def section(self, section_id: int) -> Section | None:
        return next((one for one in await self.sections() if one.id == section_id), None)

    async def section_by_slug(self, slug: str) -> Section | None:
        return next((one for one in await self.sections() if one.slug == slug), None)

    @cached_property
    def author(self) -> DataLoader[int, Author | None]:
        return self._one(lambda s, ids: s.authors.by_ids(ids), "id")

    @cached_property
    def author_by_slug(self) -> DataLoader[str, Author | None]:
        return self._one(lambda s, slugs: s.authors.by_slugs(slugs), "slug")

    @cached_property
    def authors_of(self) -> DataLoader[int, Sequence[Author]]:
        return self._many(lambda s, ids: s.authors.of_articles(ids), ())

    @cached_property
    def articles_of_section(self) -> DataLoader[Under, Sequence[Article]]:
        return self._pages(lambda s, ids, shape: s.articles.pages_of_sections(ids, shape[1]))

    @cached_property
    def articles_of_author(self) -> DataLoader[Under, Sequence[Article]]:
        return self._pages(lambda s, ids, shape: s.articles.pages_of_authors(ids, shape[1]))

    @cached_property
    def count_of_section(self) -> DataLoader[int, int]:
        return self._many(lambda s, ids: s.articles.counts_of_sections(ids), 0)

    @cached_property
    def count_of_author(self) -> DataLoader[int, int]:
        return self._many(lambda s, ids: s.articles.counts_of_authors(ids), 0)

    @cached_property
    def ranked_list(self) -> DataLoader[str, StoredList | None]:
        return self._one(lambda s, keys: s.lists.by_keys(keys), "list.key")

    @cached_property
    def views(self) -> DataLoader[tuple[int, Window], int]:
        return self._grouped(
            lambda s, ids, window: s.views.counts(ids, window), lambda key: key[0], lambda key: key[1], 0
        )

    @cached_property
    def comment(self) -> DataLoader[int, Comment | None]:
        return self._one(lambda s, ids: s.comments.by_ids(ids), "id")

    @cached_property
    def comments_of_article(self) -> DataLoader[Under, CommentRows]:
        return self._comment_pages(lambda s: s.comments.pages_of_articles)

    @cached_property
    def replies(self) -> DataLoader[Under, CommentRows]:
        return self._comment_pages(lambda s: s.comments.pages_of_comments)

    @cached_property
    def flags(self) -> DataLoader[int, Sequence[Flag]]:
        return self._many(lambda s, ids: s.comments.flags(ids), ())

    @cached_property
    def history(self) -> DataLoader[int, Sequence[ModerationAction]]:
        return self._many(lambda s, ids: s.comments.history(ids), ())

    @cached_property
    def reaction(self) -> DataLoader[int, ReactionKind | None]:
        """The viewer's own; they must be signed in."""
        user_id = self._viewer.user_id or 0
        return self._many(lambda s, ids: s.comments.reactions_of(user_id, ids), None)

    @cached_property
    def user(self) -> DataLoader[int, User | None]:
        return self._one(lambda s, ids: s.users.by_ids(ids), "id")

    def _one(self, find: Callable[[Session, list[K]], Awaitable[Iterable[V]]], key: str) -> DataLoader[K, V | None]:
        """Rows that come in any order and may be missing."""
        key_of = attrgetter(key)

        async def load(keys: list[K]) -> list[V | None]:
            found = await self._store.read(lambda session: find(session, keys))
            rows = {key_of(row): row for row in found}
            return [rows.get(wanted) for wanted in keys]

        return DataLoader(load_fn=load)

    def _many(self, find: Callable[[Session, list[K]], Awaitable[Mapping[K, V]]], missing: V) -> DataLoader[K, V]:
        """A value for each key, `missing` where there is none."""

        async def load(keys: list[K]) -> list[V]:
            rows = await self._store.read(lambda session: find(session, keys))
            return [rows.get(wanted, missing) for wanted in keys]

        return DataLoader(load_fn=load)

    def _grouped(
        self,
        find: Callable[[Session, list[int], S], Awaitable[Mapping[int, V]]],
        id_of: Callable[[K], int],
        shape_of: Callable[[K], S],
        missing: V,
    ) -> DataLoader[K, V]:
        """Keys of several shapes in one snapshot: one statement a shape."""

        async def find_all(session: Session, keys: list[K]) -> dict[S, Mapping[int, V]]:
            groups: defaultdict[S, list[int]] = defaultdict(list)
            for key in keys:
                groups[shape_of(key)].append(id_of(key))
            return {shape: await find(session, ids, shape) for shape, ids in groups.items()}

        async def load(keys: list[K]) -> list[V]:
            rows = await self._store.read(lambda session: find_all(session, keys))
            return [rows[shape_of(key)].get(id_of(key), missing) for key in keys]

        return DataLoader(load_fn=load)

    def _pages(
        self, find: Callable[[Session, list[int], _Shape], Awaitable[Mapping[int, V]]], missing: Any = ()
    ) -> DataLoader[Under, V]:
        return self._grouped(find, attrgetter("parent_id"), _shape, missing)

    def _comment_pages(self, pages: Callable[[Session], _CommentPages]) -> DataLoader[Under, CommentRows]:
        async def find(session: Session, ids: list[int], shape: _Shape) -> Mapping[int, CommentRows]:
            head = await session.log.head()
            rows = await pages(session)(ids, shape[0] or CommentOrder.NEWEST, shape[1])
            return {parent: CommentRows(rows.get(parent, ()), head.last_seq) for parent in ids}

        return self._pages(find)


_Shape = tuple[CommentOrder | None, Slice]
_CommentPages = Callable[[Sequence[int], CommentOrder, Slice], Awaitable[Mapping[int, Sequence[Comment]]]]


def _shape(page: Under) -> _Shape:
    return page.order, page.asked
