"""Ranked lists in SQL, and the figures from which they are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, overload

from newsgraph.domain.lists import Curation, ListDiff, RankedItem, RankedList, RankReason
from newsgraph.domain.views import SHAPES, Window
from newsgraph.ports.lists import Likeness, StoredList
from newsgraph.storage import search
from newsgraph.storage.connection import Row, Sql
from newsgraph.storage.statements import Part
from newsgraph.storage.values import batch, from_json, from_ms, to_json, to_ms


class SqlLists:
    """Implements ports.lists.Lists."""

    def __init__(self, sql: Sql, now: datetime) -> None:
        self._sql = sql
        self._now = now

    async def by_keys(self, keys: Sequence[str]) -> Sequence[StoredList]:
        return [_list(_ListRow(row)) for row in self._sql.rows_of("lists_by_keys", keys)]

    async def create(self, key: str, title: str, section_id: int | None) -> None:
        self._sql.execute("list_create", key, title, section_id, to_ms(self._now))

    async def save(self, key: str, items: Sequence[RankedItem], diff: ListDiff | None) -> None:
        if not self._sql.execute("list_save", key, to_json([_packed(item) for item in items]), to_ms(self._now)):
            raise LookupError(f"There is no list {key!r}.")
        if diff is not None:
            self._sql.many("list_add_member", ((article_id, key) for article_id in diff.inserted))
            self._sql.many("list_drop_member", ((article_id, key) for article_id in diff.removed))

    async def set_title(self, key: str, title: str) -> None:
        self._sql.execute("list_set_title", key, title)

    async def containing(self, article_id: int) -> Sequence[str]:
        return [key for (key,) in self._sql.rows("lists_containing", article_id)]

    async def curation(self, key: str) -> Curation:
        pinned, excluded = (self._sql.rows(name, key) for name in ("list_pins", "list_exclusions"))
        return Curation(tuple(i for (i,) in pinned), tuple(i for (i,) in excluded))

    async def set_curation(self, key: str, curation: Curation) -> None:
        self._sql.execute("list_clear_pins", key)
        self._sql.execute("list_clear_exclusions", key)
        self._sql.many("list_add_pin", ((key, n, article_id) for n, article_id in enumerate(curation.pinned)))
        self._sql.many("list_add_exclusion", ((key, n, article_id) for n, article_id in enumerate(curation.excluded)))

    async def latest(self, section_id: int | None, limit: int) -> Sequence[int]:
        return [key for (key,) in self._sql.rows("lists_latest", limit, parts=self._in_section(section_id))]

    async def popular(self, section_id: int | None, window: Window, limit: int) -> Sequence[tuple[int, float]]:
        section = self._in_section(section_id)
        if window is Window.ALL_TIME:
            rows = self._sql.rows("lists_most_viewed", limit, parts=section)
        else:
            width = SHAPES[window].bucket
            rows = self._sql.rows("lists_popular", width, to_json(self._weights(window)), limit, parts=section)
        return [(key, float(score)) for key, score in rows]

    def _weights(self, window: Window) -> dict[str, float]:
        """The starts of the window's buckets, the current one included, and what a view in each still weighs."""
        shape, now = SHAPES[window], to_ms(self._now)
        width = 1_000 * shape.bucket
        starts = range(now - now % width, now - 1_000 * shape.length, -width)
        return {str(start): 0.5 ** ((now - start) / (1_000 * shape.half_life)) for start in starts}

    def _in_section(self, section_id: int | None) -> tuple[Part, ...]:
        return () if section_id is None else (Part("section", self._sql.fragment("lists_section"), (section_id,)),)

    async def likenesses(self, article_id: int, limit: int) -> Sequence[Likeness]:
        terms = search.like(self._sql, article_id, self._words(article_id), limit)
        near = self._sql.rows("lists_newest_of_section", article_id, limit)
        near += self._sql.rows("lists_newest_of_authors", article_id, limit)
        ids = {*terms, *(row[0] for row in near)}
        rows = self._sql.rows("lists_likenesses", article_id, batch(ids))
        return [
            Likeness(key, terms.get(key, 0.0), bool(section), bool(author), from_ms(at))
            for key, section, author, at in rows
        ]

    def _words(self, article_id: int) -> list[str]:
        row = self._sql.row("lists_words", article_id) or ()
        tags = [tag for _, tag in self._sql.rows_of("article_tags", [article_id])]
        return [text for text in (*row, *tags) if text]

    async def unscoped(self) -> Sequence[str]:
        return [key for (key,) in self._sql.rows("lists_unscoped")]

    async def stale(self, prefix: str, before: datetime, limit: int) -> Sequence[str]:
        return [key for (key,) in self._sql.rows("lists_stale", prefix, to_ms(before), limit)]


def _packed(item: RankedItem) -> list[object]:
    return [item.article_id, item.score, int(item.pinned), [reason.value for reason in item.reasons]]


class _Items(Sequence[RankedItem]):
    """A list's items, made when they are looked at: a page shows six of a hundred, and all took 300 microseconds."""

    __slots__ = ("_made", "_packed")

    def __init__(self, packed: Sequence[Any]) -> None:
        self._packed = packed
        self._made: Sequence[RankedItem] = ()

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, place: int) -> RankedItem: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[RankedItem]: ...
    def __getitem__(self, place: int | slice) -> RankedItem | Sequence[RankedItem]:
        if not isinstance(place, slice):
            return self._first(range(len(self))[place] + 1)[-1]
        start, stop, step = place.indices(len(self))
        return self._first(stop)[start:stop] if step == 1 else self._first(len(self))[place]

    def _first(self, count: int) -> Sequence[RankedItem]:
        """Replaced as a whole when it grows: other threads may be reading it."""
        made = self._made
        if len(made) < count:
            more = enumerate(self._packed[len(made) : count], len(made) + 1)
            self._made = made = (*made, *(_item(packed, rank) for rank, packed in more))
        return made[:count]

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))


_REASONS = {reason.value: reason for reason in RankReason}


def _item(packed: Sequence[Any], rank: int) -> RankedItem:
    article_id, score, pinned, reasons = packed
    return RankedItem(article_id, rank, score, bool(pinned), tuple(_REASONS[reason] for reason in reasons))


class _ListRow(Row):
    """The key is enough of a hash: that of the items' text takes 12 microseconds."""

    def __hash__(self) -> int:
        return hash(self[0])


@lru_cache(maxsize=256)
def _list(row: _ListRow) -> StoredList:
    """Remembered: the lists beside every article are the same ones, some 25 KB each, and 30 microseconds to read."""
    key, title, section_id, computed_at, version, packed = row
    stored = RankedList(key, title, section_id, from_ms(computed_at), version)
    return StoredList(stored, _Items(from_json(packed)))
