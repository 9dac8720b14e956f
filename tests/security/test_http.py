"""Heads and bodies that are too long, too slow, or mean two things at once: one refusal, and the connection ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from newsgraph.settings import Settings
from tests.web.desk import Desk, opened_desk

BODY = json.dumps({"query": "{ __typename }"}).encode()
SIZE = f"Content-Length: {len(BODY)}\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
CHUNK = b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)
HOST = "Host: news.example\r\n"


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    quick = replace(settings, header_timeout=0.4, body_timeout=0.4, header_size=2_000, header_count=20)
    async with opened_desk(quick) as desk:
        yield desk


def post(extra: str = SIZE, body: bytes = BODY, host: str = HOST) -> bytes:
    return f"POST /graphql HTTP/1.1\r\n{host}Content-Type: application/json\r\n{extra}\r\n".encode("latin-1") + body


async def said(desk: Desk, *parts: bytes) -> bytes:
    """All that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    async with asyncio.timeout(10):
        found = await reader.read()
    writer.close()
    return found


REFUSED = {
    "no host": (post(host=""), 400),
    "two hosts": (post(SIZE + "Host: other.example\r\n"), 400),
    "length and chunks": (post(SIZE + CHUNKED, CHUNK + b"\r\n"), 400),
    "two lengths": (post(SIZE + "Content-Length: 5\r\n"), 400),
    "chunks twice": (post(CHUNKED * 2, CHUNK + b"\r\n"), 400),
    "chunked and then something": (post("Transfer-Encoding: chunked, identity\r\n", CHUNK + b"\r\n"), 400),
    "a bare line feed": (post("X-A: b\nX-B: c\r\n" + SIZE), 400),
    "a bare carriage return": (post("X-A: b\rX-B: c\r\n" + SIZE), 400),
    "a folded header": (post("X-A: b\r\n c\r\n" + SIZE), 400),
    "a space before the colon": (post("X-A : b\r\n" + SIZE), 400),
    "a chunk that ends with a line feed": (post(CHUNKED, CHUNK.replace(b"\r\n", b"\n", 1) + b"\r\n"), 400),
    "a header too many": (post(SIZE + "".join(f"X-{number}: 1\r\n" for number in range(18))), 431),
    "a header too long": (post(SIZE + f"X-Long: {'a' * 2_000}\r\n"), 431),
    "an address too long": (post().replace(b"/graphql", b"/graphql?" + b"a" * 2_000, 1), 431),
    "a head without end": (post(f"X-Long: {'a' * 3_000}")[:2_500], 431),
    "a head that stops": (post()[:40], 408),
    "a body that stops": (post(body=BODY[:5]), 408),
    "a socket by POST": (post(SIZE + "Connection: Upgrade\r\nUpgrade: websocket\r\n"), 400),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refused_once_and_closed(desk: Desk, name: str) -> None:
    sent, status = REFUSED[name]
    found = await said(desk, sent)
    assert found.startswith(b"HTTP/1.1 %d " % status), found
    assert found.count(b"HTTP/1.1 ") == 1
    assert b"__typename" not in found
    await desk.deserted()


async def test_as_many_headers_as_may_be(desk: Desk) -> None:
    fits = post(SIZE + "".join(f"X-{number}: 1\r\n" for number in range(16)) + "Connection: close\r\n")
    assert b'"__typename"' in await said(desk, fits)


async def test_who_says_nothing_hears_nothing(desk: Desk) -> None:
    assert await said(desk) == b""
    await desk.deserted()


async def test_headers_after_the_body_are_none(desk: Desk) -> None:
    """Else they would pass by whatever has looked at the head on the way."""
    late = post(CHUNKED + "Connection: close\r\n", CHUNK + b"Authorization: Bearer nonsense\r\n\r\n")
    assert (await said(desk, late)).startswith(b"HTTP/1.1 200 ")


async def test_garbage_is_not_the_answer_to_the_request_before_it(desk: Desk) -> None:
    found = await said(desk, post() + b"garbage\r\n\r\n")
    assert b" 400 " not in found
