"""GraphQL over HTTP responses that do not end: server-sent events, and multipart for Apollo's clients."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from graphql import OperationType
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope
from starlette.types import Send as AsgiSend

from newsgraph.domain.errors import Fault
from newsgraph.domain.users import SignIn
from newsgraph.engine.documents import Document, Request, RequestError
from newsgraph.engine.fanout import Member, Result
from newsgraph.graph.answers import Asked
from newsgraph.graph.context import Services
from newsgraph.live.sessions import Session, Sessions
from newsgraph.web.admission import Admission
from newsgraph.web.callers import Recognise, address_of, fields_of, reader_of, refused, retry_after, shown, sign_in
from newsgraph.web.framing import Framing
from newsgraph.web.operations import Operations
from newsgraph.web.pipes import AsgiResponse, ResponsePipe, body, pumped
from newsgraph.web.requests import Wanted, negotiated, read_body, read_request
from newsgraph.web.uvicorn_http import response_pipe

# Whoever stands between must neither keep the stream back nor change it; the second is what nginx understands.
_HEADERS = [(b"cache-control", b"no-cache, no-transform"), (b"x-accel-buffering", b"no"), (b"vary", b"accept")]


_Asgi = tuple[Scope, Receive, AsgiSend]


@dataclass(frozen=True, slots=True)
class _Wish:
    framing: Framing
    document: Document
    request: Request


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
        wanted = negotiated(fields_of(scope).get(b"accept", b""))
        if wanted is None or scope["method"] not in ("GET", "POST"):
            await self.otherwise(scope, receive, send)
            return
        try:
            sent = await read_body(receive, self.services.settings.message_size)
            await self._choose(wanted, sent, (scope, receive, send))
        except (Fault, HTTPException) as error:
            await refused(error)(scope, receive, send)
        except ClientDisconnect:
            pass

    async def _choose(self, wanted: Wanted, sent: bytes, asgi: _Asgi) -> None:
        """Clients that take JSON too get streams of subscriptions only."""
        scope, receive, send = asgi
        try:
            request = read_request(scope, sent)
            document = self.operations.check(request, address_of(scope))
        except RequestError as error:
            await self._fail(wanted, error, asgi)
            return
        if document.is_subscription or wanted.only:
            await self._stream(_Wish(wanted.framing, document, request), asgi)
        else:
            await self.otherwise(scope, _again(sent, receive), send)

    async def _stream(self, asked: _Wish, asgi: _Asgi) -> None:
        scope, receive, send = asgi
        if scope["method"] == "GET" and asked.document.operation.operation is OperationType.MUTATION:
            raise HTTPException(405, "A mutation needs POST.", {"allow": "POST"})
        headers = Headers(scope=scope)
        signed_in = await sign_in(self.recognise, headers.get("authorization"))
        self.operations.rates.pay(signed_in.viewer, address_of(scope))
        if not asked.document.is_subscription:
            reader = reader_of(scope)
            await self._answer(asked.framing, Asked(asked.document, asked.request, signed_in.viewer, reader), asgi)
            return
        with self.admission.admit(address_of(scope)):
            await _start(asked.framing, send)
            await send(body(asked.framing.begin(retry_after(self.services.settings)), more=True))
            pipe = response_pipe(scope, send)
            if pipe is not None:
                await self._follow(asked, pipe, signed_in, headers)
            else:
                async with pumped(AsgiResponse(send, receive), self.operations.tasks) as other:
                    await self._follow(asked, other, signed_in, headers)

    async def _follow(self, asked: _Wish, pipe: ResponsePipe, signed_in: SignIn, headers: Headers) -> None:
        stream = _Stream(self, asked, pipe)
        session = self.sessions.open(signed_in, stream)
        try:
            await stream.run(session, headers.get("last-event-id"))
        finally:
            self.sessions.close(session)

    async def _answer(self, framing: Framing, asked: Asked, asgi: _Asgi) -> None:
        """A query or mutation: one result, or why there is none."""
        scope, _, send = asgi
        try:
            last = framing.next(await self.operations.run(asked, scope), None) + framing.complete()
        except RequestError as error:
            last = framing.failed(shown(error))
        await _start(framing, send)
        await send(body(last, more=False))

    async def _fail(self, wanted: Wanted, error: RequestError, asgi: _Asgi) -> None:
        if not wanted.only:
            await JSONResponse({"errors": shown(error)})(*asgi)
            return
        await _start(wanted.framing, asgi[2])
        await asgi[2](body(wanted.framing.failed(shown(error)), more=False))


class _Stream:
    """One open response: outlet of its member, holder of its session and of its connection."""

    def __init__(self, view: StreamView, asked: _Wish, pipe: ResponsePipe) -> None:
        self._operations = view.operations
        self._settings = view.services.settings
        self._asked = asked
        self._framing = asked.framing
        self._pipe = pipe
        self._last: bytes | None = None
        self._over = asyncio.Event()
        self._session = view.sessions.anonymous
        self._member: Member | None = None

    async def run(self, session: Session, last_id: str | None) -> None:
        self._session = session
        self._pipe.hold(self, self._settings.socket_send_timeout)
        if not self._over.is_set():
            self._subscribe(last_id)
        try:
            await self._stay()
        finally:
            self._leave()
        if self._last is not None:
            self._pipe.finish(self._last)

    def _subscribe(self, last_id: str | None) -> None:
        asked, viewer = self._asked, self._session.viewer
        try:
            self._member = self._operations.subscribe(asked.document, asked.request, viewer, self, last_id)
        except RequestError as error:
            self.end(error)

    def _leave(self) -> None:
        if self._member is not None:
            self._member.leave()

    async def _stay(self) -> None:
        while not self._over.is_set():
            try:
                async with asyncio.timeout(self._settings.stream_heartbeat):
                    await self._over.wait()
            except TimeoutError:
                if self._pipe.ready():
                    self._pipe.write(self._framing.alive())

    # What the fan-out, the session and the connection say; none of it may wait

    def write(self, result: Result) -> bool:
        if not self._pipe.ready() or not self._session.holds():
            return False
        self._pipe.write(self._framing.next(result.payload, result.cursor))
        return True

    def resume(self) -> None:
        if self._member is not None:
            self._member.resume()

    def end(self, failure: Exception) -> None:
        self._finish(self._framing.failed(shown(failure)))

    def expel(self, fault: Fault) -> None:
        self._finish(self._framing.expelled(shown(fault)))

    def drain(self) -> None:
        self._finish(self._framing.going_away(retry_after(self._settings)))

    def lost(self) -> None:
        self._leave()
        self._over.set()

    def _finish(self, last: bytes) -> None:
        """Nothing is written any more but this."""
        self._leave()
        if self._last is None:
            self._last = last
        self._over.set()


async def _start(framing: Framing, send: AsgiSend) -> None:
    headers = [(b"content-type", framing.media_type.encode()), *_HEADERS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def _again(sent: bytes, receive: Receive) -> Receive:
    """A request's body that was read already, for the next application."""
    given = iter([{"type": "http.request", "body": sent, "more_body": False}])

    async def replay() -> Message:
        return next(given, None) or await receive()

    return replay
