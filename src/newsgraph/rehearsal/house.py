"""The house in which a rehearsal is played: a server that can be cut off, stopped, started, and made to forget."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from newsgraph.rehearsal.wire import Wire

_STREAMS = (b"text/event-stream", b"multipart/mixed")

# One more event, and the log begins behind it: whoever has not read it yet has lost it.
_FORGET = "UPDATE stream SET last_seq = last_seq + 1, trimmed_seq = last_seq + 1"
_ANOTHER_LIFE = "UPDATE stream SET epoch = lower(hex(randomblob(8)))"  # as after a restore (docs/operations.md)


class Server(Protocol):
    """As uvicorn.Server, for as long as it serves."""

    started: bool
    should_exit: bool

    async def serve(self, sockets: list[socket.socket] | None = None) -> None: ...


async def started(server: Server, opened: socket.socket) -> asyncio.Task[None]:
    """The server's task, as soon as it serves; or has ended, since it could not."""
    serving = asyncio.create_task(server.serve(sockets=[opened]))
    while not server.started and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.005)  # uvicorn tells of it in no other way
    return serving


class Audience:
    """Who listens: open WebSockets and streams of an application."""

    def __init__(self) -> None:
        self._open: set[object] = set()
        self._there = asyncio.Event()

    def before(self, app: ASGIApp) -> ASGIApp:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if not _listens(scope):
                return await app(scope, receive, send)
            listener = object()
            self._open.add(listener)
            self._there.set()
            try:
                await app(scope, receive, send)
            finally:
                self._leave(listener)

        return watched

    def _leave(self, listener: object) -> None:
        self._open.discard(listener)
        if not self._open:
            self._there.clear()

    def forget(self) -> None:
        """Those who listen now: their connections are broken, which the server may not have noticed yet."""
        self._open.clear()
        self._there.clear()

    async def wait(self) -> None:
        """Until somebody listens."""
        await self._there.wait()


def _listens(scope: Scope) -> bool:
    if scope["type"] != "http":
        return bool(scope["type"] == "websocket")
    accepts = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return any(kind in accepts for kind in _STREAMS)


class House:
    """`make` makes a server for an application on the database in the file `path`. Durations are in seconds."""

    def __init__(self, path: str, make: Callable[[Audience], Server]) -> None:
        self._path = path
        self._make = make
        self.audience = Audience()
        self._place = ("127.0.0.1", 0)
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.wire = Wire(None)

    async def open(self) -> None:
        opened = socket.create_server(("127.0.0.1", 0), backlog=1024)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so for its own sockets alone
        self._server = self._make(self.audience)
        self._serving = await started(self._server, opened)
        self._place = opened.getsockname()[:2]
        self.wire.upstream = self._place

    async def close(self) -> None:
        """As when a server is told to stop: it says goodbye, and asks its clients to come back."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._cut()

    def _cut(self) -> None:
        self.wire.cut()
        self.audience.forget()

    async def drop(self, seconds: float) -> None:
        """Every connection breaks without a word, and nobody gets through for so long."""
        self._cut()
        await asyncio.sleep(seconds)
        self.wire.upstream = self._place

    async def restart(self, seconds: float) -> None:
        """The server stops, and another one is there after so long."""
        await self.close()
        await asyncio.sleep(seconds)
        await self.open()

    async def reset(self, reason: str) -> None:
        """Whoever listens gets a StreamReset of this reason, now or when they have come back."""
        if reason == "SLOW_CONSUMER":
            await self._change(_FORGET)
        else:
            await self.close()
            await self._change(_FORGET if reason == "TRIMMED" else _ANOTHER_LIFE)
            await self.open()

    async def _change(self, statement: str) -> None:
        await asyncio.to_thread(_execute, self._path, statement)


def _execute(path: str, statement: str) -> None:
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        connection.execute(statement)
