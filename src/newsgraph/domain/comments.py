"""Comments: threads, what readers may see of them, and the counters that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum


class CommentStatus(Enum):
    PUBLISHED = "PUBLISHED"
    PENDING = "PENDING"
    WITHHELD = "WITHHELD"
    REJECTED = "REJECTED"
    REMOVED = "REMOVED"


class CommentOrder(Enum):
    NEWEST = "NEWEST"
    OLDEST = "OLDEST"
    MOST_REPLIED = "MOST_REPLIED"
    MOST_REACTED = "MOST_REACTED"


class ModerationMode(Enum):
    PRE = "PRE"
    POST = "POST"


class ModerationQueueName(Enum):
    UNMODERATED = "UNMODERATED"
    REPORTED = "REPORTED"
    PENDING = "PENDING"


class ReactionKind(Enum):
    LIKE = "LIKE"
    INSIGHTFUL = "INSIGHTFUL"
    DISAGREE = "DISAGREE"


class FlagReason(Enum):
    OFFENSIVE = "OFFENSIVE"
    ABUSIVE = "ABUSIVE"
    SPAM = "SPAM"
    ILLEGAL = "ILLEGAL"
    OTHER = "OTHER"


# What a moderator may make of a comment. REMOVED is its author's own act and is final.
TRANSITIONS: dict[CommentStatus, frozenset[CommentStatus]] = {
    CommentStatus.PUBLISHED: frozenset({CommentStatus.WITHHELD, CommentStatus.REJECTED}),
    CommentStatus.PENDING: frozenset({CommentStatus.PUBLISHED, CommentStatus.WITHHELD, CommentStatus.REJECTED}),
    CommentStatus.WITHHELD: frozenset({CommentStatus.PUBLISHED, CommentStatus.REJECTED}),
    CommentStatus.REJECTED: frozenset({CommentStatus.PUBLISHED}),
    CommentStatus.REMOVED: frozenset(),
}

FINAL = frozenset({CommentStatus.REJECTED, CommentStatus.REMOVED})
"""In which its author can change a comment's text no more, whatever the time."""


@dataclass(frozen=True, slots=True)
class CommentRules:
    """What an article says of its own comments; None leaves it to the site's settings."""

    open: bool = True
    closes_at: datetime | None = None
    mode: ModerationMode | None = None
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class CommentPolicy:
    """An article's comment rules with the site's settings filled in. Lengths are code points after NFC and trimming."""

    open: bool
    closes_at: datetime | None
    mode: ModerationMode
    min_length: int
    max_length: int
    edit_window_seconds: int
    max_depth: int


@dataclass(frozen=True, slots=True)
class Comment:
    """`reply_count`: direct replies that a page lists. `descendants`: published comments anywhere below.

    A comment is *listed* when it is published, or when something published stands below it: then it is a
    tombstone, without body and author, that keeps the thread's shape.
    """

    id: int
    article_id: int
    parent_id: int | None
    user_id: int
    body: str
    status: CommentStatus
    depth: int
    created_at: datetime
    edited_at: datetime | None
    featured: bool
    moderated: bool
    flag_count: int
    reply_count: int
    descendants: int
    likes: int
    insightfuls: int
    disagrees: int

    @property
    def published(self) -> bool:
        return self.status is CommentStatus.PUBLISHED

    @property
    def listed(self) -> bool:
        return self.published or self.descendants > 0

    @property
    def queues(self) -> frozenset[ModerationQueueName]:
        """Where a moderator finds it."""
        return frozenset(name for name, holds in _QUEUES.items() if holds(self))


_QUEUES: dict[ModerationQueueName, Callable[[Comment], bool]] = {
    ModerationQueueName.UNMODERATED: lambda c: c.published and not c.moderated,
    ModerationQueueName.REPORTED: lambda c: c.published and c.flag_count > 0,
    ModerationQueueName.PENDING: lambda c: c.status in (CommentStatus.PENDING, CommentStatus.WITHHELD),
}


@dataclass(frozen=True, slots=True)
class Flag:
    reason: FlagReason
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ModerationAction:
    """One line of a comment's history. `user_id` is None and `rule` names the rule when no person acted."""

    comment_id: int
    user_id: int | None
    rule: str | None
    before: CommentStatus | None
    after: CommentStatus
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an outside rule says of a comment: PUBLISHED for no objection."""

    status: CommentStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Recount:
    """What a change of one comment's status does to the counters of its thread.

    `comments` are the comments whose counters changed, `published` and `listed` the change of the
    article's count of published comments and of listed top-level comments.
    """

    comments: tuple[Comment, ...]
    published: int
    listed: int


def restatus(chain: list[Comment], status: CommentStatus) -> Recount:
    """Give the first comment of `chain` a status; the rest are its ancestors, nearest first, up to the top.

    Counters are derived step by step from what was listed before and after, so they cannot drift or go
    below zero.
    """
    before, after = chain[0], replace(chain[0], status=status)
    published = int(after.published) - int(before.published)
    return _recount(after, chain[1:], published, int(after.listed) - int(before.listed))


def appear(comment: Comment, ancestors: Sequence[Comment]) -> Recount:
    """A new comment, nearest ancestors first: before it existed it counted for nothing."""
    shown = int(comment.published)
    return _recount(comment, ancestors, shown, shown)


def _recount(comment: Comment, ancestors: Sequence[Comment], published: int, flipped: int) -> Recount:
    """`flipped`: by how much the comment's own place among what is listed has changed."""
    changed = [comment]
    for ancestor in ancestors:
        after = replace(
            ancestor,
            descendants=ancestor.descendants + published,
            reply_count=ancestor.reply_count + flipped,
        )
        flipped = int(after.listed) - int(ancestor.listed)
        changed.append(after)
    return Recount(tuple(changed), published, flipped)
