"""What HTTP and WebSocket have in common: who calls, and how an answer is written."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import HTTPConnection

from newsgraph.auth.tokens import bearer
from newsgraph.domain.users import ANONYMOUS, Viewer
from newsgraph.graph.context import Reader

Recognise = Callable[[str], Awaitable[Viewer]]
"""From a token to who it speaks for; raises Fault(UNAUTHENTICATED)."""


async def viewer_of(recognise: Recognise, authorization: str | None) -> Viewer:
    """Who an Authorization header speaks for. Errors: Fault(UNAUTHENTICATED)."""
    token = bearer(authorization)
    return ANONYMOUS if token is None else await recognise(token)


def reader_of(connection: HTTPConnection) -> Reader:
    return Reader(
        address=connection.client.host if connection.client else "",
        agent=connection.headers.get("user-agent", ""),
    )


def encode(value: object) -> str:
    """JSON that can be sent as UTF-8: half a surrogate pair is JSON and no Unicode, and stays escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text
