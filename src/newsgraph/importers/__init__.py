"""From bytes to article drafts: one parser a format, pure functions.

`parse` is CPU work of up to seconds for a large source: callers on an event loop run it in a thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from newsgraph.domain.errors import ImportErrorCode
from newsgraph.importers import feeds, jsonfeed, jsonlines
from newsgraph.importers.decoding import decode
from newsgraph.importers.parsed import Broken, ImportFormatError, Limits, Parsed, Raw

__all__ = ["FORMATS", "Broken", "Format", "ImportFormatError", "Limits", "Parsed", "parse", "recognise"]

DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Format:
    """`recognises` is given the whole text, without white space around it."""

    name: str
    recognises: Callable[[str], bool]
    parse: Callable[[Raw], Parsed]


FORMATS = [
    Format("RSS or Atom", feeds.recognises, feeds.parse),
    Format("JSON Feed", jsonfeed.recognises, jsonfeed.parse),
    Format("JSON Lines", jsonlines.recognises, jsonlines.parse),
]

_NEWSML = {"newsml", "newsitem", "newsmessage", "packageitem", "nitf"}
_NINJS = re.compile(r'"(?:versioncreated|contentcreated|body_x?html)"\s*:', re.IGNORECASE)
# What would pass for one of the formats above, or is asked for by name. A WordPress export is an RSS feed whose items
# are pages, drafts and pictures, too: taken for a feed, it would publish what was never meant to be.
_NOT_YET: list[tuple[Callable[[str], bool], str]] = [
    (lambda text: feeds.root_name(text) == "rss" and "wordpress.org/export/" in text, "a WordPress export (WXR)"),
    (lambda text: feeds.root_name(text) in _NEWSML, "NewsML or NITF"),
    (lambda text: text.startswith("{") and _NINJS.search(text) is not None, "ninjs"),
]
# Why something is none of these, for the person who meant it to be one; the first that holds is said.
_STRANGERS: list[tuple[Callable[[str], bool], str]] = [
    (lambda text: not text, "is empty"),
    (lambda text: "\0" in text, "is binary data, not a feed"),
    (lambda text: feeds.root_name(text) == "html", "is an HTML page, not a feed"),
    (lambda text: feeds.root_name(text) is not None, "is XML, but neither RSS nor Atom"),
    (lambda text: text.startswith("<"), "is XML without a root element: truncated?"),
    (
        lambda text: text.startswith("["),
        "is a JSON array; JSON Lines has one object a line and no brackets around them",
    ),
    (lambda text: text.startswith("{"), "is JSON, but neither JSON Feed nor JSON Lines of articles"),
    (lambda text: True, "is not a feed"),
]


def recognise(data: bytes) -> Format:
    """The format of the content; ImportFormatError says what is there instead."""
    text = decode(data).strip()
    for holds, name in _NOT_YET:
        if holds(text):
            raise ImportFormatError(f"is {name}, which cannot be imported yet", ImportErrorCode.NOT_SUPPORTED)
    for known in FORMATS:
        if known.recognises(text):
            return known
    reason = next(reason for holds, reason in _STRANGERS if holds(text))
    raise ImportFormatError(reason, ImportErrorCode.NOT_SUPPORTED)


def parse(data: bytes, location: str, content_type: str | None = None, limits: Limits = DEFAULT) -> Parsed:
    """Reads `data`, which came from `location` (a file's path or a URL) and was served as `content_type`.

    An item that cannot be used is listed in `Parsed.broken` and the others are read all the same;
    ImportFormatError is raised where nothing can be read.
    """
    # A file name that is not UTF-8 has lone surrogates, which no database takes.
    readable = location.encode("utf-8", "replace").decode()
    return recognise(data).parse(Raw(data, readable, content_type, limits))
