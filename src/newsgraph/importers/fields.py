"""Small values that every format has: addresses, languages, tags, names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from newsgraph.domain.authors import Byline
from newsgraph.domain.text import one_line

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def web_address(address: str, base: str = "") -> str | None:
    """The address as an absolute http(s) URL, resolved against `base`; None where that gives none."""
    try:
        url = urljoin(base, one_line(address).replace(" ", "%20")) if address.strip() else ""
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def identity(location: str, *claims: str | None) -> str:
    """By what a source's items are known again: the first claim that is the source's to make, else where it is.

    What was fetched speaks for its own host alone: else any feed could call itself another one, and write its articles
    anew. A file is ours, and may say what it is.
    """
    host = _host(location)
    return next((claim for claim in claims if claim and host in (None, _host(claim))), location)


def _host(address: str) -> str | None:
    """Of a web address; www makes no other."""
    if not web_address(address):
        return None
    return (urlsplit(address).hostname or "").removeprefix("www.")


def language_tag(text: str) -> str | None:
    """A BCP 47 tag with the usual capitals (RFC 5646, 2.1.1): en-US, zh-Hant; None for what is none."""
    tag = text.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(tag):
        return None
    first, *rest = tag.lower().split("-")
    return "-".join([first, *map(_capitals, rest)])


def _capitals(subtag: str) -> str:
    if len(subtag) == 2:
        return subtag.upper()
    return subtag.title() if len(subtag) == 4 and subtag.isalpha() else subtag


def unique_tags(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, whatever its capitals, in the order of their coming; empty ones dropped."""
    first: dict[str, str] = {}
    for name in map(one_line, names):
        if name:
            first.setdefault(name.casefold(), name)
    return tuple(first.values())


def unique_bylines(bylines: Iterable[Byline]) -> tuple[Byline, ...]:
    """Each name once, in the order of their coming. A name is kept whole: commas are part of some names."""
    first: dict[str, Byline] = {}
    for byline in bylines:
        if byline.name:
            first.setdefault(byline.name.casefold(), byline)
    return tuple(first.values())
