"""Articles: what is published, and the drafts from which they are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from newsgraph.domain.authors import Byline
from newsgraph.domain.comments import CommentRules


class ArticleStatus(Enum):
    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    PUBLISHED = "PUBLISHED"
    RETRACTED = "RETRACTED"


class ArticleOrder(Enum):
    PUBLISHED_DESC = "PUBLISHED_DESC"
    PUBLISHED_ASC = "PUBLISHED_ASC"


@dataclass(frozen=True, slots=True)
class Image:
    url: str
    alt: str | None = None
    caption: str | None = None
    credit: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class AdSlot:
    number: int
    position: str


@dataclass(frozen=True, slots=True)
class Body:
    """`html` is sanitised: safe to insert in a page as it is. `text` is the same without markup."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """Everything of an article but its body, which is read only where it is asked for.

    `url` is None for an article of our own; its address is then made from the site's address and the slug.
    `thread_count` counts the top-level comments that a reader's page lists, tombstones included. `ad_slots` are in page
    order.
    """

    id: int
    slug: str
    url: str | None
    headline: str
    standfirst: str | None
    language: str
    lead_image: Image | None
    status: ArticleStatus
    published_at: datetime | None
    updated_at: datetime
    reading_minutes: int
    section_id: int
    view_count: int
    comment_count: int
    thread_count: int
    rules: CommentRules
    ad_slots: tuple[AdSlot, ...] = ()

    @property
    def published(self) -> bool:
        return self.status is ArticleStatus.PUBLISHED


@dataclass(frozen=True, slots=True)
class ArticleFilter:
    """What `articles(filter:)` narrows by; slugs of sections and authors, times with time zone.

    `published_after` itself is within, `published_before` is not: adjoining ranges share no article.
    """

    section: str | None = None
    author: str | None = None
    tag: str | None = None
    published_after: datetime | None = None
    published_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """The columns that a writer sets; `reading_minutes` and identity follow from them."""

    slug: str
    url: str | None
    headline: str
    standfirst: str | None
    language: str
    lead_image: Image | None
    status: ArticleStatus
    published_at: datetime | None
    section_id: int
    body: Body


@dataclass(frozen=True, slots=True)
class ArticleDraft:
    """An article as it comes from outside, before sanitising: the normal form that every importer produces.

    `source` names where it comes from (a feed's own address or title), `guid` the item within it; together they
    are the draft's identity, so that importing the same thing twice finds it again.
    """

    source: str
    guid: str
    headline: str
    body_html: str = ""
    url: str | None = None
    standfirst: str | None = None
    language: str | None = None
    section: str | None = None
    authors: tuple[Byline, ...] = ()
    tags: tuple[str, ...] = ()
    lead_image: Image | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What is remembered of an imported draft: which article it became and the digest of what it said then."""

    article_id: int
    digest: str
