"""What HTTP and WebSocket have in common: who calls, and how an answer is written."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from newsgraph.auth.tokens import bearer
from newsgraph.domain.errors import PASSING, Fault, FaultCode, RateLimited
from newsgraph.domain.users import ANONYMOUS, SignIn
from newsgraph.engine.documents import RequestError
from newsgraph.graph.context import Reader
from newsgraph.graph.errors import presented
from newsgraph.settings import Settings

Recognise = Callable[[str], Awaitable[SignIn]]
"""From a token to who it speaks for; raises Fault(UNAUTHENTICATED)."""


async def sign_in(recognise: Recognise, authorization: str | None) -> SignIn:
    """Who an Authorization header speaks for. Errors: Fault(UNAUTHENTICATED)."""
    token = bearer(authorization)
    return SignIn(ANONYMOUS) if token is None else await recognise(token)


def fields_of(scope: Mapping[str, Any]) -> Mapping[bytes, bytes]:
    """The headers by name, of several the last; the edge has them already (web.edge)."""
    found: Mapping[bytes, bytes] | None = scope.get("fields")
    return dict(scope["headers"]) if found is None else found


def address_of(scope: Mapping[str, Any]) -> str:
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def reader_of(scope: Mapping[str, Any]) -> Reader:
    agent, ahead = b"", False
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent = value
        elif name in _PURPOSE and _AHEAD.search(value):
            ahead = True
    return Reader(address_of(scope), agent.decode("latin-1"), ahead)


# Fetch, "Sec-Purpose" (https://fetch.spec.whatwg.org/#sec-purpose-header), and what browsers sent before it.
_PURPOSE = frozenset({b"sec-purpose", b"purpose", b"x-purpose", b"x-moz"})
_AHEAD = re.compile(rb"pre(fetch|render|view)", re.IGNORECASE)


def retry_after(settings: Settings) -> int:
    """After how many milliseconds a client should come back: not at once, and not all at the same time."""
    most = int(settings.reconnect_spread * 1000)
    return random.randint(most // 5, most)  # noqa: S311 - no secret


def shown(error: Exception) -> Sequence[Mapping[str, Any]]:
    """The errors of an operation as clients see them. Anything unknown is a defect, which is logged and hidden."""
    if isinstance(error, RequestError):
        return [one.formatted for one in error.errors]
    return [presented(GraphQLError(str(error), original_error=error)).formatted]


_STATUS = {
    FaultCode.UNAUTHENTICATED: 401,
    FaultCode.FORBIDDEN: 403,
    FaultCode.ORIGIN_NOT_ALLOWED: 403,
    FaultCode.UNAVAILABLE: 503,
    FaultCode.TOO_MANY_CONNECTIONS: 503,
    FaultCode.OPERATION_TIMED_OUT: 503,
    FaultCode.REQUEST_TOO_LARGE: 413,
    FaultCode.RATE_LIMITED: 429,
}


def status_of(code: FaultCode) -> int:
    """Of HTTP."""
    return _STATUS.get(code, 400)


def refused(error: Fault | HTTPException) -> Response:
    """Faults that come before any operation are GraphQL errors with their code, too."""
    if isinstance(error, Fault):
        status = status_of(error.code)
        seconds = error.seconds if isinstance(error, RateLimited) else PASSING.get(error.code)
        later = {} if seconds is None else {"retry-after": str(seconds)}
        return JSONResponse({"errors": shown(error)}, status, {"cache-control": "no-store", **later})
    return _refusal(FaultCode.BAD_INPUT, error.detail, error.status_code, error.headers or {})


def _refusal(code: FaultCode, message: str, status: int, headers: Mapping[str, str]) -> Response:
    body = {"errors": [{"message": message, "extensions": {"code": code.value}}]}
    return JSONResponse(body, status, headers)
