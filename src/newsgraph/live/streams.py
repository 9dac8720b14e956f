"""Streams that lose nothing: attach first, then replay from the cursor, then splice by sequence number.

Replaying before attaching would lose what is committed in between; attaching and not comparing numbers would
repeat it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
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

    @contextmanager
    def attached(self, channel: Channel, gather: float = 0.0) -> Iterator[AsyncIterator[Reset | Happened]]:
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

    async def open(self, channel: Channel, after: str | None) -> tuple[Sequence[Opened | Reset], int]:
        """What a stream begins with, and the last sequence number that this covers: attach before it.

        Opened, and a Reset after it if the cursor cannot be resumed.
        """
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
