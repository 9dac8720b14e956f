"""Connections that nobody needs make room for those that come; those that are served are left alone."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from newsgraph.settings import Settings
from newsgraph.web.lobby import Lobby
from tests.security.test_timeouts import endless
from tests.web.desk import Desk, opened_desk
from tests.web.test_streaming import LATEST


@dataclass(eq=False)
class Someone:
    waiting: float | None
    gone: list[float | None] = field(default_factory=list)

    def waiting_since(self) -> float | None:
        return self.waiting

    def dismiss(self) -> None:
        self.gone.append(self.waiting)


def lobby(total: int = 0, per_address: int = 0, **more: str) -> Lobby:
    return Lobby(Settings(http_connections=total, http_connections_per_address=per_address, **more))  # type: ignore[arg-type]


FAR, OTHER = "203.0.113.5", "198.51.100.9"


def test_who_has_waited_longest_goes_first() -> None:
    room = lobby(total=3)
    guests = [Someone(3.0), Someone(1.0), Someone(2.0)]
    assert all(room.enter(guest, FAR) for guest in guests)
    assert room.enter(Someone(9.0), OTHER)
    assert [guest.gone for guest in guests] == [[], [1.0], []]
    assert len(room) == 3


def test_who_is_served_stays_and_the_newcomer_is_turned_away() -> None:
    room = lobby(total=2)
    busy = [Someone(None), Someone(None)]
    assert all(room.enter(guest, FAR) for guest in busy)
    newcomer = Someone(5.0)
    assert not room.enter(newcomer, OTHER)
    assert [guest.gone for guest in busy] == [[], []]
    room.leave(newcomer)  # which was not inside
    room.leave(busy[0])
    assert room.enter(newcomer, OTHER)


def test_from_one_address_only_its_own_go() -> None:
    room = lobby(per_address=2)
    others = [Someone(0.0) for _ in range(50)]
    assert all(room.enter(guest, f"198.51.100.{number}") for number, guest in enumerate(others))
    mine = [Someone(float(number)) for number in range(1, 5)]
    assert all(room.enter(guest, FAR) for guest in mine)
    assert [bool(guest.gone) for guest in mine] == [True, True, False, False]
    assert not any(guest.gone for guest in others)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", ""])
def test_proxies_and_this_machine_are_many(address: str) -> None:
    room = lobby(per_address=1, trusted_proxies="10.0.0.0/8")
    assert all(room.enter(Someone(None), address) for _ in range(10))


def test_a_network_of_one_customer_is_one_address() -> None:
    room = lobby(per_address=1)
    assert room.enter(Someone(None), "2001:db8:0:1::1")
    assert not room.enter(Someone(None), "2001:db8:0:1:ffff::2")
    assert room.enter(Someone(None), "2001:db8:0:2::1")


def test_nothing_is_left_of_who_has_gone() -> None:
    room = lobby(total=100, per_address=100)
    guests = [Someone(1.0) for _ in range(100)]
    for number, guest in enumerate(guests):
        room.enter(guest, f"203.0.113.{number}")
    for guest in guests:
        room.leave(guest)
    assert (len(room), dict(room._from)) == (0, {})


def test_no_more_are_told_than_can_be_kept() -> None:
    room = lobby()
    assert [room.turn_away(Someone(1.0)) for _ in range(150)].count(True) == 100


def test_each_process_has_its_own() -> None:
    room = lobby(total=1)
    room.enter(Someone(None), FAR)
    assert len(pickle.loads(pickle.dumps(room))) == 0


# On real connections


def request(query: str, *more: bytes) -> bytes:
    body = json.dumps({"query": query}).encode()
    lines = [b"POST /graphql HTTP/1.1", b"Host: test", b"Content-Type: application/json", *more]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


@pytest.fixture
async def full(settings: Settings) -> AsyncIterator[Desk]:
    """Room for three."""
    async with opened_desk(replace(settings, http_connections=3)) as desk:
        yield desk


@dataclass
class Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self) -> int:
        """The status of the answer; 0 where there is none."""
        try:
            self.writer.write(request("{ __typename }"))
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await self.reader.readexactly(length)
            return int(head.split()[1])
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0

    async def closed(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.read()


@asynccontextmanager
async def line(desk: Desk, query: str = "") -> AsyncIterator[Line]:
    """A connection, on which something was asked already."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    if query:
        writer.write(request(query))
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


async def test_idle_connections_make_room_the_oldest_first(full: Desk) -> None:
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(line(full)) for _ in range(3)]
        assert [await one.ask() for one in lines] == [200] * 3
        assert await lines[0].ask() == 200  # which makes the second the oldest
        newcomer = await stack.enter_async_context(line(full))
        assert await newcomer.ask() == 200
        assert await lines[1].closed() == b""
        assert [await lines[0].ask(), await lines[2].ask()] == [200, 200]


async def test_half_a_head_makes_room_and_is_told(full: Desk) -> None:
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(line(full)) for _ in range(3)]
        for one in slow:
            one.writer.write(request("{ __typename }")[:30])
            await one.writer.drain()
        newcomer = await stack.enter_async_context(line(full))
        assert await newcomer.ask() == 200
        assert (await slow[0].closed()).startswith((b"HTTP/1.1 503 ", b""))


async def test_when_all_are_served_the_newcomer_is_told(settings: Settings) -> None:
    """503 with Retry-After, once it asks; whoever says nothing is cut off soon."""
    async with opened_desk(replace(settings, http_connections=3)) as full, AsyncExitStack() as stack:
        with endless(full, "sections_all"):
            for _ in range(3):
                await stack.enter_async_context(line(full, "{ sections { name } }"))
            await served(full, 3)
            asking = await stack.enter_async_context(line(full, "{ __typename }"))
            said = await asking.closed()
            silent = await stack.enter_async_context(line(full))
            assert await silent.closed() == b""
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5\r\n" in said
        (error,) = json.loads(said.partition(b"\r\n\r\n")[2])["errors"]
        assert error["extensions"] == {"code": "TOO_MANY_CONNECTIONS", "retryAfter": 5000}


async def served(desk: Desk, count: int) -> None:
    """So many requests are being answered."""
    async with asyncio.timeout(5):
        while len(desk.server.server_state.tasks) < count:
            await asyncio.sleep(0.01)


async def test_sockets_and_streams_are_counted_elsewhere(full: Desk) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(full.socket())
        for _ in range(4):
            stream = await stack.enter_async_context(line(full))
            stream.writer.write(request(LATEST, b"Accept: text/event-stream"))
            assert (await stream.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        lines = [await stack.enter_async_context(line(full)) for _ in range(3)]
        assert [await one.ask() for one in lines] == [200] * 3
        assert [await one.ask() for one in lines] == [200] * 3
    await full.deserted()
