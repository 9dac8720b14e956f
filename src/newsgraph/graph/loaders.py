"""Loaders: what several fields of one level ask for is read together, each thing once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from newsgraph.domain.articles import Article
from newsgraph.domain.authors import Author
from newsgraph.domain.comments import Comment, Flag, ModerationAction
from newsgraph.domain.pages import Slice
from newsgraph.domain.sections import Section
from newsgraph.domain.users import User, Viewer
from newsgraph.engine.loading import Batch, Beside, Extra, Find, Loader, Note
from newsgraph.graph.dependencies import Dependencies
from newsgraph.graph.enums import CommentOrder, ReactionKind, Window
from newsgraph.live.kept import Kept
from newsgraph.ports.lists import StoredList
from newsgraph.ports.store import Session

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
S = TypeVar("S", bound=Hashable)
T = TypeVar("T")

# Fields that ask for what is read beside their parents.
_COMMENTERS = frozenset({"author"})
_AUTHORS = frozenset({"node.authors", "nodes.authors", ".authors"})


class _made_once(Generic[T]):  # noqa: N801 - as property and cached_property
    """In half a microsecond: functools.cached_property takes a lock in Python 3.11, and takes 1.8."""

    def __init__(self, make: Callable[[Any], T], turn: int = 0) -> None:
        self._make = make
        self._turn = turn
        self._name = make.__name__

    def __get__(self, loaders: Loaders, _owner: type[Loaders]) -> T:
        made: Any = self._make(loaders)
        made.turn = self._turn
        loaders.__dict__[self._name] = made
        return made  # type: ignore[no-any-return]


def _made_in(turn: int) -> Callable[[Callable[[Any], T]], _made_once[T]]:
    """For a loader that is read when those of earlier turns have been."""
    return partial(_made_once, turn=turn)


# What is found by a client's own words leads to pages and lists, these to articles, and articles and comments to what
# stands below each of them.
_page, _row, _rest = _made_in(1), _made_in(2), _made_in(3)


class Under(NamedTuple):
    """A page below a parent. Pages of the same shape are read together, whatever their parents."""

    parent_id: int
    asked: Slice
    order: CommentOrder | None = None


class CommentRows(NamedTuple):
    """Rows of a page, and the log's last sequence number in the snapshot from which they were read."""

    rows: Sequence[Comment]
    seq: int


@dataclass(frozen=True, slots=True)
class Sections:
    """Where sections are kept between operations. `as_of`: what had been delivered when this operation began."""

    kept: Kept[Sequence[Section]]
    as_of: int


class Loaders:
    """One set for one operation, or for one event of a subscription. What it reads is noted in `depends`."""

    def __init__(
        self, batch: Batch[Session], viewer: Viewer, depends: Dependencies, kept: Sections | None = None
    ) -> None:
        self._kept = kept
        self._batch = batch
        self._viewer = viewer
        self._depends = depends
        self._sections_by_id: Mapping[int, Section] = {}

    @_row
    def article(self) -> Loader[Session, int, Article | None]:
        return self._one(lambda s, ids: s.articles.by_ids(ids), "id", self._ids, self._authors_of_them)

    @_made_once
    def article_by_slug(self) -> Loader[Session, str, Article | None]:
        return self._one(lambda s, slugs: s.articles.by_slugs(slugs), "slug", self._found("slug:"))

    @_made_once
    def article_by_url(self) -> Loader[Session, str, Article | None]:
        return self._one(lambda s, urls: s.articles.by_urls(urls), "url", self._found("articles"))

    @_rest
    def html(self) -> Loader[Session, int, str]:
        return self._many(lambda s, ids: s.articles.html(ids), "", self._tags("article:"))

    @_rest
    def text(self) -> Loader[Session, int, str]:
        return self._many(lambda s, ids: s.articles.texts(ids), "", self._tags("article:"))

    @_rest
    def tags(self) -> Loader[Session, int, Sequence[str]]:
        return self._many(lambda s, ids: s.articles.tags(ids), (), self._tags("article:"))

    @_made_once
    def _sections(self) -> Loader[Session, str, Sequence[Section]]:
        async def find(session: Session, keys: list[str]) -> Mapping[str, Sequence[Section]]:
            return dict.fromkeys(keys, await session.sections.all())

        return Loader(self._batch, find, (), self._tags("sections"))

    async def sections(self) -> Sequence[Section]:
        """All of them: they are few, and whoever needs one soon needs the others."""
        if self._kept is None:
            return await self._sections.load("all")
        self._depends.tags.add("sections")
        found = self._kept.kept.get()
        if found is None:
            found = await self._sections.load("all")
            self._kept.kept.put(found, self._kept.as_of)
        return found

    async def sections_by_id(self, ids: Sequence[int]) -> Mapping[int, Section]:
        """At least these, if they are there: an article may be read that is in a newer section than those known."""
        if not self._sections_by_id:
            self._sections_by_id = {one.id: one for one in await self.sections()}
        if missing := [one for one in ids if one not in self._sections_by_id]:
            read = await self._sections.load(f"with {max(missing)}")
            self._sections_by_id = {one.id: one for one in read}
        return self._sections_by_id

    async def section(self, section_id: int) -> Section | None:
        return (await self.sections_by_id([section_id])).get(section_id)

    async def section_by_slug(self, slug: str) -> Section | None:
        return next((one for one in await self.sections() if one.slug == slug), None)

    @_rest
    def author(self) -> Loader[Session, int, Author | None]:
        return self._one(lambda s, ids: s.authors.by_ids(ids), "id", self._authors)

    @_made_once
    def author_by_slug(self) -> Loader[Session, str, Author | None]:
        return self._one(lambda s, slugs: s.authors.by_slugs(slugs), "slug", self._tags("author:"))

    @_rest
    def authors_of(self) -> Loader[Session, int, Sequence[Author]]:
        return self._many(lambda s, ids: s.authors.of_articles(ids), (), self._bylines)

    @_page
    def articles_of_section(self) -> Loader[Session, Under, Sequence[Article]]:
        return self._pages(lambda s, ids, shape: s.articles.pages_of_sections(ids, shape[1]), self._articles)

    @_page
    def articles_of_author(self) -> Loader[Session, Under, Sequence[Article]]:
        return self._pages(lambda s, ids, shape: s.articles.pages_of_authors(ids, shape[1]), self._articles)

    @_rest
    def count_of_section(self) -> Loader[Session, int, int]:
        return self._many(lambda s, ids: s.articles.counts_of_sections(ids), 0)

    @_rest
    def count_of_author(self) -> Loader[Session, int, int]:
        return self._many(lambda s, ids: s.articles.counts_of_authors(ids), 0)

    @_page
    def ranked_list(self) -> Loader[Session, str, StoredList | None]:
        tags = self._tags("list:", "curation:", "sections")
        return self._one(lambda s, keys: s.lists.by_keys(keys), "list.key", tags)

    @_rest
    def views(self) -> Loader[Session, tuple[int, Window], int]:
        find: Find[Session, tuple[int, Window], int] = self._grouped(
            lambda s, ids, window: s.views.counts(ids, window), itemgetter(0), itemgetter(1), 0
        )
        return Loader(self._batch, find, 0)

    @_made_once
    def comment(self) -> Loader[Session, int, Comment | None]:
        return self._one(lambda s, ids: s.comments.by_ids(ids), "id", self._comments)

    @_page
    def comments_of_article(self) -> Loader[Session, Under, CommentRows]:
        return self._comment_pages(lambda s: s.comments.pages_of_articles, self._parents)

    @_page
    def replies(self) -> Loader[Session, Under, CommentRows]:
        """Whoever has the comment has noted its article, which is the replies' own."""
        return self._comment_pages(lambda s: s.comments.pages_of_comments)

    @_rest
    def flags(self) -> Loader[Session, int, Sequence[Flag]]:
        return self._many(lambda s, ids: s.comments.flags(ids), (), self._tags("comment:"))

    @_rest
    def history(self) -> Loader[Session, int, Sequence[ModerationAction]]:
        return self._many(lambda s, ids: s.comments.history(ids), (), self._tags("comment:"))

    @_rest
    def reaction(self) -> Loader[Session, int, ReactionKind | None]:
        """The viewer's own; they must be signed in."""
        user_id = self._viewer.user_id or 0
        return self._many(lambda s, ids: s.comments.reactions_of(user_id, ids), None, self._tags("comment:"))

    @_rest
    def user(self) -> Loader[Session, int, User | None]:
        return self._one(lambda s, ids: s.users.by_ids(ids), "id", self._tags("user:"))

    def forget(self) -> None:
        """Loaders and this keep each other, and what was read, in memory until a garbage collection; no longer so."""
        vars(self).clear()

    def give_up(self) -> None:
        """Stops reading for those who do not wait any more."""
        self._batch.give_up()

    # What is noted

    def _tags(self, *names: str) -> Note[Any, Any]:
        """Names that end with a colon are followed by the key."""

        def note(keys: Sequence[Any], _values: Mapping[Any, Any]) -> None:
            for name in names:
                self._depends.tags.update([f"{name}{key}" for key in keys] if name.endswith(":") else (name,))

        return note

    def _found(self, *names: str) -> Note[Any, Article | None]:
        """Also that there is none: it may come."""
        also = self._tags(*names)

        def note(keys: Sequence[Any], values: Mapping[Any, Article | None]) -> None:
            also(keys, values)
            self._depends.articles([found.id for key in keys if (found := values[key]) is not None])

        return note

    def _authors(self, keys: Sequence[int], values: Mapping[int, Author | None]) -> None:
        """Events name authors by their slugs; of an id that is nobody's none is known."""
        found = [values[key] for key in keys]
        self._depends.on(*("authors" if one is None else f"author:{one.slug}" for one in found))

    def _bylines(self, keys: Sequence[int], values: Mapping[int, Sequence[Author]]) -> None:
        self._depends.articles(keys)
        self._depends.on(*(f"author:{one.slug}" for key in keys for one in values[key]))

    def _ids(self, keys: Sequence[int], _values: Mapping[int, Article | None]) -> None:
        self._depends.articles(keys)

    def _comments(self, keys: Sequence[int], values: Mapping[int, Comment | None]) -> None:
        self._depends.comments(keys, [values[key] for key in keys])

    def _articles(self, keys: Sequence[Under], values: Mapping[Under, Sequence[Article]]) -> None:
        self._depends.articles([row.id for key in keys for row in values[key]])

    def _parents(self, keys: Sequence[Under], _values: Mapping[Under, CommentRows]) -> None:
        self._depends.tags.update([f"comments:{page.parent_id}" for page in keys])

    # What is read in the same go

    async def _authors_of_them(self, session: Session, articles: Mapping[int, Article | None]) -> Sequence[Extra]:
        if not self._depends.surely_selects(_AUTHORS):
            return ()
        ids = list(articles)
        return [Extra(self.authors_of, ids, await session.authors.of_articles(ids))]

    async def _commenters_of(self, session: Session, pages: Mapping[Under, CommentRows]) -> Sequence[Extra]:
        if not self._depends.selects(_COMMENTERS):
            return ()
        ids = {comment.user_id for page in pages.values() for comment in page.rows}
        rows = {row.id: row for row in await session.users.by_ids(list(ids))}
        return [Extra(self.user, list(ids), rows)]

    # How it is found

    def _one(
        self,
        find: Callable[[Session, list[K]], Awaitable[Iterable[V]]],
        key: str,
        note: Note[K, V | None],
        beside: Beside[Session, K, V | None] | None = None,
    ) -> Loader[Session, K, V | None]:
        """Rows that come in any order and may be missing."""
        key_of = attrgetter(key)

        async def by_key(session: Session, keys: list[K]) -> Mapping[K, V]:
            return {key_of(row): row for row in await find(session, keys)}

        made: Loader[Session, K, V | None] = Loader(self._batch, by_key, None, note, beside)
        return made

    def _many(
        self,
        find: Callable[[Session, list[K]], Awaitable[Mapping[K, V]]],
        missing: V,
        note: Note[K, V] | None = None,
    ) -> Loader[Session, K, V]:
        """A value for each key, `missing` where there is none."""
        return Loader(self._batch, find, missing, note)

    def _grouped(
        self,
        find: Callable[[Session, list[int], S], Awaitable[Mapping[int, V]]],
        id_of: Callable[[K], int],
        shape_of: Callable[[K], S],
        missing: V,
    ) -> Find[Session, K, V]:
        """Keys of several shapes: one statement a shape."""

        async def find_all(session: Session, keys: list[K]) -> Mapping[K, V]:
            groups: defaultdict[S, list[int]] = defaultdict(list)
            for key in keys:
                groups[shape_of(key)].append(id_of(key))
            rows = {shape: await find(session, ids, shape) for shape, ids in groups.items()}
            return {key: rows[shape_of(key)].get(id_of(key), missing) for key in keys}

        return find_all

    def _pages(
        self,
        find: Callable[[Session, list[int], _Shape], Awaitable[Mapping[int, V]]],
        note: Note[Under, V],
    ) -> Loader[Session, Under, V]:
        missing: Any = ()
        found = self._grouped(find, attrgetter("parent_id"), _shape, missing)
        return Loader[Session, Under, V](self._batch, found, missing, note)

    def _comment_pages(
        self, pages: Callable[[Session], _CommentPages], note: Note[Under, CommentRows] | None = None
    ) -> Loader[Session, Under, CommentRows]:
        async def find(session: Session, ids: list[int], shape: _Shape) -> Mapping[int, CommentRows]:
            head = await session.log.head()
            rows = await pages(session)(ids, shape[0] or CommentOrder.NEWEST, shape[1])
            return {parent: CommentRows(rows.get(parent, ()), head.last_seq) for parent in ids}

        found = self._grouped(find, attrgetter("parent_id"), _shape, CommentRows((), 0))
        return Loader(self._batch, found, CommentRows((), 0), note, self._commenters_of)


_Shape = tuple[CommentOrder | None, Slice]
_CommentPages = Callable[[Sequence[int], CommentOrder, Slice], Awaitable[Mapping[int, Sequence[Comment]]]]


def _shape(page: Under) -> _Shape:
    return page.order, page.asked
