"""What every parser takes and gives, and how items become drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeVar

from newsgraph.domain.articles import ArticleDraft
from newsgraph.domain.text import one_line
from newsgraph.importers.markup import plain

Item = TypeVar("Item")


class ImportFormatError(Exception):
    """Nothing can be read; the message completes a sentence that begins with the source's name."""


class ItemError(Exception):
    """One item cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they came, where from, and the Content-Type that they were served with."""

    data: bytes
    location: str
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """What could not be used: `where` is "line 17" or "item 3", counted from 1."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """`format` is feedparser's name (rss20, rss10, atom10), a JSON Feed's version or "jsonlines".

    `items` counts all items that were there, usable or not.
    """

    format: str
    title: str | None
    drafts: tuple[ArticleDraft, ...]
    broken: tuple[Broken, ...]
    items: int


def gather(
    items: Iterable[tuple[str, Item]], read: Callable[[Item], ArticleDraft]
) -> tuple[tuple[ArticleDraft, ...], tuple[Broken, ...]]:
    """Reads each item, named by where it stands, in the order of the source.

    The second item of an identity is broken: were both imported, each import would turn one article into the other.
    """
    first: dict[tuple[str, str], str] = {}
    drafts: list[ArticleDraft] = []
    broken: list[Broken] = []
    for where, item in items:
        try:
            draft = _usable(read(item))
        except ItemError as error:
            broken.append(Broken(where, str(error)))
            continue
        earlier = first.setdefault((draft.source, draft.guid), where)
        if earlier == where:
            drafts.append(draft)
        else:
            broken.append(Broken(where, f"has the same id as {earlier}: {draft.guid}"))
    return tuple(drafts), tuple(broken)


def _usable(draft: ArticleDraft) -> ArticleDraft:
    """The draft with its one-line fields folded and an identity; ItemError where there is nothing to read."""
    headline = one_line(draft.headline)
    if not headline and not plain(draft.body_html):
        raise ItemError(f"has neither headline nor text ({draft.url or draft.guid or 'nor link'})")
    return replace(
        draft,
        source=one_line(draft.source),
        guid=one_line(draft.guid) or draft.url or _digest(headline, draft.body_html),
        headline=headline,
        standfirst=one_line(draft.standfirst or "") or None,
        section=one_line(draft.section or "") or None,
    )


def _digest(*parts: str) -> str:
    return "sha256:" + sha256("\n".join(parts).encode()).hexdigest()
