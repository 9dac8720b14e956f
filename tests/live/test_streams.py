"""Attach, replay, splice: whatever happens in between, a stream has each entry once and in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

import pytest

from newsgraph.domain.cursors import Position, decode_position
from newsgraph.domain.events import Entry
from newsgraph.domain.tags import MODERATION
from newsgraph.live.hub import Hub
from newsgraph.live.streams import Channel, Happened, Opened, Reset, ResetReason, Streams, Stretch
from newsgraph.live.tail import Tail
from newsgraph.ports.store import Condition, Session, Store
from tests.live.test_tail import last_seq, post

T = TypeVar("T")
HERE = Channel("comments:1")
Told = Opened | Reset | Happened


async def follow(
    streams: Streams, channel: Channel, after: str | None, gather: float = 0.0
) -> AsyncGenerator[Told, None]:
    """As ports.feeds says: attach, read the opening, then take what lies beyond it."""
    with streams.attached(channel, gather) as deliveries:
        head, found = await streams.open(channel, [after], 10_000)
        yield found[after]
        seen = head.seq
        async for delivery in deliveries:
            if isinstance(delivery, Reset):
                seen = delivery.position.seq
                yield delivery
            elif fresh := [entry for entry in delivery.entries if entry.seq > seen]:
                seen = fresh[-1].seq
                yield Happened(fresh)


class Interleaved:
    """A store that lets other things happen right before and right after each of a stream's reads."""

    condition = Condition.OK

    def __init__(self, store: Store, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._meanwhile = meanwhile

    async def read(self, query: Callable[[Session], Awaitable[T]]) -> T:
        await self._meanwhile()
        result = await self._store.read(query)
        await self._meanwhile()
        return result

    async def write(self, change: Callable[[Session], Awaitable[T]]) -> T:
        return await self._store.write(change)

    async def secret(self) -> str:
        return await self._store.secret()


class World:
    """Events on two articles, and a tail that reads them when it gets to it."""

    def __init__(self, store: Store, plan: random.Random, capacity: int = 1_000) -> None:
        self.store = store
        self.hub = Hub(capacity)
        self._over = False
        self._plan = plan
        self._tail = Tail(store, self.hub)

    async def begin(self) -> Streams:
        head = await self._tail.start()
        return Streams(Interleaved(self.store, self.move), self.hub, head.epoch, replay_limit=1_000)

    async def move(self) -> None:
        if self._over:
            return
        for _ in range(self._plan.randint(0, 3)):
            if self._plan.random() < 0.5:
                await post(self.store, self._plan.randint(1, 3), article=self._plan.choice([1, 1, 2]))
            else:
                await self._tail.catch_up()

    async def settle(self) -> None:
        await self._tail.catch_up()

    async def end(self) -> None:
        """Nothing new happens, and everything that did is delivered."""
        self._over = True
        await self._tail.catch_up()

    async def sequence(self, after: int) -> list[int]:
        """What a stream of HERE that begins after this position must tell."""
        found = await self.store.read(lambda session: session.log.of_topic(HERE.tag, after, 10_000))
        return [entry.seq for entry in found]


async def take(stream: AsyncGenerator[Told, None], seconds: float = 0.05) -> list[Told]:
    """All deliveries until it is silent for so long."""
    found: list[Told] = []
    while True:
        waiting = asyncio.ensure_future(anext(stream))
        done, _ = await asyncio.wait([waiting], timeout=seconds)
        if not done:
            waiting.cancel()
            await asyncio.wait([waiting])
            return found
        found.append(waiting.result())


def numbers(deliveries: Sequence[Told]) -> list[int]:
    told = [entries_of(delivery) for delivery in deliveries]
    return [entry.seq for entries in told for entry in entries]


def entries_of(told: Told) -> Sequence[Entry]:
    if isinstance(told, Happened):
        return told.entries
    return told.missed.entries if isinstance(told, Opened) and told.missed else ()


@pytest.mark.parametrize("seed", range(40))
async def test_each_entry_once_and_in_order(store: Store, seed: int) -> None:
    plan = random.Random(seed)
    world = World(store, plan)
    streams = await world.begin()
    await world.move()
    await world.move()
    start = plan.randint(0, await last_seq(store))
    stream = follow(streams, HERE, streams.position(start).encode())
    opened = await anext(stream)
    for _ in range(5):
        await world.move()
    await world.end()
    deliveries = [opened, *await take(stream)]

    assert isinstance(opened, Opened)
    assert (opened.resumed, opened.position) == (True, streams.position(start))
    assert numbers(deliveries) == await world.sequence(start)
    assert len(world.hub) == 0


@pytest.mark.parametrize("seed", range(20))
async def test_without_a_cursor_from_where_it_says(store: Store, seed: int) -> None:
    world = World(store, random.Random(seed))
    streams = await world.begin()
    await world.move()
    stream = follow(streams, HERE, None)
    opened = await anext(stream)
    for _ in range(5):
        await world.move()
    await world.end()
    deliveries = [opened, *await take(stream)]

    assert isinstance(opened, Opened)
    assert opened.position is not None
    assert not opened.resumed
    assert numbers(deliveries) == await world.sequence(opened.position.seq)


@pytest.mark.parametrize("seed", range(20))
async def test_a_slow_reader_is_told_and_then_misses_nothing(store: Store, seed: int) -> None:
    world = World(store, random.Random(seed), capacity=2)
    streams = await world.begin()
    stream = follow(streams, HERE, None)
    opened = await anext(stream)
    await post(store, 5)
    await world.settle()
    reset = await anext(stream)
    await world.move()
    await world.end()
    deliveries = [opened, reset, *await take(stream)]

    places = {place: one for place, one in enumerate(deliveries) if isinstance(one, Reset)}
    last = max(places)
    assert min(places) == 1
    assert {reset.reason for reset in places.values()} == {ResetReason.SLOW_CONSUMER}
    assert numbers(deliveries[last:]) == await world.sequence(places[last].position.seq)


async def test_moderators_follow_every_article(store: Store) -> None:
    world = World(store, random.Random(0))
    streams = await world.begin()
    for article in (1, 2):
        await post(store, article=article)
    async with aclosing(follow(streams, Channel(MODERATION), streams.position(0).encode())) as stream:
        opened = await anext(stream)

    assert isinstance(opened, Opened)
    assert opened.missed is not None
    assert opened.count == len(opened.missed.entries) >= 2
    assert len(world.hub) == 0


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        (lambda epoch: "nonsense", ResetReason.INVALID_CURSOR),
        (lambda epoch: Position("another", 1).encode(), ResetReason.EPOCH_CHANGED),
        (lambda epoch: Position(epoch, 2**80).encode(), ResetReason.INVALID_CURSOR),
        (lambda epoch: Position(epoch, 0).encode(), ResetReason.TRIMMED),
        (lambda epoch: Position(epoch, 3).encode(), ResetReason.TRIMMED),
    ],
)
async def test_why_a_cursor_is_refused(store: Store, cursor: Callable[[str], str], reason: ResetReason) -> None:
    """After 3 are more entries than are replayed, before 3 they are no longer kept."""
    head = await Tail(store, Hub(10)).start()
    await post(store, 8)
    await store.write(lambda session: session.log.trim(session.now, 5))
    streams = Streams(store, Hub(10), head.epoch, replay_limit=4)
    stream = follow(streams, HERE, cursor(head.epoch))
    async with aclosing(stream):
        opened = await anext(stream)

    assert opened == Opened(decode_position(cursor(head.epoch)), reset=reason), "where the client is, still"


@pytest.mark.parametrize("limit", [1, 2, 4, 100])
async def test_all_cursors_are_answered_by_one_read(store: Store, limit: int) -> None:
    """As after a restart. Who is too far behind is told so, and is no burden to the others."""
    hub = Hub(10)
    head = await Tail(store, hub).start()
    for _ in range(10):
        await post(store)
        await post(store, article=2)
    counted = Counted(store)
    streams = Streams(counted, hub, head.epoch, replay_limit=6)
    cursors = [streams.position(head.last_seq + number).encode() for number in range(21)]

    now, found = await streams.open(HERE, [*cursors, None, "nonsense"], limit)

    assert counted.reads == 1
    assert now.seq == await last_seq(store) == head.last_seq + 20
    assert (found[None], found["nonsense"]) == (Opened(now), Opened(None, reset=ResetReason.INVALID_CURSOR))
    all_of_it = await all_entries(store)
    for number, cursor in enumerate(cursors):
        missed = [entry for entry in all_of_it if entry.seq > head.last_seq + number]
        place = streams.position(head.last_seq + number)
        if len(missed) > 6:
            assert found[cursor] == Opened(place, reset=ResetReason.TRIMMED)
        else:
            reached = streams.position(missed[limit - 1].seq) if len(missed) > limit else now
            assert found[cursor] == Opened(
                place, Stretch(missed[:limit], reached, more=len(missed) > limit), len(missed)
            )


@pytest.mark.parametrize("seed", range(20))
async def test_cursors_that_go_on_together_get_what_each_would_get_alone(store: Store, seed: int) -> None:
    plan = random.Random(seed)
    head = await Tail(store, Hub(10)).start()
    for _ in range(plan.randint(0, 60)):
        await post(store, article=plan.choice([1, 1, 2]))
    streams = Streams(store, Hub(10), head.epoch, replay_limit=1_000)
    last, limit = await last_seq(store), plan.randint(1, 7)
    cursors = {streams.position(plan.randint(0, last)).encode() for _ in range(plan.randint(1, 30))}

    together = await streams.go_on(HERE, cursors, limit)

    for cursor in cursors:
        assert {cursor: together[cursor]} == await streams.go_on(HERE, [cursor], limit)
        place = decode_position(cursor)
        assert place is not None
        entries = await store.read(lambda session: session.log.of_topic(HERE.tag, place.seq, limit))  # noqa: B023
        assert isinstance(stretch := together[cursor], Stretch)
        assert list(stretch.entries) == list(entries)


async def test_a_long_way_is_gone_in_stretches(store: Store) -> None:
    hub = Hub(10)
    head = await Tail(store, hub).start()
    for _ in range(10):
        await post(store)
        await post(store, article=2)
    streams = Streams(store, hub, head.epoch, replay_limit=1_000)
    cursor, more, seen = streams.position(0).encode(), True, list[int]()
    lengths = []
    while more:
        stretch = (await streams.go_on(HERE, [cursor], 4))[cursor]
        assert isinstance(stretch, Stretch)
        seen += [entry.seq for entry in stretch.entries]
        lengths.append(len(stretch.entries))
        cursor, more = stretch.position.encode(), stretch.more

    assert seen == [entry.seq for entry in await all_entries(store)]
    assert (lengths, stretch.position.seq) == ([4, 4, 2], await last_seq(store))


async def test_going_on_from_what_was_trimmed_meanwhile_is_said_aloud(store: Store) -> None:
    head = await Tail(store, Hub(10)).start()
    await post(store, 8)
    streams = Streams(store, Hub(10), head.epoch, replay_limit=1_000)
    early, late = (streams.position(seq).encode() for seq in (head.last_seq + 1, head.last_seq + 7))
    await store.write(lambda session: session.log.trim(session.now, 3))

    found = await streams.go_on(HERE, [early, late], 2)

    assert found[early] == Reset(streams.position(await last_seq(store)), ResetReason.TRIMMED)
    assert isinstance(found[late], Stretch)


async def all_entries(store: Store) -> Sequence[Entry]:
    return await store.read(lambda session: session.log.of_topic(HERE.tag, 0, 10_000))


class Counted(Interleaved):
    """A store that counts its reads."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, self._count)
        self.reads = 0
        self._halves = 0

    async def _count(self) -> None:
        self._halves += 1
        self.reads = self._halves // 2


async def test_a_burst_comes_together(store: Store) -> None:
    world = World(store, random.Random(0))
    head = await world.begin()
    streams = Streams(store, world.hub, head.epoch, replay_limit=1_000)
    stream = follow(streams, HERE, None, gather=0.1)
    await anext(stream)
    reading = asyncio.create_task(take(stream, seconds=0.5))
    for _ in range(5):
        await post(store)
        await world.settle()
    deliveries = await reading

    assert len(numbers(deliveries)) == 5
    assert len(deliveries) <= 2
