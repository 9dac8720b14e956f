"""The first that a request meets: who sends it, what it is called, and whether its page may ask at all.

Around the whole application, for every path and for WebSockets. It costs a microsecond; see `app` for why it is no
middleware of Starlette's.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.observe import REQUEST
from newsgraph.settings import Settings
from newsgraph.web.access import Exchange
from newsgraph.web.callers import fields_of, refused
from newsgraph.web.origins import Fields, Origins
from newsgraph.web.proxies import Proxies
from newsgraph.web.requests import SAFE
from newsgraph.web.uvicorn_held import with_headers

Headers = list[tuple[bytes, bytes]]

GRAPHQL = "/graphql"
_NOSNIFF = (b"x-content-type-options", b"nosniff")  # a comment that looks like HTML is none
_SHOWN = (b"access-control-expose-headers", b"ETag, Retry-After, X-Request-Id")
_ANYBODYS = "/widgets/"  # files of which web/static.py itself says that every page may load them; twice would be never
_ASKED_AGAIN = b"7200"  # seconds; browsers keep a preflight's answer for no longer
_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, \t-]{0,1000}")  # of headers

_FOREIGN = Fault(
    FaultCode.ORIGIN_NOT_ALLOWED, "Pages of other sites may not ask here, unless the setting allowed_origins has them."
)
_FORGEABLE = Fault(
    FaultCode.CSRF_PREVENTED,
    "Any page could have made a browser send this. Say `Accept: application/json`, or send a header that no link"
    " can send, as `GraphQL-Preflight: 1`.",
)


class Edge:
    """An ASGI application around another; `endpoint` is the path where GraphQL is answered."""

    def __init__(self, application: ASGIApp, settings: Settings, endpoint: str = GRAPHQL) -> None:
        self._application = application
        self._endpoint = endpoint
        self._origins = Origins(settings)
        self._proxies = Proxies(settings)
        self._name = f"{secrets.token_hex(4)}-%x"  # of a request: no other process has this beginning
        self._numbers = itertools.count(1)
        self._always = _always(self._origins)
        self._visits = settings.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        fields = scope["fields"] = fields_of(scope)
        name = self._introduced(scope, fields)
        REQUEST.set(name)
        sending = with_headers(scope, send, self._headers(name, scope, fields.get(b"origin")))
        if self._visits:
            with Exchange(scope) as exchange:
                await self._admitted(scope, fields)(scope, receive, exchange.watching(sending))
        else:
            await self._admitted(scope, fields)(scope, receive, sending)

    def _admitted(self, scope: Scope, fields: Fields) -> ASGIApp:
        """The application, or what answers in its place."""
        if scope["type"] == "websocket":
            return _closed if self._origins.foreign(fields) else self._application
        return self._answer(scope, fields) or self._application

    def _introduced(self, scope: Scope, fields: Fields) -> str:
        """The request's name, and in the scope who sends it."""
        client = scope.get("client")
        if client is not None and self._proxies.trusts(client[0]):
            self._proxies.introduce(scope, fields)
            if (given := self._proxies.request_id(fields)) is not None:
                return given
        return self._name % next(self._numbers)

    def _headers(self, name: str, scope: Scope, origin: bytes | None) -> Headers:
        if scope["path"].startswith(_ANYBODYS) and scope.get("method") in SAFE:
            return [(b"x-request-id", name.encode())]
        headers = [(b"x-request-id", name.encode()), *self._always]
        if origin is not None and not self._origins.anybody and self._origins.allows(origin):
            headers += [(b"access-control-allow-origin", origin), _SHOWN]
        return headers

    def _answer(self, scope: Scope, fields: Fields) -> Response | None:
        """What is not for the application: a preflight, or what may not come in."""
        method = scope["method"]
        if method in SAFE:
            if scope["path"] != self._endpoint:
                return None
            if b"origin" in fields and self._origins.foreign(fields):
                return refused(_FOREIGN)
            return refused(_FORGEABLE) if b"=" in scope["query_string"] and self._origins.forgeable(fields) else None
        if method == "OPTIONS":
            return self._preflight(fields) if b"access-control-request-method" in fields else None
        return refused(_FOREIGN) if self._origins.foreign(fields) else None

    def _preflight(self, fields: Fields) -> Response:
        """An origin that may ask may send any header: nobody is recognised by what a browser adds by itself."""
        wanted = fields.get(b"access-control-request-headers", b"")
        if not self._origins.allows(fields.get(b"origin", b"")) or not _NAMES.fullmatch(wanted):
            return refused(_FOREIGN)
        response = Response(status_code=204)
        response.raw_headers = [
            (b"access-control-allow-methods", b"GET, HEAD, POST"),
            *([(b"access-control-allow-headers", wanted)] if wanted else []),
            (b"access-control-max-age", _ASKED_AGAIN),
            (b"vary", b"Access-Control-Request-Headers"),
        ]
        return response


async def _closed(_scope: Scope, receive: Receive, send: Send) -> None:
    """A browser asks nobody before it opens a socket; one that is closed before it is accepted is HTTP 403."""
    await receive()
    await send({"type": "websocket.close"})


def _always(origins: Origins) -> Sequence[tuple[bytes, bytes]]:
    """Of each answer, for caches that keep it for pages of several origins."""
    if origins.anybody:
        return [_NOSNIFF, (b"access-control-allow-origin", b"*"), _SHOWN]
    return [_NOSNIFF, (b"vary", b"Origin")] if origins.named else [_NOSNIFF]
