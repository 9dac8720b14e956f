"""Streams that lose nothing: attach first, then replay from the cursor, then splice by sequence number.

Replaying before attaching would lose what is committed in between; attaching and not comparing numbers would
repeat it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import Enum

from newsgraph.domain.cursors import Position, decode_position
from newsgraph.domain.events import CommentChanged, Entry
from newsgraph.domain.tags import MODERATION
from newsgraph.live.hub import Hub
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

    async def missed(self, session: Session, after: int, limit: int) -> Sequence[Entry]:
        if self.tag == MODERATION:
            return await session.log.of_kind(CommentChanged.kind, after, limit)
        return await session.log.of_topic(self.tag, after, limit)


@dataclass(frozen=True, slots=True)
class Opened:
    """The first thing of each stream. `position`: up to where the client has everything.

    `resumed`: the client's cursor was good, and `missed` is what happened since, in order.
    """

    position: Position
    resumed: bool = False
    missed: Sequence[Entry] = ()


@dataclass(frozen=True, slots=True)
class Reset:
    """The stream cannot go on from where the client is; it goes on from `position`."""

    position: Position
    reason: ResetReason


@dataclass(frozen=True, slots=True)
class Happened:
    """New entries, in order, each once."""

    entries: Sequence[Entry]


Delivery = Opened | Reset | Happened


class Streams:
    """Opens streams on one process. `epoch` is that of the database it was opened on."""

    def __init__(self, store: Store, hub: Hub, epoch: str, replay_limit: int) -> None:
        self._store = store
        self._hub = hub
        self._replay_limit = replay_limit
        self.epoch = epoch

    def position(self, seq: int) -> Position:
        return Position(self.epoch, seq)

    async def follow(self, channel: Channel, after: str | None, gather: float = 0.0) -> AsyncGenerator[Delivery, None]:
        """Opened, a Reset if the cursor cannot be resumed, then what happens, until closed.

        `gather` seconds is the least time between two deliveries: what happens within it comes together.
        """
        with self._hub.attach(channel.tag) as mailbox:
            opening, seen = await self._open(channel, after)
            for delivery in opening:
                yield delivery
            while True:
                entries = await mailbox.take()
                if entries is not None and (fresh := _later_than(seen, entries)):
                    seen = fresh[-1].seq
                    yield Happened(fresh)
                elif entries is None:
                    seen = (await self._head()).last_seq
                    yield Reset(self.position(seen), ResetReason.SLOW_CONSUMER)
                if gather:
                    await asyncio.sleep(gather)

    async def _head(self) -> Head:
        return await self._store.read(lambda session: session.log.head())

    async def _open(self, channel: Channel, after: str | None) -> tuple[list[Delivery], int]:
        """What a stream begins with, and the last sequence number that it has covered."""
        wanted = None if after is None else decode_position(after)
        head, missed = await self._store.read(lambda session: self._look(session, channel, wanted))
        if after is None:
            return [Opened(head.position)], head.last_seq
        reason = _refusal(wanted, head, len(missed) > self._replay_limit)
        if reason is None and wanted is not None:
            return [Opened(wanted, resumed=True, missed=missed)], head.last_seq
        reset = Reset(head.position, reason or ResetReason.INVALID_CURSOR)
        return [Opened(head.position), reset], head.last_seq

    async def _look(self, session: Session, channel: Channel, wanted: Position | None) -> tuple[Head, Sequence[Entry]]:
        head = await session.log.head()
        if wanted is None or _refusal(wanted, head, far=False):
            return head, ()
        return head, await channel.missed(session, wanted.seq, self._replay_limit + 1)


def _refusal(wanted: Position | None, head: Head, far: bool) -> ResetReason | None:
    """Why a cursor cannot be resumed, in the order in which a client can tell them apart."""
    if wanted is None:
        return ResetReason.INVALID_CURSOR
    if wanted.epoch != head.epoch:
        return ResetReason.EPOCH_CHANGED
    if wanted.seq > head.last_seq:
        return ResetReason.INVALID_CURSOR
    return ResetReason.TRIMMED if far or wanted.seq < head.trimmed_seq else None


def _later_than(seq: int, entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.seq > seq]
