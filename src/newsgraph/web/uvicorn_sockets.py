"""WebSockets of uvicorn (see `uvicorn_held`): written to without waiting, closed for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from newsgraph.web.pipes import SocketPipe, at_once
from newsgraph.web.uvicorn_held import EXTENSION, Headers, Held, cancel, connection_of

_LINGER = 3.0  # seconds that a peer has to answer our close, or to read the last of it
_PIECES = 10_000  # frames that a message may come in; empty ones add nothing to its size
_SHORT, _LONG = 126, 1 << 16  # RFC 6455, 5.2: payloads of so many bytes have a longer length field


def socket_pipe(scope: Mapping[str, Any]) -> SocketPipe | None:
    """The connection itself; None on another server than this one."""
    found: SocketPipe | None = connection_of(scope)
    return found


class WebSocketProtocol(Held, WebSocketsSansIOProtocol):
    """For one connection; it is a web.pipes.Pipe.

    Messages are written to the transport as ready frames: uncompressed ones are valid whatever was negotiated
    (RFC 7692, 6), and uvicorn leaves nothing of its own waiting that they could overtake.
    """

    _last_moment: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        scope: Any = self.scope
        scope["extensions"][EXTENSION] = self
        try:
            await super().run_asgi()
        finally:
            del scope["extensions"][EXTENSION]  # else a connection could only be freed by the cyclic collector
        self._let_go_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        cancel(self._last_moment)

    def add_headers(self, more: Headers) -> None:
        self.default_headers = [*self.default_headers, *more]

    def shutdown(self) -> None:
        self._stopping = True
        if self._holder is None:
            super().shutdown()
        else:
            self._holder.drain()

    def _let_go_soon(self) -> None:
        """Whatever the peer does until then; it may never answer a close."""
        if self._last_moment is None and not self.disconnected:
            self._last_moment = self.loop.call_later(_LINGER, self.transport.abort)

    def ready(self) -> bool:
        return self.writable.is_set() and not self._closing()

    def write(self, message: bytes) -> None:
        if not self._closing():
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
        self._let_go_soon()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._let_go_soon()

    def handle_ping(self) -> None:
        """Answers unless the peer is behind with reading, when its own pings would fill our memory."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < _PIECES:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.send_close(CloseCode.MESSAGE_TOO_BIG)
            self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        """Text that is no text is the peer's fault and closes with 1007; uvicorn would log it as one of ours."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(self.frames):
            self.conn.send_close(CloseCode.INVALID_DATA)
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
