"""HTTP connections of uvicorn (see `uvicorn_held`): bounded, answered in one piece, and no answer for another."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httptools
from starlette.requests import ClientDisconnect
from starlette.types import Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from newsgraph.domain.errors import PASSING, FaultCode
from newsgraph.graph.encoding import as_json
from newsgraph.observe import ACCESS
from newsgraph.web.bounds import Bounds, Head, Trailers
from newsgraph.web.lobby import Lobby
from newsgraph.web.pipes import Holder, ResponsePipe, at_once, body
from newsgraph.web.uvicorn_held import EXTENSION, Headers, Held, cancel, connection_of

_PATIENCE = 1.0  # seconds for a client that has closed its side, or that was turned away
_FULL = "The server has as many connections as it takes."

Reply = tuple[int, Headers, bytes]
"""Status, headers in lower case with the length among them, and body."""


def response_pipe(scope: Mapping[str, Any], send: Send) -> ResponsePipe | None:
    """The response to a request, once it was started; None on another server than this one."""
    found: HttpProtocol | None = connection_of(scope)
    return None if found is None else _Response(found, send)


async def respond(scope: Scope, send: Send, reply: Reply) -> None:
    """A whole response: in one piece where that may be, since head and body by themselves are two system calls."""
    connection: HttpProtocol | None = connection_of(scope)
    if connection is not None and connection.respond(reply):
        if (exchange := scope.get("exchange")) is not None:
            exchange.answered(reply[0], len(reply[2]))
        return
    status, headers, content = reply
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(body(content, more=False))


@contextmanager
def while_there(scope: Scope | None) -> Iterator[None]:
    """What is done within is given up when the client has gone. Errors: starlette.requests.ClientDisconnect."""
    connection: HttpProtocol | None = None if scope is None else connection_of(scope)
    task = asyncio.current_task()
    if connection is None or task is None:
        yield
        return
    connection.work(task)
    try:
        yield
    except asyncio.CancelledError:
        if not connection.gone():
            raise
        task.uncancel()
        raise ClientDisconnect from None
    finally:
        connection.work(None)


def _facts(status: int, address: str) -> dict[str, object]:
    return {"status": status, "address": address}


def _refusal(status: int, message: str) -> bytes:
    head = b"content-type: %b; charset=utf-8\r\ncontent-length: %d\r\n%bconnection: close\r\n\r\n"
    kind, later, content = b"text/plain", b"", message.encode()
    if status == 503:
        seconds = PASSING[FaultCode.TOO_MANY_CONNECTIONS]
        said = {"code": FaultCode.TOO_MANY_CONNECTIONS.value, "retryAfter": seconds * 1000}
        kind, later = b"application/json", b"retry-after: %d\r\n" % seconds
        content = as_json({"errors": [{"message": message, "extensions": said}]})
    return STATUS_LINE[status] + head % (kind, len(content), later) + content


class HttpProtocol(Held, HttpToolsProtocol):
    """For one connection with its requests, one after the other.

    A client may send requests before it has the answers to those before; `_cycles` has all that are not answered.
    uvicorn tells only the last of them when the client goes.
    """

    _full = False

    def __init__(self, *given: Any, bounds: Bounds | None = None, lobby: Lobby | None = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self._lobby = lobby
        self._cycles: list[RequestResponseCycle] = []
        self._bounds = bounds or Bounds()
        self._part: str | None = "head"  # of a request that is awaited; None while there is none
        self._until = 0.0
        self._begun = False  # whether anything of it has come
        self._received = 0  # bytes since a head began, but for those that came in one piece with what was before it
        self._piece = 0  # bytes that came last
        self._offered = False  # another protocol, which nobody here speaks
        self._wrong: tuple[int, str] | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._half: asyncio.TimerHandle | None = None
        self._last: bytes | None = None  # what is said when everything before it was answered
        self._work: asyncio.Task[Any] | None = None  # that is of no use to anybody but this client

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._lobby is not None and not self._lobby.enter(self, self._address):
            self._turn_away(self._lobby)
            return
        self._await("head", self._bounds.header)
        self._look_again()

    def _turn_away(self, lobby: Lobby) -> None:
        """Whoever asks for something soon is told the reason: said sooner, it would be lost with the connection."""
        ACCESS.info("503 turned away, there are too many connections", extra={"facts": _facts(503, self._address)})
        if lobby.turn_away(self):
            self._full = True
            self._clock = self.loop.call_later(_PATIENCE, self.transport.abort)
        else:
            self.transport.abort()

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    # What the lobby asks

    def waiting_since(self) -> float | None:
        if self._holder is not None or self.transport.is_closing():
            return None
        if self._part is not None:
            return self._until - (self._bounds.header if self._part == "head" else self._bounds.body)
        idle = self.timeout_keep_alive_task
        return None if idle is None or self._pending() else idle.when() - self.timeout_keep_alive

    def dismiss(self) -> None:
        """Whoever has begun to ask is told."""
        if self._begun:
            self._refuse(503, _FULL)
        else:
            self.transport.close()

    def hold(self, holder: Holder, patience: float) -> None:
        if self._lobby is not None:
            self._lobby.leave(self)
        super().hold(holder, patience)

    def release(self) -> None:
        """A stream that has ended leaves a connection as any other, if there is room for one."""
        super().release()
        if self._lobby is not None and not self.transport.is_closing() and not self._lobby.enter(self, self._address):
            self.cycle.keep_alive = False

    def _await(self, part: str | None, seconds: float = 0.0) -> None:
        self._part = part
        self._until = self.loop.time() + seconds

    def _look_again(self) -> None:
        left = self._until - self.loop.time()
        wait = left if 0 < left < self._bounds.interval else self._bounds.interval
        self._clock = self.loop.call_later(wait, self._look)

    def _look(self) -> None:
        """Whoever we do not read from ourselves has all the time."""
        if self._part is None or self.flow.read_paused or self.loop.time() < self._until:
            self._look_again()
        elif self._part == "head" and not self._begun:
            self.transport.close()
        else:
            self._refuse(408, f"The {self._part} of the request took too long.")

    def data_received(self, data: bytes) -> None:
        """Where uvicorn would answer what is no HTTP at once, even as if it were the answer to an earlier request."""
        if self._last is not None:
            return
        if self._full:
            self._refuse(503, _FULL)
            return
        self._unset_keepalive_if_required()
        if self._part is None and not self._pending():
            self._await("head", self._bounds.header)
        self._piece = len(data)
        self._received += self._piece
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(*(self._wrong or (400, "The request is no HTTP.")))
        else:
            if self._part == "head" and self._received > self._bounds.size:
                self._refuse(431, f"The headers of a request have at most {self._bounds.size} bytes.")

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                if not self._offered:
                    self._upgrade()
                    return
                data = self._declined() + data[offer.args[0] :]

    def _declined(self) -> bytes:
        """The head once more, without its offer to speak another protocol (RFC 9110, 7.8).

        With the offer, the parser would take the body for the next request.
        """
        self._offered = False
        self.parser = httptools.HttpRequestParser(self)
        line = b"%b %b HTTP/%b" % (self._head.method, self._head.target, self._head.version.encode())
        kept = (b"%b: %b" % header for header in self._head.headers if header[0] != b"upgrade")
        return b"\r\n".join((line, *kept, b"", b""))

    def _upgrade(self) -> None:
        if self.scope["method"] == "GET":
            self.handle_websocket_upgrade()
        else:
            self._refuse(400, "A WebSocket begins with GET.")

    def _pending(self) -> bool:
        return any(not cycle.response_complete for cycle in self._cycles)

    def _refuse(self, status: int, message: str) -> None:
        """The last of this connection. What came whole before it is answered before it."""
        if self._last is not None or self.transport.is_closing():
            return
        ACCESS.info("%d %s", status, message, extra={"facts": _facts(status, self._address)})
        self._last = _refusal(status, message)
        broken = self.cycle if self._part == "body" else None
        self._part = None
        if broken is not None and not broken.response_complete:
            self._give_up(broken)
        self._end()

    def _give_up(self, cycle: RequestResponseCycle) -> None:
        """Of this request no more will come. Where its answer has begun, nothing else may be said."""
        if cycle.response_started:
            self._last = b""
        cycle.disconnected = True
        cycle.message_event.set()
        self._cycles.remove(cycle)
        self.pipeline = deque(one for one in self.pipeline if one[0] is not cycle)

    def _end(self) -> None:
        if not self._pending() and not self.transport.is_closing():
            self.transport.write(self._last or b"")
            self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._last is not None:
            self._end()

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that sends nothing more may still read, and what is quick is answered. Nearly always it has gone."""
        if self._holder is not None or self._part == "body" or not self._pending():
            return False
        self._cycles[-1].keep_alive = False
        self._half = self.loop.call_later(_PATIENCE, self.transport.abort)
        return True

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = True
        if self._part != "head":
            self._received = 0
            self._await("head", self._bounds.header)
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = {EXTENSION: self}

    def on_headers_complete(self) -> None:
        fields, received = dict(self.headers), self._received + self._piece
        if b"upgrade" in fields or not self._bounds.plain(self.headers, fields, self.url, received):
            parser = self.parser
            head = Head(self.headers, fields, parser.get_http_version(), parser.get_method(), self.url)
            self._wrong = self._bounds.wrong(head, received)
            if self._wrong is not None:
                raise ValueError("refused")  # the parser stops here, and `data_received` says why
            if parser.should_upgrade() and not self._should_upgrade():
                self._head, self._offered = head, True
                return
        before = self.cycle
        self.scope["fields"] = fields  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()
        self._await("body", self._bounds.body)
        if self.cycle is not before:
            self._cycles = [one for one in self._cycles if not one.response_complete]
            self._cycles.append(self.cycle)
            if not self.parser.should_upgrade():
                self.headers = Trailers()

    def on_message_complete(self) -> None:
        if self._offered:
            return
        self._await(None)
        self._begun = False
        self._received = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        cancel(self._clock)
        if self._lobby is not None:
            self._lobby.leave(self)
        super().handle_websocket_upgrade()
        self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        cancel(self._clock)
        cancel(self._half)
        if self._lobby is not None:
            self._lobby.leave(self)
        self._disconnect()
        super().connection_lost(exc)
        self._forget()

    def _disconnect(self) -> None:
        """Nobody hears the answers any more, and who is making one may know."""
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        if self._work is not None:
            self._work.cancel()

    def work(self, task: asyncio.Task[Any] | None) -> None:
        """The task is cancelled when the client goes; None: it has done what is of no use without one."""
        self._work = task

    def gone(self) -> bool:
        return self.transport.is_closing()

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
        if self._cycles and not self._cycles[0].response_complete:
            return self._cycles[0]
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
