"""What every parser takes and gives, and how items become drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeVar

from newsgraph.domain.articles import ArticleDraft
from newsgraph.domain.errors import ImportErrorCode
from newsgraph.domain.text import elements, one_line, shorten
from newsgraph.importers.markup import plain

Item = TypeVar("Item")
_KEY_MAX = 1_000
_TOLD = 200  # characters of what stands in a source that a message repeats


class ImportFormatError(Exception):
    """Nothing can be read; the message completes a sentence that begins with the source's name."""

    def __init__(self, message: str, code: ImportErrorCode = ImportErrorCode.MALFORMED) -> None:
        super().__init__(message, code)
        self.message = message
        self.code = code

    def __str__(self) -> str:
        return self.message


class ItemError(Exception):
    """One item cannot be used; the message says why."""

    def __init__(self, message: str, code: ImportErrorCode = ImportErrorCode.UNUSABLE) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Limits:
    """Most items of a source, and most characters and elements of an item.

    The settings `import_items`, `import_item_size` and `article_elements`.
    """

    items: int = 50_000
    item_size: int = 1_000_000
    elements: int = 20_000

    def check_items(self, found: int) -> None:
        """Errors: ImportFormatError."""
        if found > self.items:
            raise ImportFormatError(
                f"has more than {self.items:,} items (setting import_items)", ImportErrorCode.TOO_LARGE
            )


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they came, where from, and the Content-Type that they were served with."""

    data: bytes
    location: str
    content_type: str | None = None
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Broken:
    """What could not be used: `where` is "line 17" or "item 3", counted from 1."""

    where: str
    reason: str
    code: ImportErrorCode = ImportErrorCode.UNUSABLE


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
    items: Iterable[tuple[str, Item]], read: Callable[[Item], ArticleDraft], limits: Limits
) -> tuple[tuple[ArticleDraft, ...], tuple[Broken, ...]]:
    """Reads each item, named by where it stands, in the order of the source.

    The second item of an identity is broken: were both imported, each import would turn one article into the other.
    """
    first: dict[tuple[str, str], str] = {}
    drafts: list[ArticleDraft] = []
    broken: list[Broken] = []
    for where, item in items:
        try:
            draft = _usable(_read(read, item), limits)
        except ItemError as error:
            broken.append(Broken(where, str(error), error.code))
            continue
        earlier = first.setdefault((draft.source, draft.guid), where)
        if earlier == where:
            drafts.append(draft)
        else:
            reason = f"has the same id as {earlier}: {shorten(draft.guid, _TOLD)}"
            broken.append(Broken(where, reason, ImportErrorCode.DUPLICATE))
    return tuple(drafts), tuple(broken)


def _read(read: Callable[[Item], ArticleDraft], item: Item) -> ArticleDraft:
    try:
        return read(item)
    except RecursionError:
        raise ItemError("is nested beyond any use", ImportErrorCode.TOO_LARGE) from None


def _usable(draft: ArticleDraft, limits: Limits) -> ArticleDraft:
    """The draft with its one-line fields folded and an identity; ItemError for what is empty or too long."""
    size = _size(draft)
    if size > limits.item_size:
        reason = f"has {size:,} characters, more than {limits.item_size:,} (setting import_item_size)"
        raise ItemError(reason, ImportErrorCode.TOO_LARGE)
    if elements(draft.body_html) > limits.elements:
        reason = f"has more than {limits.elements:,} elements (setting article_elements)"
        raise ItemError(reason, ImportErrorCode.TOO_LARGE)
    headline = one_line(draft.headline)
    if not headline and not plain(draft.body_html):
        raise ItemError(f"has neither headline nor text ({shorten(draft.url or draft.guid, _TOLD) or 'nor link'})")
    return replace(
        draft,
        source=_key(one_line(draft.source)),
        guid=_key(one_line(draft.guid) or draft.url or _digest(headline, draft.body_html)),
        headline=headline,
        standfirst=one_line(draft.standfirst or "") or None,
        section=one_line(draft.section or "") or None,
    )


def _key(text: str) -> str:
    """What something is found by stands in an index, and whoever writes a longer one means nothing by it."""
    return text if len(text) <= _KEY_MAX else _digest(text)


def _size(draft: ArticleDraft) -> int:
    """Characters of all of its texts."""
    bylines = (text for author in draft.authors for text in (author.name, author.email, author.bio))
    image = draft.lead_image
    pictured = (image.url, image.alt, image.caption, image.credit) if image else ()
    texts = (draft.source, draft.guid, draft.headline, draft.body_html, draft.url, draft.standfirst, draft.section)
    return sum(len(text) for text in (*texts, *draft.tags, *bylines, *pictured) if text)


def _digest(*parts: str) -> str:
    return "sha256:" + sha256("\n".join(parts).encode()).hexdigest()
