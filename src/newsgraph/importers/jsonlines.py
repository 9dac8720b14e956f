"""JSON Lines of articles: one JSON object a line, in UTF-8; empty lines are skipped.

Fields, all optional as long as there is a headline or a text; others are ignored:

    id, guid        string (id also a number): what tells the article from others of the same source; else its url
    source          string: where it comes from; else the file's own location
    url             string: the article's address, http or https
    headline        string: plain text
    standfirst      string: plain text under the headline
    bodyHtml        string: the text as HTML; links in it may be relative to url
    description     string: plain text; the standfirst if there is a bodyHtml, else the text itself
    section         string: the section's name
    authors         array of names, or of objects of name, email, bio, avatarUrl
    tags            array of strings
    lang            string: BCP 47
    publishedAt     string: RFC 3339; a day alone is its first moment in UTC
    updatedAt       string: likewise
    leadImage       string: its address; or an object of url, alt, caption, credit, width, height

A line with a field of the wrong kind is broken as a whole, so that it can be mended and imported again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from newsgraph.domain.articles import ArticleDraft
from newsgraph.domain.errors import ImportErrorCode
from newsgraph.importers import records
from newsgraph.importers.decoding import decode, decode_exactly, marked_encoding
from newsgraph.importers.fields import identity, unique_bylines, unique_tags
from newsgraph.importers.markup import absolute_links, paragraphs
from newsgraph.importers.parsed import ItemError, Parsed, Raw, gather

FORMAT = "jsonlines"
_TELLING = {"headline", "bodyHtml", "description"}
_LINES_TRIED = 100  # a file's first lines may be broken, and it is JSON Lines all the same


def recognises(text: str) -> bool:
    """Whether one of the first lines is an object with a field that articles have."""
    return any(_is_article(line) for line in text.split("\n", _LINES_TRIED)[:_LINES_TRIED])


def _is_article(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        value = records.load(line)
    except ItemError:
        return False
    return isinstance(value, dict) and not _TELLING.isdisjoint(value)


def parse(raw: Raw) -> Parsed:
    """The articles of all lines; every line that cannot be used is in `broken`."""
    lines = list(islice(_lines(raw), raw.limits.items + 1))
    raw.limits.check_items(len(lines))
    drafts, broken = gather(lines, partial(_draft, raw), raw.limits)
    return Parsed(FORMAT, None, drafts, broken, len(lines))


def _lines(raw: Raw) -> Iterator[tuple[str, bytes]]:
    """Split at line feeds alone: JSON strings may hold every other line separator."""
    data = decode(raw.data).encode() if marked_encoding(raw.data) else raw.data
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield f"line {number}", line


def _draft(raw: Raw, line: bytes) -> ArticleDraft:
    try:
        written = decode_exactly(line, raw.content_type)
    except UnicodeDecodeError as error:
        reason = f"is not {error.encoding} at byte {error.start + 1}"
        raise ItemError(reason, ImportErrorCode.MALFORMED) from None
    return _article(records.record(records.load(written.strip())), raw.location)


def _article(fields: records.Record, location: str) -> ArticleDraft:
    url = records.address(fields, "url")
    body, description = records.text(fields, "bodyHtml"), records.text(fields, "description")
    return ArticleDraft(
        source=identity(location, records.text(fields, "source")),
        guid=records.identifier(fields, "guid") or records.identifier(fields, "id"),
        headline=records.text(fields, "headline"),
        body_html=absolute_links(body, url or "") if body.strip() else paragraphs(description),
        url=url,
        standfirst=records.text(fields, "standfirst") or (description if body.strip() else None),
        language=records.language(fields, "lang"),
        section=records.text(fields, "section"),
        authors=unique_bylines(records.byline(author, "authors") for author in records.array(fields, "authors")),
        tags=unique_tags(records.texts(fields, "tags")),
        lead_image=records.image(fields.get("leadImage"), "leadImage", url or ""),
        published_at=records.time(fields, "publishedAt"),
        updated_at=records.time(fields, "updatedAt"),
    )
