"""RSS (0.9x, 1.0, 2.0) and Atom (0.3, 1.0, RFC 4287), well-formed or nearly so.

feedparser reads the XML and never fetches anything: it is handed bytes, and its DTDs are stripped. It does not sanitise
here, which the import does for every format alike, and it does not resolve links, because it would do so for bare ids.
"""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any
from xml.sax import SAXParseException

import feedparser

from newsgraph.domain.articles import ArticleDraft, Image
from newsgraph.domain.authors import Byline
from newsgraph.domain.errors import ImportErrorCode
from newsgraph.domain.text import one_line
from newsgraph.importers.decoding import charset, decode, marked_encoding, of_the_web
from newsgraph.importers.fields import identity, language_tag, unique_bylines, unique_tags, web_address
from newsgraph.importers.markup import absolute_links, paragraphs, plain
from newsgraph.importers.parsed import Broken, ImportFormatError, Parsed, Raw, gather
from newsgraph.importers.times import parse_time

Found = Mapping[str, Any]

_BEFORE_ROOT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_ROOTS = {"rss", "rdf", "feed"}
_DECLARED = re.compile(r"""\s*<\?xml[^>]*?encoding\s*=\s*["']([^"'>]*)["']""")
# Long, external, made of other entities, or for the DTD itself: feeds have no use for these, and attacks do.
_BAD_ENTITY = re.compile(r"<!ENTITY(?:[^>]{60,}|\s+%|[^>]*(?:&[^#]|\b(?:SYSTEM|PUBLIC)\b))", re.IGNORECASE)
_ITEM_START = re.compile(r"<(?:\w+:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_HTML = {"text/html", "application/xhtml+xml"}
_IMAGE_FILE = re.compile(r"\.(?:avif|gif|jpe?g|png|webp)(?:[?#]|$)", re.IGNORECASE)
_MARKUP = re.compile(r"</[A-Za-z]\w*>|&#?\w+;")
# feedparser takes the captions of Media RSS for titles and descriptions of the item; under another name they are apart.
_MEDIA_TEXT = re.compile(rb"(</?media:)(title|description)\b[^<>]*?(/?>)")
_CAPTION = "media_caption_description"
_ADDRESS_MAX = 250  # characters of a name with an address, of which parseaddr recurses twice for each bracket
# References to halves of characters, which no text can hold: U+D800 to U+DFFF.
_HALF = re.compile(
    rb"&#(?:x0*d[89a-f][0-9a-f]{2}(?![0-9a-f])|0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3])(?!\d));?",
    re.IGNORECASE,
)
_OLDEST = datetime(1900, 1, 1, tzinfo=UTC)


def recognises(text: str) -> bool:
    return root_name(text) in _ROOTS


def root_name(text: str) -> str | None:
    """The local name of the root element in lower case; None where no XML or HTML element begins the text."""
    root = _ROOT.match(text, _prolog_end(text))
    return root[1].lower() if root else None


def _prolog_end(text: str) -> int:
    position = 0
    while part := _BEFORE_ROOT.match(text, position):
        position = part.end()
    return position


def parse(raw: Raw) -> Parsed:
    """All items of the feed.

    What is not well-formed is read as far as it goes, and `broken` says where it went wrong; an item that is cut off
    is left out. ImportFormatError where there is no item to save.
    """
    text = decode(raw.data)
    raw.limits.check_items(sum(1 for _ in _ITEM_START.finditer(text)))
    found = _read(raw, text)
    fault = _fault(found, text)
    if fault and not found["entries"]:
        raise ImportFormatError(f"is not well-formed at {fault.where}: {fault.reason}")
    entries = _whole_entries(found["entries"], text) if fault else found["entries"]
    numbered = [(f"item {number}", entry) for number, entry in enumerate(entries, start=1)]
    feed = _Feed.of(found, raw.location)
    drafts, broken = gather(numbered, feed.draft, raw.limits)
    return Parsed(found["version"], feed.title, drafts, (*broken, *([fault] if fault else [])), len(found["entries"]))


def _read(raw: Raw, text: str) -> Found:
    if _BAD_ENTITY.search(text, 0, _prolog_end(text)):
        reason = "declares long, nested or external entities, which feeds have no use for and attacks do"
        raise ImportFormatError(reason, ImportErrorCode.REFUSED)
    declared = _DECLARED.match(text)
    if declared and not of_the_web(declared[1]):
        reason = f"declares the encoding {declared[1]}, which is none of the web's"
        raise ImportFormatError(reason, ImportErrorCode.REFUSED)
    try:
        return _feedparser(raw, text)
    except MemoryError:
        raise
    except Exception as error:  # its reader of malformed XML lets whatever it trips over through
        raise ImportFormatError(f"cannot be read as a feed: {one_line(str(error)) or type(error).__name__}") from error


def _feedparser(raw: Raw, text: str) -> Found:
    """A stream and not the bytes themselves, which feedparser might take for the name of a file.

    A mark goes before what the XML and the Content-Type say (RFC 7303, 3), and they before UTF-8.
    """
    marked = marked_encoding(raw.data) is not None
    data = (text.encode("utf-8", "replace") if marked else raw.data).lstrip()
    found: Found = feedparser.parse(
        io.BytesIO(_HALF.sub(b"&#xFFFD;", _MEDIA_TEXT.sub(rb"\1caption_\2\3", data))),
        response_headers=_headers("utf-8" if marked else charset(raw.content_type)),
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return found


def _headers(encoding: str | None) -> dict[str, str]:
    return {"content-type": f"application/xml; charset={encoding}"} if encoding else {}


def _fault(found: Found, text: str) -> Broken | None:
    error = found.get("bozo_exception")
    if not isinstance(error, SAXParseException):
        return None
    # feedparser puts an XML declaration on a line of its own before a feed that has none.
    line = (error.getLineNumber() or 1) - (0 if text.lstrip().startswith("<?xml") else 1)
    return Broken(f"line {max(line, 1)}", error.getMessage(), ImportErrorCode.MALFORMED)


def _whole_entries(entries: list[Found], text: str) -> list[Found]:
    """Without the last one if the text ends within it."""
    begins, ends = ([part.start() for part in tag.finditer(text)] for tag in (_ITEM_START, _ITEM_END))
    return entries[:-1] if begins and begins[-1] > max(ends, default=-1) else entries


@dataclass(frozen=True, slots=True)
class _Feed:
    """What items take from the feed around them.

    `encoded` says that an RSS feed can have a full text beside its descriptions: HTML that feedparser calls content
    is one, while in other feeds it may be any second description.
    """

    source: str
    title: str | None
    base: str
    language: str | None
    authors: tuple[Byline, ...]
    atom: bool
    encoded: bool

    @classmethod
    def of(cls, found: Found, location: str) -> _Feed:
        feed, atom = found["feed"], found["version"].startswith("atom")
        own = web_address(
            next((_text(link, "href") for link in _list(feed, "links") if _text(link, "rel") == "self"), "")
        )
        home = web_address(_text(feed, "link"), own or location)
        title = _plain_text(feed, "title") or None
        return cls(
            source=identity(location, own, home, title),
            title=title,
            base=home or own or web_address(location) or "",
            language=language_tag(_text(feed, "language")),
            authors=_bylines(feed) if atom else (),  # RFC 4287, 4.2.1; RSS has only editors there
            atom=atom,
            encoded="content" in found["namespaces"],
        )

    def draft(self, entry: Found) -> ArticleDraft:
        published, updated = _moment(entry, "published"), _moment(entry, "updated")
        body, standfirst = self._texts(entry)
        return ArticleDraft(
            source=self.source,
            guid=_text(entry, "id"),
            headline=_plain_text(entry, "title"),
            body_html=body,
            url=self._url(entry),
            standfirst=standfirst,
            language=_language(entry) or self.language,
            authors=_bylines(entry) or _bylines(_dict(entry, "source")) or self.authors,
            tags=unique_tags(_text(tag, "label") or _text(tag, "term") for tag in _list(entry, "tags")),
            lead_image=_lead_image(entry, self.base),
            published_at=published or updated,
            updated_at=updated,
        )

    def _url(self, entry: Found) -> str | None:
        """A guid that feedparser took for a link counts only if it is an address by itself."""
        link = _text(entry, "link")
        return web_address(link) if link == _text(entry, "id") else web_address(link, self.base)

    def _texts(self, entry: Found) -> tuple[str, str | None]:
        """The body and the standfirst: full text and excerpt, or the only text there is and None."""
        summary = self._html(_detail(entry, "summary"))
        parts = [(_text(part, "type") in _HTML, self._html(part)) for part in _list(entry, "content")]
        full = max((html for marked, html in parts if self.atom or (self.encoded and marked)), key=len, default="")
        if not full:
            # Beside a description there may be a second one, such as that of a foreign element.
            longest = max([summary, *(html for _, html in parts)], key=len)
            return longest or paragraphs(_text(entry, _CAPTION)), None
        excerpt = plain(summary)
        return full, excerpt if excerpt != plain(full) else None

    def _html(self, part: Found) -> str:
        """Inline text as HTML; "" for media and for XML of other kinds."""
        value, kind = _text(part, "value"), _text(part, "type")
        if kind in _HTML:
            html = value if "<" in value or not value else f"<p>{value}</p>"
            return absolute_links(html, _joined(self.base, _text(part, "base")))
        return paragraphs(value) if kind == "text/plain" else ""


def _joined(base: str, inner: str) -> str:
    return web_address(inner, base) or base


def _moment(entry: Found, name: str) -> datetime | None:
    """The time under `name`; feedparser's own reading for the languages and habits that only it knows."""
    # `in`, because feedparser answers a missing "updated" with "published" and a warning.
    if name not in entry:
        return None
    moment = parse_time(_text(entry, name))
    if moment:
        return moment
    try:
        guess = datetime.fromtimestamp(timegm(entry[f"{name}_parsed"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    return guess if guess >= _OLDEST else None


def _language(entry: Found) -> str | None:
    """The item's dc:language, else the xml:lang of its text or title."""
    details = [*_list(entry, "content"), _dict(entry, "summary_detail"), _dict(entry, "title_detail")]
    candidates = [_text(entry, "language"), *(_text(detail, "language") for detail in details)]
    return next(filter(None, map(language_tag, candidates)), None)


def _bylines(found: Found) -> tuple[Byline, ...]:
    """Those with a name; an address alone, as RSS has it, is nobody's byline."""
    bylines = [
        Byline(one_line(_text(author, "name")), email=one_line(_text(author, "email")) or None)
        for author in _list(found, "authors")
    ]
    # feedparser takes top-level domains of more than four letters apart, so an RSS author is read once more.
    name, address = parseaddr(_text(found, "author")[:_ADDRESS_MAX])
    if bylines and "@" in address:
        bylines[-1] = Byline(one_line(name), email=one_line(address))
    return unique_bylines(bylines)


def _lead_image(entry: Found, base: str) -> Image | None:
    """Media RSS content, the widest; else an enclosed picture, a thumbnail, a podcast's picture, a bare address."""
    thumbnails, podcast = _list(entry, "media_thumbnail"), [_dict(entry, "image")]
    for candidates in (_media(entry), _enclosures(entry), thumbnails, podcast, _bare_pictures(entry)):
        pictures = [picture for candidate in candidates if (picture := _image(candidate, base))]
        if pictures:
            widest = max(pictures, key=lambda picture: picture.width or 0)
            return replace(widest, caption=_caption(entry), credit=_credit(entry))
    return None


def _media(entry: Found) -> Iterator[Found]:
    for media in _list(entry, "media_content"):
        kind = _text(media, "medium") or _text(media, "type")
        if kind.startswith("image") or (not kind and _IMAGE_FILE.search(_text(media, "url"))):
            yield media


def _enclosures(entry: Found) -> Iterable[Found]:
    links = [link for link in _list(entry, "links") if _text(link, "rel") == "enclosure"]
    return [link for link in links if _text(link, "type").startswith("image/")]


def _bare_pictures(entry: Found) -> Iterator[Found]:
    """Elements of no specification that news sites put into items; "href" is the url within an <image>."""
    for name in ("bigimage", "thumbnail", "href"):
        if _IMAGE_FILE.search(_text(entry, name)):
            yield {"url": _text(entry, name)}


def _image(found: Found, base: str) -> Image | None:
    url = web_address(_text(found, "url") or _text(found, "href"), base)
    return Image(url, width=_pixels(found, "width"), height=_pixels(found, "height")) if url else None


def _caption(entry: Found) -> str | None:
    return plain(_text(entry, _CAPTION)) or None


def _credit(entry: Found) -> str | None:
    credits = [one_line(_text(credit, "content")) for credit in _list(entry, "media_credit")]
    return next(filter(None, credits), None)


def _pixels(found: Found, name: str) -> int | None:
    digits = _text(found, name).removesuffix("px")
    return int(digits) or None if digits.isascii() and digits.isdigit() and len(digits) <= 5 else None


def _plain_text(found: Found, name: str) -> str:
    detail = _detail(found, name)
    return plain(_text(detail, "value")) if _text(detail, "type") in _HTML else one_line(_text(detail, "value"))


def _detail(found: Found, name: str) -> Found:
    """The value with its type. feedparser's detail is of the last such element, even one nested in a foreign one."""
    value, detail = _text(found, name), _dict(found, f"{name}_detail")
    if _text(detail, "value") == value:
        return detail
    return {"value": value, "type": "text/html" if name == "summary" or _MARKUP.search(value) else "text/plain"}


# feedparser's values are of whatever kind the feed made them: an element with attributes may replace a text by them.


def _text(found: Found, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _list(found: Found, name: str) -> list[Found]:
    value = found.get(name)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _dict(found: Found, name: str) -> Found:
    value = found.get(name)
    return value if isinstance(value, dict) else {}
