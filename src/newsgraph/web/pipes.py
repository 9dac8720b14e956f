"""The way out of one connection: what streams are written to without waiting, and how they hear from below."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar

from starlette.types import Message, Receive, Send

from newsgraph.observe import Tasks

_ROOM = 16  # messages that may wait for an ASGI server that tells nothing of its own buffers


class Holder(Protocol):
    """Whoever writes to a connection, called from below."""

    def resume(self) -> None:
        """There is room again."""
        ...

    def drain(self) -> None:
        """The server is about to stop: come to an end. Said at once to whoever begins to hold after that."""
        ...

    def lost(self) -> None:
        """The connection is gone."""
        ...


class Pipe(Protocol):
    """Messages to one client. None of these waits, and none raises."""

    def hold(self, holder: Holder, patience: float) -> None:
        """From now on `holder` is called. A client that reads nothing for `patience` seconds is cut off."""
        ...

    def ready(self) -> bool:
        """Whether there is room. False too when the connection is closing."""
        ...

    def write(self, message: bytes) -> None:
        """Nobody is stopped who writes without room: they are asked to look first.

        Nothing is written to a connection that is closing.
        """
        ...


class SocketPipe(Pipe, Protocol):
    """A WebSocket; a message is one of text, in UTF-8."""

    async def room(self) -> bool:
        """Waits until there is room. False: there is none any more, since the connection is closing."""
        ...

    def close(self, code: int, reason: str) -> None: ...


class ResponsePipe(Pipe, Protocol):
    """The body of a response; a message is a part of it."""

    def finish(self, message: bytes) -> None:
        """The last part."""
        ...


def at_once(sending: Coroutine[Any, Any, None]) -> None:
    """Runs an ASGI `send` that has room, and so nothing to wait for, outside of any task."""
    with suppress(StopIteration):
        sending.send(None)


class _AsgiPipe:
    """For any ASGI server: messages wait here and are sent one after the other by `pump`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[Message] = deque()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closing = False
        self._holder: Holder | None = None
        self._patience: float | None = None

    def hold(self, holder: Holder, patience: float) -> None:
        self._holder, self._patience = holder, patience

    def ready(self) -> bool:
        return self._room.is_set() and not self._closing

    def _put(self, event: Message) -> None:
        if self._closing:
            return
        self._waiting.append(event)
        self._filled.set()
        if len(self._waiting) >= _ROOM:
            self._room.clear()

    def _put_last(self, event: Message) -> None:
        self._put(event)
        self.end()

    def end(self) -> None:
        """Nothing more is written."""
        self._closing = True
        self._filled.set()
        self._room.set()

    async def listen(self) -> None:
        """Tells the holder when the client goes. Nothing to do where the holder itself hears what comes in."""

    async def pump(self) -> None:
        """Sends what waits, until the last of it is sent or the client does not take anything any more."""
        with suppress(TimeoutError, OSError):
            while self._waiting or not self._closing:
                await self._filled.wait()
                self._filled.clear()
                while self._waiting:
                    async with asyncio.timeout(self._patience):
                        await self._send(self._waiting.popleft())
                self._make_room()
        self._waiting.clear()  # as near as ASGI comes to dropping the connection
        self.end()

    def _make_room(self) -> None:
        if not self._room.is_set():
            self._room.set()
            if self._holder is not None:
                self._holder.resume()


P = TypeVar("P", bound=_AsgiPipe)


@asynccontextmanager
async def pumped(pipe: P, tasks: Tasks) -> AsyncIterator[P]:
    """The pipe while it is pumped. What was written is sent before this ends, unless the client does not take it."""
    pumping, listening = tasks.start(pipe.pump), tasks.start(pipe.listen)
    try:
        yield pipe
    finally:
        pipe.end()
        listening.cancel()
        await asyncio.wait([pumping, listening])


class AsgiSocket(_AsgiPipe):
    """A WebSocket of any ASGI server."""

    async def room(self) -> bool:
        await self._room.wait()
        return not self._closing

    def write(self, message: bytes) -> None:
        self._put({"type": "websocket.send", "text": message.decode()})

    def close(self, code: int, reason: str) -> None:
        self._put_last({"type": "websocket.close", "code": code, "reason": reason})


class AsgiResponse(_AsgiPipe):
    """A response of any ASGI server, once it was started."""

    def __init__(self, send: Send, receive: Receive) -> None:
        super().__init__(send)
        self._receive = receive

    async def listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._holder is not None:
            self._holder.lost()

    def write(self, message: bytes) -> None:
        self._put(body(message, more=True))

    def finish(self, message: bytes) -> None:
        self._put_last(body(message, more=False))


def body(part: bytes, more: bool) -> Message:
    return {"type": "http.response.body", "body": part, "more_body": more}
