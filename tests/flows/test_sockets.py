"""Sockets that send nonsense, die, or are open when the server has to stop."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Role
from newsgraph.graph import subscriptions
from newsgraph.live.hub import Hub
from newsgraph.settings import Settings
from tests.flows.client import Client
from tests.flows.conftest import Newsstand
from tests.flows.processes import server_process
from tests.flows.test_live import LATEST, post
from tests.flows.test_resume import STREAM


@asynccontextmanager
async def raw(client: Client, init: Any = None, **headers: str) -> AsyncIterator[ClientConnection]:
    """A connection that has been acknowledged."""
    address = client.url.replace("http", "ws", 1) + "/graphql"
    async with connect(address, subprotocols=["graphql-transport-ws"], additional_headers=headers) as connection:  # type: ignore[list-item]
        await connection.send(json.dumps({"type": "connection_init"} | ({} if init is None else {"payload": init})))
        assert json.loads(await connection.recv())["type"] == "connection_ack"
        yield connection


def subscribe(**payload: Any) -> str:
    return json.dumps({"id": "1", "type": "subscribe", "payload": payload})


async def answer(connection: ClientConnection, message: str) -> Any:
    await connection.send(message)
    async with asyncio.timeout(5):
        return json.loads(await connection.recv())


@pytest.mark.parametrize(
    "message",
    [
        "5",
        "[]",
        "null",
        '"subscribe"',
        "{",
        "[" * 100_000,
        '{"type": 5}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": {}, "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": 5}',
        '{"type": "complete", "id": []}',
        subscribe(query=5),
        subscribe(query=None),
        subscribe(query="{ sections { id } }", variables=5),
        subscribe(query="{ sections { id } }", variables=[]),
        subscribe(query="{ sections { id } }", operationName=5),
    ],
)
async def test_a_message_that_is_none_closes_the_socket(stand: Newsstand, message: str) -> None:
    async with raw(stand.client()) as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await answer(connection, message)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400


async def test_an_unknown_operation_name_is_the_clients_mistake(stand: Newsstand) -> None:
    async with raw(stand.client()) as connection:
        error = await answer(connection, subscribe(query="query A { sections { id } }", operationName="B"))

    assert error["payload"][0]["extensions"] == {"code": "BAD_INPUT"}


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
@pytest.mark.parametrize("where", ["payload", "header"])
async def test_who_asks_is_said_at_the_beginning(stand: Newsstand, where: str, name: str) -> None:
    client = stand.client(Role.MODERATOR)
    said = {name: f"Bearer {client.token}"}
    opened = raw(client, init=said) if where == "payload" else raw(client, **said)
    async with opened as connection:
        message = await answer(connection, subscribe(query="{ viewer { role } }"))

    assert message["payload"] == {"data": {"viewer": {"role": "MODERATOR"}}}


def attached() -> int:
    return sum(len(hub) for hub in gc.get_objects() if type(hub) is Hub)


async def test_nothing_stays_of_sockets_that_died(stand: Newsstand) -> None:
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)

    async def come_and_go(number: int) -> None:
        async with stand.client().socket() as socket:
            streams = [await socket.subscribe(STREAM, articleId=article) for _ in range(3)]
            await socket.subscribe(LATEST)
            if number % 3:
                await streams[0].message()
            streams[0].cut()

    await asyncio.gather(*(come_and_go(number) for number in range(40)), post(reader, article, "Windy!"))
    async with asyncio.timeout(10):
        while attached():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("error", "code"),
    [(Fault(FaultCode.NOT_FOUND, "Gone."), "NOT_FOUND"), (RuntimeError("a secret of ours"), "INTERNAL")],
)
async def test_a_stream_that_fails_says_so_and_ends(
    stand: Newsstand, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    article = await stand.publish("Storm")

    async def fail(*_: object) -> None:
        raise error

    async with stand.client().subscribe(STREAM, articleId=article) as stream:
        await stream.next()
        monkeypatch.setattr(subscriptions, "_reader_event", fail)
        await post(stand.client(Role.READER), article, "Windy!")
        failed = await stream.message()

    assert failed["type"] == "error", "which ends the operation"
    assert failed["payload"][0]["extensions"]["code"] == code
    assert "secret" not in str(failed)


async def test_open_sockets_do_not_hold_up_the_end(furnished: Settings) -> None:
    async with server_process(furnished) as served:
        stand = Newsstand(served.url, [])
        article, client = await stand.publish("Storm"), stand.client()
        async with client.subscribe(STREAM, articleId=article) as one, client.subscribe(LATEST) as other:
            await one.next()
            await other.next()
            began = time.monotonic()
            served.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(15):
                assert await served.process.wait() == 0
        await asyncio.gather(*(one.close() for one in stand.clients))

    assert time.monotonic() - began < 5


async def test_a_client_that_never_says_goodbye_holds_it_up_for_so_long(furnished: Settings) -> None:
    """It reads nothing any more, not even that the socket is closed."""
    async with server_process(replace(furnished, drain_timeout=1.0)) as served, raw(Client(served.url)) as connection:
        connection.transport.pause_reading()
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            assert await served.process.wait() == 0
        took = time.monotonic() - began
        connection.transport.abort()

    assert 1.0 <= took < 3.5
