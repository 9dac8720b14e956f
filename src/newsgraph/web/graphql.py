"""The GraphQL endpoint for HTTP: one request, one response. Specification: https://graphql.github.io/graphql-over-http

What is at hand is served without parsing anything: the bytes of a request lead to the key of its answer.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from graphql import OperationType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from newsgraph.domain.errors import PASSING, Fault, FaultCode
from newsgraph.domain.users import ANONYMOUS, Viewer
from newsgraph.engine.bounded import OVERHEAD, Bounded
from newsgraph.engine.documents import Request, RequestError
from newsgraph.engine.responses import Answer, Entry
from newsgraph.graph.answers import Asked, Key
from newsgraph.graph.context import Services
from newsgraph.graph.encoding import as_json
from newsgraph.graph.hints import Hint
from newsgraph.web.callers import Recognise, address_of, fields_of, reader_of, refused, shown, sign_in
from newsgraph.web.compression import CODINGS, SMALLEST, coding_of
from newsgraph.web.conditions import names
from newsgraph.web.graphiql import POLICY
from newsgraph.web.operations import Operations
from newsgraph.web.pages import GUARDS
from newsgraph.web.requests import GRAPHQL, JSON, SAFE, is_json, media_type, read_body, read_request
from newsgraph.web.uvicorn_http import Reply, respond

_KNOWN = 4  # one part in so many of the cache's memory, on top of it, is for requests that lead to what it holds
_VARY = (b"vary", b"Accept, Accept-Encoding, Authorization")
_KINDS = {kind: (b"content-type", f"{kind}; charset=utf-8".encode()) for kind in (JSON, GRAPHQL)}
_DEBUG = b"newsgraph-debug"  # whoever sends this header is told about the cache
_UNKEPT = (b"cache-control", b"no-store")
_PAGE = GUARDS | {"content-security-policy": POLICY, "cache-control": "no-store", "vary": "Accept"}

Headers = Mapping[bytes, bytes]


class Known(NamedTuple):
    """A request that came before: its answer's key as readers share it, and how long others may keep the answer."""

    key: Key
    hint: Hint


class _Call(NamedTuple):
    """A request that is being answered. `sent` tells it from others: its address's query, or its body."""

    scope: Scope
    headers: Headers
    kind: str
    sent: bytes
    viewer: Viewer

    def key_of(self, known: Known) -> Key | None:
        """Where this caller's answer may be at hand."""
        if self.viewer is ANONYMOUS:
            return known.key
        return None if known.hint.private else (*known.key[:3], self.viewer.audience)


class GraphQLView:
    """An ASGI application. `page` renders GraphiQL; None answers browsers as any client."""

    def __init__(
        self,
        operations: Operations,
        services: Services,
        recognise: Recognise,
        page: Callable[[], Awaitable[str]] | None,
    ) -> None:
        self._operations = operations
        self._settings = services.settings
        self._recognise = recognise
        self._page = page
        self._known: Bounded[bytes, Known] = Bounded(self._settings.response_cache // _KNOWN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Faults that come before any operation are GraphQL errors with their code, too."""
        headers: Headers = fields_of(scope)
        try:
            if self._page is not None and _is_browser(scope, headers):
                await HTMLResponse(await self._page(), headers=_PAGE)(scope, receive, send)
                return
            reply = await self._reply(scope, receive, headers)
        except (Fault, HTTPException) as error:
            await refused(error)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        except Exception as defect:
            reply = _broken(defect)
        await respond(scope, send, reply)

    async def _reply(self, scope: Scope, receive: Receive, headers: Headers) -> Reply:
        kind = media_type(headers.get(b"accept", b""))
        if kind is None:
            raise HTTPException(406, f"Answers are {JSON} or {GRAPHQL}.")
        sent = await self._sent(scope, receive, headers)
        viewer = await self._viewer(headers[b"authorization"]) if b"authorization" in headers else ANONYMOUS
        self._operations.rates.pay(viewer, address_of(scope))
        call = _Call(scope, headers, kind, sent, viewer)
        known = self._known.get(sent)
        key = known and call.key_of(known)
        try:
            if not known or not key:
                return await self._operate(call, read_request(scope, sent))
            entry = await self._operations.query(
                lambda: self._asked(call, read_request(scope, sent)), key, viewer, scope
            )
            return self._answered(call, entry, known.hint, key)
        except RequestError as error:
            return _failed(kind, error)

    async def _sent(self, scope: Scope, receive: Receive, headers: Headers) -> bytes:
        method = scope["method"]
        if method in SAFE:
            query: bytes = scope["query_string"]
            return b"?" + query
        if method != "POST":
            raise HTTPException(405, "Send GET, HEAD or POST.", {"allow": "GET, HEAD, POST"})
        if not is_json(headers.get(b"content-type", b"")):
            raise HTTPException(415, "Send the operation as application/json.")
        return await read_body(receive, self._settings.message_size)

    async def _viewer(self, authorization: bytes) -> Viewer:
        return (await sign_in(self._recognise, authorization.decode("latin-1"))).viewer

    async def _operate(self, call: _Call, request: Request) -> Reply:
        """Errors: RequestError."""
        asked = self._asked(call, request)
        document = asked.document
        if document.is_subscription:
            raise Fault(FaultCode.BAD_INPUT, "A subscription is answered as a stream: see the documentation.")
        if document.operation.operation is OperationType.MUTATION:
            if call.scope["method"] in SAFE:
                raise HTTPException(405, "A mutation needs POST.", {"allow": "POST"})
            body = await self._operations.run(asked)
            if _DEBUG in call.headers:
                body = _extended(body, cost=self._cost(request))
            return _composed(call.kind, 200, [_UNKEPT, *_later(body)], body)
        hint, key = self._operations.answers.hint(document), self._operations.answers.key(asked)
        if key is not None:
            self._remember(call.sent, Known((*key[:3], ""), hint))
        return self._answered(
            call, await self._operations.query(lambda: asked, key, call.viewer, call.scope), hint, key
        )

    def _asked(self, call: _Call, request: Request) -> Asked:
        reader = reader_of(call.scope)
        return Asked(self._operations.check(request, reader.address), request, call.viewer, reader)

    def _remember(self, sent: bytes, known: Known) -> None:
        text, _, variables, _ = known.key
        self._known.put(sent, known, OVERHEAD + sum(map(sys.getsizeof, (sent, text, variables))))

    def _answered(self, call: _Call, entry: Entry | Answer, hint: Hint, key: Key | None) -> Reply:
        if _DEBUG in call.headers:
            return _composed(call.kind, 200, [_UNKEPT], self._explained(entry, read_request(call.scope, call.sent)))
        headers = [(b"cache-control", self._keep(entry, hint, call.viewer)), _VARY]
        if entry.max_age <= 0:
            headers += _later(entry.body)
        if self._settings.tags_header and self._fits(entry):
            headers.append((self._settings.tags_header.encode(), " ".join(sorted(entry.tags)).encode()))
        coding = _coding(call, entry.body)
        if coding is not None:
            headers.append((b"content-encoding", coding.encode()))
        if call.scope["method"] in SAFE and isinstance(entry, Entry) and entry.max_age > 0:
            etag = (entry.etag if coding is None else entry.etag_as(coding)).encode()
            headers.append((b"etag", etag))
            if names(call.headers.get(b"if-none-match"), etag):
                return 304, headers, b""
        return _composed(call.kind, 200, headers, entry.body if coding is None else self._coded(entry, key, coding))

    def _explained(self, entry: Entry | Answer, request: Request) -> bytes:
        """The answer with what is known of it: how old it is in seconds, what will spoil it, and what it costs."""
        kept = isinstance(entry, Entry) and entry.max_age > 0
        age = entry.max_age - self._operations.answers.left(entry) if isinstance(entry, Entry) and kept else 0.0
        said = {"kept": kept, "age": round(age, 3), "maxAge": entry.max_age, "asOf": entry.as_of}
        return _extended(entry.body, cache={**said, "tags": sorted(entry.tags)}, cost=self._cost(request))

    def _cost(self, request: Request) -> Mapping[str, int]:
        budget = self._operations.budget
        return budget.said(budget.cost(self._operations.check(request), request.variables))

    def _keep(self, entry: Entry | Answer, hint: Hint, viewer: Viewer) -> bytes:
        """Cache-Control (RFC 9111, 5.2). What this server does not keep nobody should."""
        if entry.max_age <= 0:
            return b"no-store"
        left = entry.max_age if isinstance(entry, Answer) else self._operations.answers.left(entry)
        private = hint.private or bool(viewer.audience) or not self._fits(entry)
        return _cache_control(private, min(hint.max_age, int(left)))

    def _fits(self, entry: Entry | Answer) -> bool:
        """Whether a cache could purge the answer by its tags; else no shared cache may have it."""
        settings = self._settings
        return not settings.tags_header or sum(map(len, entry.tags)) + len(entry.tags) <= settings.tags_header_size

    def _coded(self, entry: Entry | Answer, key: Key | None, coding: str) -> bytes:
        if key is None or isinstance(entry, Answer):
            return CODINGS[coding](entry.body)
        return self._operations.answers.coded(key, entry, coding, CODINGS[coding])


def _extended(body: bytes, **extensions: object) -> bytes:
    return b'%b,"extensions":%b}' % (body[:-1], as_json(extensions))


def _coding(call: _Call, body: bytes) -> str | None:
    accepted = call.headers.get(b"accept-encoding")
    return None if accepted is None or len(body) < SMALLEST else coding_of(accepted.decode("latin-1"))


@lru_cache(maxsize=4_096)
def _cache_control(private: bool, seconds: int) -> bytes:
    return b"%b, max-age=%d" % (b"private" if private else b"public", seconds)


def _is_browser(scope: Scope, headers: Headers) -> bool:
    """Somebody who opens the address, with nothing to execute."""
    return scope["method"] in SAFE and b"text/html" in headers.get(b"accept", b"") and b"=" not in scope["query_string"]


def _composed(kind: str, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> Reply:
    return status, [_KINDS[kind], (b"content-length", b"%d" % len(body)), *headers], body


def _later(body: bytes) -> list[tuple[bytes, bytes]]:
    """Where nothing came of an operation but may soon: what it was executed to is HTTP 200 all the same.

    The field's name cannot stand so in any text of the body: quotes are escaped there.
    """
    if body.startswith(b'{"data":null') and b'"retryAfter":' in body:
        return [(b"retry-after", b"%d" % PASSING[FaultCode.UNAVAILABLE])]
    return []


def _failed(kind: str, error: RequestError) -> Reply:
    """Without any result. In JSON, which proxies and others answer in too, only a 200 is an answer of GraphQL."""
    return _composed(kind, 400 if kind == GRAPHQL else 200, [_UNKEPT, _VARY], as_json({"errors": shown(error)}))


def _broken(defect: Exception) -> Reply:
    return _composed(JSON, 500, [_UNKEPT], as_json({"errors": shown(defect)}))
