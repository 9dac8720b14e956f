"""GraphQL requests as HTTP carries them, and what kind of answer a client takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.engine.documents import Request
from newsgraph.web.framing import EventStream, Framing, Multipart

_ACCEPT_MAX = 4_000  # characters; browsers send some 100
_REFUSED = ("0", "0.", "0.0", "0.00", "0.000")

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
_JSON = {JSON, GRAPHQL, "application/*", "*/*"}

SAFE = ("GET", "HEAD")  # RFC 9110, 9.2.1: their operation is in the address, and changes nothing


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream is welcome; `only`: nothing else is."""

    framing: Framing
    only: bool


@lru_cache(maxsize=256)
def negotiated(accept: bytes) -> Wanted | None:
    """What an Accept header (RFC 9110, 12.5.1) says of streams; None: nothing, as one that is longer than sense."""
    if len(accept) > _ACCEPT_MAX:
        return None
    ranges = [one for one in map(_media_range, accept.decode("latin-1").split(",")) if one.get("q") not in _REFUSED]
    kinds = {one[""] for one in ranges}
    if any(one[""] == "multipart/mixed" and "subscriptionspec" in one for one in ranges):
        return Wanted(Multipart(), only=False)
    if "text/event-stream" in kinds:
        return Wanted(EventStream(), only=_JSON.isdisjoint(kinds))
    return None


@lru_cache(maxsize=256)
def media_type(accept: bytes) -> str | None:
    """In which of the two a client would have a response (GraphQL over HTTP, "Media types"); None: in neither.

    Who is content with anything gets JSON, and so does who says more than makes sense.
    """
    if not accept or len(accept) > _ACCEPT_MAX:
        return JSON
    ranges = {one[""]: _weight(one) for one in map(_media_range, accept.decode("latin-1").split(","))}
    any_of_it = ranges.get("application/*", ranges.get("*/*", 0.0))
    plain, own = ranges.get(JSON, any_of_it), ranges.get(GRAPHQL, 0.0)
    if own > 0 and own >= plain:
        return GRAPHQL
    return JSON if plain > 0 else None


def _weight(media_range: Mapping[str, str]) -> float:
    try:
        return float(media_range.get("q", 1))
    except ValueError:
        return 1.0


def _media_range(text: str) -> Mapping[str, str]:
    """Its parameters by name, the kind itself under no name."""
    kind, *parameters = text.lower().split(";")
    named = (one.partition("=") for one in parameters)
    return {name.strip(): value.strip(' \t"') for name, _, value in named} | {"": kind.strip()}


@lru_cache(maxsize=256)
def is_json(content_type: bytes) -> bool:
    return content_type.partition(b";")[0].strip().lower() == JSON.encode()


async def read_body(receive: Receive, most: int) -> bytes:
    """Errors: Fault(REQUEST_TOO_LARGE). Ends with what there is when the client goes."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size > most:
            raise Fault(FaultCode.REQUEST_TOO_LARGE, f"A request has at most {most} bytes.")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_request(scope: Scope, body: bytes) -> Request:
    """Errors: HTTPException(400), HTTPException(415)."""
    fields = _from_query(scope) if scope["method"] in SAFE else _from_body(scope, body)
    for name, (kind, rule) in _FIELDS.items():
        if fields.get(name) is not None and not isinstance(fields[name], kind):
            raise HTTPException(400, f"{name} is {rule}.")
    if not any(fields.get(name) for name in ("query", "documentId", "extensions")):
        raise HTTPException(400, "A GraphQL request has a query, which is a string, or names one.")
    query, *rest = (fields.get(name) for name in _FIELDS)
    return Request(query or "", *rest)


# In the order of a Request's own.
_FIELDS: dict[str, tuple[type, str]] = {
    "query": (str, "a string"),
    "variables": (dict, "an object or null"),
    "operationName": (str, "a string or null"),
    "documentId": (str, "a string or null"),
    "extensions": (dict, "an object or null"),
}


def _from_query(scope: Scope) -> Mapping[str, Any]:
    """GraphQL over HTTP, "GET": variables and extensions are JSON in one parameter each."""
    given: dict[str, Any] = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _json(given[name])
    return {name: value for name, value in given.items() if value != ""}


def _from_body(scope: Scope, body: bytes) -> Mapping[str, Any]:
    if not is_json(dict(scope["headers"]).get(b"content-type", b"")):
        raise HTTPException(415, "Send the operation as application/json.")
    found = _json(body)
    if isinstance(found, list):
        raise Fault(FaultCode.BATCHING_NOT_SUPPORTED, "Send each operation in a request of its own.")
    if not isinstance(found, dict):
        raise HTTPException(400, "A GraphQL request is a JSON object.")
    return found


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise HTTPException(400, "The request is not JSON.") from None
