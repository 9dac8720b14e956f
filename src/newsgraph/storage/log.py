"""The event log in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from newsgraph.domain.events import EVENTS, Entry, Event, ListChanged
from newsgraph.ports.log import Head
from newsgraph.storage.connection import Row, Sql
from newsgraph.storage.values import from_json, from_ms, to_json, to_ms

Pending = list[tuple[datetime, Event]]


class SqlLog:
    """Implements ports.log.Log. `pending` collects a write's events; a read has None."""

    def __init__(self, sql: Sql, now: datetime, pending: Pending | None) -> None:
        self._sql = sql
        self._now = now
        self._pending = pending

    def append(self, event: Event) -> None:
        if self._pending is None:
            raise RuntimeError("Events are appended in Store.write, not in Store.read.")
        self._pending.append((self._now, event))

    async def head(self) -> Head:
        return Head(*self._sql.one("stream_head"))

    async def after(self, seq: int, limit: int) -> Sequence[Entry]:
        return [_entry(row) for row in self._sql.rows("log_after", seq, limit)]

    async def of_topic(self, topic: str, after: int, limit: int) -> Sequence[Entry]:
        return [_entry(row) for row in self._sql.rows("log_of_topic", topic, after, limit)]

    async def of_kind(self, kind: str, after: int, limit: int) -> Sequence[Entry]:
        return [_entry(row) for row in self._sql.rows("log_of_kind", kind, after, limit)]

    async def newest_of_topic(self, topic: str, after: int, limit: int) -> Sequence[int]:
        return [seq for (seq,) in reversed(self._sql.rows("log_newest_of_topic", topic, after, limit))]

    async def newest_of_kind(self, kind: str, after: int, limit: int) -> Sequence[int]:
        return [seq for (seq,) in reversed(self._sql.rows("log_newest_of_kind", kind, after, limit))]

    async def trim(self, before: datetime, keep: int) -> int:
        head = await self.head()
        first_young = self._sql.value("log_first_since", to_ms(before))
        old = head.last_seq if first_young is None else first_young - 1
        trimmed = max(head.trimmed_seq, old, head.last_seq - keep)
        self._sql.execute("stream_trim", trimmed)
        return self._sql.execute("log_drop", trimmed)


def number(sql: Sql, pending: Pending) -> None:
    """Gives the events their numbers and writes them: the last statements of their unit.

    Until its transaction ends no other can take a number, so numbers become visible in their order; and a unit
    that is undone gives its numbers back.
    """
    if not pending:
        return
    (last_seq,) = sql.one("stream_advance", len(pending))
    numbered = list(enumerate(pending, start=last_seq - len(pending) + 1))
    sql.many(
        "log_append",
        ((seq, to_ms(at), event.kind, event.topic, to_json(event.payload())) for seq, (at, event) in numbered),
    )
    changed = {event.key: seq for seq, (_, event) in numbered if isinstance(event, ListChanged)}
    if changed:
        sql.many("list_set_version", changed.items())


def _entry(row: Row) -> Entry:
    seq, at, kind, payload = row
    return Entry(seq, from_ms(at), EVENTS[kind].of(from_json(payload)))
