"""Resolvers of comments: threads, pages, permalinks, and what each viewer may see of them."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import strawberry

from newsgraph.actions import comments
from newsgraph.domain.articles import Article
from newsgraph.domain.comments import (
    FINAL,
    Comment,
    CommentOrder,
    CommentPolicy,
    CommentStatus,
    Flag,
    ModerationAction,
    ModerationQueueName,
    ReactionKind,
)
from newsgraph.domain.cursors import global_id, number
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.pages import Page, PageArguments, Slice, page_of, page_slice
from newsgraph.domain.tags import MODERATION
from newsgraph.domain.users import Role, User
from newsgraph.graph import articles
from newsgraph.graph.context import Context, Info
from newsgraph.graph.loaders import CommentRows, Under
from newsgraph.graph.pages import Connection, Edge, comment_key, connect, order_name
from newsgraph.policies.access import comment_body_visible, comment_visible
from newsgraph.ports.store import Session

_QUEUE_ORDER = "queue"
_PUBLISHED = CommentStatus.PUBLISHED
_KINDS = tuple(ReactionKind)  # to go through an Enum takes a microsecond


@dataclass(frozen=True, slots=True)
class ReactionCount:
    kind: ReactionKind
    count: int


async def visible(context: Context, comment_id: int) -> Comment | None:
    """The comment if the viewer may see it, on an article that they may see."""
    comment = await context.loaders.comment.load(comment_id)
    if comment is None or not _shown(context, comment):
        return None
    return comment if await articles.visible(context, comment.article_id) else None


def _shown(context: Context, comment: Comment) -> bool:
    context.depends.seen(comment)
    return comment_visible(comment, context.viewer)


def _body_shown(context: Context, comment: Comment) -> bool:
    if comment.status is _PUBLISHED:  # as nearly all are, and a page asks forty times
        return True
    context.depends.seen(comment)
    return comment_body_visible(comment, context.viewer)


def require_moderator(context: Context) -> None:
    if not context.viewer.has(Role.MODERATOR):
        raise Fault(FaultCode.FORBIDDEN, "Only moderators may see this.")


def edge(comment: Comment, order: CommentOrder = CommentOrder.NEWEST) -> Edge:
    """As a page in this order would show it; new comments go where NEWEST has them."""
    return Edge(comment, order_name(order), comment_key(order)(comment))


# Connections


async def of_article(
    root: Article,
    info: Info,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    order_by: CommentOrder = CommentOrder.NEWEST,
    focus: strawberry.ID | None = None,
) -> Connection:
    context = info.context
    asked = page_slice(PageArguments(first, after, last, before), order_name(order_by), context.page_limits)
    context.depends.on(f"comments:{root.id}")
    if focus is not None:
        return await _focused(context, root, order_by, asked, focus)
    found = await context.loaders.comments_of_article.load(Under(root.id, asked, order_by))
    return _connection(context, page_of(found.rows, asked), order_by, root.thread_count, found.seq)


async def replies(
    root: Comment,
    info: Info,
    first: int | None = None,
    after: str | None = None,
    order_by: CommentOrder = CommentOrder.OLDEST,
) -> Connection:
    context = info.context
    asked = page_slice(PageArguments(first, after), order_name(order_by), context.page_limits)
    found = await context.loaders.replies.load(Under(root.id, asked, order_by))
    return _connection(context, page_of(found.rows, asked), order_by, root.reply_count, found.seq)


def _connection(context: Context, page: Page[Comment], order: CommentOrder, total: int, seq: int) -> Connection:
    context.depends.goes_on()
    live_cursor = context.services.streams.position(seq).encode()
    return connect(page, order_name(order), comment_key(order), lambda: total, live_cursor)


async def _focused(context: Context, article: Article, order: CommentOrder, asked: Slice, focus: str) -> Connection:
    """The page that begins at the focused comment's thread; below its first edge the way down to the comment."""
    chain = await _chain(context, article, focus)
    if not chain.rows:
        raise Fault(FaultCode.NOT_FOUND, "The comment to focus on is not in this article's discussion.")
    top = chain.rows[-1]
    key = comment_key(order)(top)
    rest = asked._replace(after=key, before=None, backward=False, limit=max(asked.limit - 1, 0))
    earlier = Slice(limit=0, before=key, backward=True)
    loader = context.loaders.comments_of_article
    below, above = await loader.load_many([Under(article.id, rest, order), Under(article.id, earlier, order)])
    following = page_of(below.rows, rest)
    page = Page([top, *following.items], following.has_next, has_previous=bool(above.rows))
    return _focused_page(context, article, order, chain, page)


def _focused_page(
    context: Context, article: Article, order: CommentOrder, chain: CommentRows, page: Page[Comment]
) -> Connection:
    """It goes on from where the chain was read: what came before the rest was read is told again, and none missed."""
    connection = _connection(context, page, order, article.thread_count, chain.seq)
    top = connection.edges[0]
    way_down = [Edge(comment, top.order, top.key) for comment in reversed(chain.rows[:-1])]
    return connection._replace(edges=[top, *way_down, *connection.edges[1:]])


async def _chain(context: Context, article: Article, focus: str) -> CommentRows:
    """The comment and its ancestors, nearest first; empty when it is not for this viewer or not of this article."""
    comment_id = number(focus, "Comment")
    if comment_id is None:
        return CommentRows((), 0)

    async def read(session: Session) -> CommentRows:
        head = await session.log.head()
        return CommentRows(await session.comments.chain(comment_id), head.last_seq)

    chain = await context.read(read)
    shown = all(comment.article_id == article.id and _shown(context, comment) for comment in chain.rows)
    return chain if shown else CommentRows((), 0)


async def moderation_queue(
    info: Info,
    queue: ModerationQueueName,
    article_id: strawberry.ID | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Connection:
    context = info.context
    require_moderator(context)
    article = None if article_id is None else await _article_number(context, article_id)
    asked = page_slice(PageArguments(first, after), _QUEUE_ORDER, context.page_limits)

    async def queued(session: Session) -> CommentRows:
        head = await session.log.head()
        return CommentRows(await session.comments.queue(queue, article, asked), head.last_seq)

    context.depends.on(MODERATION)
    found = await context.read(queued)
    return connect(
        page_of(found.rows, asked),
        _QUEUE_ORDER,
        comment_key(CommentOrder.OLDEST),
        lambda: context.read(lambda s: s.comments.queue_count(queue, article)),
        context.services.streams.position(found.seq).encode(),
    )


async def pending_of(
    root: User,
    info: Info,
    article_id: strawberry.ID | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Connection:
    """What its author sees and nobody else: `root` is the viewer."""
    context = info.context
    article = None if article_id is None else await _article_number(context, article_id)
    asked = page_slice(PageArguments(first, after), _QUEUE_ORDER, context.page_limits)

    async def waiting(session: Session) -> CommentRows:
        head = await session.log.head()
        return CommentRows(await session.comments.waiting(root.id, article, asked), head.last_seq)

    context.depends.on(MODERATION)
    found = await context.read(waiting)
    return connect(
        page_of(found.rows, asked),
        _QUEUE_ORDER,
        comment_key(CommentOrder.OLDEST),
        lambda: context.read(lambda s: s.comments.waiting_count(root.id, article)),
        context.services.streams.position(found.seq).encode(),
    )


async def _article_number(context: Context, global_: str) -> int:
    article_id = number(global_, "Article")
    found = None if article_id is None else await articles.visible(context, article_id)
    if found is None:
        raise Fault(FaultCode.NOT_FOUND, "There is no such article.")
    return found.id


# Comment fields


def id_(root: Comment) -> strawberry.ID:
    return _global_id(root.id)


@lru_cache(maxsize=4_096)
def _global_id(key: int) -> strawberry.ID:
    """By the number alone: to look for a pair takes twice as long."""
    return strawberry.ID(global_id("Comment", key))


async def article(root: Comment, info: Info) -> Article | None:
    return await articles.visible(info.context, root.article_id)


def body(root: Comment, info: Info) -> str | None:
    return root.body if _body_shown(info.context, root) else None


def author(root: Comment, info: Info) -> Awaitable[User | None] | User | None:
    if not _body_shown(info.context, root):
        return None
    return info.context.loaders.user.at_hand(root.user_id)


async def parent(root: Comment, info: Info) -> Comment | None:
    return None if root.parent_id is None else await visible(info.context, root.parent_id)


def reactions(root: Comment) -> Sequence[ReactionCount]:
    """Kinds that somebody chose, in the order of the enumeration."""
    return _reactions(root.likes, root.insightfuls, root.disagrees)


@lru_cache(maxsize=1_024)
def _reactions(*counts: int) -> Sequence[ReactionCount]:
    """Remembered: they are small numbers, and a page asks for twenty of them at a microsecond each."""
    return tuple(ReactionCount(kind, count) for kind, count in zip(_KINDS, counts, strict=True) if count)


async def viewer_reaction(root: Comment, info: Info) -> ReactionKind | None:
    if info.context.viewer.user_id is None:
        return None
    return await info.context.loaders.reaction.load(root.id)


def editable_until(root: Comment, info: Info) -> datetime | None:
    """Null for what can no longer be edited whatever the time, and where the viewer does not see what stands there."""
    if root.status in FINAL or not _body_shown(info.context, root):
        return None
    return root.created_at + timedelta(seconds=info.context.settings.comment_edit_window)


async def permalink(root: Comment, info: Info) -> str | None:
    found = await articles.visible(info.context, root.article_id)
    return None if found is None else f"{articles.address(info.context, found)}#comment-{root.id}"


async def flags(root: Comment, info: Info) -> Sequence[Flag]:
    require_moderator(info.context)
    return await info.context.loaders.flags.load(root.id)


async def history(root: Comment, info: Info) -> Sequence[ModerationAction]:
    require_moderator(info.context)
    return await info.context.loaders.history.load(root.id)


async def acted_by(root: ModerationAction, info: Info) -> User | None:
    return None if root.user_id is None else await info.context.loaders.user.load(root.user_id)


# CommentPolicy fields


async def viewer_may_post(root: CommentPolicy, info: Info) -> bool:
    user = await _viewer(info.context)
    if user is None or user.banned or not root.open:
        return False
    return user.suspended_until is None or user.suspended_until <= info.context.now()


async def viewer_wait_until(root: CommentPolicy, info: Info) -> datetime | None:
    """The later of a suspension's and a rate limit's end; None when neither holds."""
    context, user = info.context, await _viewer(info.context)
    if user is None:
        return None
    ends = [user.suspended_until, await comments.wait_until(context.newsroom, context.viewer)]
    return max((end for end in ends if end is not None and end > context.now()), default=None)


async def _viewer(context: Context) -> User | None:
    user_id = context.viewer.user_id
    return None if user_id is None else await context.loaders.user.load(user_id)
