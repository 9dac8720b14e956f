"""One execution per event, whoever listens; each member gets each event once, in order, from its own cursor."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import pytest

from newsgraph.engine import fanout as fanouts
from newsgraph.engine.fanout import Execute, Fanout, Member, Result
from newsgraph.observe import Tasks
from newsgraph.ports.feeds import Answer, Feed, Happening, Stage, Standing


class Log:
    """A log of numbers: event n is the number n."""

    def __init__(self) -> None:
        self.last = 0
        self._listeners: set[asyncio.Queue[Happening]] = set()

    def append(self) -> None:
        self.last += 1
        for listener in self._listeners:
            listener.put_nowait(happening(self.last))

    @contextmanager
    def attached(self) -> Iterator[AsyncGenerator[Happening, None]]:
        listener: asyncio.Queue[Happening] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield _drain(listener)
        finally:
            self._listeners.discard(listener)

    @property
    def listeners(self) -> int:
        return len(self._listeners)


def happening(number: int) -> Happening:
    return Happening(number, number, str(number))


async def _drain(listener: asyncio.Queue[Happening]) -> AsyncGenerator[Happening, None]:
    while True:
        yield await listener.get()


class Reading:
    """The feed of a log; a read takes as long as `delay` says, in turns of the loop."""

    def __init__(self, log: Log, room: Room) -> None:
        self._log, self._room = log, room
        self.attached = log.attached

    async def answers(self, standings: Collection[Standing], limit: int) -> Mapping[Standing, Answer]:
        self._room.reads.append(len(standings))
        await turns(self._room.delay())
        last = self._log.last
        told = [happening(number) for number in range(1, last + 1)]
        await turns(self._room.delay())
        return {standing: _answer(standing, told, last, limit) for standing in standings}


def _answer(standing: Standing, told: list[Happening], last: int, limit: int) -> Answer:
    if standing.stage is Stage.LOST:
        return Answer((Happening("reset", last, str(last)),), last, str(last))
    after = last if standing.cursor is None else int(standing.cursor)
    missed = told[after:]
    if len(missed) <= limit:
        return Answer(tuple(missed), last, str(last))
    return Answer(tuple(missed[:limit]), after + limit, str(after + limit), more=True)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Widget:
    """An outlet that notes what it gets, and takes `room` results before it must be asked again."""

    def __init__(self, room: float = float("inf")) -> None:
        self.room = room
        self.seen: list[str] = []
        self.failure: Exception | None = None
        self.member: Member

    def write(self, result: Result) -> bool:
        if self.room < 1:
            return False
        self.room -= 1
        self.seen.append(result.payload.decode())
        return True

    def end(self, failure: Exception) -> None:
        self.failure = failure

    def read(self, room: float = float("inf")) -> None:
        self.room = room
        self.member.resume()


class Room:
    """A fan-out over a log, counting what is executed and read; `broken` makes executions fail."""

    def __init__(self, tasks: Tasks, capacity: int = 1_000) -> None:
        self.log, self.fanout = (
            Log(),
            Fanout(capacity, tasks, passing=lambda defect: isinstance(defect, ConnectionError)),
        )
        self.executed: list[object] = []
        self.reads: list[int] = []
        self.begun = 0
        self.broken: Exception | None = None
        self.refused: Exception | None = None
        self.delay: Callable[[], int] = lambda: 0

    async def source(self) -> tuple[Feed, Execute]:
        self.begun += 1
        await asyncio.sleep(0)
        if self.refused is not None:
            raise self.refused
        return Reading(self.log, self), self._execute

    async def _execute(self, event: object) -> bytes:
        self.executed.append(event)
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        return str(event).encode()

    def join(self, key: str = "k", after: int | None = None, widget: Widget | None = None) -> Widget:
        widget = widget or Widget()
        widget.member = self.fanout.join(key, self.source, None if after is None else str(after), widget)
        return widget

    async def append(self, count: int = 1) -> None:
        """Each is delivered before the next comes."""
        for _ in range(count):
            self.log.append()
            await settle()


async def settle() -> None:
    await turns(60)


@asynccontextmanager
async def opened(capacity: int = 1_000) -> AsyncIterator[Room]:
    async with Tasks() as tasks:
        room = Room(tasks, capacity)
        yield room
        for group in list(room.fanout._groups.values()):
            for member in list(group.members):
                member.leave()
        assert (room.fanout.groups, room.fanout.members) == (0, 0)
    assert room.log.listeners == 0


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened() as room:
        yield room


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


# Sharing


async def test_many_members_cost_one_execution(room: Room) -> None:
    widgets = [room.join() for _ in range(1_000)]
    await settle()
    await room.append()

    assert [widget.seen for widget in widgets] == [["1"]] * 1_000
    assert room.executed == [1]


async def test_groups_do_not_share(room: Room) -> None:
    one, other = room.join("a"), room.join("b")
    await settle()
    await room.append()

    assert (one.seen, other.seen) == (["1"], ["1"])
    assert (room.executed, room.fanout.groups, room.fanout.members) == ([1, 1], 2, 2)


async def test_who_joins_at_the_same_time_is_led_there_together(room: Room) -> None:
    """As after a restart: one read and one execution of each event, whatever the cursors."""
    room.join(after=0)
    await room.append(20)
    room.executed.clear()
    room.reads.clear()
    widgets = [room.join(after=number % 20) for number in range(400)]
    await turns(200)

    assert all(widget.seen == numbers(number % 20 + 1, 20) for number, widget in enumerate(widgets))
    assert room.reads == [20], "by distinct cursor"
    assert sorted(map(str, room.executed)) == sorted(numbers(1, 20))


async def test_a_herd_is_led_in_order_and_in_parts(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanouts, "_TOGETHER", 10)
    first = room.join(after=0)
    await room.append(3)
    order: list[int] = []

    class Noting(Widget):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def write(self, result: Result) -> bool:
            if not self.seen:
                order.append(self.number)
            return super().write(result)

    herd = [room.join(after=0, widget=Noting(number)) for number in range(35)]
    await settle()
    await settle()

    assert order == list(range(35))
    assert first.seen == numbers(1, 3)
    assert all(widget.seen == numbers(1, 3) for widget in herd)
    assert len(room.reads) == 1 + 4


async def test_the_last_member_turns_out_the_light(room: Room) -> None:
    one, other = room.join(), room.join()
    await settle()
    one.member.leave()
    assert (room.fanout.groups, room.log.listeners) == (1, 1)
    other.member.leave()
    await settle()

    assert (room.fanout.groups, room.fanout.members, room.log.listeners) == (0, 0, 0)
    await room.append()
    assert (one.seen, other.seen, room.executed) == ([], [], [])


async def test_leaving_before_anything_came(room: Room) -> None:
    for count in range(30):
        widget = room.join(after=0)
        await turns(count)
        widget.member.leave()
        widget.member.leave()
    await settle()
    assert (room.fanout.groups, room.log.listeners) == (0, 0)


async def test_many_members_do_not_hold_up_the_loop(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanouts, "_SLICE", 10)
    widgets = [room.join() for _ in range(95)]
    await settle()
    room.log.append()
    had: list[int] = []
    while not had or had[-1] < 95:
        await asyncio.sleep(0)
        had.append(sum(len(widget.seen) for widget in widgets))

    assert [one for one in dict.fromkeys(had) if one] == [*range(10, 95, 10), 95]


# Readers that are slow


async def test_what_an_outlet_does_not_take_waits_for_it(room: Room) -> None:
    slow, quick = room.join(widget=Widget(room=2)), room.join()
    await settle()
    await room.append(5)
    assert (slow.seen, quick.seen) == (numbers(1, 2), numbers(1, 5))

    slow.read(room=1)
    assert slow.seen == numbers(1, 3)
    slow.read()
    await room.append()
    assert slow.seen == numbers(1, 6)


@pytest.mark.parametrize(("late", "seen"), [(3, ["1", "2", "3", "4"]), (4, ["reset", "5"])])
async def test_a_full_mailbox_is_emptied_and_said_aloud(late: int, seen: list[str]) -> None:
    async with opened(capacity=3) as room:
        slow = room.join(widget=Widget(room=0))
        await settle()
        await room.append(late)
        slow.read()
        await settle()
        await room.append()

        assert slow.seen == seen


async def test_a_lost_member_is_told_once_and_as_late_as_it_reads(room: Room) -> None:
    room.fanout._capacity = 2
    slow = room.join(widget=Widget(room=0))
    await settle()
    await room.append(10)
    slow.read(room=1)
    await settle()
    assert slow.seen == ["reset"]
    await room.append(10)
    slow.read()
    await settle()

    assert slow.seen == ["reset", "reset"]


async def test_catching_up_goes_page_by_page_and_no_faster_than_it_is_read(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanouts, "_PAGE", 5)
    room.join(after=0)
    await room.append(23)
    room.reads.clear()
    slow = room.join(after=0, widget=Widget(room=7))
    await settle()
    assert (slow.seen, len(room.reads)) == (numbers(1, 7), 2)
    await room.append()
    assert len(room.reads) == 2

    slow.read()
    await settle()
    await settle()
    assert slow.seen == numbers(1, 24)
    await room.append()
    assert slow.seen == numbers(1, 25)


async def test_what_happens_during_an_answer_may_be_more_than_is_kept(room: Room) -> None:
    room.fanout._capacity = 2
    room.join()
    await settle()
    room.delay = lambda: 40
    late = room.join(after=0)
    for _ in range(9):
        room.log.append()
        await turns(10)
    await settle()
    room.delay = lambda: 0
    await settle()
    await room.append()

    assert late.seen == numbers(1, 10)


# Failures


async def test_a_failure_is_translated_once(room: Room) -> None:
    seen: list[Exception] = []

    def translate(defect: Exception) -> Exception:
        seen.append(defect)
        return ValueError("translated")

    room.fanout.translate = translate
    widgets = [room.join() for _ in range(5)]
    await settle()
    room.broken = RuntimeError("no")
    await room.append()

    assert {str(widget.failure) for widget in widgets} == {"translated"}
    assert len(seen) == 1
    assert (room.fanout.groups, room.log.listeners) == (0, 0)


async def test_nobody_joins_a_group_that_has_failed(room: Room) -> None:
    old = room.join()
    await settle()
    room.broken = RuntimeError("no")
    room.log.append()
    await settle()
    room.broken = None
    new = room.join()
    await settle()
    await room.append()

    assert (str(old.failure), old.seen) == ("no", [])
    assert (new.failure, new.seen) == (None, ["2"])


async def test_who_may_not_begin_is_told_and_those_before_go_on(room: Room) -> None:
    """Rights may have changed since the group began."""
    old = room.join()
    await settle()
    room.refused = PermissionError("not any more")
    new = room.join()
    await settle()
    await room.append()

    assert (str(new.failure), new.seen) == ("not any more", [])
    assert (old.failure, old.seen) == (None, ["1"])
    assert room.fanout.members == 1


async def test_a_group_that_may_not_begin_fails_all_who_wait_for_it(room: Room) -> None:
    room.refused = PermissionError("no")
    widgets = [room.join() for _ in range(3)]
    await settle()

    assert [str(widget.failure) for widget in widgets] == ["no"] * 3
    assert room.fanout.groups == 0


async def test_a_failing_answer_ends_only_who_asked(room: Room) -> None:
    old = room.join(after=0)
    await room.append(2)
    room.broken = RuntimeError("no")
    new = room.join(after=0)
    await settle()
    room.broken = None
    await room.append()

    assert (str(new.failure), new.seen) == ("no", [])
    assert old.seen == numbers(1, 3)


async def test_an_outlet_that_fails_harms_nobody_else(room: Room) -> None:
    """Neither when a result comes, nor when an answer does, nor when it is told of a failure."""

    class Broken(Widget):
        def write(self, result: Result) -> bool:
            raise ValueError("gone")

        def end(self, failure: Exception) -> None:
            raise ValueError("gone, too")

    room.join(widget=Broken())
    room.join(after=0, widget=Broken())
    sound = [room.join(after=0), room.join(after=0, widget=Widget(room=1))]
    await room.append(2)
    sound[1].read()
    late = [room.join(after=1, widget=Broken()), room.join(after=1)]
    await room.append()

    assert [widget.seen for widget in sound] == [numbers(1, 3)] * 2
    assert late[1].seen == numbers(2, 3)
    assert room.fanout.members == 3
    room.broken = RuntimeError("no")
    room.join(widget=Broken())
    await room.append()
    assert [str(widget.failure) for widget in sound] == ["no"] * 2


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be done is tried again without waiting."""
    monkeypatch.setattr(fanouts, "_RETRY", 0)


@pytest.mark.usefixtures("at_once")
async def test_what_passes_by_is_waited_for(room: Room) -> None:
    """Those who have had something go on from there; whoever has only just come is told, and may come again."""
    old, slow = room.join(after=0), room.join(after=0, widget=Widget(room=2))
    await room.append(4)
    room.broken = ConnectionError("busy")
    await room.append(3)
    new = room.join(after=0)
    await settle()
    room.broken = None
    await room.append(2)
    slow.read()
    await settle()

    assert (old.failure, old.seen) == (None, numbers(1, 9))
    assert (slow.failure, slow.seen) == (None, numbers(1, 9))
    assert (str(new.failure), new.seen) == ("busy", [])
    assert room.fanout.members == 2


@pytest.mark.usefixtures("at_once")
async def test_a_group_that_cannot_begin_just_now_says_so(room: Room) -> None:
    room.refused = ConnectionError("busy")
    widgets = [room.join() for _ in range(3)]
    await settle()

    assert [str(widget.failure) for widget in widgets] == ["busy"] * 3
    assert room.fanout.groups == 0


# Interleavings


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("seed", range(60))
async def test_failures_that_pass_lose_and_repeat_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(fanouts, "_PAGE", chance.choice([1, 3, 100]))
    async with opened() as room:
        room.delay = lambda: chance.randint(0, 8)
        widgets: list[tuple[int, Widget]] = []
        while room.log.last < 40:
            room.log.append()
            room.broken = ConnectionError("busy") if chance.random() < 0.3 else None
            room.refused = ConnectionError("busy") if chance.random() < 0.2 else None
            if chance.random() < 0.5:
                after = chance.randint(0, room.log.last)
                widgets.append((after, room.join(after=after, widget=Widget(room=chance.randint(0, 5)))))
            for _, widget in widgets:
                if chance.random() < 0.3:
                    widget.read(room=chance.randint(1, 5))
            await turns(chance.randint(0, 20))
        room.broken = room.refused = None
        staying = [(after, widget) for after, widget in widgets if widget.failure is None]
        for _, widget in staying:
            widget.read()
        async with asyncio.timeout(5):
            while any(len(widget.seen) < 40 - after and not widget.failure for after, widget in staying):
                await asyncio.sleep(0)
        await settle()

        assert all(widget.seen == numbers(after + 1, 40) for after, widget in staying if not widget.failure)
        assert all(widget.seen == [] for _, widget in widgets if widget.failure)


@pytest.mark.parametrize("seed", range(60))
async def test_joining_at_any_moment_misses_and_repeats_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members that join while the log grows, each from its own cursor, with reads of any length and outlets that
    take little at a time. No mailbox is ever full here, so nothing may be lost.
    """
    chance = random.Random(seed)
    monkeypatch.setattr(fanouts, "_PAGE", chance.choice([1, 3, 100]))
    monkeypatch.setattr(fanouts, "_SLICE", chance.choice([1, 2, 250]))
    async with opened() as room:
        room.delay = lambda: chance.randint(0, 8)
        widgets: list[tuple[int, Widget]] = []
        while room.log.last < 40:
            room.log.append()
            if chance.random() < 0.5:
                after = chance.randint(0, room.log.last)
                widgets.append((after, room.join(after=after, widget=Widget(room=chance.randint(0, 5)))))
            for _, widget in widgets:
                if chance.random() < 0.3:
                    widget.read(room=chance.randint(1, 5))
            await turns(chance.randint(0, 3))
        for _, widget in widgets:
            widget.read()
        async with asyncio.timeout(5):
            while any(len(widget.seen) < 40 - after for after, widget in widgets):
                await asyncio.sleep(0)
        await settle()

        assert all(widget.seen == numbers(after + 1, 40) for after, widget in widgets)


@pytest.mark.parametrize("seed", range(30))
async def test_small_mailboxes_lose_events_but_never_in_silence(seed: int) -> None:
    """What follows a reset begins where the reset says, and has no hole."""
    chance = random.Random(seed)
    async with opened(capacity=chance.randint(1, 4)) as room:
        room.delay = lambda: chance.randint(0, 8)
        widgets = [room.join(after=0, widget=Widget(room=0)) for _ in range(5)]
        for _ in range(60):
            room.log.append()
            chance.choice(widgets).read(room=chance.randint(1, 3))
            await turns(chance.randint(0, 6))
        for widget in widgets:
            widget.read()
        for _ in range(10):
            await settle()
        await room.append()

        for widget in widgets:
            runs = " ".join(widget.seen).split("reset")
            assert widget.seen[-1] == "61"
            for run in (run.split() for run in runs):
                assert run == numbers(int(run[0]), int(run[-1])) if run else True
