from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from newsgraph.domain.comments import CommentStatus
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import CommentCause, CommentChanged, Entry
from newsgraph.live import tail as tails
from newsgraph.live.bells import LocalBell
from newsgraph.live.hub import Hub, Mailbox
from newsgraph.live.tail import Tail
from newsgraph.ports.store import Condition, Session, Store
from tests.conftest import Clock

T = TypeVar("T")


async def post(store: Store, count: int = 1, article: int = 1) -> None:
    """So many events in one transaction."""

    async def change(session: Session) -> None:
        for _ in range(count):
            event = CommentChanged(CommentCause.POSTED, 1, article, None, None, CommentStatus.PUBLISHED)
            session.log.append(event)

    await store.write(change)


async def last_seq(store: Store) -> int:
    return (await store.read(lambda session: session.log.head())).last_seq


async def test_each_entry_once_and_in_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "_BATCH", 3)
    hub = Hub(capacity=100)
    tail = Tail(store, hub)
    await post(store)
    start = (await tail.start()).last_seq
    with hub.attach("comments:1") as mailbox:
        for count in (1, 7, 3):
            await post(store, count)
            await tail.catch_up()
            await tail.catch_up()

        taken = mailbox.take_nowait()

    assert taken is not None
    assert [entry.seq for entry in taken] == list(range(start + 1, start + 12))


async def test_appliers_come_before_streams(store: Store) -> None:
    hub = Hub(capacity=100)
    with hub.attach("comments:1") as mailbox:
        applier = Noting(mailbox)
        tail = Tail(store, hub, [applier])
        await tail.start()
        await post(store, 2)
        await tail.catch_up()

        assert applier.seen == [(2, [])]
        assert len(mailbox.take_nowait() or []) == 2


class Noting:
    """What it is given, and what a stream has been given by then."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.seen: list[tuple[int | str, object]] = []

    def apply(self, entries: Sequence[Entry]) -> None:
        self.seen.append((len(entries), self._mailbox.take_nowait()))

    def lose(self, seq: int) -> None:
        self.seen.append(("lost", self._mailbox.take_nowait()))

    def trim(self, seq: int) -> None:
        self.seen.append((f"trimmed to {seq}", self._mailbox.take_nowait()))


async def test_what_was_trimmed_unread_is_said_to_be_lost(store: Store, clock: Clock) -> None:
    hub = Hub(capacity=100)
    with hub.attach("comments:1") as mailbox:
        applier = Noting(mailbox)
        tail = Tail(store, hub, [applier])
        await tail.start()
        await post(store, 5)
        await store.write(lambda session: session.log.trim(session.now, 2))
        await post(store)
        await tail.catch_up()
        assert applier.seen == [("lost", []), (3, None)], "who streams is told, and goes on from there"
        mailbox.take_nowait()

        await post(store)
        await tail.catch_up()
        taken = mailbox.take_nowait() or []

    assert [entry.seq for entry in taken] == [await last_seq(store)]


async def test_what_was_trimmed_when_it_had_been_read_is_told_once(store: Store) -> None:
    hub = Hub(capacity=100)
    with hub.attach("comments:1") as mailbox:
        applier = Noting(mailbox)
        tail = Tail(store, hub, [applier])
        start = (await tail.start()).last_seq
        await post(store, 5)
        await tail.catch_up()
        applier.seen.clear()
        await store.write(lambda session: session.log.trim(session.now, 2))
        for _ in range(2):
            await tail.catch_up()

    assert [told for told, _ in applier.seen] == [f"trimmed to {start + 3}"]


class Failing:
    """A store whose reads fail as often as it was told."""

    condition = Condition.OK

    def __init__(self, store: Store) -> None:
        self._store = store
        self.errors: list[Exception] = []

    async def read(self, query: Callable[[Session], Awaitable[T]]) -> T:
        if self.errors:
            raise self.errors.pop()
        return await self._store.read(query)

    async def write(self, change: Callable[[Session], Awaitable[T]]) -> T:
        return await self._store.write(change)

    async def secret(self) -> str:
        return await self._store.secret()


async def test_following_survives_whatever_goes_wrong(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that cannot be read must not end the process's streams for good."""
    monkeypatch.setattr(tails, "_PATIENCE", 0.01)
    failing, hub, bell = Failing(store), Hub(capacity=100), LocalBell()
    tail = Tail(failing, hub)
    await tail.start()
    failing.errors = [KeyError("a kind of event from the future"), Fault(FaultCode.UNAVAILABLE, "locked")]
    running = asyncio.create_task(tail.run(bell))
    with hub.attach("comments:1") as mailbox:
        await post(store)
        async with asyncio.timeout(5):
            taken = await mailbox.take()
    running.cancel()

    assert failing.errors == []
    assert taken is not None
    assert len(taken) == 1


async def test_a_ring_is_not_lost_and_silence_ends() -> None:
    bell = LocalBell()
    bell.ring()
    bell.ring()
    async with asyncio.timeout(1):
        await bell.wait(60)
        await bell.wait(0.01)


class Held:
    """A store whose reads are answered when they are let go, with what there was when they were asked."""

    condition = Condition.OK

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0
        self.go = asyncio.Event()
        self.waiting = asyncio.Event()

    async def read(self, query: Callable[[Session], Awaitable[T]]) -> T:
        self.reads += 1
        result = await self._store.read(query)
        self.waiting.set()
        await self.go.wait()
        return result

    async def write(self, change: Callable[[Session], Awaitable[T]]) -> T:
        return await self._store.write(change)

    async def secret(self) -> str:
        return await self._store.secret()


async def held_tail(store: Store) -> tuple[Held, Tail, asyncio.Task[None]]:
    """A tail with a pass under way that has read that there is nothing new."""
    held = Held(store)
    held.go.set()
    tail = Tail(held, Hub(capacity=1_000))
    await tail.start()
    held.go.clear()
    held.waiting.clear()
    passing = asyncio.create_task(tail.catch_up())
    await held.waiting.wait()
    return held, tail, passing


async def test_whoever_catches_up_waits_for_what_was_there_when_they_called(store: Store) -> None:
    """A pass that has read already knows nothing of it; one more serves all who call meanwhile."""
    held, tail, passing = await held_tail(store)
    await post(store, 3)
    seq = await last_seq(store)

    async def caught_up() -> int:
        await tail.catch_up()
        return tail.position

    callers = [asyncio.create_task(caught_up()) for _ in range(20)]
    await asyncio.sleep(0)
    held.go.set()
    await passing

    assert await asyncio.gather(*callers) == [seq] * 20
    assert held.reads == 4, "of the beginning, of the first pass, and two of the second, the last for nothing"


async def test_a_pass_that_fails_is_made_again_by_those_who_rely_on_it(store: Store) -> None:
    failing = Failing(store)
    tail = Tail(failing, Hub(capacity=100))
    await tail.start()
    await post(store, 3)
    failing.errors = [Fault(FaultCode.UNAVAILABLE, "locked")]
    outcomes = await asyncio.gather(*(tail.catch_up() for _ in range(5)), return_exceptions=True)

    assert [type(one) for one in outcomes] == [Fault, *[type(None)] * 4]
    assert tail.position == await last_seq(store)


async def test_whoever_is_cancelled_takes_no_pass_away_from_others(store: Store) -> None:
    held, tail, passing = await held_tail(store)
    await post(store)
    other = asyncio.create_task(tail.catch_up())
    await asyncio.sleep(0)
    passing.cancel()
    held.go.set()
    await other

    assert passing.cancelled()
    assert tail.position == await last_seq(store)
