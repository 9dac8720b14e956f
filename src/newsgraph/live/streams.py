"""Streams that lose nothing: attach first, then replay from the cursor, then splice by sequence number.

Replaying before attaching would lose what is committed in between; attaching and not comparing numbers would
repeat it.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter

from newsgraph.domain.cursors import Position, decode_position
from newsgraph.domain.events import CommentChanged, Entry
from newsgraph.domain.tags import MODERATION
from newsgraph.live.hub import Hub, Mailbox
from newsgraph.ports.log import Head
from newsgraph.ports.store import Session, Store

_READ_AHEAD = 5  # pages that are read at once for those who stand near each other


class ResetReason(Enum):
    TRIMMED = "TRIMMED"
    EPOCH_CHANGED = "EPOCH_CHANGED"
    SLOW_CONSUMER = "SLOW_CONSUMER"
    INVALID_CURSOR = "INVALID_CURSOR"


@dataclass(frozen=True, slots=True)
class Channel:
    """What a stream follows: the tag that wakes it, and where its entries stand in the log."""

    tag: str

    async def next(self, session: Session, after: int, limit: int) -> Sequence[Entry]:
        if self.tag == MODERATION:
            return await session.log.of_kind(CommentChanged.kind, after, limit)
        return await session.log.of_topic(self.tag, after, limit)

    async def numbers(self, session: Session, after: int, limit: int) -> Sequence[int]:
        """Of its newest entries after that, at most `limit`, ascending."""
        if self.tag == MODERATION:
            return await session.log.newest_of_kind(CommentChanged.kind, after, limit)
        return await session.log.newest_of_topic(self.tag, after, limit)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log: entries in order, and the position up to which there are no others.

    `more`: that position is not where the log ends.
    """

    entries: Sequence[Entry]
    position: Position
    more: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """What a stream begins with. `position`: up to where the client has everything.

    `missed`: for a cursor that was good, the first part of what happened since, `count` entries in all. `reset`: why
    the cursor was not. It is then still the client's position, None for what is no cursor at all: whoever is cut off
    before the reset came and comes back from there is told again.
    """

    position: Position | None
    missed: Stretch | None = None
    count: int = 0
    reset: ResetReason | None = None

    @property
    def resumed(self) -> bool:
        return self.missed is not None


@dataclass(frozen=True, slots=True)
class Reset:
    """The stream cannot go on from where the client is; it goes on from `position`."""

    position: Position
    reason: ResetReason


@dataclass(frozen=True, slots=True)
class Happened:
    """New entries, in order, each once."""

    entries: Sequence[Entry]


class Streams:
    """Opens streams on one process. `epoch` is that of the database it was opened on."""

    def __init__(self, store: Store, hub: Hub, epoch: str, replay_limit: int) -> None:
        self._store = store
        self._hub = hub
        self._replay_limit = replay_limit
        self.epoch = epoch

    def position(self, seq: int) -> Position:
        return Position(self.epoch, seq)

    @contextmanager
    def attached(self, channel: Channel, gather: float = 0.0) -> Iterator[AsyncGenerator[Reset | Happened, None]]:
        """What happens from now on: entries in order, or a Reset where some were lost.

        `gather` seconds is the least time between two deliveries: what happens within it comes together.
        """
        with self._hub.attach(channel.tag) as mailbox:
            yield self._deliveries(mailbox, gather)

    async def _deliveries(self, mailbox: Mailbox, gather: float) -> AsyncGenerator[Reset | Happened, None]:
        while True:
            entries = await mailbox.take()
            yield await self.lost() if entries is None else Happened(entries)
            if gather:
                await asyncio.sleep(gather)

    async def lost(self) -> Reset:
        """What a subscriber is told who read too slowly."""
        head = await self._store.read(lambda session: session.log.head())
        return Reset(head.position, ResetReason.SLOW_CONSUMER)

    async def open(
        self, channel: Channel, cursors: Collection[str | None], limit: int
    ) -> tuple[Position, Mapping[str | None, Opened]]:
        """Where the log is now, and what a stream begins with for each of these cursors: attach before it.

        Of what was missed the first `limit` entries are read, the others only counted.
        """

        async def read(session: Session) -> tuple[Position, Mapping[str | None, Opened]]:
            head, found = await self._good(session, cursors)
            missed = await self._numbers(session, channel, found)
            recent = [p for p in found if len(missed) - bisect_right(missed, p.seq) <= self._replay_limit]
            parts = await self._parts(session, channel, (head, recent), limit)
            return head.position, {one: _opened(one, head, (missed, parts)) for one in cursors}

        return await self._store.read(read)

    async def _good(self, session: Session, cursors: Iterable[str | None]) -> tuple[Head, Sequence[Position]]:
        """Where the log is, and the positions of those cursors that can be resumed, the furthest behind first."""
        head = await session.log.head()
        found = {decode_position(cursor) for cursor in cursors if cursor is not None}
        good = [one for one in found if one is not None and _refusal(one, head) is None]
        return head, sorted(good, key=attrgetter("seq"))

    async def _numbers(self, session: Session, channel: Channel, behind: Sequence[Position]) -> Sequence[int]:
        """Of what the furthest behind has missed, up to one more than may be replayed."""
        return await channel.numbers(session, behind[0].seq, self._replay_limit + 1) if behind else ()

    async def go_on(self, channel: Channel, cursors: Collection[str], limit: int) -> Mapping[str, Stretch | Reset]:
        """What comes next after each of these cursors, at most `limit` entries."""

        async def read(session: Session) -> Mapping[str, Stretch | Reset]:
            head, found = await self._good(session, cursors)
            parts = await self._parts(session, channel, (head, found), limit)
            return {cursor: _next(cursor, head, parts) for cursor in cursors}

        return await self._store.read(read)

    async def _parts(
        self, session: Session, channel: Channel, behind: tuple[Head, Sequence[Position]], limit: int
    ) -> Mapping[Position, Stretch]:
        """From each position, at most `limit` entries. Those that stand near each other share a range read."""
        head, positions = behind
        parts: dict[Position, Stretch] = {}
        entries: Sequence[Entry] = ()
        ended = False  # whether the last read came to the end of the log
        for position in positions:
            own = entries[bisect_right(entries, position.seq, key=attrgetter("seq")) :]
            if len(own) <= limit and not ended:
                own = entries = await channel.next(session, position.seq, _READ_AHEAD * limit + 1)
                ended = len(entries) <= _READ_AHEAD * limit
            parts[position] = _stretch(own, head, limit)
        return parts


def _opened(cursor: str | None, head: Head, found: tuple[Sequence[int], Mapping[Position, Stretch]]) -> Opened:
    missed, parts = found
    if cursor is None:
        return Opened(head.position)
    position = decode_position(cursor)
    reason = _refusal(position, head)
    if position is None or reason is not None:
        return Opened(position, reset=reason)
    if position not in parts:
        return Opened(position, reset=ResetReason.TRIMMED)
    return Opened(position, parts[position], len(missed) - bisect_right(missed, position.seq))


def _next(cursor: str, head: Head, parts: Mapping[Position, Stretch]) -> Stretch | Reset:
    position = decode_position(cursor)
    if position is not None and position in parts:
        return parts[position]
    return Reset(head.position, _refusal(position, head) or ResetReason.INVALID_CURSOR)


def _stretch(entries: Sequence[Entry], head: Head, limit: int) -> Stretch:
    if len(entries) <= limit:
        return Stretch(entries, head.position)
    return Stretch(entries[:limit], Position(head.epoch, entries[limit - 1].seq), more=True)


def _refusal(wanted: Position | None, head: Head) -> ResetReason | None:
    """Why a cursor cannot be resumed, in the order in which a client can tell them apart."""
    if wanted is None:
        return ResetReason.INVALID_CURSOR
    if wanted.epoch != head.epoch:
        return ResetReason.EPOCH_CHANGED
    if wanted.seq > head.last_seq:
        return ResetReason.INVALID_CURSOR
    return ResetReason.TRIMMED if wanted.seq < head.trimmed_seq else None
