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

from newsgraph.domain.cursors import Position, decode_position
from newsgraph.domain.events import CommentChanged, Entry
from newsgraph.domain.tags import MODERATION
from newsgraph.live.hub import Hub, Mailbox
from newsgraph.ports.log import Head
from newsgraph.ports.store import Session, Store


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

    async def newest(self, session: Session, after: int, limit: int) -> Sequence[Entry]:
        if self.tag == MODERATION:
            return await session.log.newest_of_kind(CommentChanged.kind, after, limit)
        return await session.log.newest_of_topic(self.tag, after, limit)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a stream begins with. `position`: up to where the client has everything.

    `resumed`: its cursor was good, and `missed` is what happened since, in order. `reset`: why the cursor was not. It
    is then still the client's position, None for what is no cursor at all: whoever is cut off before the reset came
    and comes back from there is told again.
    """

    position: Position | None
    resumed: bool = False
    missed: Sequence[Entry] = ()
    reset: ResetReason | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """The stream cannot go on from where the client is; it goes on from `position`."""

    position: Position
    reason: ResetReason


@dataclass(frozen=True, slots=True)
class Happened:
    """New entries, in order, each once."""

    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log: entries in order, and the position up to which there are no others.

    `more`: that position is not where the log ends.
    """

    entries: Sequence[Entry]
    position: Position
    more: bool


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
        self, channel: Channel, cursors: Collection[str | None]
    ) -> tuple[Position, Mapping[str | None, Opened]]:
        """Where the log is now, and what a stream begins with for each of these cursors: attach before it.

        However many cursors, it is one range read: of what the furthest behind has missed.
        """
        wanted = {cursor: decode_position(cursor) for cursor in cursors if cursor is not None}
        head, missed = await self._store.read(lambda session: self._look(session, channel, wanted.values()))
        opened: dict[str | None, Opened] = {None: Opened(head.position)}
        opened |= {cursor: self._opened(position, head, missed) for cursor, position in wanted.items()}
        return head.position, opened

    async def _look(
        self, session: Session, channel: Channel, wanted: Iterable[Position | None]
    ) -> tuple[Head, Sequence[Entry]]:
        """The channel's newest entries that one of these positions lacks, up to one more than may be replayed."""
        head = await session.log.head()
        seqs = [one.seq for one in wanted if one is not None and _refusal(one, head) is None]
        return head, await channel.newest(session, min(seqs), self._replay_limit + 1) if seqs else ()

    def _opened(self, wanted: Position | None, head: Head, missed: Sequence[Entry]) -> Opened:
        reason = _refusal(wanted, head)
        if wanted is None or reason is not None:
            return Opened(wanted, reset=reason)
        own = missed[bisect_right(missed, wanted.seq, key=lambda entry: entry.seq) :]
        if len(own) > self._replay_limit:
            return Opened(wanted, reset=ResetReason.TRIMMED)
        return Opened(wanted, resumed=True, missed=own)

    async def go_on(self, channel: Channel, cursors: Collection[str], limit: int) -> Mapping[str, Stretch | Reset]:
        """What comes next after each of these cursors, at most `limit` entries."""

        async def read(session: Session) -> Mapping[str, Stretch | Reset]:
            head = await session.log.head()
            return {cursor: await self._next(session, channel, (cursor, head), limit) for cursor in cursors}

        return await self._store.read(read)

    async def _next(self, session: Session, channel: Channel, place: tuple[str, Head], limit: int) -> Stretch | Reset:
        cursor, head = place
        wanted = decode_position(cursor)
        reason = _refusal(wanted, head)
        if wanted is None or reason is not None:
            return Reset(head.position, reason or ResetReason.INVALID_CURSOR)
        entries = await channel.next(session, wanted.seq, limit + 1)
        if len(entries) <= limit:
            return Stretch(entries, head.position, more=False)
        return Stretch(entries[:limit], self.position(entries[limit - 1].seq), more=True)


def _refusal(wanted: Position | None, head: Head) -> ResetReason | None:
    """Why a cursor cannot be resumed, in the order in which a client can tell them apart."""
    if wanted is None:
        return ResetReason.INVALID_CURSOR
    if wanted.epoch != head.epoch:
        return ResetReason.EPOCH_CHANGED
    if wanted.seq > head.last_seq:
        return ResetReason.INVALID_CURSOR
    return ResetReason.TRIMMED if wanted.seq < head.trimmed_seq else None
