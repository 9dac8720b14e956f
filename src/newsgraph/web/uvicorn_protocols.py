"""uvicorn's connections, with what ASGI does not offer: to write without waiting, to let go, to hear of the end.

uvicorn closes politely: it waits until the peer has read what was sent, and a peer that has stopped reading holds its
connection and everything that waits for it. Pass the classes as uvicorn's `ws` and `http`. It has no interface for
this, so that the names used here are looked at with each new version of uvicorn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from newsgraph.observe import LOG
from newsgraph.web.pipes import Holder, ResponsePipe, SocketPipe, at_once, body

_EXTENSION = "newsgraph"
_LINGER = 5.0  # seconds that a peer has to read the last of it, after all that uvicorn itself waits for
_SHORT, _LONG = 126, 1 << 16  # RFC 6455, 5.2: payloads of so many bytes have a longer length field


def socket_pipe(scope: Mapping[str, Any]) -> SocketPipe | None:
    """The connection itself; None on another server than this one."""
    found: SocketPipe | None = scope.get("extensions", {}).get(_EXTENSION)
    return found


def response_pipe(scope: Mapping[str, Any], send: Send) -> ResponsePipe | None:
    """The response to a request, once it was started; None on another server than this one."""
    found: HttpProtocol | None = scope.get("extensions", {}).get(_EXTENSION)
    return None if found is None else _Response(found, send)


class _Held:
    """A connection that somebody holds: they hear of it, and a peer that reads nothing for too long is cut off."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _holder: Holder | None = None
    _patience = 0.0
    _stuck: asyncio.TimerHandle | None = None
    _last_moment: asyncio.TimerHandle | None = None

    def hold(self, holder: Holder, patience: float) -> None:
        self._holder, self._patience = holder, patience

    def release(self) -> None:
        self._holder = None
        _cancel(self._stuck)

    def abort(self) -> None:
        self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        if self._holder is not None:
            self._stuck = self.loop.call_later(self._patience, self._cut_off)

    def resume_writing(self) -> None:
        _cancel(self._stuck)
        super().resume_writing()  # type: ignore[misc]
        if self._holder is not None:
            self._holder.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.release()
        _cancel(self._last_moment)
        super().connection_lost(exc)  # type: ignore[misc]

    def shutdown(self) -> None:
        if self._holder is None:
            super().shutdown()  # type: ignore[misc]
        else:
            self._holder.drain()

    def _cut_off(self) -> None:
        LOG.info("a connection was cut off: its client has not read for %g s", self._patience)
        self.transport.abort()

    def _let_go_in(self, seconds: float) -> None:
        """Whatever the peer does until then."""
        self._last_moment = self.loop.call_later(seconds, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


class HttpProtocol(_Held, HttpToolsProtocol):
    """For one connection with its requests, one after the other."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = {_EXTENSION: self}

    def shutdown(self) -> None:
        """What is being answered is finished; a stream would never be, and has to be told."""
        HttpToolsProtocol.shutdown(self)
        if self._holder is not None:
            self._holder.drain()

    def ready(self) -> bool:
        return not self.flow.write_paused and not self.transport.is_closing()

    async def room(self) -> bool:
        await self.flow.drain()
        return not self.transport.is_closing()


class _Response:
    """One response of a connection (web.pipes.ResponsePipe)."""

    def __init__(self, connection: HttpProtocol, send: Send) -> None:
        self._send = send
        self._connection = connection
        self.hold, self.ready, self.room = connection.hold, connection.ready, connection.room
        self.abort = connection.abort

    def write(self, message: bytes) -> None:
        at_once(self._send(body(message, more=True)))  # type: ignore[arg-type]

    def finish(self, message: bytes) -> None:
        """Without waiting: a peer that would have to be waited for is dropped."""
        self._connection.release()
        if self.ready():
            at_once(self._send(body(message, more=False)))  # type: ignore[arg-type]
        else:
            self.abort()


class WebSocketProtocol(_Held, WebSocketsSansIOProtocol):
    """For one connection; it is a web.pipes.Pipe.

    Messages are written to the transport as ready frames: uncompressed ones are valid whatever was negotiated
    (RFC 7692, 6), and uvicorn leaves nothing of its own waiting that they could overtake.
    """

    async def run_asgi(self) -> None:
        scope: Any = self.scope
        scope["extensions"][_EXTENSION] = self
        try:
            await super().run_asgi()
        finally:
            del scope["extensions"][_EXTENSION]  # else a connection could only be freed by the cyclic collector
        if not self.disconnected:
            self._let_go_in(self.close_timeout + _LINGER)

    def ready(self) -> bool:
        return self.writable.is_set() and not self._closing()

    def write(self, message: bytes) -> None:
        self.transport.write(text_frame(message))

    async def room(self) -> bool:
        await self.writable.wait()
        return not self._closing()

    def _closing(self) -> bool:
        return self.close_sent or self.transport.is_closing()

    def close(self, code: int, reason: str) -> None:
        """Without waiting: a peer that would have to be waited for is dropped."""
        if not self.ready():
            self.transport.abort()
            return
        with suppress(ClientDisconnected):
            at_once(self.send({"type": "websocket.close", "code": code, "reason": reason}))

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._let_go_in(_LINGER)

    def handle_ping(self) -> None:
        """Answers unless the peer is behind with reading, when its own pings would fill our memory."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def send_receive_event_to_app(self) -> None:
        """Text that is no text is the peer's fault and closes with 1007; uvicorn would log it as one of ours."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(self.frames):
            self.conn.send_close(1007)
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()


def text_frame(message: bytes) -> bytes:
    """A whole text message as a server sends it: RFC 6455, 5.2."""
    size = len(message)
    if size < _SHORT:
        return bytes((0x81, size)) + message
    if size < _LONG:
        return b"\x81\x7e" + size.to_bytes(2, "big") + message
    return b"\x81\x7f" + size.to_bytes(8, "big") + message


def _is_text(frames: Iterable[bytes]) -> bool:
    try:
        b"".join(frames).decode()
    except UnicodeDecodeError:
        return False
    return True
