"""Articles as they are kept. Visibility is not decided here: `by_...` return articles of every status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newsgraph.domain.articles import (
    AdSlot,
    Article,
    ArticleFilter,
    ArticleOrder,
    ArticleRecord,
    ArticleStatus,
    Body,
    Origin,
)
from newsgraph.domain.comments import CommentRules
from newsgraph.domain.pages import Slice


@dataclass(frozen=True, slots=True)
class SearchHit:
    """`score` is higher for a better match; `snippet` is safe HTML with the matched words in <mark>."""

    article: Article
    score: float
    snippet: str


class Articles(Protocol):
    async def by_ids(self, ids: Sequence[int]) -> Sequence[Article]:
        """Those that exist, in any order."""
        ...

    async def by_slugs(self, slugs: Sequence[str]) -> Sequence[Article]: ...

    async def by_urls(self, urls: Sequence[str]) -> Sequence[Article]:
        """By canonical URL, exactly as stored; articles of our own have none."""
        ...

    async def bodies(self, ids: Sequence[int]) -> Mapping[int, Body]: ...

    async def html(self, ids: Sequence[int]) -> Mapping[int, str]:
        """Of bodies: the text is nearly as long again, and pages show one of them."""
        ...

    async def texts(self, ids: Sequence[int]) -> Mapping[int, str]: ...

    async def tags(self, ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """In the order in which they were set; articles without tags may be missing."""
        ...

    async def page(self, where: ArticleFilter, order: ArticleOrder, asked: Slice) -> Sequence[Article]:
        """Published articles; up to `asked.limit + 1` rows, read in the direction of `asked`.

        Sort key: (published_at in ms, id), both descending for PUBLISHED_DESC. `asked.after` and `before` are
        such keys. An unknown section, author or tag gives no rows.
        """
        ...

    async def count(self, where: ArticleFilter) -> int: ...

    async def pages_of_sections(self, ids: Sequence[int], asked: Slice) -> Mapping[int, Sequence[Article]]:
        """Per section the same page as `page`, PUBLISHED_DESC, in one statement."""
        ...

    async def pages_of_authors(self, ids: Sequence[int], asked: Slice) -> Mapping[int, Sequence[Article]]: ...

    async def counts_of_sections(self, ids: Sequence[int]) -> Mapping[int, int]:
        """Published articles per section."""
        ...

    async def counts_of_authors(self, ids: Sequence[int]) -> Mapping[int, int]: ...

    async def search(self, query: str, section_id: int | None, asked: Slice) -> Sequence[SearchHit]:
        """Published articles that have all words of `query` (any text is safe), best first.

        Up to `asked.limit + 1` hits after the sort key (-score, id), ascending; there is no paging backward.
        Words are matched without regard to case and diacritics. No word: no hit.
        """
        ...

    async def search_count(self, query: str, section_id: int | None) -> int: ...

    async def slug_taken(self, slug: str) -> bool: ...

    async def insert(self, record: ArticleRecord) -> Article: ...

    async def update(self, article_id: int, record: ArticleRecord) -> Article:
        """Replaces what a writer sets; counters and comment rules stay. `updated_at` becomes the session's now."""
        ...

    async def set_status(self, article_id: int, status: ArticleStatus, published_at: datetime | None) -> Article: ...

    async def set_rules(self, article_id: int, rules: CommentRules) -> Article: ...

    async def set_authors(self, article_id: int, author_ids: Sequence[int]) -> None:
        """In byline order."""
        ...

    async def set_tags(self, article_id: int, tags: Sequence[str]) -> None:
        """Also part of the full-text index."""
        ...

    async def set_ad_slots(self, article_id: int, slots: Sequence[AdSlot]) -> None: ...

    async def add_comments(self, article_id: int, published: int, listed: int) -> None:
        """Adds to comment_count and thread_count (either may be negative); the database refuses to go below 0."""
        ...

    async def due(self, limit: int) -> Sequence[int]:
        """SCHEDULED articles whose time has come at the session's now, earliest first."""
        ...

    async def origin(self, source: str, guid: str) -> Origin | None: ...

    async def remember(self, source: str, guid: str, origin: Origin) -> None:
        """Sets or replaces."""
        ...
