"""The event log: gapless, in commit order, bounded by retention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newsgraph.domain.cursors import Position
from newsgraph.domain.events import Entry, Event


@dataclass(frozen=True, slots=True)
class Head:
    """`last_seq` is the newest event, 0 when there is none; everything after `trimmed_seq` is still kept."""

    epoch: str
    trimmed_seq: int
    last_seq: int

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.last_seq)


class Log(Protocol):
    def append(self, event: Event) -> None:
        """Notes an event of this transaction.

        Numbers are given as the last statements of the unit of work, in the order of appending, with no gap: not by
        a sequence column, which other readers can see out of order. Events of an undone change are never numbered.
        A ListChanged also sets its list's version to its number; a unit that shares the transaction sees both.
        """
        ...

    async def head(self) -> Head: ...

    async def after(self, seq: int, limit: int) -> Sequence[Entry]:
        """The next events after `seq`, ascending, at most `limit`."""
        ...

    async def of_topic(self, topic: str, after: int, limit: int) -> Sequence[Entry]:
        """The same of one topic only: one range read of an index, whatever else the log holds."""
        ...

    async def newest_of_topic(self, topic: str, after: int, limit: int) -> Sequence[int]:
        """Numbers of the last `limit` of them instead of the first, ascending too: only the index is read."""
        ...

    async def of_kind(self, kind: str, after: int, limit: int) -> Sequence[Entry]:
        """As `of_topic`, of one kind of event."""
        ...

    async def newest_of_kind(self, kind: str, after: int, limit: int) -> Sequence[int]:
        """As `newest_of_topic`, of one kind of event."""
        ...

    async def trim(self, before: datetime, keep: int) -> int:
        """Drops events older than `before` and all but the newest `keep`; returns how many were dropped.

        The newest event always stays dropped-or-kept consistently with `Head.trimmed_seq`.
        """
        ...
