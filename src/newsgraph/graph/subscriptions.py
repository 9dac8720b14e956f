"""The root of all streams: what each tells its viewer of an entry of the log, at delivery."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import strawberry

from newsgraph.domain.comments import Comment
from newsgraph.domain.cursors import decode_position, global_id, number
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import ArticleChanged as ArticleEntry
from newsgraph.domain.events import CommentCause, Entry
from newsgraph.domain.events import CommentChanged as CommentEntry
from newsgraph.domain.events import ListChanged as ListEntry
from newsgraph.domain.lists import ListDiff, ListFamily, ListKey, merge, span
from newsgraph.domain.tags import MODERATION
from newsgraph.graph import articles, comments
from newsgraph.graph.context import Context, Info
from newsgraph.graph.directives import auth
from newsgraph.graph.enums import ArticleStatus, CommentStatus, ModerationQueueName, Role
from newsgraph.graph.feeds import Answers, NewsFeed, answer_of, beginning, happening_of
from newsgraph.graph.lists import Listing, edges_of, listing, read_key
from newsgraph.graph.scalars import StreamCursor
from newsgraph.graph.streams import (
    ArticleChanged,
    ArticleEvent,
    ArticleRetracted,
    CommentAdded,
    CommentChanged,
    CommentEvent,
    CommentRemoved,
    RankedListChanged,
    RankedListEvent,
)
from newsgraph.graph.types import without_null_defaults
from newsgraph.live.streams import Channel, Opened, Stretch
from newsgraph.ports.feeds import Happening, Stage


def _at(context: Context, seq: int) -> StreamCursor:
    return StreamCursor(context.services.streams.position(seq).encode())


async def _article_id(context: Context, global_: str) -> int:
    article_id = number(global_, "Article")
    article = None if article_id is None else await articles.visible(context, article_id)
    if article is None:
        raise Fault(FaultCode.NOT_FOUND, "There is no such article.")
    return article.id


# Comments


async def comment_events(info: Info, article_id: strawberry.ID, after: StreamCursor | None = None) -> NewsFeed:
    channel = Channel(f"comments:{await _article_id(info.context, article_id)}")
    return NewsFeed(info.context, channel, after, _readers_view)


async def _readers_view(context: Context, entries: Sequence[Entry]) -> list[Any]:
    found = await _with_comments(context, entries)
    return [event for one in found if (event := await _reader_event(context, *one)) is not None]


async def _with_comments(context: Context, entries: Sequence[Entry]) -> list[tuple[Entry, CommentEntry, Comment]]:
    """Entries about comments, each with its comment as it is now."""
    changes = [(entry, entry.event) for entry in entries if isinstance(entry.event, CommentEntry)]
    rows = await context.loaders.comment.load_many([change.comment_id for _, change in changes])
    return [(entry, change, row) for (entry, change), row in zip(changes, rows, strict=True) if row is not None]


async def _reader_event(context: Context, entry: Entry, change: CommentEntry, comment: Comment) -> Any:
    """Into PUBLISHED is an addition, out of it a removal; what is no longer shown today is left out.

    That somebody reported a comment is for moderators to know.
    """
    was, became = (status is CommentStatus.PUBLISHED for status in (change.before, change.after))
    if was and not became:
        return await _removed(context, entry, comment)
    if not became or not comment.published or change.cause is CommentCause.FLAGGED:
        return None
    if await articles.visible(context, comment.article_id) is None:
        return None
    return await _added(context, entry, comment) if not was else _changed(context, entry, comment)


async def _added(context: Context, entry: Entry, comment: Comment) -> CommentAdded:
    edge: Any = comments.edge(comment)
    return CommentAdded(
        cursor=_at(context, entry.seq),
        comment_edge=edge,
        parent_id=_parent(comment),
        comment_count=await _count(context, comment),
    )


def _changed(context: Context, entry: Entry, comment: Comment) -> CommentChanged:
    row: Any = comment
    return CommentChanged(cursor=_at(context, entry.seq), comment=row)


async def _removed(context: Context, entry: Entry, comment: Comment) -> CommentRemoved:
    return CommentRemoved(
        cursor=_at(context, entry.seq),
        removed_comment_id=comments.id_(comment),
        parent_id=_parent(comment),
        comment_count=await _count(context, comment),
    )


def _parent(comment: Comment) -> strawberry.ID | None:
    return None if comment.parent_id is None else strawberry.ID(global_id("Comment", comment.parent_id))


async def _count(context: Context, comment: Comment) -> int:
    article = await context.loaders.article.load(comment.article_id)
    return article.comment_count if article else 0


# Moderation


async def moderation_events(
    info: Info, queue: ModerationQueueName | None = None, after: StreamCursor | None = None
) -> NewsFeed:
    comments.require_moderator(info.context)
    watched = frozenset(ModerationQueueName) if queue is None else frozenset({queue})

    async def seen(context: Context, entries: Sequence[Entry]) -> list[Any]:
        found = await _with_comments(context, entries)
        return [event for one in found if (event := await _queue_event(context, watched, *one)) is not None]

    return NewsFeed(info.context, Channel(MODERATION), after, seen)


async def _queue_event(
    context: Context,
    watched: frozenset[ModerationQueueName],
    entry: Entry,
    change: CommentEntry,
    comment: Comment,
) -> Any:
    """Into a watched queue is an addition, out of all of them a removal."""
    was, became = bool(change.queues_before & watched), bool(change.queues_after & watched)
    if was and not became:
        return await _removed(context, entry, comment)
    if not became:
        return None
    return await _added(context, entry, comment) if not was else _changed(context, entry, comment)


# Lists


async def latest_stories(info: Info, section: str | None = None, after: StreamCursor | None = None) -> NewsFeed:
    return await _list_stream(info, ListKey(ListFamily.LATEST, section), after)


async def ranked_list_events(info: Info, key: str, after: StreamCursor | None = None) -> NewsFeed:
    return await _list_stream(info, read_key(key), after)


async def _list_stream(info: Info, key: ListKey | None, after: str | None) -> NewsFeed:
    if key is None or await listing(info.context, key) is None:
        raise Fault(FaultCode.NOT_FOUND, "There is no such list.")
    return ListFeed(info.context, key, after)


class ListFeed(NewsFeed):
    """A list's stream. However many changes there were, what is told of them is one event: the list as it is now.

    `_version` is the state that was told last to those who are attached.
    """

    def __init__(self, context: Context, key: ListKey, after: str | None) -> None:
        super().__init__(context, Channel(f"list:{key}"), after, _nothing)
        self._key = key
        self._version = 0

    async def _open(self, cursors: Collection[str | None], _limit: int) -> Answers:
        return await self._lead(cursors, Stage.OPENING)

    async def _go_on(self, cursors: Collection[str | None], _limit: int) -> Answers:
        return await self._lead(cursors, Stage.CATCHING_UP)

    async def _lead(self, cursors: Collection[str | None], stage: Stage) -> Answers:
        """The list is read after the log: who is told of it gets to where it is, the others to where the log was."""
        begun = {cursor: None if self._is_nothing(cursor) else cursor for cursor in cursors}
        every = self.context.settings.replay_limit
        head, opened = await self.streams.open(self.channel, set(begun.values()), every)
        found, answers = await self._show(), {}
        for cursor, known in begun.items():
            told = await self._told(opened[known], found, known is None)
            start = beginning(self._nothing_yet if known is None else opened[known], head, len(told) if known else 0)
            now = self.streams.position(max(head.seq, *(one.seq for one in told), 0))
            answers[cursor] = answer_of([*(start if stage is Stage.OPENING else start[1:]), *told], now)
        return answers

    def _is_nothing(self, cursor: str | None) -> bool:
        return cursor is None or decode_position(cursor) == self._nothing_yet.position

    async def _told(self, opened: Opened, found: Listing, everything: bool) -> list[Happening]:
        """The list as it stands; or the way there from what the client has."""
        if everything:
            return [await self._change(found, ListDiff((), _ids(found), ()))]
        way = _diffs(opened.missed.entries if opened.missed else ())
        return [await self._change(found, merge([*way, ListDiff(_ids(found), (), ())]))] if way else []

    @property
    def _nothing_yet(self) -> Opened:
        """Whoever is cut off before the list came has nothing of it, and StreamReady's cursor says so."""
        return Opened(self.streams.position(0))

    @property
    def gather(self) -> float:
        return self.context.settings.list_interval

    async def _tell(self, entries: Sequence[Entry]) -> list[Happening]:
        """The way there from wherever those stand who are attached: some have joined in the middle of a burst."""
        fresh = [entry for entry in entries if entry.seq > self._version]
        if not fresh:
            return []
        found = await self._show()
        way = span(_diffs([*fresh, *await self._between(fresh[-1].seq, found.stored.version)]))
        self._version = found.stored.version
        return [await self._change(found, way)]

    async def _between(self, seq: int, version: int) -> Sequence[Entry]:
        """Entries that the list is ahead of those that were delivered."""
        if version <= seq:
            return ()
        cursor = self.streams.position(seq).encode()
        found = (await self.streams.go_on(self.channel, [cursor], version - seq))[cursor]
        return [one for one in found.entries if one.seq <= version] if isinstance(found, Stretch) else ()

    async def _show(self) -> Listing:
        found = await listing(self.context, self._key)
        if found is None:
            raise Fault(FaultCode.NOT_FOUND, "There is no such list any more.")
        return found

    async def _change(self, found: Listing, way: ListDiff) -> Happening:
        return happening_of(await _list_event(self.context, found, way.inserted, way.removed))


async def _nothing(_context: Context, _entries: Sequence[Entry]) -> list[Any]:
    return []


def _diffs(entries: Sequence[Entry]) -> list[ListDiff]:
    return [entry.event.diff for entry in entries if isinstance(entry.event, ListEntry)]


async def _list_event(
    context: Context, found: Listing, inserted: Sequence[int], removed: Sequence[int]
) -> RankedListChanged:
    """An article that was retracted after the list was read stands neither in the edges nor in the order."""
    new = set(inserted)
    edges: Any = await edges_of(context, [item for item in found.ranked if item.article_id in new])
    gone = new - {edge.node.id for edge in edges}
    shown: Any = found
    return RankedListChanged(
        cursor=StreamCursor(found.version),
        ranked_list=shown,
        inserted_edges=edges,
        removed_article_ids=_article_ids(removed),
        ordered_article_ids=_article_ids([one for one in _ids(found) if one not in gone]),
    )


def _ids(found: Listing) -> tuple[int, ...]:
    return tuple(item.article_id for item in found.ranked)


def _article_ids(ids: Sequence[int]) -> list[strawberry.ID]:
    return [strawberry.ID(global_id("Article", one)) for one in ids]


# Articles


async def article_events(info: Info, article_id: strawberry.ID, after: StreamCursor | None = None) -> NewsFeed:
    channel = Channel(f"article:{await _article_id(info.context, article_id)}")
    return NewsFeed(info.context, channel, after, _article_events)


async def _article_events(context: Context, entries: Sequence[Entry]) -> list[Any]:
    events = [await _article_event(context, entry) for entry in entries]
    return [event for event in events if event is not None]


async def _article_event(context: Context, entry: Entry) -> Any:
    change = entry.event
    if not isinstance(change, ArticleEntry):
        return None
    if change.after is ArticleStatus.RETRACTED and change.before is not ArticleStatus.RETRACTED:
        return ArticleRetracted(
            cursor=_at(context, entry.seq),
            article_id=strawberry.ID(global_id("Article", change.article_id)),
        )
    article: Any = await articles.visible(context, change.article_id)
    return None if article is None else ArticleChanged(cursor=_at(context, entry.seq), article=article)


def stream(resolver: Callable[..., Any], description: str, *directives: object) -> Any:
    field = strawberry.subscription(resolver=resolver, description=description, directives=directives)
    return without_null_defaults(field)


@strawberry.type(
    description="Streams over graphql-transport-ws, server-sent events or multipart. Each begins with StreamReady."
)
class Subscription:
    comment_events: CommentEvent = stream(comment_events, "An article's comments as they come, change and go.")
    latest_stories: RankedListEvent = stream(latest_stories, "'Latest Stories' as it changes.")
    ranked_list_events: RankedListEvent = stream(ranked_list_events, "Any list, by the key that rankedList takes.")
    article_events: ArticleEvent = stream(article_events, "One article as it is updated or taken back.")
    moderation_events: CommentEvent = stream(
        moderation_events,
        "What enters, changes in and leaves a queue; all queues when none is named. Moderators only.",
        auth(Role.MODERATOR),
    )
