"""uvicorn's connections, with what ASGI does not offer: to write without waiting, to let go, to hear of the end.

uvicorn closes politely: it waits until the peer has read what was sent, and a peer that has stopped reading holds its
connection and everything that waits for it. Pass the classes of `uvicorn_http` and `uvicorn_sockets` as uvicorn's
`http` and `ws`. It has no interface for this, so that the names used there are looked at with each new version of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from starlette.types import Scope, Send

from newsgraph.observe import LOG
from newsgraph.web.pipes import Holder

Headers = Sequence[tuple[bytes, bytes]]

EXTENSION = "newsgraph"


def connection_of(scope: Mapping[str, Any]) -> Any:
    """The connection itself (uvicorn_http, uvicorn_sockets); None on another server than this one."""
    return scope.get("extensions", {}).get(EXTENSION)


def with_headers(scope: Scope, send: Send, more: Headers) -> Send:
    """An ASGI `send` whose answer has these headers, too."""
    connection = connection_of(scope)
    if connection is not None:
        connection.add_headers(more)
        return send

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await send(message)

    return sending


class Held:
    """A connection that somebody holds: they hear of it, and a peer that reads nothing for too long is cut off."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _holder: Holder | None = None
    _stopping = False
    _patience = 0.0
    _unread = 0
    _stuck: asyncio.TimerHandle | None = None

    def hold(self, holder: Holder, patience: float) -> None:
        self._holder, self._patience = holder, patience
        if self._stopping:
            holder.drain()

    def release(self) -> None:
        self._holder = None
        cancel(self._stuck)

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        if self._holder is not None:
            self._wait_for_reader()

    def resume_writing(self) -> None:
        cancel(self._stuck)
        super().resume_writing()  # type: ignore[misc]
        if self._holder is not None:
            self._holder.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        holder = self._holder
        self.release()
        super().connection_lost(exc)  # type: ignore[misc]
        if holder is not None:
            holder.lost()

    def _wait_for_reader(self) -> None:
        self._unread = self.transport.get_write_buffer_size()
        self._stuck = self.loop.call_later(self._patience, self._look_at_reader)

    def _look_at_reader(self) -> None:
        """Whoever is slow and reads on is no trouble: what waits for them is bounded."""
        if self.transport.get_write_buffer_size() < self._unread:
            self._wait_for_reader()
        else:
            LOG.info("a connection was cut off: its client has not read for %g s", self._patience)
            self.transport.abort()


def cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
