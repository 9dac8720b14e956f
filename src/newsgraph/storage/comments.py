"""Comments in SQL, with their history, reactions and flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import starmap
from typing import Any

from newsgraph.domain.comments import (
    Comment,
    CommentOrder,
    CommentStatus,
    Flag,
    FlagReason,
    ModerationAction,
    ModerationQueueName,
    ReactionKind,
)
from newsgraph.domain.pages import Slice
from newsgraph.ports.comments import NewComment, Print
from newsgraph.storage.connection import Row, Sql
from newsgraph.storage.statements import Keyset, Part
from newsgraph.storage.values import batch, from_json, from_ms, grouped, optional, to_ms

_SORT: dict[CommentOrder, tuple[str, bool]] = {
    CommentOrder.NEWEST: ("created_at", True),
    CommentOrder.OLDEST: ("created_at", False),
    CommentOrder.MOST_REPLIED: ("reply_count", True),
    CommentOrder.MOST_REACTED: ("reactions", True),
}


def _keysets(prefix: str) -> dict[CommentOrder, Keyset]:
    return {
        order: Keyset(((f"{prefix}{name}", int), (f"{prefix}tie", int)), descending)
        for order, (name, descending) in _SORT.items()
    }


_FRESH = (False, False, *[0] * 6)  # what comes after edited_at in a comment's row when it is new
_INNER, _OUTER = _keysets(""), _keysets("c.")
_QUEUE = _OUTER[CommentOrder.OLDEST]


class SqlComments:
    """Implements ports.comments.Comments."""

    def __init__(self, sql: Sql, now: datetime) -> None:
        self._sql = sql
        self._now = now

    async def by_ids(self, ids: Sequence[int]) -> Sequence[Comment]:
        return list(starmap(_comment, self._sql.rows_of("comments_by_ids", ids)))

    async def chain(self, comment_id: int) -> Sequence[Comment]:
        return list(starmap(_comment, self._sql.rows("comment_chain", comment_id)))

    async def pages_of_articles(
        self, ids: Sequence[int], order: CommentOrder, asked: Slice
    ) -> Mapping[int, Sequence[Comment]]:
        if len(ids) == 1:
            return {ids[0]: self._page("comments_of_article", ids[0], order, asked)}
        comments = self._pages("comments_of_articles", ids, order, asked)
        return grouped((comment.article_id, comment) for comment in comments)

    async def pages_of_comments(
        self, ids: Sequence[int], order: CommentOrder, asked: Slice
    ) -> Mapping[int, Sequence[Comment]]:
        if len(ids) == 1:
            return {ids[0]: self._page("comments_of_comment", ids[0], order, asked)}
        comments = self._pages("comments_of_comments", ids, order, asked)
        return grouped((comment.parent_id, comment) for comment in comments if comment.parent_id is not None)

    def _page(self, name: str, parent_id: int, order: CommentOrder, asked: Slice) -> list[Comment]:
        rows = self._sql.rows(name, parent_id, asked.limit + 1, parts=_OUTER[order].parts(asked))
        return list(starmap(_comment, rows))

    def _pages(self, name: str, ids: Sequence[int], order: CommentOrder, asked: Slice) -> list[Comment]:
        parts = (*_INNER[order].parts(asked), _OUTER[order].order(asked, "outer"))
        return list(starmap(_comment, self._sql.rows_of(name, ids, asked.limit + 1, parts=parts)))

    async def queue(self, name: ModerationQueueName, article_id: int | None, asked: Slice) -> Sequence[Comment]:
        parts = (*self._queue(name, article_id), *_QUEUE.parts(asked))
        return list(starmap(_comment, self._sql.rows("comments_queue", asked.limit + 1, parts=parts)))

    async def queue_count(self, name: ModerationQueueName, article_id: int | None) -> int:
        found: int = self._sql.value("comments_queue_count", parts=self._queue(name, article_id))
        return found

    def _queue(self, name: ModerationQueueName, article_id: int | None) -> tuple[Part, ...]:
        queue = Part("queue", self._sql.fragment(f"comments_queue_{name.value.lower()}"))
        return queue, *self._article(article_id)

    def _article(self, article_id: int | None) -> tuple[Part, ...]:
        if article_id is None:
            return ()
        return (Part("article", self._sql.fragment("comments_queue_article"), (article_id,)),)

    async def insert(self, new: NewComment) -> Comment:
        status, at = new.status.value, to_ms(self._now)
        place = (new.article_id, new.parent_id, new.user_id)
        (comment_id,) = self._sql.one("comment_insert", *place, new.body, status, new.depth, at)
        return _made((comment_id, *place, status, new.depth, at, None, *_FRESH), new.body)

    async def save(self, comment: Comment) -> None:
        self._sql.execute(
            "comment_save",
            comment.id,
            comment.body,
            comment.status.value,
            to_ms(comment.edited_at),
            comment.featured,
            comment.moderated,
            comment.flag_count,
            comment.reply_count,
            comment.descendants,
            comment.likes,
            comment.insightfuls,
            comment.disagrees,
        )

    async def history(self, ids: Sequence[int]) -> Mapping[int, Sequence[ModerationAction]]:
        actions = map(_action, self._sql.rows_of("comment_history", ids))
        return grouped((action.comment_id, action) for action in actions)

    async def add_history(self, action: ModerationAction) -> None:
        self._sql.execute(
            "comment_add_history",
            action.comment_id,
            action.user_id,
            action.rule,
            action.before and action.before.value,
            action.after.value,
            action.reason,
            to_ms(action.at),
        )

    async def flags(self, ids: Sequence[int]) -> Mapping[int, Sequence[Flag]]:
        rows = self._sql.rows_of("comment_flags", ids)
        return grouped((key, Flag(FlagReason(reason), note, from_ms(at))) for key, reason, note, at in rows)

    async def add_flag(self, comment_id: int, user_id: int, flag: Flag) -> bool:
        args = (comment_id, user_id, flag.reason.value, flag.note, to_ms(flag.at))
        return self._sql.execute("comment_add_flag", *args) > 0

    async def reactions_of(self, user_id: int, ids: Sequence[int]) -> Mapping[int, ReactionKind]:
        return {key: ReactionKind(kind) for key, kind in self._sql.rows("reactions_of", user_id, batch(ids))}

    async def set_reaction(self, comment_id: int, user_id: int, kind: ReactionKind | None) -> ReactionKind | None:
        before = optional(ReactionKind, self._sql.value("reaction_of", comment_id, user_id))
        if kind is None:
            self._sql.execute("reaction_take_back", comment_id, user_id)
        elif kind is not before:
            self._sql.execute("reaction_set", comment_id, user_id, kind.value)
        return before

    async def waiting(self, user_id: int, article_id: int | None, asked: Slice) -> Sequence[Comment]:
        parts = (*self._article(article_id), *_QUEUE.parts(asked))
        return list(starmap(_comment, self._sql.rows("comments_waiting", user_id, asked.limit + 1, parts=parts)))

    async def waiting_count(self, user_id: int, article_id: int | None) -> int:
        found: int = self._sql.value("comments_waiting_count", user_id, parts=self._article(article_id))
        return found

    async def published_of(self, user_id: int, besides: int, limit: int) -> int:
        found: int = self._sql.value("comments_published_of", user_id, besides, limit)
        return found

    async def add_print(self, comment: Comment, fingerprint: int) -> None:
        self._sql.execute("comment_print", comment.id, fingerprint, comment.user_id, to_ms(self._now))

    async def printed(self, print_: Print) -> bool:
        return self._sql.row("comment_prints_known", print_.fingerprint, to_ms(print_.since)) is not None

    async def own_prints(self, print_: Print) -> Sequence[tuple[int, int | None]]:
        args = (print_.fingerprint, print_.user_id, to_ms(print_.since), print_.comment_id)
        return [(article_id, parent_id) for article_id, parent_id in self._sql.rows("comment_prints_own", *args)]

    async def print_authors(self, print_: Print, limit: int) -> int:
        args = (print_.fingerprint, to_ms(print_.since), print_.user_id, limit)
        found: int = self._sql.value("comment_prints_authors", *args)
        return found

    async def prune_prints(self, before: datetime) -> int:
        return self._sql.execute("comment_prints_prune", to_ms(before))

    async def posted_since(self, user_id: int, since: datetime, limit: int) -> Sequence[datetime]:
        rows = self._sql.rows("comments_posted_since", user_id, to_ms(since), limit)
        return [from_ms(at) for (at,) in rows]


_STATUSES = {status.value: status for status in CommentStatus}


@lru_cache(maxsize=2_048)
def _comment(row: str, body: str) -> Comment:
    """Remembered: those below what everybody reads are read again and again, and each takes 3 microseconds to make."""
    return _made(from_json(row), body)


def _made(row: Sequence[Any], body: str) -> Comment:
    key, article_id, parent_id, user_id, status, depth, created_at, edited_at, featured, moderated, *counts = row
    flags, replies, descendants, likes, insightfuls, disagrees = counts
    return Comment(
        id=key,
        article_id=article_id,
        parent_id=parent_id,
        user_id=user_id,
        body=body,
        status=_STATUSES[status],
        depth=depth,
        created_at=from_ms(created_at),
        edited_at=from_ms(edited_at),
        featured=bool(featured),
        moderated=bool(moderated),
        flag_count=flags,
        reply_count=replies,
        descendants=descendants,
        likes=likes,
        insightfuls=insightfuls,
        disagrees=disagrees,
    )


def _action(row: Row) -> ModerationAction:
    comment_id, user_id, rule, before, after, reason, at = row
    return ModerationAction(
        comment_id, user_id, rule, optional(CommentStatus, before), CommentStatus(after), reason, from_ms(at)
    )
