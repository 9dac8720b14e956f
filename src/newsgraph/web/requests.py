"""GraphQL requests as HTTP carries them, and what kind of answer a client takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope

from newsgraph.engine.documents import Request
from newsgraph.web.framing import EventStream, Framing, Multipart

_ACCEPT_MAX = 4_000  # characters; browsers send some 100
_REFUSED = ("0", "0.", "0.0", "0.00", "0.000")
_JSON = {"application/json", "application/graphql-response+json", "application/*", "*/*"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream is welcome; `only`: nothing else is."""

    framing: Framing
    only: bool


def negotiated(accept: str) -> Wanted | None:
    """What an Accept header (RFC 9110, 12.5.1) says of streams; None: nothing, as one that is longer than sense."""
    if len(accept) > _ACCEPT_MAX:
        return None
    ranges = [one for one in map(_media_range, accept.split(",")) if one.get("q") not in _REFUSED]
    kinds = {one[""] for one in ranges}
    if any(one[""] == "multipart/mixed" and "subscriptionspec" in one for one in ranges):
        return Wanted(Multipart(), only=False)
    if "text/event-stream" in kinds:
        return Wanted(EventStream(), only=_JSON.isdisjoint(kinds))
    return None


def _media_range(text: str) -> Mapping[str, str]:
    """Its parameters by name, the kind itself under no name."""
    kind, *parameters = text.lower().split(";")
    named = (one.partition("=") for one in parameters)
    return {name.strip(): value.strip(' \t"') for name, _, value in named} | {"": kind.strip()}


async def read_body(receive: Receive, most: int) -> bytes:
    """Errors: HTTPException(413). Ends with what there is when the client goes."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise HTTPException(413, f"A request has at most {most} bytes.")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def read_request(scope: Scope, body: bytes) -> Request:
    """Errors: HTTPException(400), HTTPException(415)."""
    fields = _from_query(scope) if scope["method"] == "GET" else _from_body(scope, body)
    query, variables, name = (fields.get(field) for field in ("query", "variables", "operationName"))
    if not isinstance(query, str):
        raise HTTPException(400, "A GraphQL request has a query, which is a string.")
    if variables is not None and not isinstance(variables, dict):
        raise HTTPException(400, "variables is an object or null.")
    if name is not None and not isinstance(name, str):
        raise HTTPException(400, "operationName is a string or null.")
    return Request(query, variables, name)


def _from_query(scope: Scope) -> Mapping[str, Any]:
    """GraphQL over HTTP, "GET": variables are JSON in one parameter."""
    given: dict[str, Any] = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    if given.get("variables"):
        given["variables"] = _json(given["variables"])
    return {name: value for name, value in given.items() if value != ""}


def _from_body(scope: Scope, body: bytes) -> Mapping[str, Any]:
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "Send the operation as application/json.")
    found = _json(body)
    if not isinstance(found, dict):
        raise HTTPException(400, "A GraphQL request is a JSON object.")
    return found


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise HTTPException(400, "The request is not JSON.") from None
