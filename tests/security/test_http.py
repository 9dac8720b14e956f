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
    "no host at all in HTTP/1.0 but two": (post(SIZE + "Host: a\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "an empty host": (post(host="Host: \r\n"), 400),
    "a host with a path": (post(host="Host: news.example/x\r\n"), 400),
    "a host with a user": (post(host="Host: kim@news.example\r\n"), 400),
    "a host with a space": (post(host="Host: news.example evil.example\r\n"), 400),
    "a host with two ports": (post(host="Host: news.example:80:81\r\n"), 400),
    "a host with a port that is none": (post(host="Host: news.example:99999\r\n"), 400),
    "a host with port nothing": (post(host="Host: news.example:0\r\n"), 400),
    "a list of hosts": (post(host="Host: news.example, evil.example\r\n"), 400),
    "half of an IPv6 address": (post(host="Host: [::1\r\n"), 400),
    "a host that is markup": (post(host="Host: <script>\r\n"), 400),
    "a long host": (post(host=f"Host: {'a' * 300}\r\n"), 400),
    "an address of another host": (post().replace(b"/graphql", b"http://evil.example/graphql", 1), 400),
    "the same host twice": (post(SIZE + HOST), 400),
    "compressed and chunked": (post("Transfer-Encoding: gzip, chunked\r\n", CHUNK + b"\r\n"), 400),
    "chunked twice in one": (post("Transfer-Encoding: chunked, chunked\r\n", CHUNK + b"\r\n"), 400),
    "identity": (post("Transfer-Encoding: identity\r\n" + SIZE), 400),
    "identity alone": (post("Transfer-Encoding: identity\r\n"), 400),
    "chunked with a parameter": (post("Transfer-Encoding: chunked;q=1\r\n", CHUNK + b"\r\n"), 400),
    "chunked in quotes": (post('Transfer-Encoding: "chunked"\r\n', CHUNK + b"\r\n"), 400),
    "chunked after a vertical tab": (post("Transfer-Encoding: \x0bchunked\r\n", CHUNK + b"\r\n"), 400),
    "chunked in HTTP/1.0": (post(CHUNKED, CHUNK + b"\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "the same length twice": (post(SIZE + SIZE), 400),
    "a length that is signed": (post(SIZE.replace(": ", ": +")), 400),
    "a length in hexadecimal": (post("Content-Length: 0x1f\r\n"), 400),
    "a list of lengths": (post(f"Content-Length: {len(BODY)}, {len(BODY)}\r\n"), 400),
    "a chunk without size": (post(CHUNKED, b"\r\n" + BODY), 400),
    "a chunk of less than nothing": (post(CHUNKED, b"-1\r\n" + BODY), 400),
    "a tunnel": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", 400),
    "the start of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "the start of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
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


HOSTS = ["news.example", "NEWS.example:8443", "127.0.0.1:80", "[::1]:8000", "under_score.example", "xn--80ak6aa92e.com"]


@pytest.mark.parametrize("host", HOSTS)
async def test_hosts_as_they_are(desk: Desk, host: str) -> None:
    assert b'"__typename"' in await said(desk, post(SIZE + CLOSE, host=f"Host: {host}\r\n"))


async def test_the_whole_address_in_the_first_line(desk: Desk) -> None:
    whole = post(SIZE + CLOSE).replace(b"/graphql", b"http://News.Example/graphql", 1)
    assert b'"__typename"' in await said(desk, whole)


CLOSE = "Connection: close\r\n"
LAST = post(SIZE + CLOSE)
SLOW = json.dumps({"query": "{ mustReads { title } }"}).encode()  # it reads the database, so its answer is not at hand
BEFORE = post(f"Content-Length: {len(SLOW)}\r\n", SLOW)

AFTER = {
    "garbage": (b"garbage\r\n\r\n", 400),
    "two hosts": (post(SIZE + HOST), 400),
    "a length and chunks": (post(SIZE + CHUNKED), 400),
    "a chunk that is none": (post(CHUNKED, b"zz\r\n"), 400),
    "a head too long": (post(f"X-Long: {'a' * 3_000}\r\n"), 431),
    "a body that stops": (post(body=BODY[:5]), 408),
    "a head that stops": (LAST[:40], 408),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", AFTER)
async def test_what_came_whole_is_answered_whatever_comes_after_it(desk: Desk, name: str, count: int) -> None:
    """And the refusal is the last, so that nobody takes it for the answer to a request before it."""
    sent, status = AFTER[name]
    found = await said(desk, BEFORE * count + sent)
    answers = [int(part[:3]) for part in found.split(b"HTTP/1.1 ")[1:]]
    assert answers == [200] * count + [status]
    assert found.count(b'"mustReads"') == count
    await desk.deserted()


async def test_what_comes_after_what_was_refused_is_not_looked_at(desk: Desk) -> None:
    found = await said(desk, post(SIZE + CHUNKED) + post(SIZE + CLOSE))
    assert found.count(b"HTTP/1.1 ") == 1


OFFERS = {
    "HTTP/2": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    "something unheard of": "Connection: upgrade\r\nUpgrade: x/1\r\n",
    "a socket that the connection does not name": "Upgrade: websocket\r\n",
}


@pytest.mark.parametrize("name", OFFERS)
async def test_another_protocol_need_not_be_spoken(desk: Desk, name: str) -> None:
    """The request is answered as any other, and so is the next one, in the same piece or not."""
    offer = post(SIZE + OFFERS[name])
    get = (
        f"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\n{HOST}Accept: application/json\r\n{OFFERS[name]}\r\n".encode()
    )
    for sent in ([offer + get + LAST], [offer, get, LAST]):
        found = await said(desk, *sent)
        assert found.count(b"HTTP/1.1 200 ") == 3, found
        assert b" 101 " not in found


async def test_a_client_that_has_said_everything_is_answered(desk: Desk) -> None:
    """It closes its side, as some do, and reads on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(BEFORE)
    writer.write_eof()
    async with asyncio.timeout(10):
        found = await reader.read()
    writer.close()
    assert b'"mustReads"' in found
    await desk.deserted()
