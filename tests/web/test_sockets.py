"""GraphQL over real WebSockets: what is closed and why, what runs, and that nothing is left of who has gone."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from newsgraph import app
from newsgraph.actions import articles, comments, users
from newsgraph.auth import tokens
from newsgraph.domain.articles import ArticleFilter, ArticleOrder
from newsgraph.domain.cursors import global_id
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.pages import Slice
from newsgraph.domain.users import Claims, Role, SignIn, Viewer
from newsgraph.graph.answers import Asked
from newsgraph.settings import Settings
from newsgraph.web.operations import Operations
from tests.cli.test_serving import get, started
from tests.flows.conftest import PUBLISH, SECRET, token_for
from tests.web.desk import Desk, answer, closed, deaf, hear, opened_desk, running, say, start

CHECKS = Path(__file__).parents[2].parent / "shared" / "checks" / "ws_conformance.py"
LATEST = "subscription { latestStories { __typename } }"
COMMENTS = """
subscription ($articleId: ID!) {
  commentEvents(articleId: $articleId) { __typename ... on CommentAdded { commentEdge { node { body } } } }
}
"""
WHO = "{ viewer { name } }"


# Opening


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["chat", "graphql-ws"]])
async def test_another_subprotocol_is_not_acceptable(desk: Desk, protocols: list[str]) -> None:
    async with desk.open(*protocols) as opened:
        assert opened.subprotocol is None
        assert await closed(opened) == (4406, "Subprotocol not acceptable")
    await desk.deserted()


async def test_no_subprotocol_is_not_acceptable(desk: Desk) -> None:
    async with connect(f"ws://127.0.0.1:{desk.port}/graphql") as opened:
        assert (await closed(opened))[0] == 4406


async def test_the_protocol_is_picked_from_several(desk: Desk) -> None:
    async with desk.open("chat", "graphql-transport-ws") as opened:
        assert opened.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1",
        "http://127.0.0.1:{port}.evil.example",
        "http://x127.0.0.1:{port}",
    ],
)
async def test_pages_of_other_sites_are_refused(desk: Desk, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with desk.open(origin=origin.format(port=desk.port)):
            pass
    assert refused.value.response.status_code == 403
    await desk.deserted()


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", None])
async def test_our_own_pages_and_other_programs_are_let_in(desk: Desk, origin: str | None) -> None:
    async with desk.socket(origin=origin and origin.format(port=desk.port)) as opened:
        assert await answer(opened, "{ __typename }") == {"data": {"__typename": "Query"}}


async def test_a_browser_behind_a_proxy_vouches_for_its_page(desk: Desk) -> None:
    headers = {"sec-fetch-site": "same-origin"}
    async with desk.socket(origin="https://news.example", additional_headers=headers) as opened:
        assert "data" in await answer(opened, "{ __typename }")


async def test_an_init_must_come_in_time(settings: Settings) -> None:
    async with opened_desk(replace(settings, socket_init_timeout=0.1)) as desk:
        async with desk.open() as opened, desk.socket() as other:
            assert await closed(opened) == (4408, "Connection initialisation timeout")
            assert "data" in await answer(other, "{ __typename }")
        await desk.deserted()


# Who it is


@pytest.mark.parametrize("field", ["authorization", "Authorization"])
async def test_a_token_comes_with_connection_init(desk: Desk, field: str) -> None:
    async with desk.socket({field: f"Bearer {token_for(Role.READER, 'Kim')}"}) as opened:
        assert (await answer(opened, WHO))["data"]["viewer"]["name"] == "Kim"


@pytest.mark.parametrize("payload", [None, {}, {"authorization": None}])
async def test_or_with_the_handshake(desk: Desk, payload: Any) -> None:
    headers = {"authorization": f"Bearer {token_for(Role.READER, 'Kim')}"}
    async with desk.socket(payload, additional_headers=headers) as opened:
        assert (await answer(opened, WHO))["data"]["viewer"]["name"] == "Kim"


async def test_without_a_token_it_is_anybody(desk: Desk) -> None:
    async with desk.socket() as opened:
        assert (await answer(opened, WHO))["data"]["viewer"] is None


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic a2ltOg==", "", 7, ["Bearer x"], {}])
async def test_a_wrong_token_is_refused_with_a_reason(desk: Desk, authorization: Any) -> None:
    async with desk.open() as opened:
        await say(opened, type="connection_init", payload={"authorization": authorization})
        code, reason = await closed(opened)
    assert code == 4403
    assert reason
    await desk.deserted()


async def test_an_expired_token_is_refused(desk: Desk) -> None:
    token = token_for(Role.READER, "Kim", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    async with desk.open() as opened:
        await say(opened, type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert await closed(opened) == (4403, "The token has expired.")


async def test_while_nobody_can_be_recognised_clients_are_to_come_back(settings: Settings) -> None:
    async def recognise(token: str) -> SignIn:
        raise Fault(FaultCode.UNAVAILABLE, "Try again.")

    async with opened_desk(settings, recognise) as desk, desk.open() as opened:
        await say(opened, type="connection_init", payload={"authorization": "Bearer x"})
        assert await closed(opened) == (1013, "Try again.")


# Operations


async def test_mutations_and_queries_run_too(desk: Desk) -> None:
    given = {"headline": "Storm", "bodyHtml": "<p>Text.</p>", "section": "asia", "authors": ["Ada Writer"]}
    async with desk.socket({"authorization": f"Bearer {token_for(Role.EDITOR, 'Ed')}"}) as opened:
        await start(opened, "box", LATEST)
        assert [(await hear(opened))["type"] for _ in range(2)] == ["next", "next"]

        await start(opened, "publish", PUBLISH, input=given)
        heard = [await hear(opened) for _ in range(3)]

        published = [message for message in heard if message["id"] == "publish"]
        assert [message["type"] for message in published] == ["next", "complete"]
        assert published[0]["payload"]["data"]["publishArticle"]["userErrors"] == []
        assert [message["type"] for message in heard if message["id"] == "box"] == ["next"]
        found = await answer(opened, "{ latestStories { items { nodes { headline } } } }")
    assert found["data"]["latestStories"]["items"]["nodes"] == [{"headline": "Storm"}]
    await desk.deserted()


async def test_a_named_operation_with_variables(desk: Desk) -> None:
    query = "query A { a: __typename } query B($s: String!) { section(slug: $s) { name } }"
    async with desk.socket() as opened:
        payload = {"query": query, "operationName": "B", "variables": {"s": "asia"}, "extensions": {"x": 1}}
        await say(opened, id="1", type="subscribe", payload=payload)

        assert (await hear(opened))["payload"] == {"data": {"section": {"name": "Asia"}}}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_INPUT"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { commentEvents(articleId: "zzz") { __typename } }', None),
        ("subscription { moderationEvents { __typename } }", "FORBIDDEN"),
        ('subscription ($id: ID = "x") { commentEvents(articleId: $id) { __typename } }', None),
    ],
)
async def test_an_operation_that_cannot_start_leaves_the_others_alone(desk: Desk, query: str, code: str | None) -> None:
    async with desk.socket() as opened:
        await start(opened, "box", LATEST)
        await hear(opened)
        await hear(opened)
        await start(opened, "bad", query, id=None)
        refused = await hear(opened)

        assert (refused["id"], refused["type"]) == ("bad", "error")
        assert code in (None, refused["payload"][0]["extensions"]["code"])
        assert "data" in await answer(opened, "{ __typename }")
        assert len(desk.hub) == 1


async def test_what_a_resolver_refuses_is_part_of_the_result(desk: Desk) -> None:
    async with desk.socket() as opened:
        result = await answer(opened, '{ node(id: "zzz") { id } }')

    assert [error["path"] for error in result["errors"]] == [["node"]]


async def test_text_that_is_no_unicode_comes_back_escaped(desk: Desk) -> None:
    async with desk.socket() as opened:
        await opened.send('{"id":"\\ud800","type":"subscribe","payload":{"query":"{ a(b: \\"\\ud83d\\") }"}}')
        refused = await hear(opened)

    assert (refused["id"], refused["type"]) == ("\ud800", "error")


async def test_an_id_that_is_taken_closes_the_socket(desk: Desk) -> None:
    async with desk.socket() as opened:
        await start(opened, "d", LATEST)
        await start(opened, "d", LATEST)

        assert await closed(opened) == (4409, "Subscriber for d already exists")
    await desk.deserted()


async def test_what_a_client_stops_is_gone_and_its_id_free(desk: Desk) -> None:
    async with desk.socket() as opened:
        for _ in range(20):
            await start(opened, "s", LATEST)
            await say(opened, id="s", type="complete")
        await start(opened, "s", LATEST)
        ready = await hear(opened)
        while ready["payload"]["data"]["latestStories"]["__typename"] != "StreamReady":
            ready = await hear(opened)
        assert len(desk.hub) == 1

        await say(opened, id="s", type="complete")
        async with asyncio.timeout(5):
            while desk.hub:
                await asyncio.sleep(0.01)


async def test_one_operation_too_many(settings: Settings) -> None:
    async with opened_desk(replace(settings, socket_operations=2)) as desk, desk.socket() as opened:
        for name in ("1", "2", "3"):
            await start(opened, name, LATEST)
        refused = await hear(opened)
        while refused["type"] != "error":
            refused = await hear(opened)

        assert refused["id"] == "3"
        assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        assert len(desk.hub) <= 2


async def test_a_flood_is_closed(settings: Settings) -> None:
    async with opened_desk(replace(settings, socket_messages_per_second=10)) as desk, desk.socket() as opened:
        with suppress(ConnectionClosed):
            for _ in range(200):
                await opened.send('{"type":"ping"}')

        assert await closed(opened) == (4429, "Too many messages")


@pytest.mark.parametrize("message", ["[1]", "null", '{"type":"ping","payload":1}', "[" * 5_000, b'{"type":"ping"}'])
async def test_a_malformed_message_closes_the_socket(desk: Desk, message: str | bytes) -> None:
    async with desk.socket() as opened:
        await start(opened, "s", LATEST)
        await opened.send(message)

        assert (await closed(opened))[0] == 4400
    await desk.deserted()


# Defects


async def test_a_defect_in_an_operation_ends_that_operation(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the machinery had one; what resolvers raise is part of their results."""
    sound = Operations.run

    async def run(operations: Operations, asked: Asked) -> bytes:
        if "broken" in asked.request.query:
            raise ZeroDivisionError("private details")
        return await sound(operations, asked)

    monkeypatch.setattr(Operations, "run", run)
    async with desk.socket() as opened:
        await start(opened, "bad", "query broken { __typename }")
        refused = await hear(opened)
        assert "data" in await answer(opened, "{ __typename }")

    assert (refused["id"], refused["type"]) == ("bad", "error")
    assert refused["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert "private" not in str(refused)
    (logged,) = errors(caplog)
    assert refused["payload"][0]["extensions"]["fault"] in logged


async def test_a_defect_of_the_connection_closes_it_with_an_id(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async def recognise(token: str) -> SignIn:
        raise ZeroDivisionError("private details")

    async with opened_desk(settings, recognise) as desk:
        async with desk.open() as opened:
            await say(opened, type="connection_init", payload={"authorization": "Bearer x"})
            code, reason = await closed(opened)
        await desk.deserted()

    assert code == 4500
    (logged,) = errors(caplog)
    assert reason.rpartition(" ")[2] in logged


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_text_that_is_no_text_is_no_error_of_ours(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    async with desk.socket() as opened:
        await opened.send(b"\xff\xfe", text=True)

        assert (await closed(opened))[0] == 1007
    assert errors(caplog) == []
    await desk.deserted()


async def test_a_message_in_pieces_without_end_is_cut(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Empty pieces add nothing to the size of a message."""
    piece = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
    async with desk.socket(sock=dial(desk)) as opened:
        opened.transport.write(Frame(Opcode.TEXT, b"", fin=False).serialize(mask=True) + piece * 10_100)

        assert (await closed(opened))[0] in (1006, 1009), "the pieces that come after the close are answered by a reset"
    assert errors(caplog) == []
    await desk.deserted()


# Whoever has gone


async def test_a_cut_connection_leaves_nothing(desk: Desk) -> None:
    async with desk.socket() as opened:
        for number in range(10):
            await start(opened, str(number), LATEST)
        for _ in range(20):
            await hear(opened)
        assert (len(desk.hub), desk.operations.fanout.members) == (1, 10)

        opened.transport.abort()
        await desk.deserted()


async def test_a_closed_connection_leaves_nothing(desk: Desk) -> None:
    async with desk.socket() as opened:
        await start(opened, "s", LATEST)
        await hear(opened)
    await desk.deserted()
    assert (desk.operations.fanout.groups, desk.operations.fanout.members) == (0, 0)


async def test_a_client_that_stops_reading_is_cut(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "newsgraph")
    async with opened_desk(replace(settings, socket_send_timeout=0.3)) as desk:
        async with desk.socket(sock=dial(desk)) as opened, desk.socket() as other:
            await start(opened, "s", LATEST)
            await hear(opened)
            opened.transport.pause_reading()
            echo = asyncio.create_task(pings(opened, 20, 200_000))
            async with asyncio.timeout(5):
                while len(running()) > 1:
                    await asyncio.sleep(0.01)

            assert len(desk.hub) == 0
            assert len(desk.server.server_state.connections) == 1
            assert "data" in await answer(other, "{ __typename }")
            opened.transport.abort()
            await echo
        await desk.deserted()
    assert "cut off" in caplog.text
    assert errors(caplog) == []


async def test_a_client_that_reads_slowly_but_steadily_is_not_cut(settings: Settings) -> None:
    async with opened_desk(replace(settings, socket_send_timeout=0.2)) as desk:
        async with desk.socket(sock=dial(desk)) as opened:
            opened.transport.pause_reading()
            await pings(opened, 1, 900_000)
            client = opened.transport.get_extra_info("socket")
            with socket.socket(fileno=os.dup(client.fileno())) as reading:
                reading.setblocking(False)
                heard, begun = 0, time.monotonic()
                while time.monotonic() < begun + 1.5:
                    await asyncio.sleep(0.005)
                    with suppress(BlockingIOError):
                        heard += len(reading.recv(4_000))
            opened.transport.abort()
        await desk.deserted()

    assert heard > 100_000, "far from all of it, and more than the buffers had at 0.2 s"


async def pings(opened: ClientConnection, count: int, size: int) -> None:
    """Messages that are answered with as many bytes."""
    with suppress(ConnectionClosed):
        for _ in range(count):
            await say(opened, type="ping", payload={"a": "x" * size})


def dial(desk: Desk) -> socket.socket:
    client = deaf()
    client.connect(("127.0.0.1", desk.port))
    client.setblocking(False)
    return client


async def test_a_client_that_reads_slowly_gets_everything_and_queues_nothing(desk: Desk) -> None:
    """Fifty operations are done at once, and each waits for its turn with its result."""
    name = "x" * 30_000
    async with desk.socket(sock=dial(desk)) as opened:
        opened.transport.pause_reading()
        for number in range(50):
            await start(opened, str(number), f"{{ {name}: __typename }}")
        await asyncio.sleep(0.2)
        opened.transport.resume_reading()
        results: set[str] = set()
        while len(results) < 50:
            assert waiting(desk) < 200_000
            message = await hear(opened)
            if message["type"] == "next":
                assert message["payload"] == {"data": {name: "Query"}}
                results.add(message["id"])


def waiting(desk: Desk) -> int:
    """Bytes that uvicorn holds for clients."""
    return sum(one.transport.get_write_buffer_size() for one in desk.server.server_state.connections)


async def test_pings_of_the_transport_fill_no_memory(desk: Desk) -> None:
    """They are answered by uvicorn itself, past everything that is ours."""
    frame = Frame(Opcode.PING, b"x" * 125).serialize(mask=True)
    async with desk.socket(sock=dial(desk)) as opened:
        opened.transport.pause_reading()
        opened.transport.write(frame * 20_000)
        await start(opened, "after them", LATEST)
        async with asyncio.timeout(10):
            while not desk.hub:
                await asyncio.sleep(0.01)
        assert waiting(desk) < 300_000
        opened.transport.abort()
    await desk.deserted()


async def test_a_peer_that_never_answers_a_close_is_let_go(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgraph.web.uvicorn_sockets._LINGER", 0.5)
    async with opened_desk(settings) as desk, desk.socket(sock=dial(desk)) as opened:
        opened.transport.pause_reading()
        await pings(opened, 1, 60_000)
        await opened.send("!")
        async with asyncio.timeout(5):
            while running():
                await asyncio.sleep(0.01)
        assert waiting(desk)

        await desk.deserted()
        opened.transport.abort()


# Bounds


@pytest.mark.parametrize(
    ("bound", "reason"),
    [
        ({"connections": 2}, "The server has as many connections as it takes."),
        ({"connections_per_address": 2}, "There are too many connections from your address."),
    ],
)
async def test_one_connection_too_many_is_told_why(settings: Settings, bound: Any, reason: str) -> None:
    async with opened_desk(replace(settings, **bound)) as desk:
        async with desk.socket() as one, desk.socket():
            async with desk.open() as refused:
                assert await closed(refused) == (1013, reason)
            async with httpx.AsyncClient() as client:
                assert (await client.post(desk.url, json={"query": "{ __typename }"})).status_code == 200

            await one.close()
            async with asyncio.timeout(5):
                while len(desk.admission) > 1:
                    await asyncio.sleep(0.01)
            async with desk.socket() as other:
                assert "data" in await answer(other, "{ __typename }")
        await desk.deserted()


async def test_a_message_may_be_as_long_as_it_says_and_no_longer(settings: Settings) -> None:
    async with opened_desk(replace(settings, message_size=2_000)) as desk, desk.socket() as opened:
        message = '{"type":"ping","payload":{"a":"%s"}}'
        await opened.send(message % ("x" * (2_000 - len(message) + 2)))
        assert (await hear(opened))["type"] == "pong"
        await opened.send(message % ("x" * (2_000 - len(message) + 3)))

        assert (await closed(opened))[0] == 1009


async def test_who_answers_no_ping_is_let_go(settings: Settings) -> None:
    bounds = replace(settings, socket_ping_interval=0.1, socket_ping_timeout=0.2)
    async with opened_desk(bounds) as desk, desk.socket() as lively, desk.socket() as dead:
        dead.transport.pause_reading()
        async with asyncio.timeout(5):
            while len(running()) > 1:
                await asyncio.sleep(0.01)

        assert "data" in await answer(lively, "{ __typename }")


# Rights that end


async def test_a_stream_ends_with_its_token(settings: Settings) -> None:
    ends = app.now() + timedelta(seconds=1)

    async def recognise(token: str) -> SignIn:
        return SignIn(Viewer(1, Role.READER), ends)

    async with opened_desk(settings, recognise) as desk:
        await sign_in(desk, Role.READER, "Kim")
        async with desk.socket({"authorization": "Bearer x"}) as opened:
            await start(opened, "s", LATEST)
            assert [(await hear(opened))["type"] for _ in range(2)] == ["next", "next"]
            await publish(desk)
            assert (await hear(opened))["type"] == "next"
            while app.now() < ends:
                await asyncio.sleep(0.05)
            await publish(desk)

            assert await closed(opened) == (4403, "The token has expired.")
        await desk.deserted()


async def test_an_operation_after_the_token_has_ended(settings: Settings) -> None:
    async def recognise(token: str) -> SignIn:
        return SignIn(Viewer(1, Role.READER), app.now() + timedelta(seconds=0.1))

    async with opened_desk(settings, recognise) as desk:
        await sign_in(desk, Role.READER, "Kim")
        async with desk.socket({"authorization": "Bearer x"}) as opened:
            await asyncio.sleep(0.2)
            await start(opened, "q", "{ __typename }")

            assert await closed(opened) == (4403, "The token has expired.")


async def sign_in(desk: Desk, role: Role, name: str, later: float = 0, called: str = "") -> Viewer:
    """The person as their newest token says."""
    issued = app.now() + timedelta(seconds=later)
    return await users.recognise(desk.newsroom, Claims(f"test:{name}", called or name, role, issued, None))


def token_of(role: Role, name: str) -> dict[str, str]:
    issued = datetime.now(UTC) - timedelta(seconds=30)
    return {"authorization": f"Bearer {tokens.issue(SECRET, Claims(f'test:{name}', name, role, issued, None))}"}


async def publish(desk: Desk) -> None:
    editor = await sign_in(desk, Role.EDITOR, "Ed")
    await articles.publish(
        desk.newsroom, editor, articles.PublishArticle("Storm", None, "<p>.</p>", "asia", ("Ada Writer",))
    )


async def ban(desk: Desk, name: str) -> None:
    moderator, banned = (
        await sign_in(desk, Role.ADMIN, "Ann"),
        await desk.newsroom.store.read(lambda session: session.users.by_subject(f"test:{name}")),
    )
    assert banned is not None
    await users.restrict(desk.newsroom, moderator, users.RestrictUser(banned.id, banned=True))


QUEUE = "subscription { moderationEvents { __typename } }"


async def test_a_ban_ends_the_connection(desk: Desk) -> None:
    async with desk.socket(token_of(Role.READER, "Kim")) as opened, desk.socket() as other:
        await start(opened, "s", LATEST)
        await start(other, "s", LATEST)
        for _ in range(2):
            await hear(opened)
            await hear(other)
        await ban(desk, "Kim")
        assert await closed(opened) == (4403, "This account may not take part any more.")

        await publish(desk)
        assert (await hear(other))["type"] == "next"
    async with desk.socket(token_of(Role.READER, "Kim")) as again:
        await start(again, "s", LATEST)
        assert (await hear(again))["type"] == "next", "who is banned may still read"


async def test_a_banned_moderator_has_a_readers_rights(desk: Desk) -> None:
    async with desk.socket(token_of(Role.MODERATOR, "Mo")) as opened:
        await start(opened, "q", QUEUE)
        assert (await hear(opened))["type"] == "next"
        await ban(desk, "Mo")
        assert (await closed(opened))[0] == 4403
    async with desk.socket(token_of(Role.MODERATOR, "Mo")) as again:
        await start(again, "q", QUEUE)
        refused = await hear(again)

    assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_another_role_ends_the_connection_before_it_tells_anything_more(desk: Desk) -> None:
    async with desk.socket(token_of(Role.MODERATOR, "Mo")) as opened:
        await start(opened, "q", QUEUE)
        ready = await hear(opened)
        await sign_in(desk, Role.READER, "Mo", later=1)
        article = await desk_article(desk)
        reader = await sign_in(desk, Role.READER, "Kim")
        await comments.post(desk.newsroom, reader, comments.PostComment(article, None, "Secret?", None))
        heard = [message async for message in messages(opened)]

    assert (ready["type"], heard) == ("next", [])
    assert (opened.close_code, opened.close_reason) == (4403, "The role of this account has changed.")


async def desk_article(desk: Desk) -> int:
    await publish(desk)
    found = await desk.newsroom.store.read(
        lambda session: session.articles.page(ArticleFilter(), ArticleOrder.PUBLISHED_DESC, Slice(1))
    )
    return found[0].id


async def messages(opened: ClientConnection) -> AsyncIterator[Any]:
    """Until the socket is closed."""
    async with asyncio.timeout(5):
        with suppress(ConnectionClosed):
            while True:
                yield json.loads(await opened.recv())


async def test_another_name_ends_nothing(desk: Desk) -> None:
    async with desk.socket(token_of(Role.READER, "Kim")) as opened:
        await start(opened, "s", LATEST)
        for _ in range(2):
            await hear(opened)
        await sign_in(desk, Role.READER, "Kim", later=1, called="Kim Lee")
        await publish(desk)

        assert (await hear(opened))["type"] == "next"


async def test_what_cannot_be_read_just_now_is_told_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgraph.engine.fanout._RETRY", 0.1)
    article = await desk_article(desk)
    reader = await sign_in(desk, Role.READER, "Kim")
    store, busy = type(desk.newsroom.store), [False]
    sound = store.read

    async def read(self: Any, query: Any) -> Any:
        if busy[0] and "Loaders" in query.__qualname__:
            raise Fault(FaultCode.UNAVAILABLE, "The database is busy.")
        return await sound(self, query)

    monkeypatch.setattr(store, "read", read)
    async with desk.socket() as opened:
        await start(opened, "s", COMMENTS, articleId=global_id("Article", article))
        await hear(opened)
        for number in range(6):
            busy[0] = False
            await comments.post(desk.newsroom, reader, comments.PostComment(article, None, f"Number {number}", None))
            busy[0] = number % 2 == 0
            await asyncio.sleep(0.15)
        busy[0] = False
        heard = [(await hear(opened))["payload"]["data"]["commentEvents"] for _ in range(6)]

    assert [event["commentEdge"]["node"]["body"] for event in heard] == [f"Number {number}" for number in range(6)]


# A server that is told to stop


async def test_streams_end_with_a_hint_when_the_server_stops(settings: Settings) -> None:
    async with opened_desk(replace(settings, reconnect_spread=2.0)) as desk:
        async with desk.socket() as one, desk.socket() as other:
            await start(one, "s", LATEST)
            await hear(one)
            desk.server.should_exit = True
            ends = [await closed(one), await closed(other)]
        await desk.deserted()

    hints = [re.fullmatch(r"The server is restarting; retry in (\d+) ms", reason) for _, reason in ends]
    assert [code for code, _ in ends] == [1001, 1001]
    assert all(hint and 400 <= int(hint[1]) <= 2_000 for hint in hints)


async def test_what_was_begun_is_finished_when_the_server_stops(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, begun, go_on = Operations.run, asyncio.Event(), asyncio.Event()

    async def run(operations: Operations, asked: Asked) -> bytes:
        begun.set()
        await go_on.wait()
        return await sound(operations, asked)

    monkeypatch.setattr(Operations, "run", run)
    async with desk.socket() as opened:
        await start(opened, "s", LATEST)
        for _ in range(2):
            await hear(opened)
        await start(opened, "m", "mutation { __typename }")
        await begun.wait()
        desk.server.should_exit = True
        async with asyncio.timeout(5):
            while desk.operations.fanout.members:
                await asyncio.sleep(0.01)
        await start(opened, "late", LATEST)
        go_on.set()
        heard = [message async for message in messages(opened)]

    assert [(message["id"], message["type"]) for message in heard] == [("m", "next"), ("m", "complete")]
    assert opened.close_code == 1001


# Another server than ours


@pytest.fixture
async def plain(settings: Settings) -> AsyncIterator[Desk]:
    """uvicorn's own connections, which let nobody write past ASGI."""
    async with opened_desk(settings, ws="websockets-sansio", http="httptools") as desk:
        yield desk


async def test_streams_and_operations_on_any_asgi_server(plain: Desk) -> None:
    async with plain.socket(token_of(Role.READER, "Kim")) as opened:
        await start(opened, "s", LATEST)
        for _ in range(2):
            await hear(opened)
        await publish(plain)
        assert (await hear(opened))["id"] == "s"
        assert "data" in await answer(opened, "{ __typename }")
        for _ in range(100):
            await start(opened, "q", "{ __typename }")
            await hear(opened)
            await hear(opened)
        await start(opened, "s", LATEST)
        assert await closed(opened) == (4409, "Subscriber for s already exists")
    await plain.deserted()


async def test_a_client_that_stops_reading_is_let_go_on_any_asgi_server(settings: Settings) -> None:
    impatient = replace(settings, socket_send_timeout=0.3)
    async with (
        opened_desk(impatient, ws="websockets-sansio", http="httptools") as desk,
        desk.socket(sock=dial(desk)) as opened,
    ):
        await start(opened, "s", LATEST)
        opened.transport.pause_reading()
        echo = asyncio.create_task(pings(opened, 40, 200_000))
        async with asyncio.timeout(5):
            while any(name.startswith("_AsgiPipe") for name in running()):
                await asyncio.sleep(0.01)
        opened.transport.abort()
        await echo
        await desk.deserted()


# All of it, by an outside judge


@pytest.mark.skipif(not CHECKS.is_file(), reason="the outside judge lies beside the repository")
def test_the_outside_judge_passes_every_must_and_should(tmp_path: Path) -> None:
    with started("demo", "--socket-init-timeout", "1", folder=tmp_path) as (_, address):
        get(f"{address}/healthz")
        judged = subprocess.run(
            [sys.executable, "-B", CHECKS, f"{address}/graphql", *JUDGING],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "0 failed, 0 skipped" in judged.stdout


# A list's stream begins with two events at once; nothing happens to the oldest article.
JUDGING = [
    "--strict",
    *("--stream", "subscription { latestStories { __typename } }"),
    *("--idle", 'subscription { articleEvents(articleId: "QXJ0aWNsZTox") { __typename } }'),
    *("--fails", 'query { node(id: "zzz") { id } }'),
    *("--bad-init", '{"authorization": "Bearer nonsense"}'),
    *("--init-timeout", "1"),
]
