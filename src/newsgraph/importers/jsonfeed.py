"""JSON Feed, versions 1 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from newsgraph.domain.articles import ArticleDraft, Image
from newsgraph.domain.authors import Byline
from newsgraph.domain.text import one_line
from newsgraph.importers import records
from newsgraph.importers.decoding import decode_exactly
from newsgraph.importers.fields import identity, language_tag, unique_bylines, unique_tags, web_address
from newsgraph.importers.markup import absolute_links, paragraphs, plain
from newsgraph.importers.parsed import ImportFormatError, ItemError, Parsed, Raw, gather

# Some writers escape every slash.
_VERSION = re.compile(r'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version\\?/')


@dataclass(frozen=True, slots=True)
class _Feed:
    """What items take from the feed around them."""

    source: str
    base: str
    language: str | None
    authors: tuple[Byline, ...]

    def draft(self, value: Any) -> ArticleDraft:
        item = records.record(value)
        body = self._body(item)
        summary = records.text(item, "summary")
        return ArticleDraft(
            source=self.source,
            guid=records.identifier(item, "id"),
            headline=records.text(item, "title"),
            body_html=body or paragraphs(summary),
            url=_first_address([records.text(item, "url"), records.text(item, "external_url")], self.base),
            standfirst=summary if body and one_line(summary) != plain(body) else None,
            language=language_tag(records.text(item, "language")) or self.language,
            authors=_authors(item) or self.authors,
            tags=unique_tags(records.texts(item, "tags")),
            lead_image=self._lead_image(item),
            published_at=records.time(item, "date_published") or records.time(item, "date_modified"),
            updated_at=records.time(item, "date_modified"),
        )

    def _body(self, item: records.Record) -> str:
        html = records.text(item, "content_html")
        if html.strip():
            return absolute_links(html, self.base)
        return paragraphs(records.text(item, "content_text"))

    def _lead_image(self, item: records.Record) -> Image | None:
        attached = (records.record(value, "attachments") for value in records.array(item, "attachments"))
        pictures = [records.text(file, "url") for file in attached if records.text(file, "mime_type")[:6] == "image/"]
        addresses = [records.text(item, "image"), records.text(item, "banner_image"), *pictures]
        url = _first_address(addresses, self.base)
        return Image(url) if url else None


def recognises(text: str) -> bool:
    return text.startswith("{") and _VERSION.search(text) is not None


def parse(raw: Raw) -> Parsed:
    """All items of the feed; ImportFormatError where it is no JSON, such as one that was cut off."""
    try:
        feed = records.record(records.load(_text(raw)))
        items = [(f"item {number}", item) for number, item in enumerate(records.array(feed, "items"), start=1)]
        title = one_line(records.text(feed, "title")) or None
        raw.limits.check_items(len(items))
        drafts, broken = gather(items, _feed(feed, title, raw.location).draft, raw.limits)
        return Parsed(records.text(feed, "version"), title, drafts, broken, len(items))
    except ItemError as error:
        raise ImportFormatError(str(error), error.code) from None


def _text(raw: Raw) -> str:
    try:
        return decode_exactly(raw.data, raw.content_type).strip()
    except UnicodeDecodeError as error:
        raise ItemError(f"is not {error.encoding} at byte {error.start + 1}") from None


def _feed(feed: records.Record, title: str | None, location: str) -> _Feed:
    own = web_address(records.text(feed, "feed_url"), location)
    home = web_address(records.text(feed, "home_page_url"), own or location)
    return _Feed(
        source=identity(location, own, home, title),
        base=home or own or web_address(location) or "",
        language=language_tag(records.text(feed, "language")),
        authors=_authors(feed),
    )


def _authors(fields: records.Record) -> tuple[Byline, ...]:
    """Version 1.1 has `authors`, version 1 has `author`."""
    listed = records.array(fields, "authors") or [fields.get("author")]
    return unique_bylines(records.byline(author, "author") for author in listed if author is not None)


def _first_address(candidates: list[str], base: str) -> str | None:
    return next(filter(None, (web_address(address, base) for address in candidates)), None)
