"""Built files as browsers get them, from a folder of a test's own and from what was built here."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import brotli
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from newsgraph.web.static import BUILT, Built, read_built, static

MODULE = b"export const answer = 42;\n" * 100
Get = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As build.mjs leaves it."""
    for name in ("widgets", "graphiql"):
        (tmp_path / name).mkdir()
    (tmp_path / "widgets/newsgraph.js").write_bytes(MODULE)
    (tmp_path / "widgets/newsgraph.js.br").write_bytes(brotli.compress(MODULE))
    (tmp_path / "widgets/newsgraph.js.gzip").write_bytes(gzip.compress(MODULE))
    (tmp_path / "graphiql/codicon-ABC.ttf").write_bytes(b"glyphs")
    files = {
        "widgets/newsgraph.js": {"sha256": hashlib.sha256(MODULE).hexdigest(), "codings": ["br", "gzip"]},
        "graphiql/codicon-ABC.ttf": {"sha256": hashlib.sha256(b"glyphs").hexdigest(), "codings": []},
    }
    graphiql = {"script": "/graphiql/main-ABC.js", "style": "/graphiql/main-ABC.css"}
    (tmp_path / "manifest.json").write_text(json.dumps({"graphiql": graphiql, "files": files}), "utf-8")
    return tmp_path


def getting(built: Built | None) -> Get:
    view = static(built)
    app = Starlette(routes=[Route("/widgets/{name:path}", view), Route("/graphiql/{name:path}", view)])

    async def get(path: str, method: str = "GET", **headers: str) -> httpx.Response:
        plain = {"accept-encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path, headers=plain)

    return get


@pytest.fixture
def get(folder: Path) -> Get:
    return getting(read_built(folder))


async def test_a_module_that_any_page_may_load(get: Get) -> None:
    answer = await get("/widgets/newsgraph.js")
    assert (answer.status_code, answer.content) == (200, MODULE)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_name_that_stays_is_kept_shortly_and_one_with_a_hash_for_ever(get: Get) -> None:
    stays, changes = await get("/widgets/newsgraph.js"), await get("/graphiql/codicon-ABC.ttf")
    assert stays.headers["cache-control"] == "public, max-age=300"
    assert changes.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert changes.headers["content-type"] == "font/ttf"


@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("zstd", None), ("br;q=0", None)]
)
async def test_it_comes_in_the_best_coding_that_it_was_built_in(get: Get, accepted: str, coding: str | None) -> None:
    plain, answer = await get("/widgets/newsgraph.js"), await get("/widgets/newsgraph.js", accept_encoding=accepted)
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.content == MODULE
    assert (answer.headers["etag"] == plain.headers["etag"]) == (coding is None), "each coding has a tag of its own"


async def test_what_is_known_is_not_sent_again(get: Get) -> None:
    etag = (await get("/widgets/newsgraph.js", accept_encoding="br")).headers["etag"]
    assert not etag.startswith("W/")
    for condition in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = await get("/widgets/newsgraph.js", accept_encoding="br", if_none_match=condition)
        assert (answer.status_code, answer.content) == (304, b""), condition
        assert answer.headers["etag"] == etag
    assert (await get("/widgets/newsgraph.js", if_none_match=etag)).status_code == 200, "a tag of another coding"


@pytest.mark.parametrize(
    "path", ["/widgets/other.js", "/widgets/", "/widgets/newsgraph.js.br", "/widgets/..%2fmanifest.json"]
)
async def test_nothing_else_of_the_folder_is_served(get: Get, path: str) -> None:
    assert (await get(path)).status_code == 404


async def test_other_methods_are_refused(get: Get) -> None:
    assert (await get("/widgets/newsgraph.js", "POST")).status_code == 405


def test_a_folder_without_a_manifest_has_nothing(tmp_path: Path) -> None:
    assert read_built(tmp_path) is None


async def test_a_checkout_in_which_nothing_was_built_says_what_to_run() -> None:
    answer = await getting(None)("/widgets/newsgraph.js")
    assert answer.status_code == 503
    assert "make frontend" in answer.text
    assert answer.headers["access-control-allow-origin"] == "*", "else a page of another origin could not read why"


@pytest.mark.skipif(BUILT is None, reason="the frontend has not been built: make frontend")
async def test_what_was_built_here_is_whole() -> None:
    assert BUILT is not None
    assert {"widgets/newsgraph.js", "widgets/newsgraph-client.js"} <= BUILT.files.keys()
    get = getting(BUILT)
    types = (await get("/widgets/newsgraph-client.d.ts")).text
    assert "export declare function foldComments" in types
    assert "import " not in types, "it stands by itself"
    for address in (BUILT.script, BUILT.style, "/graphiql/licences.txt", "/widgets/newsgraph.js.map"):
        answers = await asyncio.gather(*(get(address, accept_encoding=one) for one in ("br", "gzip", "identity")))
        assert len({answer.content for answer in answers}) == 1, address
        assert len({answer.headers["etag"] for answer in answers}) == len(BUILT.files[address[1:]].codings) + 1
