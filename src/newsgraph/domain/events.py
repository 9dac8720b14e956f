"""Everything that can happen. Each event is one row of the log; streams, caches and versions derive from it.

An event names what changed, never the text: what a client may see of it is decided when it is delivered, so a
removed comment cannot come back out of the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar

from newsgraph.domain.articles import ArticleStatus
from newsgraph.domain.comments import CommentStatus, ModerationQueueName
from newsgraph.domain.lists import ListDiff

Payload = Mapping[str, Any]


class CommentCause(Enum):
    POSTED = "POSTED"
    EDITED = "EDITED"
    REMOVED = "REMOVED"
    MODERATED = "MODERATED"
    FEATURED = "FEATURED"
    REACTED = "REACTED"
    FLAGGED = "FLAGGED"
    RECOUNTED = "RECOUNTED"


class ArticleCause(Enum):
    CREATED = "CREATED"
    PUBLISHED = "PUBLISHED"
    UPDATED = "UPDATED"
    RETRACTED = "RETRACTED"
    COMMENT_RULES = "COMMENT_RULES"
    RECOUNTED = "RECOUNTED"


@dataclass(frozen=True, slots=True)
class CommentChanged:
    """A comment was posted, edited, moderated, removed, reacted to or flagged.

    Readers derive what it means from the statuses: into PUBLISHED is an addition, out of it a removal.
    Moderators derive the same from the queues before and after.
    """

    kind: ClassVar[str] = "comment"
    cause: CommentCause
    comment_id: int
    article_id: int
    parent_id: int | None
    before: CommentStatus | None
    after: CommentStatus
    queues_before: frozenset[ModerationQueueName] = frozenset()
    queues_after: frozenset[ModerationQueueName] = frozenset()

    @property
    def topic(self) -> str:
        return f"comments:{self.article_id}"

    def payload(self) -> Payload:
        return {
            "cause": self.cause.value,
            "comment": self.comment_id,
            "article": self.article_id,
            "parent": self.parent_id,
            "before": self.before and self.before.value,
            "after": self.after.value,
            "queuesBefore": sorted(q.value for q in self.queues_before),
            "queuesAfter": sorted(q.value for q in self.queues_after),
        }

    @classmethod
    def of(cls, payload: Payload) -> CommentChanged:
        return cls(
            cause=CommentCause(payload["cause"]),
            comment_id=payload["comment"],
            article_id=payload["article"],
            parent_id=payload["parent"],
            before=payload["before"] and CommentStatus(payload["before"]),
            after=CommentStatus(payload["after"]),
            queues_before=frozenset(map(ModerationQueueName, payload["queuesBefore"])),
            queues_after=frozenset(map(ModerationQueueName, payload["queuesAfter"])),
        )


@dataclass(frozen=True, slots=True)
class ArticleChanged:
    """An article was created, published, updated or retracted, or its comment rules were changed.

    `section` is its section's slug, `section_before` the one that it left, if it moved.
    """

    kind: ClassVar[str] = "article"
    cause: ArticleCause
    article_id: int
    slug: str
    section: str
    before: ArticleStatus | None
    after: ArticleStatus
    section_before: str | None = None

    @property
    def topic(self) -> str:
        return f"article:{self.article_id}"

    def payload(self) -> Payload:
        return {
            "cause": self.cause.value,
            "article": self.article_id,
            "slug": self.slug,
            "section": self.section,
            "before": self.before and self.before.value,
            "after": self.after.value,
            "sectionBefore": self.section_before,
        }

    @classmethod
    def of(cls, payload: Payload) -> ArticleChanged:
        return cls(
            cause=ArticleCause(payload["cause"]),
            article_id=payload["article"],
            slug=payload["slug"],
            section=payload["section"],
            before=payload["before"] and ArticleStatus(payload["before"]),
            after=ArticleStatus(payload["after"]),
            section_before=payload["sectionBefore"],
        )


@dataclass(frozen=True, slots=True)
class ListChanged:
    """Membership or order of a ranked list changed; its version is this event's sequence number."""

    kind: ClassVar[str] = "list"
    key: str
    diff: ListDiff

    @property
    def topic(self) -> str:
        return f"list:{self.key}"

    def payload(self) -> Payload:
        return {
            "key": self.key,
            "ordered": self.diff.ordered,
            "inserted": self.diff.inserted,
            "removed": self.diff.removed,
        }

    @classmethod
    def of(cls, payload: Payload) -> ListChanged:
        parts = (tuple(payload[name]) for name in ("ordered", "inserted", "removed"))
        return cls(payload["key"], ListDiff(*parts))


@dataclass(frozen=True, slots=True)
class ListCurated:
    """An editor has set a list's title, pins or exclusions. Where that moves the list, a ListChanged comes, too."""

    kind: ClassVar[str] = "curation"
    key: str

    @property
    def topic(self) -> str:
        return f"curation:{self.key}"

    def payload(self) -> Payload:
        return {"key": self.key}

    @classmethod
    def of(cls, payload: Payload) -> ListCurated:
        return cls(payload["key"])


@dataclass(frozen=True, slots=True)
class ViewsCounted:
    """Views were added to these articles."""

    kind: ClassVar[str] = "views"
    article_ids: tuple[int, ...]

    @property
    def topic(self) -> str:
        return "views"

    def payload(self) -> Payload:
        return {"articles": self.article_ids}

    @classmethod
    def of(cls, payload: Payload) -> ViewsCounted:
        return cls(tuple(payload["articles"]))


@dataclass(frozen=True, slots=True)
class SectionChanged:
    """A section was created or renamed."""

    kind: ClassVar[str] = "section"
    slug: str

    @property
    def topic(self) -> str:
        return f"section:{self.slug}"

    def payload(self) -> Payload:
        return {"slug": self.slug}

    @classmethod
    def of(cls, payload: Payload) -> SectionChanged:
        return cls(payload["slug"])


@dataclass(frozen=True, slots=True)
class AuthorChanged:
    """An author was created or what is said of them changed."""

    kind: ClassVar[str] = "author"
    slug: str

    @property
    def topic(self) -> str:
        return f"author:{self.slug}"

    def payload(self) -> Payload:
        return {"slug": self.slug}

    @classmethod
    def of(cls, payload: Payload) -> AuthorChanged:
        return cls(payload["slug"])


@dataclass(frozen=True, slots=True)
class UserChanged:
    """A person appeared, changed name or role, or was suspended, banned or readmitted."""

    kind: ClassVar[str] = "user"
    user_id: int

    @property
    def topic(self) -> str:
        return f"user:{self.user_id}"

    def payload(self) -> Payload:
        return {"user": self.user_id}

    @classmethod
    def of(cls, payload: Payload) -> UserChanged:
        return cls(payload["user"])


@dataclass(frozen=True, slots=True)
class TokensRevoked:
    """Everybody's tokens of before are refused from now on."""

    kind: ClassVar[str] = "tokens"
    topic: ClassVar[str] = "tokens"

    def payload(self) -> Payload:
        return {}

    @classmethod
    def of(cls, _payload: Payload) -> TokensRevoked:
        return cls()


Event = (
    CommentChanged
    | ArticleChanged
    | ListChanged
    | ListCurated
    | ViewsCounted
    | SectionChanged
    | AuthorChanged
    | UserChanged
    | TokensRevoked
)

EVENTS: dict[str, type[Event]] = {
    event.kind: event
    for event in (
        CommentChanged,
        ArticleChanged,
        ListChanged,
        ListCurated,
        ViewsCounted,
        SectionChanged,
        AuthorChanged,
        UserChanged,
        TokensRevoked,
    )
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its place in the log. `seq` is gapless and in commit order."""

    seq: int
    at: datetime
    event: Event
