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


@dataclass(frozen=True, slots=True)
class Print:
    """A text by its fingerprint, as this person's comment (0: not stored yet) has it, since a time."""

    fingerprint: int
    user_id: int
    since: datetime
    comment_id: int = 0


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

    async def waiting(self, user_id: int, article_id: int | None, asked: Slice) -> Sequence[Comment]:
        """This person's own that are held, in the order of a queue; `asked.limit + 1` rows."""
        ...

    async def waiting_count(self, user_id: int, article_id: int | None) -> int: ...

    async def published_of(self, user_id: int, besides: int, limit: int) -> int:
        """How many of this person's latest 200 comments readers see, one aside; at most `limit`."""
        ...

    async def add_print(self, comment: Comment, fingerprint: int) -> None:
        """Notes what a comment says now, to find the same text again."""
        ...

    async def printed(self, print_: Print) -> bool:
        """Whether anybody posted the same text. Hardly anybody did, and then nothing more has to be asked."""
        ...

    async def own_prints(self, print_: Print) -> Sequence[tuple[int, int | None]]:
        """Article and parent of this person's other comments with the same text, without removed ones; at most 100."""
        ...

    async def print_authors(self, print_: Print, limit: int) -> int:
        """How many other people posted the same text; at most `limit`."""
        ...

    async def prune_prints(self, before: datetime) -> int: ...

    async def posted_since(self, user_id: int, since: datetime, limit: int) -> Sequence[datetime]:
        """When this person posted, newest first."""
        ...
