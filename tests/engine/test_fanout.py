"""One execution per event, whoever listens; each member gets each event once, in order, from its own cursor."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager

import pytest

from newsgraph.engine.fanout import Execute, Fanout, Subscription
from newsgraph.ports.feeds import Feed, Happening, Opening


class Log:
    """A log of numbers: event n is the number n."""

    def __init__(self) -> None:
        self.last = 0
        self._listeners: set[asyncio.Queue[Happening]] = set()

    def append(self) -> None:
        self.last += 1
        for listener in self._listeners:
            listener.put_nowait(Happening(self.last, self.last))

    @contextmanager
    def attached(self) -> Iterator[AsyncIterator[Happening]]:
        listener: asyncio.Queue[Happening] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield _drain(listener)
        finally:
            self._listeners.discard(listener)

    @property
    def listeners(self) -> int:
        return len(self._listeners)


async def _drain(listener: asyncio.Queue[Happening]) -> AsyncGenerator[Happening, None]:
    while True:
        yield await listener.get()


class Reader:
    """One subscriber's feed; reading takes as long as `delay` says, in turns of the loop."""

    def __init__(self, log: Log, after: int = 0, delay: int = 0) -> None:
        self._log, self._after, self._delay = log, after, delay

    def attached(self) -> AbstractContextManager[AsyncIterator[Happening]]:
        return self._log.attached()

    async def opening(self) -> Opening:
        for _ in range(self._delay):
            await asyncio.sleep(0)
        last = self._log.last
        for _ in range(self._delay):
            await asyncio.sleep(0)
        return Opening(tuple(range(self._after + 1, last + 1)), last)

    async def interruption(self) -> Opening:
        return Opening(("reset",), self._log.last)


class Room:
    """A fan-out over a log, counting shared executions; `broken` makes them fail."""

    def __init__(self, capacity: int = 1_000, broken: bool = False) -> None:
        self.log, self.fanout, self.executed, self._broken = Log(), Fanout(capacity), 0, broken

    async def _execute(self, event: object) -> str:
        self.executed += 1
        await asyncio.sleep(0)
        if self._broken:
            raise RuntimeError("no")
        return str(event)

    def subscribe(self, key: str = "k", after: int = 0, delay: int = 0) -> AsyncGenerator[str, None]:
        async def shared() -> tuple[Feed, Execute]:
            return Reader(self.log), self._execute

        async def own(event: object) -> str:
            return str(event)

        reader = Reader(self.log, after, delay)
        return self.fanout.results(Subscription(key, reader, own, shared))


async def take(results: AsyncGenerator[str, None], count: int) -> list[str]:
    async with asyncio.timeout(2):
        return [await anext(results) for _ in range(count)]


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_many_members_cost_one_execution() -> None:
    room = Room()
    room.log.append()
    members = [room.subscribe() for _ in range(100)]
    assert [await take(member, 1) for member in members] == [["1"]] * 100

    waiting = [asyncio.create_task(take(member, 1)) for member in members]
    await settle()
    room.log.append()

    assert [await task for task in waiting] == [["2"]] * 100
    assert room.executed == 1
    for member in members:
        await member.aclose()


async def test_groups_do_not_share() -> None:
    room = Room()
    room.log.append()
    async with aclosing(room.subscribe("a")) as one, aclosing(room.subscribe("b")) as other:
        await take(one, 1)
        await take(other, 1)
        room.log.append()
        assert (await take(one, 1), await take(other, 1)) == (["2"], ["2"])
        assert (room.executed, room.fanout.groups, room.fanout.members) == (2, 2, 2)


async def test_the_last_member_turns_out_the_light() -> None:
    room = Room()
    room.log.append()
    one, other = room.subscribe(), room.subscribe()
    await take(one, 1)
    await take(other, 1)
    await one.aclose()
    assert (room.fanout.groups, room.log.listeners) == (1, 1)
    await other.aclose()

    assert (room.fanout.groups, room.fanout.members, room.log.listeners) == (0, 0, 0)


async def test_a_full_mailbox_is_said_aloud_and_the_stream_goes_on() -> None:
    room = Room(capacity=3)
    room.log.append()
    async with aclosing(room.subscribe()) as slow, aclosing(room.subscribe()) as quick:
        await take(slow, 1)
        await take(quick, 1)
        for number in range(2, 8):
            room.log.append()
            assert await take(quick, 1) == [str(number)]
        assert await take(slow, 1) == ["reset"]
        room.log.append()
        assert await take(slow, 1) == ["8"]


async def test_a_failure_is_translated_once() -> None:
    seen: list[Exception] = []

    def translate(defect: Exception) -> Exception:
        seen.append(defect)
        return ValueError("translated")

    room = Room(broken=True)
    room.fanout = Fanout(10, translate)
    room.log.append()
    members = [room.subscribe() for _ in range(5)]
    for member in members:
        await take(member, 1)
    room.log.append()
    for member in members:
        with pytest.raises(ValueError, match="translated"):
            await take(member, 1)
    assert len(seen) == 1


async def test_what_ends_the_group_reaches_every_member() -> None:
    room = Room(broken=True)
    room.log.append()
    members = [room.subscribe() for _ in range(3)]
    for member in members:
        await take(member, 1)
    room.log.append()
    await settle()
    async with aclosing(room.subscribe()) as newcomer:
        await take(newcomer, 2)
        assert room.fanout.members == 1, "nobody joins a group that has failed"
        for member in members:
            with pytest.raises(RuntimeError, match="no"):
                await take(member, 1)
        assert (room.fanout.groups, room.log.listeners) == (1, 1)


@pytest.mark.parametrize("seed", range(40))
async def test_joining_at_any_moment_misses_and_repeats_nothing(seed: int) -> None:
    """Members that join while the log grows, each from its own cursor, with reads of any length."""
    chance, room, total = random.Random(seed), Room(), 40

    async def follow() -> None:
        after = chance.randint(0, room.log.last)
        async with aclosing(room.subscribe(after=after, delay=chance.randint(0, 8))) as results:
            seen = await take(results, total - after)
        assert seen == [str(number) for number in range(after + 1, total + 1)]

    followers = []
    while room.log.last < total:
        room.log.append()
        if chance.random() < 0.5:
            followers.append(asyncio.create_task(follow()))
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)
    await asyncio.gather(*followers)

    assert room.fanout.groups == 0
