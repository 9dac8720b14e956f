"""Callers: remembered while nothing of them changes, and never a moment longer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import AuthorChanged, Entry, Event, UserChanged
from newsgraph.domain.users import Role, SignIn, Viewer
from newsgraph.live.callers import Callers
from tests.conftest import Clock


class Door:
    """Recognises the token "N" as user N, and counts how often it had to."""

    def __init__(self, clock: Clock, most: int = 100) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.lasts: timedelta | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.callers = Callers(self._recognise, most, clock)

    async def _recognise(self, token: str) -> SignIn:
        self.asked.append(token)
        await self.gate.wait()
        if not token.isdigit():
            raise Fault(FaultCode.UNAUTHENTICATED, "no")
        ends = None if self.lasts is None else self.clock() + self.lasts
        return SignIn(Viewer(int(token), Role.READER), ends)

    async def called(self, token: str) -> int:
        """How often this call made it look."""
        before = len(self.asked)
        assert (await self.callers(token)).viewer.user_id == int(token)
        return len(self.asked) - before

    def happens(self, event: Event) -> None:
        self.callers.apply([Entry(1, self.clock(), event)])


@pytest.fixture
async def door(clock: Clock) -> Door:
    return Door(clock)


async def test_who_calls_again_is_known(door: Door) -> None:
    assert [await door.called("1") for _ in range(3)] == [1, 0, 0]


async def test_whoever_changes_is_looked_up_again_and_nobody_else(door: Door) -> None:
    await door.called("1")
    await door.called("2")
    door.happens(UserChanged(1))
    door.happens(AuthorChanged("ada"))
    assert [await door.called("1"), await door.called("2")] == [1, 0]


async def test_who_changes_while_being_looked_up_is_not_remembered(door: Door) -> None:
    door.gate.clear()
    call = asyncio.create_task(door.callers("1"))
    await asyncio.sleep(0)
    door.happens(UserChanged(1))
    door.gate.set()
    await call
    assert [await door.called("1"), await door.called("1")] == [1, 0]


async def test_a_token_that_ends_is_asked_for_anew(door: Door, clock: Clock) -> None:
    door.lasts = timedelta(seconds=10)
    await door.called("1")
    clock.tick(seconds=9.9)
    assert await door.called("1") == 0
    clock.tick(seconds=0.1)
    assert await door.called("1") == 1


async def test_nobody_is_remembered_for_more_than_an_hour(door: Door, clock: Clock) -> None:
    await door.called("1")
    clock.tick(hours=1)
    assert await door.called("1") == 1


async def test_who_is_refused_is_refused_each_time(door: Door) -> None:
    for _ in range(2):
        with pytest.raises(Fault):
            await door.callers("x")
    assert (door.asked, len(door.callers)) == (["x", "x"], 0)


async def test_the_longest_unseen_go_first(clock: Clock) -> None:
    door = Door(clock, most=2)
    for token in ("1", "2", "1", "3"):
        await door.called(token)
    assert len(door.callers) == 2
    assert [await door.called("1"), await door.called("2")] == [0, 1]


async def test_none_are_kept_where_none_may_be(clock: Clock) -> None:
    door = Door(clock, most=0)
    assert [await door.called("1"), await door.called("1")] == [1, 1]


async def test_when_the_log_was_lost_everybody_is_looked_up_again(door: Door) -> None:
    await door.called("1")
    door.callers.trim(5)
    assert await door.called("1") == 0
    door.callers.lose(5)
    assert await door.called("1") == 1
