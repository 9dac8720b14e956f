"""Answers over HTTP: what is kept and for how long, what is said of it, and that nothing of it is ever wrong."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest
import zstandard

from newsgraph.actions import articles
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from newsgraph.web.compression import CODINGS, coding_of
from newsgraph.web.graphql import GraphQLView
from tests.flows.conftest import token_for
from tests.web.desk import Desk, opened_desk
from tests.web.test_streaming import comment, person, publish

HEADLINE = "query Headline($slug: String!) { article(slug: $slug) { headline } }"
LATEST = "{ latestStories { items { nodes { headline } } } }"
PAGE = "query ($slug: String!) { article(slug: $slug) { headline bodyHtml comments { totalCount nodes { body } } } }"
POST = "mutation ($input: PostCommentInput!) { postComment(input: $input) { commentEdge { node { body } } } }"
GRAPHQL = "application/graphql-response+json"
Json = dict[str, Any]


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """Says nothing of encodings unless it is asked to."""
    async with connected(desk) as opened:
        yield opened


def connected(desk: Desk) -> httpx.AsyncClient:
    opened = httpx.AsyncClient(base_url=f"http://127.0.0.1:{desk.port}", timeout=5)
    opened.headers["accept"] = "application/json"
    del opened.headers["accept-encoding"]
    return opened


async def post(client: httpx.AsyncClient, query: str, **more: Any) -> httpx.Response:
    """`more`: `headers`, and other fields of the request."""
    headers = more.pop("headers", {})
    return await client.post("/graphql", json={"query": query, **more}, headers=headers)


async def get(client: httpx.AsyncClient, headers: Json | None = None, **fields: Any) -> httpx.Response:
    said = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return await client.get("/graphql", params=said, headers=headers)


async def explained(client: httpx.AsyncClient, query: str, **more: Any) -> Json:
    """What is said of the answer."""
    answer = await post(client, query, headers={"newsgraph-debug": "1", **more.pop("headers", {})}, **more)
    found: Json = answer.json()["extensions"]["cache"]
    return found


def bearer(role: Role) -> Json:
    return {"authorization": f"Bearer {token_for(role, 'Kim')}"}


async def published(desk: Desk) -> int:
    """An article that is in every answer from now on."""
    article = await publish(desk)
    await desk.tail.catch_up()
    return article


async def body_of(desk: Desk, text: str) -> int:
    command = articles.PublishArticle("Long", None, f"<p>{text}</p>", "asia", ("Ada Writer",))
    article = await articles.publish(desk.newsroom, await person(desk, Role.EDITOR), command)
    await desk.tail.catch_up()
    return article


# What is kept


async def test_an_answer_is_made_once_and_kept_until_it_changes(desk: Desk, client: httpx.AsyncClient) -> None:
    await published(desk)
    first = await post(client, LATEST)
    assert (await explained(client, LATEST))["age"] > 0
    assert (await post(client, LATEST)).content == first.content

    await published(desk)
    changed = await post(client, LATEST)
    assert len(changed.json()["data"]["latestStories"]["items"]["nodes"]) == 2


async def test_the_same_operation_is_the_same_however_it_is_sent(desk: Desk, client: httpx.AsyncClient) -> None:
    await published(desk)
    await post(client, HEADLINE, variables={"slug": "storm"})
    same = await client.post(
        "/graphql",
        content=b' {"variables" : {"unused": 1, "slug": "storm"}, "operationName": "Headline", "query": %b}'
        % json.dumps(HEADLINE).encode(),
        headers={"content-type": "application/json; charset=utf-8"},
    )
    await get(client, query=HEADLINE, variables={"slug": "storm"})

    assert same.json() == {"data": {"article": {"headline": "Storm"}}}
    counts = desk.responses.counts()
    assert (counts.stored, counts.entries) == (1, 1)


async def test_readers_share_and_others_have_their_own(desk: Desk, client: httpx.AsyncClient) -> None:
    await published(desk)
    for headers in ({}, bearer(Role.READER), {}, bearer(Role.MODERATOR), bearer(Role.MODERATOR)):
        await post(client, LATEST, headers=headers)

    assert (desk.responses.counts().stored, desk.responses.counts().entries) == (2, 2)


async def test_what_is_one_persons_is_not_kept(desk: Desk, client: httpx.AsyncClient) -> None:
    who = "{ viewer { name } }"
    names = [(await post(client, who, headers=headers)).json() for headers in ({}, bearer(Role.READER), {})]

    assert [name["data"]["viewer"] for name in names] == [None, {"name": "Kim"}, None]
    assert desk.responses.counts().stored == 1, "that nobody is nobody"


async def test_what_has_failed_is_not_kept(desk: Desk, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await post(client, "{ article { slug } }")
        assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"
        assert answer.headers["cache-control"] == "no-store"
    assert desk.responses.counts().entries == 0


async def test_a_server_may_keep_nothing(settings: Settings) -> None:
    async with opened_desk(replace(settings, response_cache=0)) as desk, connected(desk) as client:
        await published(desk)
        for _ in range(2):
            assert not (await explained(client, LATEST))["kept"]


# What is said of it


@pytest.mark.parametrize(
    ("query", "role", "said"),
    [
        (LATEST, None, "public, max-age=10"),
        (LATEST, Role.READER, "public, max-age=10"),
        (LATEST, Role.EDITOR, "private, max-age=10"),
        ('{ article(slug: "storm") { headline } }', None, "public, max-age=60"),
        ('{ article(slug: "storm") { section { name } } }', None, "public, max-age=60"),
        ("{ sections { name } }", None, "public, max-age=300"),
        (
            "{ ... on Query { ...S } } fragment S on Query { sections { latestStories { key } } }",
            None,
            "public, max-age=10",
        ),
        ("{ sections { name } latestStories { key } }", None, "public, max-age=10"),
        ("{ streamHead }", None, "no-store"),
        ("{ sections { name } streamHead }", None, "no-store"),
        ("{ __typename }", None, "public, max-age=0"),
        ("{ viewer { name } }", None, "private, max-age=0"),
        ("{ viewer { name } }", Role.READER, "private, max-age=0"),
        ("mutation { __typename }", None, "no-store"),
        ("{ nothing }", None, "no-store"),
    ],
)
async def test_for_how_long_others_may_keep_it(
    desk: Desk, client: httpx.AsyncClient, query: str, role: Role | None, said: str
) -> None:
    await published(desk)
    headers = bearer(role) if role else {}

    assert [(await post(client, query, headers=headers)).headers["cache-control"] for _ in range(2)] == [said] * 2


async def test_an_answer_has_a_tag_and_whoever_has_it_is_told_so(desk: Desk, client: httpx.AsyncClient) -> None:
    await published(desk)
    asked: Json = {"query": HEADLINE, "variables": {"slug": "storm"}}
    first = await get(client, **asked)
    assert first.headers["vary"] == "Accept, Accept-Encoding, Authorization"
    tag = first.headers["etag"]
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await get(client, {"if-none-match": condition}, **asked)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (await get(client, {"if-none-match": '"other"'}, **asked)).status_code == 200

    article = await published(desk)
    assert (await get(client, {"if-none-match": tag}, **asked)).status_code == 304, "another article"
    assert article
    assert (await get(client, {"if-none-match": tag}, **(asked | {"variables": {"slug": "no"}}))).status_code == 200


async def test_the_head_of_an_answer(desk: Desk, client: httpx.AsyncClient) -> None:
    """RFC 9110, 9.3.2: as by GET, without the body."""
    await published(desk)
    asked = {"query": HEADLINE, "variables": json.dumps({"slug": "storm"})}
    whole = await client.get("/graphql", params=asked)
    for _ in range(2):
        head = await client.head("/graphql", params=asked)
        assert (head.status_code, head.content) == (200, b"")
        same = ("content-type", "content-length", "etag", "cache-control", "vary")
        assert [head.headers[name] for name in same] == [whole.headers[name] for name in same]
    changes = await client.head("/graphql", params={"query": "mutation { __typename }"})
    assert (changes.status_code, changes.headers["allow"]) == (405, "POST")


async def test_what_it_depends_on_is_said_to_caches_that_can_purge(settings: Settings) -> None:
    async with opened_desk(replace(settings, tags_header="Surrogate-Key")) as desk, connected(desk) as client:
        article = await published(desk)
        headers = (await post(client, HEADLINE, variables={"slug": "storm"})).headers
        assert headers["surrogate-key"].split(" ") == [f"article:{article}", "slug:storm"]

    small = replace(settings, tags_header="Surrogate-Key", tags_header_size=10)
    async with opened_desk(small) as desk, connected(desk) as client:
        headers = (await post(client, HEADLINE, variables={"slug": "storm"})).headers
        assert "surrogate-key" not in headers
        assert headers["cache-control"] == "private, max-age=60", "nobody could purge it"


# Content codings


DECODE = {"zstd": zstandard.decompress, "br": brotli.decompress, "gzip": gzip.decompress}


@pytest.mark.parametrize("coding", list(DECODE))
async def test_a_long_answer_is_compressed_once(
    desk: Desk, client: httpx.AsyncClient, coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await body_of(desk, "Words, words. " * 200)
    asked: Json = {"query": PAGE, "variables": {"slug": "long"}}
    plain = await get(client, **asked)
    made: list[int] = []
    monkeypatch.setattr("newsgraph.web.graphql.CODINGS", counting(coding, made))

    for _ in range(3):
        async with client.stream("GET", "/graphql", params=told(asked), headers={"accept-encoding": coding}) as answer:
            sent = b"".join([part async for part in answer.aiter_raw()])
            assert answer.headers["content-encoding"] == coding
            assert int(answer.headers["content-length"]) == len(sent) < len(plain.content) // 3
            assert DECODE[coding](sent) == plain.content
            assert answer.headers["etag"] == f'{plain.headers["etag"][:-1]}-{coding}"'
    assert len(made) == 1
    assert (await get(client, {"if-none-match": plain.headers["etag"]}, **asked)).status_code == 304


def counting(coding: str, made: list[int]) -> Json:
    def encode(body: bytes) -> bytes:
        made.append(len(body))
        return CODINGS[coding](body)

    return {coding: encode}


def told(asked: Json) -> Json:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}


async def test_a_short_answer_is_left_as_it_is(desk: Desk, client: httpx.AsyncClient) -> None:
    answer = await post(client, LATEST, headers={"accept-encoding": "gzip, br, zstd"})

    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "best"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "br"),
        ("zstd;q=0, br;q=0.0, gzip;q=0", None),
        ("identity", None),
        ("", None),
        ("deflate", None),
        ("gzip;q=x", None),
        ("gzip;q=nan", None),
        ("gzip," * 1_000, None),
    ],
)
def test_the_best_coding_that_is_welcome(accepted: str, best: str | None) -> None:
    assert coding_of(accepted) == best


# Documents by name


def named(text: str) -> Json:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}


async def test_a_document_is_sent_once_and_then_named(desk: Desk, client: httpx.AsyncClient) -> None:
    await published(desk)
    fields: Json = {"extensions": named(HEADLINE), "variables": {"slug": "storm"}}
    unknown = await get(client, **fields)
    assert unknown.status_code == 200
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"

    expected = {"data": {"article": {"headline": "Storm"}}}
    assert (await post(client, HEADLINE, **fields)).json() == expected
    assert (await get(client, **fields)).json() == expected
    assert (await client.post("/graphql", json=fields)).json() == expected
    mismatch = await post(client, "{ __typename }", **fields)
    assert mismatch.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_MISMATCH"


async def test_trusted_documents_are_known_from_the_start_and_may_be_the_only_ones(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "trusted"
    folder.mkdir()
    (folder / "latest.graphql").write_text(LATEST)
    only = replace(settings, trusted_documents=str(folder), only_trusted_documents=True)
    async with opened_desk(only) as desk, connected(desk) as client:
        by_id = (await get(client, documentId="latest")).json()
        assert by_id == (await post(client, LATEST)).json() == {"data": {"latestStories": {"items": {"nodes": []}}}}
        refused = await post(client, "{ __typename }", headers={"accept": GRAPHQL})
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (400, "DOCUMENT_NOT_TRUSTED")


# Connections


async def exchanged(desk: Desk, sent: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(sent)
    async with asyncio.timeout(5):
        found = await reader.read()
    writer.close()
    return found


def request(query: str, *headers: str, version: str = "1.1") -> bytes:
    body = json.dumps({"query": query}).encode()
    lines = [f"POST /graphql HTTP/{version}", "host: x", "content-type: application/json", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


@pytest.mark.parametrize("ahead", [1, 20])
async def test_requests_that_are_sent_ahead_are_answered_in_their_order(desk: Desk, ahead: int) -> None:
    queries = [f"{{ a{number}: __typename }}" for number in range(ahead)] * 2
    sent = b"".join(map(request, queries)) + request("{ last: __typename }", "connection: close")
    answers = (await exchanged(desk, sent)).split(b"HTTP/1.1 200 OK\r\n")[1:]

    bodies = [json.loads(answer.partition(b"\r\n\r\n")[2])["data"] for answer in answers]
    assert [name for body in bodies for name in body] == [
        *(f"a{n}" for n in range(ahead)),
        *(f"a{n}" for n in range(ahead)),
        "last",
    ]


async def test_clients_of_an_older_time(desk: Desk) -> None:
    for _ in range(2):
        answer = await exchanged(desk, request("{ __typename }", version="1.0"))
        assert answer.endswith(b'{"data":{"__typename":"Query"}}')


async def test_a_body_that_waits_to_be_welcome(desk: Desk, client: httpx.AsyncClient) -> None:
    await post(client, "{ __typename }")
    whole = request("{ __typename }", "expect: 100-continue", "connection: close")
    head, _, body = whole.partition(b"\r\n\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(head + b"\r\n\r\n")
    async with asyncio.timeout(5):
        assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        writer.write(body)
        assert (await reader.read()).endswith(b'{"data":{"__typename":"Query"}}')
    writer.close()


async def test_a_defect_is_hidden_and_can_be_found(
    desk: Desk, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr(GraphQLView, "_operate", fail)
    answer = await post(client, LATEST)

    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in answer.text
    assert error["extensions"]["fault"] in caplog.text


# What was written


async def test_whoever_has_written_reads_it(desk: Desk, client: httpx.AsyncClient) -> None:
    article = await published(desk)
    asked: Json = {"variables": {"slug": "storm"}}
    for number in range(5):
        assert (await post(client, PAGE, **asked)).json()["data"]["article"]["comments"]["totalCount"] == number
        variables = {"input": {"articleId": await global_id_of(client), "body": f"Number {number}"}}
        posted = await post(client, POST, variables=variables, headers=bearer(Role.READER))
        assert "errors" not in posted.json(), posted.text
    assert article


async def global_id_of(client: httpx.AsyncClient) -> str:
    found: str = (await post(client, '{ article(slug: "storm") { id } }')).json()["data"]["article"]["id"]
    return found


async def test_a_comment_on_one_article_leaves_the_others_warm(desk: Desk, client: httpx.AsyncClient) -> None:
    one, _ = await published(desk), await body_of(desk, "Another")
    for slug in ("storm", "long"):
        await post(client, PAGE, variables={"slug": slug})
    await comment(desk, one, "Windy")
    await desk.tail.catch_up()

    assert dict(desk.responses.counts().dropped) == {"comments": 1}
    assert (await explained(client, PAGE, variables={"slug": "long"}))["age"] > 0


@pytest.mark.parametrize("kind", ["application/json", GRAPHQL])
async def test_a_change_that_cannot_be_made_now_says_when_to_try_again(settings: Settings, kind: str) -> None:
    """HTTP 200, since it was executed (GraphQL over HTTP, "Status codes"): a header and the error say the rest."""
    async with opened_desk(replace(settings, lock_timeout=0.1)) as desk, connected(desk) as client:
        article = global_id("Article", await published(desk))
        path, signed = settings.database.removeprefix("sqlite:///"), bearer(Role.READER) | {"accept": kind}
        await post(client, "{ __typename }", headers=signed)  # somebody who is new would have to be written, too
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            given = {"input": {"articleId": article, "body": "Hello."}}
            answer = await post(client, POST, variables=given, headers=signed)
            other.rollback()
        (error,) = answer.json()["errors"]
        assert (answer.status_code, answer.headers["retry-after"]) == (200, "5")
        assert (error["extensions"]["code"], error["extensions"]["retryAfter"]) == ("UNAVAILABLE", 5000)
        again = await post(client, POST, variables=given, headers=signed)
        assert "errors" not in again.json()
        assert "retry-after" not in again.headers


async def test_what_people_write_says_nothing_of_trying_again(client: httpx.AsyncClient) -> None:
    answer = await post(client, '{ node(id: "\\"retryAfter\\":") { id } }')
    assert "errors" in answer.json()
    assert "retry-after" not in answer.headers
