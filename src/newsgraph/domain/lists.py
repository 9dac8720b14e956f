"""Ranked lists: "Latest Stories", "Popular Now", "Must-Reads", "You May Also Like", and editors' own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from newsgraph.domain.views import Window

DEPTH = 100  # the longest page; a list is kept no deeper than it can be shown
RELATED_DEPTH = 20


class RankKind(Enum):
    LATEST = "LATEST"
    POPULAR = "POPULAR"
    RELATED = "RELATED"
    CURATED = "CURATED"


class RankReason(Enum):
    PINNED = "PINNED"
    CURATED = "CURATED"
    BACKFILL = "BACKFILL"
    RECENT = "RECENT"
    MOST_VIEWED = "MOST_VIEWED"
    SAME_SECTION = "SAME_SECTION"
    SAME_AUTHOR = "SAME_AUTHOR"
    SHARED_TERMS = "SHARED_TERMS"
    READ_TOGETHER = "READ_TOGETHER"


class ListFamily(Enum):
    """What the first part of a key says. CUSTOM is a list that editors made."""

    LATEST = "latest"
    POPULAR = "popular"
    MUST_READS = "must-reads"
    RELATED = "related"
    CUSTOM = "custom"


KINDS: dict[ListFamily, RankKind] = {
    ListFamily.LATEST: RankKind.LATEST,
    ListFamily.POPULAR: RankKind.POPULAR,
    ListFamily.MUST_READS: RankKind.CURATED,
    ListFamily.RELATED: RankKind.RELATED,
    ListFamily.CUSTOM: RankKind.CURATED,
}

# What the page that the project began from showed.
SHOWN: dict[ListFamily, int] = {
    ListFamily.LATEST: 6,
    ListFamily.POPULAR: 5,
    ListFamily.MUST_READS: 5,
    ListFamily.RELATED: 5,
    ListFamily.CUSTOM: 5,
}


class ListKey(NamedTuple):
    """A list's name taken apart: `latest/asia`, `popular/asia@week`, `related/42`, `election-night`.

    `scope` is the section's slug, the article's id for `related`, or the whole key of a custom list.
    """

    family: ListFamily
    scope: str | None = None
    window: Window | None = None

    def __str__(self) -> str:
        if self.family is ListFamily.CUSTOM:
            return self.scope or ""
        scope = f"/{self.scope}" if self.scope else ""
        window = "" if self.window in (None, Window.DAY) else f"@{self.window.value.lower()}"
        return f"{self.family.value}{scope}{window}"

    @property
    def kind(self) -> RankKind:
        return KINDS[self.family]


_KEY = re.compile(r"(?P<family>[^/@]+)(?:/(?P<scope>[^@]+))?(?:@(?P<window>[a-z_]+))?\Z")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}\Z")  # an id has one spelling, so that an article has one list
_CUSTOM = re.compile(r"[^\W_A-Z]+(?:-[^\W_A-Z]+)*\Z")
KEY_MAX = 120


def parse_list_key(text: str) -> ListKey | None:
    """None for what can be no list's key."""
    return _parsed(text) if len(text) <= KEY_MAX else None


@lru_cache(maxsize=1_024)
def _parsed(text: str) -> ListKey | None:
    match = _KEY.match(text)
    if match is None:
        return None
    family, scope, window = match["family"], match["scope"], match["window"]
    if family not in {f.value for f in ListFamily} or family == ListFamily.CUSTOM.value:
        return ListKey(ListFamily.CUSTOM, text) if _CUSTOM.match(text) else None
    return _standard_key(ListFamily(family), scope, window)


def _standard_key(family: ListFamily, scope: str | None, window: str | None) -> ListKey | None:
    if family is ListFamily.RELATED:
        return ListKey(family, scope) if scope and _NUMBER.match(scope) and not window else None
    if family is not ListFamily.POPULAR:
        return None if window else ListKey(family, scope)
    if window is None:
        return ListKey(family, scope, Window.DAY)
    name = window.upper()
    return ListKey(family, scope, Window[name]) if name in Window.__members__ else None


def standard_keys(section: str | None) -> list[ListKey]:
    """The lists that every section has, and the whole site (None)."""
    return [
        ListKey(ListFamily.LATEST, section),
        ListKey(ListFamily.MUST_READS, section),
        *(ListKey(ListFamily.POPULAR, section, window) for window in Window),
    ]


_TITLES: dict[ListFamily, str] = {
    ListFamily.LATEST: "Latest Stories",
    ListFamily.POPULAR: "Popular Now",
    ListFamily.MUST_READS: "Must-Reads",
    ListFamily.RELATED: "You May Also Like",
    ListFamily.CUSTOM: "",
}


def list_title(key: ListKey, section_label: str | None) -> str:
    """As a reader sees it: "[ASIA] Latest Stories"."""
    title = _TITLES[key.family] or (key.scope or "").replace("-", " ").title()
    return f"[{section_label}] {title}" if section_label else title


@dataclass(frozen=True, slots=True)
class RankedList:
    """`version` is the log's sequence number at which membership or order last changed."""

    key: str
    title: str
    section_id: int | None
    computed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class RankedItem:
    """`rank` counts from 1 without gaps."""

    article_id: int
    rank: int
    score: float | None
    pinned: bool
    reasons: tuple[RankReason, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a ranking proposes, best first, before pins and exclusions."""

    article_id: int
    score: float | None
    reasons: tuple[RankReason, ...]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a published article is to another. `terms`: BM25 of shared words, higher is nearer, 0 for none."""

    article_id: int
    terms: float
    same_section: bool
    same_author: bool
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Curation:
    """What editors decided for one list: pins in order, and what must not appear."""

    pinned: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ListDiff:
    """From one state of a list to the next: enough for a client to patch without refetching."""

    ordered: tuple[int, ...]
    inserted: tuple[int, ...]
    removed: tuple[int, ...]


def diff(before: tuple[int, ...], after: tuple[int, ...]) -> ListDiff | None:
    """None when neither membership nor order differs."""
    if before == after:
        return None
    old, new = set(before), set(after)
    return ListDiff(
        ordered=after,
        inserted=tuple(i for i in after if i not in old),
        removed=tuple(i for i in before if i not in new),
    )


def merge(diffs: list[ListDiff]) -> ListDiff:
    """A burst of changes as one: from the state before the first to the state after the last."""
    first, last = diffs[0], diffs[-1]
    before = (set(first.ordered) - set(first.inserted)) | set(first.removed)
    return ListDiff(
        ordered=last.ordered,
        inserted=tuple(i for i in last.ordered if i not in before),
        removed=tuple(sorted(before - set(last.ordered))),
    )


def span(diffs: list[ListDiff]) -> ListDiff:
    """A burst of changes as one for clients that have any of the states on the way, not only the first.

    What left and came back is told again: whoever has it already loses nothing by that.
    """
    last, gone = set(diffs[-1].ordered), {i for one in diffs for i in one.removed}
    first = (set(diffs[0].ordered) - set(diffs[0].inserted)) | set(diffs[0].removed)
    always = first.intersection(*(one.ordered for one in diffs))
    return ListDiff(
        ordered=diffs[-1].ordered,
        inserted=tuple(i for i in diffs[-1].ordered if i not in always),
        removed=tuple(sorted(gone - last)),
    )
