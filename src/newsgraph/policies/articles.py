"""What an article's fields must look like, whoever sends them: an editor or a feed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from newsgraph.domain.articles import Image
from newsgraph.domain.text import one_line

HEADLINE_MAX = 300
STANDFIRST_MAX = 1_000
TAG_MAX = 60
TAGS_MAX = 50
URL_MAX = 2_000
EMAIL_MAX = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
LANGUAGE = "en"  # when nobody says

_PART = r"[^\s@<>()\[\]\\,;:\"?&%#/\x00-\x1f\x7f]+"
_EMAIL = re.compile(rf"{_PART}@{_PART}\.{_PART}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def headline_problem(headline: str) -> str | None:
    """Why this cannot be a headline; it is on one line already."""
    if not headline:
        return "An article needs a headline."
    if len(headline) > HEADLINE_MAX:
        return f"A headline has at most {HEADLINE_MAX} characters, this one {len(headline)}."
    return None


def standfirst_problem(standfirst: str) -> str | None:
    if len(standfirst) > STANDFIRST_MAX:
        return f"A standfirst has at most {STANDFIRST_MAX} characters, this one {len(standfirst)}."
    return None


def language_tag(text: str) -> str | None:
    """A BCP 47 tag as RFC 5646, 2.1.1 recommends to write it (`pt-BR`, `zh-Hant`); None for what is none."""
    if not _LANGUAGE.fullmatch(text.strip()):
        return None
    first, *rest = text.strip().lower().split("-")
    cases = {2: str.upper, 4: str.title}
    return "-".join([first, *(cases.get(len(part), str.lower)(part) for part in rest)])


def web_url(text: str) -> bool:
    """Whether this is an absolute http(s) address without blanks."""
    if len(text) > URL_MAX or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def host_of(text: str) -> str:
    """The host of an http(s) address; empty for anything else. www makes no other."""
    return (urlsplit(text).hostname or "").removeprefix("www.") if web_url(text) else ""


def email_address(text: str) -> bool:
    """Whether this is one address and nothing else, so that a link to it cannot fill in more than that."""
    return len(text) <= EMAIL_MAX and _EMAIL.fullmatch(text) is not None


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """On one line each, none empty, none twice whatever its case."""
    found: dict[str, str] = {}
    for tag in map(one_line, tags):
        if tag:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def tags_problem(tags: tuple[str, ...]) -> str | None:
    if len(tags) > TAGS_MAX:
        return f"At most {TAGS_MAX} tags."
    return next((f"A tag has at most {TAG_MAX} characters." for tag in tags if len(tag) > TAG_MAX), None)


def clean_image(image: Image) -> Image:
    """Its texts on one line, absent ones as None; sizes that say nothing left out."""
    alt, caption, credit = (one_line(text or "") or None for text in (image.alt, image.caption, image.credit))
    width, height = (size if size and size > 0 else None for size in (image.width, image.height))
    return replace(image, alt=alt, caption=caption, credit=credit, width=width, height=height)
