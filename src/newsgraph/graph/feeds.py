"""Feeds of the newsroom's streams: from entries of the log to what a viewer may see of them, at delivery."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from operator import attrgetter
from typing import Any

from newsgraph.domain.cursors import Position, decode_position
from newsgraph.domain.events import Entry
from newsgraph.graph.context import Context
from newsgraph.graph.scalars import StreamCursor
from newsgraph.graph.streams import StreamEvent, StreamReady, StreamReset
from newsgraph.live.streams import Channel, Happened, Opened, Reset, Streams, Stretch
from newsgraph.ports.feeds import Answer, Happening, Stage, Standing

Seen = Callable[[Context, Sequence[Entry]], Awaitable[list[Any]]]
"""What a viewer sees of some entries, in order; entries that are not for them are left out."""

Answers = Mapping[str | None, Answer]
"""By the cursor from which each leads on."""

_PAGE = 100  # events read at once by who iterates over a feed
_PART = 200  # entries looked at before others have a turn


class NewsFeed:
    """A stream (ports.feeds.Feed). Everything is read anew for each delivery: visibility is today's.

    Iterating over it is the whole stream of one subscriber, for transports that share nothing.
    """

    def __init__(self, context: Context, channel: Channel, after: str | None, seen: Seen) -> None:
        self.context = context
        self.channel = channel
        self.after = after
        self._seen = seen

    async def __aiter__(self) -> AsyncGenerator[Any, None]:
        with self.attached() as happenings:
            standing, more, seen = Standing(Stage.OPENING, self.after), True, 0
            while more:
                answer = (await self.answers([standing], _PAGE))[standing]
                for happening in answer.happenings:
                    yield happening.event
                standing, more, seen = Standing(Stage.CATCHING_UP, answer.cursor), answer.more, answer.seq
            async with aclosing(happenings):
                async for happening in happenings:
                    if happening.seq > seen:
                        yield happening.event

    @contextmanager
    def attached(self) -> Iterator[AsyncGenerator[Happening, None]]:
        with self.streams.attached(self.channel, self.gather) as deliveries:
            yield self._happenings(deliveries)

    async def _happenings(self, deliveries: AsyncGenerator[Reset | Happened, None]) -> AsyncGenerator[Happening, None]:
        async with aclosing(deliveries):
            async for delivery in deliveries:
                self.context.refresh()
                told = [_reset(delivery)] if isinstance(delivery, Reset) else await self._tell(delivery.entries)
                for happening in told:
                    yield happening

    async def answers(self, standings: Collection[Standing], limit: int) -> Mapping[Standing, Answer]:
        self.context.refresh()  # what the resolver has read is older than the log will be
        found: dict[Standing, Answer] = {}
        stages = [(Stage.OPENING, self._open), (Stage.CATCHING_UP, self._go_on), (Stage.LOST, self._lose)]
        for stage, answer in stages:
            if cursors := [one.cursor for one in standings if one.stage is stage]:
                answered = await answer(cursors, limit)
                found |= {Standing(stage, cursor): one for cursor, one in answered.items()}
        return found

    async def _open(self, cursors: Collection[str | None], limit: int) -> Answers:
        head, opened = await self.streams.open(self.channel, cursors, limit)
        told = await self._tell_all(one.missed for one in opened.values() if one.missed is not None)
        return {cursor: _opening(opened[cursor], head, told) for cursor in cursors}

    async def _go_on(self, cursors: Collection[str | None], limit: int) -> Answers:
        wanted = [cursor for cursor in cursors if cursor is not None]
        found = await self.streams.go_on(self.channel, wanted, limit)
        told = await self._tell_all(one for one in found.values() if isinstance(one, Stretch))
        return {cursor: _answer(one, told) for cursor, one in found.items()}

    async def _lose(self, cursors: Collection[str | None], _limit: int) -> Answers:
        return dict.fromkeys(cursors, _answer(await self.streams.lost(), []))

    async def _tell_all(self, stretches: Iterable[Stretch]) -> list[Happening]:
        """What stands in any of them, in order: each entry is told once, in however many of them it stands."""
        entries = {entry.seq: entry for stretch in stretches for entry in stretch.entries}
        return await self._tell([entries[seq] for seq in sorted(entries)])

    async def _tell(self, entries: Sequence[Entry]) -> list[Happening]:
        """A part at a time: ten thousand entries at once would hold up the loop for a quarter of a second."""
        told: list[Happening] = []
        for start in range(0, len(entries), _PART):
            told += map(happening_of, await self._seen(self.context, entries[start : start + _PART]))
            await asyncio.sleep(0)
        return told

    @property
    def gather(self) -> float:
        """Seconds within which changes are told as one: none."""
        return 0.0

    @property
    def streams(self) -> Streams:
        return self.context.services.streams


def _opening(opened: Opened, head: Position, told: Sequence[Happening]) -> Answer:
    """StreamReady, and the first of what was missed.

    It says how many events follow. Where that is more than the first, all are counted that were logged, and some of
    them may not be shown any more.
    """
    if opened.missed is None:
        return answer_of(beginning(opened, head), head)
    first = _within(opened.missed, told)
    count = opened.count if opened.missed.more else len(first)
    return answer_of([*beginning(opened, head, count), *first], opened.missed.position, opened.missed.more)


def _answer(found: Stretch | Reset, told: Sequence[Happening]) -> Answer:
    if isinstance(found, Reset):
        return answer_of([_reset(found)], found.position)
    return answer_of(_within(found, told), found.position, found.more)


def _within(stretch: Stretch, told: Sequence[Happening]) -> Sequence[Happening]:
    if not stretch.entries:
        return ()
    start = bisect_left(told, stretch.entries[0].seq, key=attrgetter("seq"))
    return told[start : bisect_right(told, stretch.entries[-1].seq, key=attrgetter("seq"))]


def beginning(opened: Opened, head: Position, replayed: int = 0) -> list[Happening]:
    """StreamReady, and the reason why a cursor was no good.

    What was no cursor at all is not repeated: it may be anything.
    """
    cursor = StreamCursor("" if opened.position is None else opened.position.encode())
    ready = happening_of(StreamReady(cursor=cursor, resumed=opened.resumed, replayed=replayed))
    return [ready] if opened.reset is None else [ready, _reset(Reset(head, opened.reset))]


def _reset(reset: Reset) -> Happening:
    return happening_of(StreamReset(cursor=StreamCursor(reset.position.encode()), reason=reset.reason))


def happening_of(event: StreamEvent) -> Happening:
    position = decode_position(event.cursor)
    return Happening(event, 0 if position is None else position.seq, event.cursor)


def answer_of(happenings: Sequence[Happening], position: Position, more: bool = False) -> Answer:
    return Answer(tuple(happenings), position.seq, position.encode(), more)
