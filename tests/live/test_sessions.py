"""A session holds as long as its token lasts and its person is who they were; in doubt it holds nothing out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import Entry, UserChanged
from newsgraph.domain.users import ANONYMOUS, Claims, Role, SignIn, User, Viewer
from newsgraph.live import sessions as module
from newsgraph.live.sessions import Session, Sessions
from newsgraph.policies.access import viewer_of
from newsgraph.ports.store import Session as Unit
from newsgraph.ports.store import Store
from tests.conftest import Clock
from tests.live.test_tail import Failing

T = TypeVar("T")


class Connection:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.resumed = 0
        self.expelled: list[tuple[FaultCode, str]] = []
        self.session: Session

    def resume(self) -> None:
        self.resumed += 1

    def expel(self, fault: Fault) -> None:
        self.expelled.append((fault.code, fault.message))


class Room:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.sessions = Sessions(store, clock)

    def connect(self, viewer: Viewer, seconds: float | None = None) -> Connection:
        connection = Connection()
        ends = None if seconds is None else self.clock.now + timedelta(seconds=seconds)
        connection.session = self.sessions.open(SignIn(viewer, ends), connection)
        return connection

    def changed(self, *users: User) -> None:
        """As the tail says it."""
        self.sessions.apply([Entry(1, self.clock.now, UserChanged(user.id)) for user in users])


@pytest.fixture
async def room(store: Store, clock: Clock) -> AsyncIterator[Room]:
    room = Room(store, clock)
    running = asyncio.create_task(room.sessions.run())
    yield room
    running.cancel()


async def person(store: Store, name: str, role: Role = Role.READER) -> User:
    async def change(unit: Unit) -> User:
        return await unit.users.recognise(Claims(name, name, role, unit.now, None))

    return await store.write(change)


async def restrict(store: Store, user: User, banned: bool) -> None:
    await store.write(lambda unit: unit.users.restrict(replace(user, banned=banned)))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_session_begins_in_doubt_and_is_sure_soon(room: Room) -> None:
    kim = await person(room.store, "Kim")
    connection = room.connect(viewer_of(kim))
    assert (connection.session.holds(), connection.resumed) == (False, 0)

    await until(connection.session.holds)
    assert (connection.resumed, connection.expelled) == (1, [])


async def test_nobody_is_never_in_doubt_and_is_all_the_same(room: Room) -> None:
    one, other = room.connect(ANONYMOUS), room.connect(ANONYMOUS)
    room.sessions.lose(0)

    assert one.session is other.session
    assert one.session.holds()
    assert len(room.sessions) == 0


async def test_until_the_token_ends_and_no_longer(room: Room) -> None:
    connection = room.connect(viewer_of(await person(room.store, "Kim")), seconds=60)
    await until(connection.session.holds)
    room.clock.tick(seconds=59.9)
    assert connection.session.holds()
    room.clock.tick(seconds=0.1)

    assert not connection.session.holds()
    assert connection.expelled == [(FaultCode.UNAUTHENTICATED, "The token has expired.")]


async def test_a_change_holds_everything_back_until_it_was_looked_at(room: Room) -> None:
    kim, lee = await person(room.store, "Kim"), await person(room.store, "Lee")
    two = [room.connect(viewer_of(kim)) for _ in range(2)]
    other = room.connect(viewer_of(lee))
    await until(lambda: all(one.session.holds() for one in [*two, other]))
    room.changed(kim)

    assert [one.session.holds() for one in [*two, other]] == [False, False, True]
    await until(lambda: all(one.session.holds() for one in two))
    assert [one.resumed for one in [*two, other]] == [2, 2, 1]


async def test_what_is_asked_in_doubt_waits_for_the_look(room: Room) -> None:
    kim = await person(room.store, "Kim")
    connection = room.connect(viewer_of(kim))
    assert not connection.session.holds()
    async with asyncio.timeout(5):
        await room.sessions.settled(connection.session)
        await room.sessions.settled(room.sessions.anonymous)

    assert connection.session.holds()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda store, user: restrict(store, user, banned=True), "This account may not take part any more."),
        (lambda store, user: become(store, user, Role.READER), "The role of this account has changed."),
        (lambda store, user: become(store, user, Role.EDITOR), "The role of this account has changed."),
    ],
)
async def test_what_ends_a_session(room: Room, change: Callable[[Store, User], Awaitable[None]], said: str) -> None:
    mo = await person(room.store, "Mo", Role.MODERATOR)
    connection = room.connect(viewer_of(mo))
    await until(connection.session.holds)
    await change(room.store, mo)
    room.changed(mo)

    await until(lambda: connection.expelled)
    assert connection.expelled == [(FaultCode.FORBIDDEN, said)]
    assert not connection.session.holds()


async def become(store: Store, user: User, role: Role) -> None:
    later = user.claims_at + timedelta(seconds=1)
    await store.write(lambda unit: unit.users.recognise(Claims(user.subject, user.name, role, later, None)))


async def test_who_was_banned_before_may_read_on_and_one_day_take_part(room: Room) -> None:
    kim = await person(room.store, "Kim")
    await restrict(room.store, kim, banned=True)
    connection = room.connect(viewer_of(replace(kim, banned=True)))
    await until(connection.session.holds)
    await restrict(room.store, kim, banned=False)
    room.changed(kim)
    await until(connection.session.holds)

    assert connection.expelled == []


async def test_a_change_while_the_token_was_verified_is_noticed(room: Room) -> None:
    """The event came before the session was there."""
    mo = await person(room.store, "Mo", Role.MODERATOR)
    viewer = viewer_of(mo)
    await become(room.store, mo, Role.READER)
    room.changed(mo)
    connection = room.connect(viewer)

    await until(lambda: connection.expelled)


async def test_an_account_that_is_gone(room: Room) -> None:
    connection = room.connect(Viewer(99, Role.READER))

    await until(lambda: connection.expelled)
    assert connection.expelled[0][0] is FaultCode.UNAUTHENTICATED


async def test_after_a_loss_everybody_is_looked_at(room: Room) -> None:
    people = [await person(room.store, name) for name in ("Kim", "Lee")]
    connections = [room.connect(viewer_of(user)) for user in people]
    await until(lambda: all(one.session.holds() for one in connections))
    await restrict(room.store, people[0], banned=True)
    room.sessions.lose(0)

    await until(lambda: connections[0].expelled)
    await until(connections[1].session.holds)


async def test_what_was_closed_is_not_told_anything_and_leaves_nothing(room: Room) -> None:
    kim = await person(room.store, "Kim")
    connections = [room.connect(viewer_of(kim)) for _ in range(3)]
    assert len(room.sessions) == 3
    for connection in connections:
        room.sessions.close(connection.session)
        room.sessions.close(connection.session)
    room.changed(kim)
    await asyncio.sleep(0.05)

    assert [one.resumed for one in connections] == [0, 0, 0]
    assert (len(room.sessions), room.sessions._of, room.sessions._doubted) == (0, {}, set())


async def test_people_who_cannot_be_looked_up_stay_in_doubt(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RETRY", 0.01)
    failing = Failing(store)
    room = Room(failing, clock)
    kim = await person(store, "Kim")
    failing.errors = [KeyError("a defect"), Fault(FaultCode.UNAVAILABLE, "locked")]
    connection = room.connect(viewer_of(kim))
    running = asyncio.create_task(room.sessions.run())
    await until(connection.session.holds)
    running.cancel()

    assert failing.errors == []
    assert connection.expelled == []
