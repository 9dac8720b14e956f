"""The way out of one WebSocket: what the shell around the protocol writes to, and how it hears from below."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

_ROOM = 16  # messages that may wait for an ASGI server that tells nothing of its own buffers

AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Holder(Protocol):
    """Whoever writes to a connection, called from below."""

    def resume(self) -> None:
        """There is room again."""
        ...

    def drain(self) -> None:
        """The server is about to stop: come to an end."""
        ...


class Pipe(Protocol):
    """Messages to one client. None of these waits but `room`, and none raises."""

    def hold(self, holder: Holder, patience: float) -> None:
        """From now on `holder` is called. A client that reads nothing for `patience` seconds is cut off."""
        ...

    def ready(self) -> bool:
        """Whether there is room. False too when the connection is closing."""
        ...

    def write(self, message: bytes) -> None:
        """A text message. Nobody is stopped who sends without room: they are asked to look first."""
        ...

    async def room(self) -> bool:
        """Waits until there is room. False: there is none any more, since the connection is closing."""
        ...

    def close(self, code: int, reason: str) -> None: ...

    def abort(self) -> None:
        """Drops the connection at once, unread data and all."""
        ...


class AsgiPipe:
    """For any ASGI server: messages wait here and are sent one after the other by `pump`."""

    def __init__(self, send: AsgiSend) -> None:
        self._send = send
        self._waiting: deque[dict[str, Any]] = deque()
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

    def write(self, message: bytes) -> None:
        self._put({"type": "websocket.send", "text": message.decode()})

    async def room(self) -> bool:
        await self._room.wait()
        return not self._closing

    def close(self, code: int, reason: str) -> None:
        self._put({"type": "websocket.close", "code": code, "reason": reason})
        self._closing = True

    def abort(self) -> None:
        """As near to it as ASGI comes: nothing more is sent."""
        self._closing = True
        self._waiting.clear()
        self._filled.set()

    def _put(self, event: dict[str, Any]) -> None:
        if self._closing:
            return
        self._waiting.append(event)
        self._filled.set()
        if len(self._waiting) >= _ROOM:
            self._room.clear()

    async def pump(self) -> None:
        """Sends what waits, until the connection is closed or does not take anything any more."""
        try:
            while self._waiting or not self._closing:
                await self._filled.wait()
                self._filled.clear()
                while self._waiting:
                    async with asyncio.timeout(self._patience):
                        await self._send(self._waiting.popleft())
                self._make_room()
        finally:
            self._closing = True
            self._room.set()

    def _make_room(self) -> None:
        if not self._room.is_set():
            self._room.set()
            if self._holder is not None:
                self._holder.resume()
