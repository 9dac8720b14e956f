"""The real endpoint, on a real server and a newsroom of its own, with what is inside it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from newsgraph import app
from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.cli.serving import server_options
from newsgraph.domain.sections import Section
from newsgraph.engine.responses import Responses
from newsgraph.graph import schema
from newsgraph.graph.answers import Answers, Drops, Key
from newsgraph.graph.context import Services
from newsgraph.live.bells import LocalBell
from newsgraph.live.hub import Hub
from newsgraph.live.kept import Kept
from newsgraph.live.sessions import Sessions
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.observe import Tasks
from newsgraph.settings import Settings
from newsgraph.web import recognition
from newsgraph.web.admission import Admission
from newsgraph.web.callers import Recognise
from newsgraph.web.documents import Catalogue
from newsgraph.web.edge import Edge
from newsgraph.web.graphql import GraphQLView
from newsgraph.web.operations import Operations
from newsgraph.web.sockets import SocketView
from newsgraph.web.streaming import StreamView
from tests.flows.conftest import furnish

SMALL = 4_096  # bytes of the sockets' buffers, so that a reader who stops is soon felt


@dataclass
class Desk:
    """A running endpoint, with what is inside it."""

    newsroom: Newsroom
    operations: Operations
    sessions: Sessions
    admission: Admission
    hub: Hub
    tail: Tail
    responses: Responses[Key]
    services: Services
    server: uvicorn.Server
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @asynccontextmanager
    async def open(self, *protocols: str, **more: Any) -> AsyncIterator[ClientConnection]:
        """A socket before its connection_init."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        offered: Any = protocols or ["graphql-transport-ws"]
        async with connect(address, subprotocols=offered, max_size=None, close_timeout=1, **more) as opened:
            yield opened

    @asynccontextmanager
    async def socket(self, payload: Any = None, **more: Any) -> AsyncIterator[ClientConnection]:
        """A socket that is acknowledged."""
        async with self.open(**more) as opened:
            await say(opened, type="connection_init", payload=payload)
            assert await hear(opened) == {"type": "connection_ack"}
            yield opened

    async def deserted(self) -> None:
        """Soon nobody listens, nothing runs for a connection, and uvicorn has none."""
        async with asyncio.timeout(5):
            while self._busy() or running() or self.server.server_state.connections:
                await asyncio.sleep(0.01)

    def _busy(self) -> int:
        fanout = self.operations.fanout
        return len(self.hub) + fanout.groups + fanout.members + len(self.sessions) + len(self.admission)


async def say(opened: ClientConnection, **message: Any) -> None:
    await opened.send(json.dumps(message))


async def start(opened: ClientConnection, name: str, query: str, **variables: Any) -> None:
    await say(opened, id=name, type="subscribe", payload={"query": query, "variables": variables})


async def hear(opened: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await opened.recv())


async def answer(opened: ClientConnection, query: str, **variables: Any) -> Any:
    """The only result of an operation, which then completes."""
    await start(opened, "q", query, **variables)
    result = await hear(opened)
    assert (result["id"], result["type"]) == ("q", "next"), result
    assert await hear(opened) == {"id": "q", "type": "complete"}
    return result["payload"]


async def closed(opened: ClientConnection) -> tuple[int, str]:
    """The close frame, whatever comes before it."""
    async with asyncio.timeout(5):
        with suppress(ConnectionClosed):
            while True:
                await opened.recv()
    assert opened.close_code is not None
    return opened.close_code, opened.close_reason or ""


def running() -> list[str]:
    """What runs for connections in this process."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [
        name for name in names if name.startswith(("_Socket", "_Stream", "_Group", "_AsgiPipe", "WebSocketProtocol"))
    ]


@asynccontextmanager
async def opened_desk(settings: Settings, recognise: Recognise | None = None, **options: Any) -> AsyncIterator[Desk]:
    """`options` are uvicorn's."""
    bell, hub = LocalBell(), Hub(settings.mailbox_size)
    async with app.open_newsroom(settings, bell) as newsroom, Tasks() as tasks:
        await newsroom.store.write(furnish)
        sessions = Sessions(newsroom.store, app.now)
        responses = Responses[Key](settings.response_cache)
        kept = Kept[Sequence[Section]]("sections")
        found = await recognition.opened(newsroom, app.now)
        tail = Tail(newsroom.store, hub, [found.callers, sessions, kept, Drops(responses)])
        streams = Streams(newsroom.store, hub, (await tail.start()).epoch, settings.replay_limit)
        services = Services(newsroom, streams, ViewCounter(settings, app.now), tail, app.now, kept)

        known, built = recognise or found.callers, schema.build()
        admission = Admission(settings.connections, settings.connections_per_address)
        answers = Answers(built, services, responses if settings.response_cache else None)
        operations = Operations(built, services, answers, await Catalogue.read(built, settings), tasks)
        shared = (operations, services, known, sessions, admission)
        http = StreamView(*shared, GraphQLView(operations, services, known, None))
        routes = [Route("/graphql", http), WebSocketRoute("/graphql", SocketView(*shared))]
        following = [tasks.create_task(tail.run(bell)), tasks.create_task(sessions.run())]
        served = server_options(settings) | {"lifespan": "off"} | options
        async with serving(Edge(Starlette(routes=routes), settings), served) as (server, port):
            yield Desk(newsroom, operations, sessions, admission, hub, tail, responses, services, server, port)
        for task in following:
            task.cancel()


@asynccontextmanager
async def serving(application: ASGIApp, options: dict[str, Any]) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, **options))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    try:
        yield server, listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listening.close()


def deaf() -> socket.socket:
    """A client's socket that takes in little; for one that stops reading."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    return client
