"""uvicorn's connections, with what ASGI does not offer: to write without waiting, to let go, to hear of the end.

uvicorn closes politely: it waits until the peer has read what was sent, and a peer that has stopped reading holds its
connection and everything that waits for it. Pass the classes as uvicorn's `ws` and `http`. It has no interface for
this, so that the names used here are looked at with each new version of uvicorn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import Any

import httptools
from starlette.types import Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from newsgraph.observe import ACCESS, LOG
from newsgraph.web.bounds import Bounds, Trailers
from newsgraph.web.pipes import Holder, ResponsePipe, SocketPipe, at_once, body

Headers = Sequence[tuple[bytes, bytes]]

Reply = tuple[int, Headers, bytes]
"""Status, headers in lower case with the length among them, and body."""

_EXTENSION = "newsgraph"
_LINGER = 3.0  # seconds that a peer has to answer our close, or to read the last of it
_PIECES = 10_000  # frames that a message may come in; empty ones add nothing to its size
_SHORT, _LONG = 126, 1 << 16  # RFC 6455, 5.2: payloads of so many bytes have a longer length field


def socket_pipe(scope: Mapping[str, Any]) -> SocketPipe | None:
    """The connection itself; None on another server than this one."""
    found: SocketPipe | None = scope.get("extensions", {}).get(_EXTENSION)
    return found


def response_pipe(scope: Mapping[str, Any], send: Send) -> ResponsePipe | None:
    """The response to a request, once it was started; None on another server than this one."""
    found: HttpProtocol | None = scope.get("extensions", {}).get(_EXTENSION)
    return None if found is None else _Response(found, send)


def with_headers(scope: Scope, send: Send, more: Headers) -> Send:
    """An ASGI `send` whose answer has these headers, too."""
    connection: HttpProtocol | WebSocketProtocol | None = scope.get("extensions", {}).get(_EXTENSION)
    if connection is not None:
        connection.add_headers(more)
        return send

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await send(message)

    return sending


async def respond(scope: Scope, send: Send, reply: Reply) -> None:
    """A whole response: in one piece where that may be, since head and body by themselves are two system calls."""
    connection: HttpProtocol | None = scope.get("extensions", {}).get(_EXTENSION)
    if connection is not None and connection.respond(reply):
        if (visit := scope.get("visit")) is not None:
            visit.answered(reply[0], len(reply[2]))
        return
    status, headers, content = reply
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(body(content, more=False))


class _Held:
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
        _cancel(self._stuck)

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        if self._holder is not None:
            self._wait_for_reader()

    def resume_writing(self) -> None:
        _cancel(self._stuck)
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


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


class HttpProtocol(_Held, HttpToolsProtocol):
    """For one connection with its requests, one after the other.

    A client may send requests before it has the answers to those before; `_cycles` has all that are not answered.
    uvicorn tells only the last of them when the client goes.
    """

    def __init__(self, *given: Any, bounds: Bounds | None = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self._cycles: list[RequestResponseCycle] = []
        self._bounds = bounds or Bounds()
        self._part: str | None = "head"  # of a request that is awaited; None while there is none
        self._until = 0.0
        self._received = 0  # bytes since a head began
        self._wrong: tuple[int, str] | None = None
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await("head", self._bounds.header)
        self._look_again()

    def _await(self, part: str | None, seconds: float = 0.0) -> None:
        self._part = part
        self._until = self.loop.time() + seconds

    def _look_again(self) -> None:
        self._clock = self.loop.call_later(self._bounds.interval, self._look)

    def _look(self) -> None:
        """Whoever we do not read from ourselves has all the time."""
        if self._part is None or self.flow.read_paused or self.loop.time() < self._until:
            self._look_again()
        elif self._received == 0 and self._part == "head":
            self.transport.close()
        else:
            self._refuse(408, f"The {self._part} of the request took too long.")

    def data_received(self, data: bytes) -> None:
        """Where uvicorn would answer what is no HTTP at once, even as if it were the answer to an earlier request."""
        self._unset_keepalive_if_required()
        if self._part is None and not self._pending():
            self._await("head", self._bounds.header)
        self._received += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            self._refuse(*(self._wrong or (400, "The request is no HTTP.")))
        else:
            if self._part == "head" and self._received > self._bounds.size:
                self._refuse(431, f"The headers of a request have at most {self._bounds.size} bytes.")

    def _upgrade(self) -> None:
        if self._should_upgrade() and self.scope["method"] == "GET":
            self.handle_websocket_upgrade()
        elif self._should_upgrade():
            self._refuse(400, "A WebSocket begins with GET.")

    def _pending(self) -> bool:
        return any(not cycle.response_complete for cycle in self._cycles)

    def _refuse(self, status: int, message: str) -> None:
        """The last of this connection. Whoever waits for the answer to another request must not take this for it."""
        if self.transport.is_closing():
            return
        ACCESS.info(
            "%d %s", status, message, extra={"facts": {"status": status, "address": self.client and self.client[0]}}
        )
        before = [cycle for cycle in self._cycles if not cycle.response_complete]
        if self._part == "body" and len(before) == 1 and not before[0].response_started:
            before = []
        if not before:
            content = message.encode()
            head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(content) + content)
        self._disconnect()
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._part != "head":
            self._received = 0
            self._await("head", self._bounds.header)
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = {_EXTENSION: self}

    def on_headers_complete(self) -> None:
        self._wrong = self._bounds.wrong(
            self.headers, self.parser.get_http_version(), self.url if self._received > self._bounds.size else None
        )
        if self._wrong is not None:
            raise ValueError("refused")  # the parser stops here, and `data_received` says why
        before = self.cycle
        super().on_headers_complete()
        self._await("body", self._bounds.body)
        if self.cycle is not before:
            self._cycles = [one for one in self._cycles if not one.response_complete]
            self._cycles.append(self.cycle)
            if not self.parser.should_upgrade():
                self.headers = Trailers()

    def on_message_complete(self) -> None:
        self._await(None)
        self._received = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        _cancel(self._clock)
        super().handle_websocket_upgrade()
        self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._clock)
        self._disconnect()
        super().connection_lost(exc)
        self._forget()

    def _disconnect(self) -> None:
        """Nobody hears the answers any more, and who is making one may know."""
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def _forget(self) -> None:
        """What leads back here could only be freed by the cyclic collector."""
        self._cycles.clear()
        self.scope = self.cycle = self.parser = None  # type: ignore[assignment]

    def shutdown(self) -> None:
        """What is being answered is finished; a stream would never be, and has to be told."""
        self._stopping = True
        super().shutdown()
        if self._holder is not None:
            self._holder.drain()

    def _in_turn(self) -> RequestResponseCycle | None:
        """The request that is being answered."""
        return next((one for one in self._cycles if not one.response_complete), None)

    def add_headers(self, more: Headers) -> None:
        cycle = self._in_turn()
        if cycle is not None:
            cycle.default_headers = [*cycle.default_headers, *more]

    def respond(self, reply: Reply) -> bool:
        """Answers the request whose turn it is. False for what uvicorn has to do more for: nothing is done then."""
        cycle = self._in_turn()
        if cycle is None or not self.ready() or cycle.disconnected or not cycle.keep_alive:
            return False
        if cycle.scope["method"] == "HEAD":
            return False
        status, headers, content = reply
        lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)]
        self.transport.write(b"".join((STATUS_LINE[status], *lines, b"\r\n", content)))
        cycle.waiting_for_100_continue = False
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()
        return True

    def ready(self) -> bool:
        return not self.flow.write_paused and not self.transport.is_closing()

    def abort(self) -> None:
        self._disconnect()
        self.transport.abort()


class _Response:
    """One response of a connection (web.pipes.ResponsePipe)."""

    def __init__(self, connection: HttpProtocol, send: Send) -> None:
        self._send = send
        self._connection = connection
        self.hold, self.ready = connection.hold, connection.ready

    def write(self, message: bytes) -> None:
        at_once(self._send(body(message, more=True)))  # type: ignore[arg-type]

    def finish(self, message: bytes) -> None:
        """Without waiting: a peer that would have to be waited for is dropped."""
        self._connection.release()
        if self.ready():
            at_once(self._send(body(message, more=False)))  # type: ignore[arg-type]
        else:
            self._connection.abort()


class WebSocketProtocol(_Held, WebSocketsSansIOProtocol):
    """For one connection; it is a web.pipes.Pipe.

    Messages are written to the transport as ready frames: uncompressed ones are valid whatever was negotiated
    (RFC 7692, 6), and uvicorn leaves nothing of its own waiting that they could overtake.
    """

    _last_moment: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        scope: Any = self.scope
        scope["extensions"][_EXTENSION] = self
        try:
            await super().run_asgi()
        finally:
            del scope["extensions"][_EXTENSION]  # else a connection could only be freed by the cyclic collector
        self._let_go_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        _cancel(self._last_moment)

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
