"""Comments as they are kept, with their history, reactions and flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newsgraph.domain.comments import (
    Comment,
    CommentOrder,
    CommentStatus,
    Flag,
    ModerationAction,
    ModerationQueueName,
    ReactionKind,
)
from newsgraph.domain.pages import Slice


@dataclass(frozen=True, slots=True)
class NewComment:
    article_id: int
    parent_id: int | None
    user_id: int
    body: str
    status: CommentStatus
    depth: int


class Comments(Protocol):
    async def by_ids(self, ids: Sequence[int]) -> Sequence[Comment]:
        """Those that exist, of every status, in any order."""
        ...

    async def chain(self, comment_id: int) -> Sequence[Comment]:
        """The comment and its ancestors, nearest first; empty when there is none."""
        ...

    async def pages_of_articles(
        self, ids: Sequence[int], order: CommentOrder, asked: Slice
    ) -> Mapping[int, Sequence[Comment]]:
        """Per article its listed top-level comments; up to `asked.limit + 1` rows, in the direction of `asked`.

        Sort keys: NEWEST and OLDEST (created_at in ms, id), descending and ascending; MOST_REPLIED
        (reply_count, id) and MOST_REACTED (reactions, id), both descending. One statement for all articles.
        """
        ...

    async def pages_of_comments(
        self, ids: Sequence[int], order: CommentOrder, asked: Slice
    ) -> Mapping[int, Sequence[Comment]]:
        """The same for the listed replies of each comment."""
        ...

    async def queue(self, name: ModerationQueueName, article_id: int | None, asked: Slice) -> Sequence[Comment]:
        """What waits there, oldest first by (created_at in ms, id); `asked.limit + 1` rows."""
        ...

    async def queue_count(self, name: ModerationQueueName, article_id: int | None) -> int: ...

    async def insert(self, new: NewComment) -> Comment:
        """Counters are all zero; its thread's are not touched."""
        ...

    async def save(self, comment: Comment) -> None:
        """Writes everything of the row that can change. The database refuses counters below zero."""
        ...

    async def history(self, ids: Sequence[int]) -> Mapping[int, Sequence[ModerationAction]]:
        """Oldest first."""
        ...

    async def add_history(self, action: ModerationAction) -> None: ...

    async def flags(self, ids: Sequence[int]) -> Mapping[int, Sequence[Flag]]:
        """Oldest first."""
        ...

    async def add_flag(self, comment_id: int, user_id: int, flag: Flag) -> bool:
        """False when this person had flagged it before; then nothing changes."""
        ...

    async def reactions_of(self, user_id: int, ids: Sequence[int]) -> Mapping[int, ReactionKind]: ...

    async def set_reaction(self, comment_id: int, user_id: int, kind: ReactionKind | None) -> ReactionKind | None:
        """Sets or takes back a person's reaction; returns the one that stood before. Counters are not touched."""
        ...

    async def posted_since(self, user_id: int, since: datetime, limit: int) -> Sequence[datetime]:
        """When this person posted, newest first."""
        ...
