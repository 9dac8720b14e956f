"""GraphQL over HTTP responses that do not end: server-sent events, and multipart for Apollo's clients."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from graphql import OperationType
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope
from starlette.types import Send as AsgiSend

from newsgraph.domain.errors import Fault
from newsgraph.engine.fanout import Member, Result
from newsgraph.engine.subscriptions import Document, Request, RequestError
from newsgraph.graph.context import Context, Services
from newsgraph.live.sessions import Session, Sessions
from newsgraph.observe import LOG
from newsgraph.web.admission import Admission
from newsgraph.web.callers import Recognise, address_of, reader_of, refused, retry_after, shown, sign_in
from newsgraph.web.framing import Framing
from newsgraph.web.operations import Operations
from newsgraph.web.requests import Wanted, negotiated, read_body, read_request
from newsgraph.web.uvicorn_protocols import http_connection

_ROOM = 16  # results that may wait for a client, and then go out together

# Whoever stands between must neither keep the stream back nor change it; the second is what nginx understands.
_HEADERS = [(b"cache-control", b"no-cache, no-transform"), (b"x-accel-buffering", b"no"), (b"vary", b"accept")]


@dataclass(frozen=True, slots=True)
class StreamView:
    """The GraphQL endpoint for HTTP, as an ASGI application: streams here, everything else `otherwise`."""

    operations: Operations
    services: Services
    recognise: Recognise
    sessions: Sessions
    admission: Admission
    otherwise: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        wanted = negotiated(Headers(scope=scope).get("accept", ""))
        if wanted is None or scope["method"] not in ("GET", "POST"):
            await self.otherwise(scope, receive, send)
            return
        try:
            body = await read_body(receive, self.services.settings.message_size)
            await self._choose(wanted, body, (scope, receive, send))
        except (Fault, HTTPException) as error:
            await refused(error)(scope, receive, send)

    async def _choose(self, wanted: Wanted, body: bytes, asgi: _Asgi) -> None:
        """Clients that take JSON too get streams of subscriptions only."""
        scope, receive, send = asgi
        try:
            request = read_request(scope, body)
            document = self.operations.check(request)
        except (HTTPException, RequestError) as error:
            if not wanted.only:
                await self.otherwise(scope, _again(body, receive), send)
            elif isinstance(error, RequestError):
                await self._fail(wanted.framing, error, send)
            else:
                raise
            return
        if document.is_subscription or wanted.only:
            await self._stream(_Asked(wanted.framing, document, request), asgi)
        else:
            await self.otherwise(scope, _again(body, receive), send)

    async def _stream(self, asked: _Asked, asgi: _Asgi) -> None:
        scope, _, send = asgi
        if scope["method"] == "GET" and asked.document.operation.operation is OperationType.MUTATION:
            raise HTTPException(405, "A mutation needs POST.")
        headers = Headers(scope=scope)
        signed_in = await sign_in(self.recognise, headers.get("authorization"))
        if not asked.document.is_subscription:
            await self._answer(asked, Context(self.services, signed_in.viewer, reader_of(HTTPConnection(scope))), send)
            return
        with self.admission.admit(address_of(scope)):
            stream = _Stream(self, asked.framing, asgi)
            session = self.sessions.open(signed_in, stream)
            try:
                await stream.run(asked, session, headers.get("last-event-id"))
            finally:
                self.sessions.close(session)

    async def _answer(self, asked: _Asked, context: Context, send: AsgiSend) -> None:
        """A query or mutation: one result."""
        try:
            result = await self.operations.run(asked.request, context)
        except RequestError as error:
            await self._fail(asked.framing, error, send)
            return
        framing = asked.framing
        await _start(framing, send)
        await send(_chunk(framing.next(result.encode(), None) + framing.complete(), more=False))

    async def _fail(self, framing: Framing, error: RequestError, send: AsgiSend) -> None:
        await _start(framing, send)
        await send(_chunk(framing.failed(shown(error)), more=False))


_Asgi = tuple[Scope, Receive, AsgiSend]


@dataclass(frozen=True, slots=True)
class _Asked:
    framing: Framing
    document: Document
    request: Request


class _Stream:
    """One open response: outlet of its member, holder of its session and of its connection."""

    def __init__(self, view: StreamView, framing: Framing, asgi: _Asgi) -> None:
        self._view = view
        self._settings = view.services.settings
        self._framing = framing
        self._scope, self._receive, self._send = asgi
        self._waiting: list[bytes] = []
        self._filled = asyncio.Event()
        self._over = False
        self._gone = False
        self._session: Session
        self._member: Member | None = None

    async def run(self, asked: _Asked, session: Session, last_id: str | None) -> None:
        self._session = session
        await _start(self._framing, self._send)
        self._waiting.append(self._framing.begin(retry_after(self._settings)))
        self._filled.set()
        try:
            self._member = self._view.operations.subscribe(asked.document, asked.request, session.viewer, self, last_id)
        except RequestError as error:
            self.end(error)
        watching = self._view.operations.tasks.create_task(self._watch())
        try:
            await self._relay()
        finally:
            if self._member is not None:
                self._member.leave()
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self) -> None:
        """A client that goes away says so on the way in."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._filled.set()

    async def _relay(self) -> None:
        connection = http_connection(self._scope)
        if connection is not None:
            connection.hold(self, self._settings.socket_send_timeout)
        try:
            while not self._gone and not self._over:
                await self._something()
                chunk, self._waiting = b"".join(self._waiting), []
                async with asyncio.timeout(self._settings.socket_send_timeout):
                    await self._send(_chunk(chunk, more=not self._over))
                self.resume()
        except TimeoutError:
            LOG.info("a stream was cut off: its client has not read for %g s", self._settings.socket_send_timeout)
        finally:
            if connection is not None:
                connection.release()

    async def _something(self) -> None:
        try:
            async with asyncio.timeout(self._settings.stream_heartbeat):
                await self._filled.wait()
        except TimeoutError:
            self._waiting.append(self._framing.alive())
        self._filled.clear()

    # What the fan-out, the session and the connection say; none of it may wait

    def write(self, result: Result) -> bool:
        if len(self._waiting) >= _ROOM or self._over or not self._session.holds():
            return False
        self._waiting.append(self._framing.next(result.payload, result.cursor))
        self._filled.set()
        return True

    def resume(self) -> None:
        if self._member is not None:
            self._member.resume()

    def end(self, failure: Exception) -> None:
        self._finish(self._framing.failed(shown(failure)))

    def expel(self, fault: Fault) -> None:
        self.end(fault)

    def drain(self) -> None:
        self._finish(self._framing.going_away(retry_after(self._settings)))

    def _finish(self, last: bytes) -> None:
        if not self._over:
            self._over = True
            self._waiting.append(last)
            self._filled.set()


async def _start(framing: Framing, send: AsgiSend) -> None:
    headers = [(b"content-type", framing.media_type.encode()), *_HEADERS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def _chunk(body: bytes, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _again(body: bytes, receive: Receive) -> Receive:
    """A request's body that was read already, for the next application."""
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        return next(given, None) or await receive()

    return replay
