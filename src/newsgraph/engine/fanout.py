"""Shared execution: identical subscriptions are executed and encoded once per event, not once per subscriber.

Subscriptions with the same key form a group. A group follows its feed from the moment that it has a member, executes
the operation once for each event, and gives every member that encoded result. A member that joins is led up to now
first, from its own cursor; those who join at the same time are led together. What the group produces meanwhile is
collected for them and spliced on by sequence number. Attaching before reading is what makes the seam tight.

A member that is live costs no task: the group writes straight to its outlet.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from newsgraph.observe import Tasks, report_fault
from newsgraph.ports.feeds import Answer, Feed, Happening, Stage, Standing

Execute = Callable[[object], Awaitable[bytes]]
"""From an event to the encoded result of the operation on it."""

Source = Callable[[], Awaitable[tuple[Feed, Execute]]]
"""Begins a subscription: its feed, and how its events are executed. Raises when it may not be begun (any more)."""

Translate = Callable[[Exception], Exception]
"""From what ended a subscription to what its outlet is told."""

Passing = Callable[[Exception], bool]
"""Whether what went wrong passes by itself, as when the database is busy: it is then tried again."""

_PAGE = 100  # events that a member is given at once while it catches up, so that a slow one holds little
_TOGETHER = 500  # members that are answered together
_DESKS = 8  # groups that answer at the same time; the others wait in line
_SLICE = 250  # results that are written before others have a turn: some 3 ms
_RETRY = 1.0  # seconds after which a group goes on that could not, for a reason that passes


@dataclass(frozen=True, slots=True)
class Result:
    """One event's result, encoded. `cursor`: where a client goes on that has it."""

    seq: int
    cursor: str
    payload: bytes


class Outlet(Protocol):
    """Where one member's results go."""

    def write(self, result: Result) -> bool:
        """Takes the result, or returns False for not now: then `Member.resume` is called when it can again."""
        ...

    def end(self, failure: Exception) -> None:
        """Nothing comes any more."""
        ...


class _Phase(Enum):
    ASKING = auto()  # waits for an answer; the log has what happens meanwhile
    COLLECTING = auto()  # its answer is being made; what happens now is kept to be spliced on
    DRAINING = auto()  # has an answer, and asks again when all of it is written
    OVERRUN = auto()  # so much happened while it was collecting that it has to ask again after this answer
    LIVE = auto()
    LOST = auto()  # its mailbox was full; asks as soon as its outlet takes something again
    GONE = auto()


_UNANSWERED = (_Phase.ASKING, _Phase.COLLECTING, _Phase.OVERRUN)


class Member:
    """One subscriber. Results that its outlet does not take wait here, at most `capacity` of them.

    A full mailbox is emptied, and the member is told so when it reads again: bounded memory, and no silent hole.
    """

    __slots__ = ("_capacity", "_cursor", "_group", "_outlet", "_phase", "_seq", "_waiting", "standing")

    def __init__(self, group: _Group, outlet: Outlet, cursor: str | None, capacity: int) -> None:
        self._group = group
        self._outlet = outlet
        self._capacity = capacity
        self._seq = 0
        self._cursor = ""
        self._waiting: deque[Result] | None = None  # an empty deque is 600 bytes, and nearly all are empty
        self._phase = _Phase.ASKING
        self.standing = Standing(Stage.OPENING, cursor)

    def leave(self) -> None:
        """No more results, from now on."""
        self._phase, self._waiting = _Phase.GONE, None
        self._group.remove(self)

    def resume(self) -> None:
        """The outlet takes results again. What was collected has to wait: an answer comes before it."""
        if self._phase in (_Phase.COLLECTING, _Phase.OVERRUN):
            return
        while self._waiting:
            if not self._outlet.write(self._waiting[0]):
                return
            if self._waiting:  # the outlet may have left meanwhile
                self._waiting.popleft()
        self._waiting = None
        if self._phase is _Phase.DRAINING:
            self._ask(self.standing)
        elif self._phase is _Phase.LOST:
            self._ask(Standing(Stage.LOST))

    # What the group says

    def put(self, result: Result) -> None:
        """What has happened now; unless this member will have it from an answer."""
        if self._phase is _Phase.LIVE:
            if result.seq > self._seq:
                self._seq, self._cursor = result.seq, result.cursor
                if self._waiting or not self._outlet.write(result):
                    self._keep(result)
        elif self._phase is _Phase.COLLECTING:
            self._keep(result)

    def collect(self) -> bool:
        """From here on what happens is kept. False when it is gone."""
        if self._phase is not _Phase.ASKING:
            return False
        self._phase = _Phase.COLLECTING
        return True

    def miss(self) -> bool:
        """What happens does not reach the group for a while, and is read from the log afterwards.

        False for one that has had nothing yet: it may as well be told.
        """
        if self._phase is _Phase.LIVE:
            self._phase, self.standing = _Phase.DRAINING, Standing(Stage.CATCHING_UP, self._cursor)
            if self._waiting is None:
                self._ask(self.standing)
        elif self._phase is _Phase.COLLECTING:
            self._phase, self._waiting = _Phase.OVERRUN, None
        return not self._new

    def ask_again(self) -> bool:
        """There is no answer just now. False for one that has had nothing yet: it may as well be told."""
        if self._phase in (_Phase.COLLECTING, _Phase.OVERRUN):
            self._waiting = None
            self._ask(self.standing)
        return not self._new

    @property
    def _new(self) -> bool:
        return self.standing.stage is Stage.OPENING and self._phase in _UNANSWERED

    def answer(self, results: Sequence[Result], answer: Answer) -> None:
        """What was asked for; then what was collected, or the next answer where that is not all."""
        if self._phase is _Phase.GONE:
            return
        collected, overrun = self._waiting or (), self._phase is _Phase.OVERRUN
        self._seq, self._cursor, self._waiting = answer.seq, answer.cursor, deque(results)
        if answer.more or overrun or len(collected) + len(results) > self._capacity:
            self._phase, self.standing = _Phase.DRAINING, Standing(Stage.CATCHING_UP, answer.cursor)
        else:
            self._phase = _Phase.LIVE
            for result in collected:
                self.put(result)
        self.resume()

    def fail(self, failure: Exception) -> None:
        if self._phase is not _Phase.GONE:
            self.leave()
            self._outlet.end(failure)

    def _keep(self, result: Result) -> None:
        if self._waiting is None:
            self._waiting = deque()
        if len(self._waiting) < self._capacity:
            self._waiting.append(result)
        else:
            self._phase = _Phase.LOST if self._phase is _Phase.LIVE else _Phase.OVERRUN
            self._waiting = None

    def _ask(self, standing: Standing) -> None:
        self._phase, self.standing = _Phase.ASKING, standing
        self._group.ask(self)


class _Group:
    """One execution for all members. Two tasks at most: one follows the feed, one leads members up to now."""

    def __init__(self, fanout: Fanout, key: Hashable, source: Source) -> None:
        self.members: set[Member] = set()
        self._fanout = fanout
        self._key = key
        self._source = source
        self._asking: deque[Member] = deque()
        self._attached = False
        self._desk: asyncio.Task[None] | None = None
        self._following = fanout.tasks.start(self._follow)

    def ask(self, member: Member) -> None:
        self._asking.append(member)
        self._open_desk()

    def _open_desk(self) -> None:
        """Not before the group is attached: what happens after an answer was read would be missed."""
        if self._asking and self._attached and self._desk is None:
            self._desk = self._fanout.tasks.start(self._serve)

    def remove(self, member: Member) -> None:
        self.members.discard(member)
        if not self.members:
            self._fanout.forget(self._key, self)
            self._following.cancel()
            if self._desk is not None:
                self._desk.cancel()

    async def _follow(self) -> None:
        """What passes by is waited for, and then everybody is led on from where they were."""
        while True:
            try:
                await self._deliver_all()
            except Exception as defect:
                self._attached = False
                if not self._fanout.passing(defect):
                    self._fanout.forget(self._key, self)
                    self._fail(tuple(self.members), defect)
                    return
                self._fail([member for member in tuple(self.members) if not member.miss()], defect)
            await asyncio.sleep(_RETRY)

    async def _deliver_all(self) -> None:
        feed, execute = await self._source()
        with feed.attached() as happenings:
            self._attached = True
            self._open_desk()
            async with aclosing(happenings):
                async for happening in happenings:
                    await self._deliver(await _result(execute, happening))

    async def _deliver(self, result: Result) -> None:
        """To everybody who is a member now; whoever joins meanwhile has it from their answer."""
        await self._each(tuple(self.members), lambda member: member.put(result), 1)

    async def _each(self, members: Sequence[Member], do: Callable[[Member], None], results: int) -> None:
        """Each is given so many results. What is wrong with the outlet of one has nothing to do with the others."""
        size = max(1, _SLICE // results)
        for start in range(0, len(members), size):
            if start:
                await asyncio.sleep(0)
            for member in members[start : start + size]:
                try:
                    do(member)
                except Exception as defect:
                    self._fail([member], defect)

    async def _serve(self) -> None:
        try:
            while self._asking and self._attached:
                async with self._fanout.desks:
                    together = [self._asking.popleft() for _ in range(min(len(self._asking), _TOGETHER))]
                    await self._try_answer([member for member in together if member.collect()])
        finally:
            self._desk = None

    async def _try_answer(self, members: Sequence[Member]) -> None:
        try:
            await self._answer(members)
        except Exception as defect:
            passing = self._fanout.passing(defect)
            self._fail([one for one in members if not (passing and one.ask_again())], defect)
            if passing:
                await asyncio.sleep(_RETRY)

    async def _answer(self, members: Sequence[Member]) -> None:
        """The source is asked anew: whether they may have this stream is decided today."""
        if not members:
            return
        feed, execute = await self._source()
        answers = await feed.answers({member.standing for member in members}, _PAGE)
        results: dict[Happening, Result] = {}
        for happening in (one for answer in answers.values() for one in answer.happenings):
            if happening not in results:
                results[happening] = await _result(execute, happening)
                await asyncio.sleep(0)

        def tell(member: Member) -> None:
            answer = answers[member.standing]
            member.answer([results[happening] for happening in answer.happenings], answer)

        most = max(len(answer.happenings) for answer in answers.values())
        await self._each(members, tell, max(1, most))

    def _fail(self, members: Sequence[Member], defect: Exception) -> None:
        failure = self._fanout.translate(defect)
        for member in members:
            try:
                member.fail(failure)
            except Exception as another:
                report_fault(another, "the outlet of a stream that failed")


async def _result(execute: Execute, happening: Happening) -> Result:
    return Result(happening.seq, happening.cursor, await execute(happening.event))


class Fanout:
    """All groups of one process. Their tasks run in `tasks`; `translate` is called once for whatever fails."""

    def __init__(
        self,
        capacity: int,
        tasks: Tasks,
        translate: Translate = lambda defect: defect,
        passing: Passing = lambda defect: False,
    ) -> None:
        self.tasks = tasks
        self.translate = translate
        self.passing = passing
        self.desks = asyncio.Semaphore(_DESKS)
        self._capacity = capacity
        self._groups: dict[Hashable, _Group] = {}

    @property
    def groups(self) -> int:
        return len(self._groups)

    @property
    def members(self) -> int:
        return sum(len(group.members) for group in self._groups.values())

    def join(self, key: Hashable, source: Source, cursor: str | None, outlet: Outlet) -> Member:
        """A member of the group of this key: each event once and in order from `cursor` on, until it leaves.

        `key` is equal for subscriptions that may share every result, and `source` begins any of them.
        """
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(self, key, source)
        member = Member(group, outlet, cursor, self._capacity)
        group.members.add(member)
        group.ask(member)
        return member

    def forget(self, key: Hashable, group: _Group) -> None:
        if self._groups.get(key) is group:
            del self._groups[key]
