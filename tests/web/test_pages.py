"""The pages beside the API."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from newsgraph import __version__
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.settings import Settings
from newsgraph.web.pages import GUARDS, healthz, index, render_index, schema_sdl


async def get(app: Starlette, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


async def test_the_front_page_names_the_site_the_version_and_where_to_go() -> None:
    app = Starlette(routes=[Route("/", index(Settings(site_name="Harbour <News>", port=8123)))])
    response = await get(app, "/")
    assert response.status_code == 200
    assert "Harbour &lt;News&gt;" in response.text
    assert "<News>" not in response.text
    assert f"newsgraph {__version__}" in response.text
    assert "ws://127.0.0.1:8123/graphql" in response.text
    for link in ("/graphql", "/schema.graphql", "/healthz"):
        assert f'href="{link}"' in response.text
    assert "{{" not in response.text


async def test_the_front_page_loads_nothing_and_says_so() -> None:
    response = await get(Starlette(routes=[Route("/", index(Settings()))]), "/")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy
    assert not re.search(r"<script|\sstyle=|\son[a-z]+=", response.text)
    assert re.findall(r'(?:src|href)="(?!/|data:)[^"]*"', response.text) == []


async def test_the_front_page_is_framed_by_nobody_and_tells_nobody() -> None:
    response = await get(Starlette(routes=[Route("/", index(Settings()))]), "/")
    assert GUARDS.items() <= dict(response.headers).items()


def test_without_graphiql_there_is_no_link_to_it() -> None:
    assert "GraphiQL" not in render_index(Settings(graphiql=False))


def test_a_public_address_over_tls_makes_a_socket_over_tls() -> None:
    assert "wss://news.example/graphql" in render_index(Settings(site_url="https://news.example/"))


async def test_healthz_while_the_store_can_be_read() -> None:
    async def check() -> str:
        return "ok"

    response = await get(Starlette(routes=[Route("/healthz", healthz(check))]), "/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "version": __version__})
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("error", [Fault(FaultCode.UNAVAILABLE, "away"), OSError("not open yet")])
async def test_healthz_while_it_cannot(error: Exception) -> None:
    async def check() -> str:
        raise error

    response = await get(Starlette(routes=[Route("/healthz", healthz(check))]), "/healthz")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable", "version": __version__})


async def test_the_schema_is_served_as_it_is() -> None:
    app = Starlette(routes=[Route("/schema.graphql", schema_sdl("type Query { a: Int }\n"))])
    response = await get(app, "/schema.graphql")
    assert response.text == "type Query { a: Int }\n"
    assert response.headers["content-type"].startswith("application/graphql")
