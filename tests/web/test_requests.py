"""Which kind of answer a client takes, and what requests HTTP carries."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.engine.documents import Request
from newsgraph.web.framing import EventStream, Multipart
from newsgraph.web.requests import negotiated, read_body, read_request

APOLLO = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'
URQL = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"


@pytest.mark.parametrize(
    ("accept", "framing", "only"),
    [
        ("text/event-stream", EventStream, True),
        ("Text/Event-Stream; charset=utf-8", EventStream, True),
        ("text/event-stream, text/html", EventStream, True),
        ("text/event-stream, */*", EventStream, False),
        ("application/json, text/event-stream;q=0.1", EventStream, False),
        (URQL, EventStream, False),
        (APOLLO, Multipart, False),
        ("multipart/mixed;subscriptionSpec=1.0", Multipart, False),
        ('multipart/mixed; subscriptionSpec="1.0"; boundary=graphql', Multipart, False),
        ("multipart/mixed;subscriptionSpec=1.0, multipart/mixed;deferSpec=20220824", Multipart, False),
        ("text/event-stream;q*=utf-8''0;q=1;", EventStream, True),
    ],
)
def test_streams_are_welcome(accept: str, framing: type, only: bool) -> None:
    wanted = negotiated(accept.encode("latin-1"))
    assert wanted is not None
    assert (type(wanted.framing), wanted.only) == (framing, only)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "multipart/mixed",
        "multipart/mixed;deferSpec=20220824, application/json",
        "text/event-stream;q=0, application/json",
        "text/event-stream;q=0.000",
        "text/event-streams",
        ";;;,,,=,\x00",
        "a" * 10_000,
        "text/event-stream" + ";a=b" * 5_000 + "x;q=0",
        ";=text/event-stream",
        "application/json;=text/event-stream",
    ],
)
def test_streams_are_not_asked_for(accept: str) -> None:
    assert negotiated(accept.encode("latin-1")) is None


def post(body: object, kind: str = "application/json") -> Request:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request({"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}, text)


def get(**parameters: str) -> Request:
    return read_request({"type": "http", "method": "GET", "query_string": urlencode(parameters).encode()}, b"")


def test_a_request_in_a_body() -> None:
    assert post({"query": "{ a }"}) == Request("{ a }")
    assert post({"query": "{ a }", "variables": None, "operationName": None, "extensions": {}}) == Request(
        "{ a }", extensions={}
    )
    assert post({"query": "q", "variables": {"a": [1]}, "operationName": "A"}) == Request("q", {"a": [1]}, "A")
    assert post({"query": "q"}, "application/json; charset=utf-8") == Request("q")


def test_a_request_in_an_address() -> None:
    assert get(query="{ a }") == Request("{ a }")
    assert get(query="{ é & + }", variables='{"a": "ü"}', operationName="A") == Request("{ é & + }", {"a": "ü"}, "A")
    assert get(query="q", variables="", operationName="") == Request("q")
    assert get(query="q", variables="null") == Request("q")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"query": "q"}, "text/plain", 415),
        ({"query": "q"}, "", 415),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"9" * 5_000, "application/json", 400),
        (None, "application/json", 400),
        ({}, "application/json", 400),
        ({"query": 5}, "application/json", 400),
        ({"query": "q", "variables": []}, "application/json", 400),
        ({"query": "q", "operationName": 5}, "application/json", 400),
    ],
)
def test_what_is_no_request(body: object, kind: str, status: int) -> None:
    with pytest.raises(HTTPException) as refused:
        post(body, kind)
    assert refused.value.status_code == status


@pytest.mark.parametrize("body", [[], [{"query": "q"}], [{"query": "q"}] * 1_000])
def test_operations_come_one_by_one(body: object) -> None:
    with pytest.raises(Fault) as refused:
        post(body, "application/json")
    assert refused.value.code is FaultCode.BATCHING_NOT_SUPPORTED


@pytest.mark.parametrize(
    "parameters", [{}, {"query": ""}, {"query": "q", "variables": "{"}, {"query": "q", "variables": "5"}]
)
def test_what_is_no_request_in_an_address(parameters: dict[str, str]) -> None:
    with pytest.raises(HTTPException) as refused:
        get(**parameters)
    assert refused.value.status_code == 400


async def read(parts: list[bytes], most: int) -> bytes:
    messages: list[Any] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request"})
    given = iter(messages)

    async def receive() -> Message:
        return dict(next(given))

    return await read_body(receive, most)


async def test_a_body_may_be_as_long_as_it_says_and_no_longer() -> None:
    assert await read([b"12345", b"67890"], 10) == b"1234567890"
    with pytest.raises(Fault) as refused:
        await read([b"12345", b"67890", b"x", b"never read" * 1_000_000], 10)
    assert refused.value.code is FaultCode.REQUEST_TOO_LARGE
