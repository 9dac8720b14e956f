"""Articles in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from functools import lru_cache
from itertools import starmap

from newsgraph.domain.articles import (
    AdSlot,
    Article,
    ArticleFilter,
    ArticleOrder,
    ArticleRecord,
    ArticleStatus,
    Body,
    Image,
    Origin,
)
from newsgraph.domain.comments import CommentRules, ModerationMode
from newsgraph.domain.cursors import Key
from newsgraph.domain.pages import Slice
from newsgraph.domain.text import reading_minutes
from newsgraph.ports.articles import SearchHit
from newsgraph.storage import search
from newsgraph.storage.connection import Sql
from newsgraph.storage.statements import Keyset, Part, Value
from newsgraph.storage.values import batch, from_json, from_ms, grouped, optional, to_json, to_ms


def _keyset(shown_at: str, article_id: str, order: ArticleOrder = ArticleOrder.PUBLISHED_DESC) -> Keyset:
    return Keyset(((shown_at, int), (article_id, int)), descending=order is ArticleOrder.PUBLISHED_DESC)


_OF_SECTION = _keyset("shown_at", "tie")
_OF_AUTHOR = _keyset("shown_at", "article_id")
_OUTER = _keyset("a.shown_at", "a.tie")


class SqlArticles:
    """Implements ports.articles.Articles."""

    def __init__(self, sql: Sql, now: datetime) -> None:
        self._sql = sql
        self._now = now

    async def by_ids(self, ids: Sequence[int]) -> Sequence[Article]:
        return list(starmap(_article, self._sql.rows_of("articles_by_ids", ids)))

    async def by_slugs(self, slugs: Sequence[str]) -> Sequence[Article]:
        return list(starmap(_article, self._sql.rows_of("articles_by_slugs", slugs)))

    async def by_urls(self, urls: Sequence[str]) -> Sequence[Article]:
        return list(starmap(_article, self._sql.rows_of("articles_by_urls", urls)))

    async def bodies(self, ids: Sequence[int]) -> Mapping[int, Body]:
        return {key: Body(html, text) for key, html, text in self._sql.rows_of("article_bodies", ids)}

    async def html(self, ids: Sequence[int]) -> Mapping[int, str]:
        return dict(self._sql.rows_of("article_html", ids))

    async def texts(self, ids: Sequence[int]) -> Mapping[int, str]:
        return dict(self._sql.rows_of("article_texts", ids))

    async def tags(self, ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        return grouped((key, tag) for key, tag in self._sql.rows_of("article_tags", ids))

    async def page(self, where: ArticleFilter, order: ArticleOrder, asked: Slice) -> Sequence[Article]:
        source, keyset = self._source(where, order)
        parts = (*source, *keyset.parts(_within(where, keyset, asked)))
        return list(starmap(_article, self._sql.rows("articles_page", asked.limit + 1, parts=parts)))

    async def count(self, where: ArticleFilter) -> int:
        source, keyset = self._source(where, ArticleOrder.PUBLISHED_DESC)
        between, _ = keyset.parts(_within(where, keyset, Slice(0)))
        found: int = self._sql.value("articles_count", parts=(*source, between))
        return found

    def _source(self, where: ArticleFilter, order: ArticleOrder) -> tuple[list[Part], Keyset]:
        """What is read for this filter: the narrowest index that has the page's order comes first."""
        first = "author" if where.author is not None else "tag" if where.tag is not None else "all"
        wanted: list[tuple[str, str, str | None]] = [
            ("narrow_source", "articles_narrow_author", where.author),
            ("narrow_tag", "articles_narrow_tag" if first == "tag" else "articles_narrow_tagged", where.tag),
            ("narrow_section", "articles_narrow_section", where.section),
        ]
        parts = [Part(marker, self._sql.fragment(name), (arg,)) for marker, name, arg in wanted if arg is not None]
        names = ("a.shown_at", "a.tie") if first == "all" else ("x.shown_at", "x.article_id")
        return [Part("source", self._sql.fragment(f"articles_source_{first}")), *parts], _keyset(*names, order)

    async def pages_of_sections(self, ids: Sequence[int], asked: Slice) -> Mapping[int, Sequence[Article]]:
        return self._pages("articles_of_sections", _OF_SECTION, ids, asked)

    async def pages_of_authors(self, ids: Sequence[int], asked: Slice) -> Mapping[int, Sequence[Article]]:
        return self._pages("articles_of_authors", _OF_AUTHOR, ids, asked)

    def _pages(self, name: str, keyset: Keyset, ids: Sequence[int], asked: Slice) -> Mapping[int, Sequence[Article]]:
        parts = (*keyset.parts(asked), _OUTER.order(asked, "outer"))
        rows = self._sql.rows_of(name, ids, asked.limit + 1, parts=parts)
        return grouped((parent, _article(*row)) for parent, *row in rows)

    async def counts_of_sections(self, ids: Sequence[int]) -> Mapping[int, int]:
        return dict(self._sql.rows_of("articles_counts_of_sections", ids))

    async def counts_of_authors(self, ids: Sequence[int]) -> Mapping[int, int]:
        return dict(self._sql.rows_of("articles_counts_of_authors", ids))

    async def search(self, query: str, section_id: int | None, asked: Slice) -> Sequence[SearchHit]:
        hits = search.hits(self._sql, query, section_id, asked)
        articles = {article.id: article for article in await self.by_ids([hit.article_id for hit in hits])}
        return [SearchHit(articles[hit.article_id], hit.score, hit.snippet) for hit in hits]

    async def search_count(self, query: str, section_id: int | None) -> int:
        return search.count(self._sql, query, section_id)

    async def slug_taken(self, slug: str) -> bool:
        return self._sql.row("article_slug_taken", slug) is not None

    async def insert(self, record: ArticleRecord) -> Article:
        (article_id,) = self._sql.one("article_insert", *_columns(record), to_ms(self._now))
        self._sql.execute("article_set_body", article_id, record.body.html, record.body.text)
        search.add(self._sql, article_id, record)
        return self._article(article_id)

    async def update(self, article_id: int, record: ArticleRecord) -> Article:
        self._sql.execute("article_update", *_columns(record), to_ms(self._now), article_id)
        article = self._article(article_id)
        self._sql.execute("article_set_body", article_id, record.body.html, record.body.text)
        self._show(article_id)
        search.update(self._sql, article_id, record)
        return article

    async def set_status(self, article_id: int, status: ArticleStatus, published_at: datetime | None) -> Article:
        shown_at = _shown_at(status, published_at)
        self._sql.execute("article_set_status", article_id, status.value, to_ms(published_at), shown_at)
        self._show(article_id)
        return self._article(article_id)

    async def set_rules(self, article_id: int, rules: CommentRules) -> Article:
        mode = None if rules.mode is None else rules.mode.value
        self._sql.execute("article_set_rules", article_id, rules.open, to_ms(rules.closes_at), mode, rules.max_length)
        return self._article(article_id)

    def _show(self, article_id: int) -> None:
        self._sql.execute("article_show_authors", article_id)
        self._sql.execute("article_show_tags", article_id)

    def _article(self, article_id: int) -> Article:
        return _article(*self._sql.one("articles_by_ids", batch([article_id])))

    async def set_authors(self, article_id: int, author_ids: Sequence[int]) -> None:
        self._sql.execute("article_clear_authors", article_id)
        rows = ((article_id, position, author) for position, author in enumerate(dict.fromkeys(author_ids)))
        self._sql.many("article_add_author", rows)

    async def set_tags(self, article_id: int, tags: Sequence[str]) -> None:
        kept = list(dict.fromkeys(tags))
        self._sql.execute("article_clear_tags", article_id)
        self._sql.many("article_add_tag", ((article_id, position, tag) for position, tag in enumerate(kept)))
        search.set_tags(self._sql, article_id, kept)

    async def set_ad_slots(self, article_id: int, slots: Sequence[AdSlot]) -> None:
        self._sql.execute("article_set_ad_slots", article_id, to_json([astuple(slot) for slot in slots]))

    async def add_comments(self, article_id: int, published: int, listed: int) -> None:
        self._sql.execute("article_add_comments", article_id, published, listed)

    async def due(self, limit: int) -> Sequence[int]:
        return [key for (key,) in self._sql.rows("articles_due", to_ms(self._now), limit)]

    async def origin(self, source: str, guid: str) -> Origin | None:
        row = self._sql.row("origin", source, guid)
        return None if row is None else Origin(*row)

    async def remember(self, source: str, guid: str, origin: Origin) -> None:
        self._sql.execute("origin_remember", source, guid, origin.article_id, origin.digest)


def _within(where: ArticleFilter, keyset: Keyset, asked: Slice) -> Slice:
    """The slice cut to the filter's times, so that either end of it is one bound of an index.

    Ids are above 0: (time, 0) is before everything of that time.
    """
    newer, older = (asked.after, asked.before) if keyset.descending else (asked.before, asked.after)
    ends: list[Key] = [keyset.checked(newer)] if newer else []
    starts: list[Key] = [keyset.checked(older)] if older else []
    ends += [(to_ms(where.published_before), 0)] if where.published_before else []
    starts += [(to_ms(where.published_after), 0)] if where.published_after else []
    newer, older = min(ends, default=None), max(starts, default=None)
    after, before = (newer, older) if keyset.descending else (older, newer)
    return asked._replace(after=after, before=before)


def _shown_at(status: ArticleStatus, published_at: datetime | None) -> int | None:
    return to_ms(published_at) if status is ArticleStatus.PUBLISHED else None


def _columns(record: ArticleRecord) -> tuple[Value, ...]:
    return (
        record.slug,
        record.url,
        record.headline,
        record.standfirst,
        record.language,
        None if record.lead_image is None else to_json(astuple(record.lead_image)),
        record.status.value,
        to_ms(record.published_at),
        _shown_at(record.status, record.published_at),
        record.section_id,
        reading_minutes(record.body.text),
    )


_STATUSES = {status.value: status for status in ArticleStatus}


@lru_cache(maxsize=2_048)
def _article(row: str, standfirst: str | None, image: str | None) -> Article:
    """Remembered: the lists beside every article show the same ones, and each takes 4 microseconds to make."""
    key, slug, url, headline, language, status, published, updated, minutes, *rest = from_json(row)
    section, views, comments, threads, is_open, closes_at, mode, max_length, slots = rest
    return Article(
        id=key,
        slug=slug,
        url=url,
        headline=headline,
        standfirst=standfirst,
        language=language,
        lead_image=None if image is None else Image(*from_json(image)),
        status=_STATUSES[status],
        published_at=from_ms(published),
        updated_at=from_ms(updated),
        reading_minutes=minutes,
        section_id=section,
        view_count=views,
        comment_count=comments,
        thread_count=threads,
        rules=CommentRules(bool(is_open), from_ms(closes_at), optional(ModerationMode, mode), max_length),
        ad_slots=tuple(AdSlot(*slot) for slot in from_json(slots)),
    )
