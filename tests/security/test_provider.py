"""An identity provider over real HTTP: down, slow, hostile, or rotating its keys; and who signs in meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from newsgraph import app, sources
from newsgraph.settings import Settings
from tests.auth.http import (
    PATH,
    Behaviour,
    Provider,
    answers,
    drips,
    never_ends,
    provider,
    redirects,
    sends,
    waits,
    zipped,
)
from tests.auth.provider import jwk, jwks, signed
from tests.flows.conftest import serving
from tests.machine import free_port

ED = "EdDSA"
GOOD = jwks(jwk(ED, "a"))
WHO = "{ viewer { name } }"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def trusting(settings: Settings, url: str, **changes: Any) -> Settings:
    """Keys are loaded anew only when an unknown one is asked for, at once."""
    return replace(settings, jwks=url, jwks_private_hosts=True, jwks_cooldown=0.0, **changes)


@pytest.fixture
async def served() -> AsyncIterator[Provider]:
    async with provider(answers(GOOD)) as served:
        yield served


async def asks(http: httpx.AsyncClient, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return await http.post("/graphql", json={"query": WHO}, headers=headers)


async def status(http: httpx.AsyncClient, token: str | None) -> int:
    return (await asks(http, token)).status_code


def unknown(number: int = 0) -> str:
    return signed(ED, f"unknown {number}", 9)


# What comes instead of a set. A redirect's host is the provider itself.
HOSTILE: dict[str, Behaviour] = {
    "500": answers(GOOD, "500 Internal Server Error"),
    "404": answers(GOOD, "404 Not Found"),
    "206, a part of it": answers(GOOD, "206 Partial Content"),
    "204, nothing": answers(b"", "204 No Content"),
    "an empty body": answers(b""),
    "a page": answers(b"<html>Sign in</html>", content_type="text/html"),
    "JSON of another kind": answers(b'["keys"]'),
    "keys that are no list": answers(b'{"keys": {"kid": "a"}}'),
    "nesting without end": answers(b"[" * 400_000),
    "a shared secret for a key": answers(jwks({"kty": "oct", "k": "c2VjcmV0", "kid": "unknown 0", "alg": "HS256"})),
    "a private key": answers(jwks(jwk("RS256", "unknown 0", 9, d="AQAB"))),
    "a byte too many": answers(GOOD + b" " * (500_001 - len(GOOD))),
    "a body without end": never_ends(CHUNKED, b"1000\r\n" + b" " * 0x1000 + b"\r\n"),
    "a head without end": never_ends(b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 4_000 + b"\r\n"),
    "a zip bomb": zipped(b" " * 50_000_000),
    "zipped, and cut off": answers(b"\x1f\x8b\x08\x00\x00", content_encoding="gzip"),
    "another compression": answers(GOOD, content_encoding="br"),
    "shorter than it says": answers(GOOD, content_length="9999"),
    "no HTTP": sends(b"\x00\x01\x02\r\n\r\n"),
    "hanging up": sends(b""),
    "a byte now and then": drips(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 10_000),
    "silence": waits(asyncio.Event(), sends(b"")),
    "redirected in a circle": redirects(PATH),
    "redirected to a file": redirects("file:///etc/passwd"),
    "redirected to another protocol": redirects("gopher://127.0.0.1/"),
    "redirected to nowhere": redirects("http://[::"),
    "redirected to nobody": redirects("http://127.0.0.1:1/"),
    "redirected without saying where": answers(b"", "302 Found"),
}


SLOW = {"a byte now and then", "silence"}


async def test_whatever_comes_instead_of_a_set_replaces_nothing(
    served: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is asked for, the keys of before stay good, and nobody waits long."""
    async with serving(trusting(settings, served.url)) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        for name, behaviour in HOSTILE.items():
            monkeypatch.setattr(sources, "_JWKS_DEADLINE", 1.0 if name in SLOW else 30.0)
            served.serve, before = behaviour, served.asked
            assert await status(http, unknown()) == 401, name
            assert served.asked > before, name
            assert await status(http, signed(ED, "a")) == 200, name
        served.serve = answers(jwks(jwk(ED, "unknown 0", 9)))
        assert await status(http, unknown()) == 200
        assert await status(http, signed(ED, "a")) == 401, "a key that was taken away"


GOOD_WAYS: dict[str, Behaviour] = {
    "at once": answers(GOOD),
    "whatever it is called": answers(GOOD, content_type="text/plain"),
    "zipped": zipped(GOOD),
    "in chunks": sends(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)),
    "redirected": redirects("/moved"),
    "redirected for good": redirects("/moved", "308 Permanent Redirect"),
    "as large as it may be": answers(GOOD + b" " * (500_000 - len(GOOD))),
}


@pytest.mark.parametrize("name", GOOD_WAYS)
async def test_a_set_may_come_in_many_ways(served: Provider, settings: Settings, name: str) -> None:
    served.serve, served.others = GOOD_WAYS[name], {"/moved": answers(GOOD)}
    found = await sources.read_jwks(trusting(settings, served.url))
    assert found.strip() == GOOD


async def test_private_addresses_are_refused_unless_permitted(served: Provider, settings: Settings) -> None:
    careful = replace(settings, jwks=served.url.replace("http:", "https:"))
    async with serving(careful) as url, httpx.AsyncClient(base_url=url) as http:
        answer = await asks(http, signed(ED, "a"))
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        assert await status(http, None) == 200
    assert served.asked == 0


async def test_a_provider_that_is_down_at_the_start_may_come_later(settings: Settings) -> None:
    """Meanwhile whoever has no token reads, and others are told to come again."""
    port = free_port()
    url = f"http://127.0.0.1:{port}{PATH}"
    patient = replace(trusting(settings, url), jwks_cooldown=0.05)
    async with serving(patient) as address, httpx.AsyncClient(base_url=address) as http:
        refused = await asks(http, signed(ED, "a"))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert await status(http, None) == 200
        async with provider(answers(GOOD), port), asyncio.timeout(10):
            while await status(http, signed(ED, "a")) != 200:
                await asyncio.sleep(0.02)
        assert await status(http, signed(ED, "a")) == 200, "gone again: the keys stay"


async def test_a_stampede_of_unknown_keys_asks_the_provider_once(served: Provider, settings: Settings) -> None:
    """And keeps nobody waiting whose key is known, however slow the provider is."""
    gate = asyncio.Event()
    careful = replace(trusting(settings, served.url), jwks_cooldown=600.0)
    async with serving(careful) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        assert (await status(http, signed(ED, "a")), served.asked) == (200, 1)
        assert await status(http, unknown()) == 401
        assert served.asked == 1, "it was asked a moment ago"
    async with serving(trusting(settings, served.url)) as url:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http:
            before, served.serve = served.asked, waits(gate, answers(GOOD))
            crowd = [asyncio.create_task(status(http, unknown(number))) for number in range(100)]
            while served.asked == before:
                await asyncio.sleep(0.01)
            for _ in range(20):
                assert await status(http, signed(ED, "a")) == 200
            assert not any(task.done() for task in crowd)
            gate.set()
            assert set(await asyncio.gather(*crowd)) == {401}
            assert served.asked <= before + 3, "those who came while it was loaded share that load"


async def test_keys_are_rotated_while_people_read(served: Provider, settings: Settings) -> None:
    """Who has a token of a key that is still in the set is never refused; a new key holds from its first token on."""
    async with serving(trusting(settings, served.url)) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        number, refused, answered, over = 1, 0, 0, False
        served.serve = answers(jwks(jwk(ED, "key 1", 1)))
        assert await status(http, signed(ED, "key 1", 1)) == 200

        async def read() -> None:
            nonlocal refused, answered
            while not over:
                token = signed(ED, f"key {number}", number, sub=f"idp:{answered}")
                refused += await status(http, token) != 200
                answered += 1

        readers = [asyncio.create_task(read()) for _ in range(4)]
        for later in range(2, 7):
            served.serve = answers(jwks(jwk(ED, f"key {number}", number), jwk(ED, f"key {later}", later)))
            assert await status(http, signed(ED, f"key {later}", later)) == 200
            number, seen = later, answered
            while answered < seen + 10:
                await asyncio.sleep(0.005)
        over = True
        await asyncio.gather(*readers)
        assert (refused, answered >= 50) == (0, True)
        assert await status(http, signed(ED, "key 1", 1)) == 401


async def test_of_two_tokens_the_newer_one_counts(served: Provider, settings: Settings) -> None:
    """Whichever comes first, and at the same time."""
    async with serving(trusting(settings, served.url)) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        now = int(app.now().timestamp())
        for person in range(10):
            old = signed(ED, "a", sub=f"idp:{person}", name="Old", role="ADMIN", iat=now - 100)
            new = signed(ED, "a", sub=f"idp:{person}", name="New", role="READER", iat=now - 50)
            order = [old, new] if person % 2 else [new, old]
            answers_ = await asyncio.gather(*(asks(http, token) for token in order * 3))
            names = [answer.json()["data"]["viewer"]["name"] for answer in answers_]
            assert {name for token, name in zip(order * 3, names, strict=True) if token == new} == {"New"}
            for token in order:
                assert (await asks(http, token)).json()["data"] == {"viewer": {"name": "New"}}


async def test_many_first_sign_ins_of_one_person_make_one(served: Provider, settings: Settings) -> None:
    async with serving(trusting(settings, served.url)) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
        now = int(app.now().timestamp())
        tokens = [signed(ED, "a", sub="idp:new", iat=now - age) for age in range(40)]
        found = await asyncio.gather(
            *(
                http.post("/graphql", json={"query": "{ viewer { id } }"}, headers={"authorization": f"Bearer {token}"})
                for token in tokens
            )
        )
        assert len({answer.json()["data"]["viewer"]["id"] for answer in found}) == 1
    async with app.open_newsroom(settings) as newsroom:
        entries = await newsroom.store.read(lambda session: session.log.of_kind("user", 0, 100))
        assert len(entries) == 1
