"""Who asks, and how: only what a trusted proxy says counts, and of a list only what trusted ones have written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from newsgraph.observe import REQUEST
from newsgraph.settings import Settings, SettingsError
from newsgraph.web.edge import Edge

NGINX, CDN, READER, LIAR = "127.0.0.1", "10.1.2.3", "203.0.113.5", "198.51.100.9"
TRUSTED = Settings(trusted_proxies="127.0.0.1, ::1, 10.0.0.0/8, 2001:db8::/32")
STANDARD = replace(TRUSTED, proxy_header="Forwarded")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """What the application sees."""
    seen = {"client": scope["client"][0], "scheme": scope["scheme"], "request": REQUEST.get()}
    await JSONResponse(seen)(scope, receive, send)


async def seen(peer: str, headers: list[tuple[str, str]], settings: Settings = TRUSTED) -> Any:
    transport = httpx.ASGITransport(Edge(echo, settings), client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://news.example") as client:
        answer = await client.get("/", headers=headers)
    found = json.loads(answer.content)
    assert answer.headers["x-request-id"] == found["request"]
    return found


def xff(*values: str) -> list[tuple[str, str]]:
    return [("x-forwarded-for", value) for value in values]


LISTS: dict[str, tuple[str, list[tuple[str, str]], str]] = {
    "nobody between": (READER, [], READER),
    "somebody says that they are somebody else": (READER, xff(LIAR), READER),
    "a proxy says who asks": (NGINX, xff(READER), READER),
    "what the reader has said before is not believed": (NGINX, xff(f"{LIAR}, {READER}"), READER),
    "nor that they are this machine": (NGINX, xff(f"127.0.0.1, {READER}"), READER),
    "two proxies": (NGINX, xff(f"{LIAR}, {READER}, {CDN}"), READER),
    "the second in a line of its own": (NGINX, xff(f"{LIAR}, {READER}", CDN), READER),
    "trusted ones alone": (NGINX, xff(f"10.9.9.9, {CDN}"), "10.9.9.9"),
    "a port": (NGINX, xff(f"{READER}:4711"), READER),
    "IPv6": (NGINX, xff("2001:db9::7"), "2001:db9::7"),
    "IPv6 with a port": (NGINX, xff("[2001:db9::7]:4711"), "2001:db9::7"),
    "a proxy by IPv6": ("2001:db8::1", xff(READER), READER),
    "a proxy by IPv4 in IPv6": ("::ffff:10.1.2.3", xff(READER), READER),
    "a proxy that does not know": (NGINX, xff("unknown"), NGINX),
    "a proxy behind one that does not know": (NGINX, xff(f"{READER}, unknown, {CDN}"), CDN),
    "nothing": (NGINX, xff(""), NGINX),
    "commas": (NGINX, xff(",,,"), NGINX),
    "a name": (NGINX, xff("localhost"), NGINX),
    "numbers that are no address": (NGINX, xff("999.1.1.1"), NGINX),
    "a very long list": (NGINX, xff(", ".join([LIAR] * 500 + [READER])), READER),
    "the other header": (NGINX, [("forwarded", f"for={LIAR}")], NGINX),
    "one of another name": (NGINX, [("x-real-ip", LIAR), ("client-ip", LIAR), ("true-client-ip", LIAR)], NGINX),
}


@pytest.mark.parametrize("name", LISTS)
async def test_who_asks(name: str) -> None:
    peer, headers, client = LISTS[name]
    assert (await seen(peer, headers))["client"] == client


FORWARDED: dict[str, tuple[list[str], str]] = {
    "one": ([f"for={READER};proto=https;by=10.1.2.3"], READER),
    "written otherwise": ([f'By=x; For="{READER}:4711"'], READER),
    "two": ([f"for={LIAR}, for={READER}"], READER),
    "two lines": ([f"for={LIAR}", f"for={READER};host=news.example"], READER),
    "IPv6": (['for="[2001:db9::7]:4711"'], "2001:db9::7"),
    "hidden": ([f"for={LIAR}, for=_hidden"], NGINX),
    "unknown": (["for=unknown"], NGINX),
    "nothing of who": (["proto=https"], NGINX),
    "in another's text": ([f'host="for={LIAR}", for={READER}'], READER),
}


@pytest.mark.parametrize("name", FORWARDED)
async def test_who_asks_in_the_standard_header(name: str) -> None:
    lines, client = FORWARDED[name]
    given = [*(("forwarded", line) for line in lines), *xff(LIAR)]
    assert (await seen(NGINX, given, STANDARD))["client"] == client


@pytest.mark.parametrize(
    ("peer", "headers", "settings", "scheme"),
    [
        (NGINX, [("x-forwarded-proto", "https")], TRUSTED, "https"),
        (NGINX, [("x-forwarded-proto", "HTTPS")], TRUSTED, "https"),
        (NGINX, [("x-forwarded-proto", "javascript")], TRUSTED, "http"),
        (NGINX, [("x-forwarded-proto", "https, http")], TRUSTED, "http"),
        (READER, [("x-forwarded-proto", "https")], TRUSTED, "http"),
        (NGINX, [("forwarded", "for=1.2.3.4;proto=https")], STANDARD, "https"),
        (NGINX, [("forwarded", "proto=https, proto=http")], STANDARD, "http"),
        (NGINX, [("x-forwarded-proto", "https")], STANDARD, "http"),
    ],
)
async def test_how_they_came(peer: str, headers: list[tuple[str, str]], settings: Settings, scheme: str) -> None:
    assert (await seen(peer, headers, settings))["scheme"] == scheme


async def test_by_default_this_machine_alone_is_believed() -> None:
    assert (await seen(NGINX, xff(READER), Settings()))["client"] == READER
    assert (await seen("::1", xff(READER), Settings()))["client"] == READER
    assert (await seen("127.0.0.2", xff(READER), Settings()))["client"] == "127.0.0.2"
    assert (await seen("192.168.0.1", xff(READER), Settings()))["client"] == "192.168.0.1"


async def test_nobody_is_believed_where_nobody_is_named() -> None:
    assert (await seen(NGINX, xff(READER), Settings(trusted_proxies="")))["client"] == NGINX


@pytest.mark.parametrize(
    "given", ["a1B2-c3_d4.e5", "1" * 128, "0af7651916cd43dd8448eb211c80319c", "Root=1-67891233-abcdef"]
)
async def test_a_trusted_proxy_names_the_request(given: str) -> None:
    assert (await seen(NGINX, [("x-request-id", given)]))["request"] == given


@pytest.mark.parametrize(
    ("peer", "given"),
    [
        (READER, "mine"),
        (NGINX, ""),
        (NGINX, "1" * 129),
        (NGINX, "with space"),
        (NGINX, "colour\x1b[31m"),
        (NGINX, '"quoted"'),
        (NGINX, "<script>"),
    ],
)
async def test_others_get_a_name_of_ours(peer: str, given: str) -> None:
    first, second = [(await seen(peer, [("x-request-id", given)]))["request"] for _ in range(2)]
    assert given not in (first, second)
    assert first != second


@pytest.mark.parametrize("text", ["nginx", "10.0.0.0/99", "10.0.0.1-10.0.0.9", "*", "1.2.3"])
def test_what_is_no_network_is_no_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="trusted_proxies"):
        Settings(trusted_proxies=f"127.0.0.1,{text}")


@pytest.mark.parametrize("text", ["X-Real-IP", ""])
def test_what_is_no_proxys_header_is_no_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="proxy_header"):
        Settings(proxy_header=text)
