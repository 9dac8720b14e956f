"""Streams over HTTP responses, on a real server: what comes, how it is resumed, and what is left of who has gone."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from newsgraph import app
from newsgraph.actions import articles, comments, users
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Claims, Role, SignIn, Viewer
from newsgraph.settings import Settings
from tests.flows.conftest import token_for
from tests.web.desk import Desk, deaf, opened_desk, running

EVENTS, JSON, ANY = "text/event-stream", "application/json", "text/event-stream, application/json"
APOLLO = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'
LATEST = "subscription { latestStories { __typename ... on StreamEvent { cursor } } }"
COMMENTS = """
subscription ($articleId: ID!, $after: StreamCursor) {
  commentEvents(articleId: $articleId, after: $after) {
    __typename ... on StreamEvent { cursor } ... on CommentAdded { commentEdge { node { body } } }
  }
}
"""
LONG = COMMENTS.replace("{ body }", "{ body " + " ".join(f"a{number}: body" for number in range(20)) + " }")
Json = dict[str, Any]


@pytest.fixture(params=["ours", "plain"])
async def either(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Desk]:
    """Our connections, and uvicorn's own, which let nobody write past ASGI."""
    options: Json = {} if request.param == "ours" else {"http": "httptools", "ws": "websockets-sansio"}
    async with opened_desk(settings, **options) as desk:
        yield desk


# The newsroom


async def person(desk: Desk, role: Role) -> Viewer:
    return await users.recognise(desk.newsroom, Claims(f"test:{role.value}", role.value, role, app.now(), None))


async def publish(desk: Desk) -> int:
    command = articles.PublishArticle("Storm", None, "<p>.</p>", "asia", ("Ada Writer",))
    return await articles.publish(desk.newsroom, await person(desk, Role.EDITOR), command)


async def comment(desk: Desk, article: int, body: str) -> None:
    await comments.post(desk.newsroom, await person(desk, Role.READER), comments.PostComment(article, None, body, None))


# The client


class Stream:
    """An open response, read one part after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._chunks = response.aiter_bytes()
        self._rest = ""

    async def text(self, end: str) -> str:
        """Up to `end`."""
        async with asyncio.timeout(5):
            while end not in self._rest:
                self._rest += (await anext(self._chunks)).decode()
        found, _, self._rest = self._rest.partition(end)
        return found

    async def event(self) -> Json:
        """The fields of the next block of an event stream; its data read."""
        block = await self.text("\n\n")
        fields = {
            name: value.removeprefix(" ") for name, _, value in (line.partition(":") for line in block.split("\n"))
        }
        return fields | ({"data": json.loads(fields["data"])} if fields.get("data") else {})

    async def next(self) -> tuple[str, Json]:
        """Cursor and event of the next result."""
        event = await self.event()
        assert event["event"] == "next", event
        (data,) = event["data"]["data"].values()
        return event["id"], data

    async def part(self) -> Any:
        """What is between the boundaries of a multipart response."""
        text = ""
        while not text:
            text = (await self.text("--graphql")).partition("\r\n\r\n")[2]
        return json.loads(text)

    async def end(self) -> str:
        """Everything that comes until the response ends."""
        async with asyncio.timeout(5):
            return self._rest + b"".join([chunk async for chunk in self._chunks]).decode()


@asynccontextmanager
async def asked(desk: Desk, query: str, accept: str = EVENTS, get: bool = False, **more: Any) -> AsyncIterator[Stream]:
    """An operation; `more` may have variables and headers."""
    headers = {"accept": accept, **more.get("headers", {})}
    fields: Json = {"query": query, "variables": more.get("variables")}
    if get:
        parameters = {"query": query} | ({"variables": json.dumps(fields["variables"])} if fields["variables"] else {})
        given: Any = {"method": "GET", "params": parameters}
    else:
        given = {"method": "POST", "json": fields}
    async with (
        httpx.AsyncClient(timeout=5) as client,
        client.stream(url=desk.url, headers=headers, **given) as response,
    ):
        yield Stream(response)


def kind(stream: Stream) -> str:
    return stream.response.headers["content-type"].partition(";")[0]


# Events


@pytest.mark.parametrize("get", [False, True])
async def test_a_stream_of_events(either: Desk, get: bool) -> None:
    article = await publish(either)
    variables = {"articleId": global_id("Article", article)}
    async with asked(either, COMMENTS, get=get, variables=variables) as stream:
        assert (stream.response.status_code, kind(stream)) == (200, EVENTS)
        assert stream.response.headers["cache-control"] == "no-cache, no-transform"
        assert stream.response.headers["x-accel-buffering"] == "no"
        assert 1_000 <= int((await stream.event())["retry"]) <= 5_000
        cursor, ready = await stream.next()
        assert (ready["__typename"], ready["cursor"]) == ("StreamReady", cursor)

        for number in range(30):
            await comment(either, article, f"Comment {number}")
        seen = [await stream.next() for _ in range(30)]

    assert [data["commentEdge"]["node"]["body"] for _, data in seen] == [f"Comment {number}" for number in range(30)]
    assert [cursor for cursor, _ in seen] == [data["cursor"] for _, data in seen]
    await either.deserted()


async def test_the_last_event_that_was_seen_is_where_it_goes_on(desk: Desk) -> None:
    """Whatever the address says, which is what an EventSource comes back with."""
    article = await publish(desk)
    variables = {"articleId": global_id("Article", article)}
    async with asked(desk, COMMENTS, get=True, variables=variables) as stream:
        await stream.event()
        start, _ = await stream.next()
        await comment(desk, article, "Seen")
        last, _ = await stream.next()
    await comment(desk, article, "Missed")

    again: Json = {"variables": variables | {"after": start}, "headers": {"last-event-id": last}}
    async with asked(desk, COMMENTS, get=True, **again) as stream:
        await stream.event()
        assert (await stream.next())[1]["__typename"] == "StreamReady"
        assert (await stream.next())[1]["commentEdge"]["node"]["body"] == "Missed"


async def test_those_who_ask_the_same_share_whatever_brings_it_to_them(desk: Desk) -> None:
    async with asked(desk, LATEST) as one, asked(desk, LATEST, APOLLO) as other:
        await one.event()
        await one.next()
        await other.part()

        assert (desk.operations.fanout.groups, desk.operations.fanout.members) == (1, 2)
    await desk.deserted()


async def test_a_silent_stream_says_that_it_is_alive(settings: Settings) -> None:
    async with opened_desk(replace(settings, stream_heartbeat=0.05)) as desk:
        async with asked(desk, LATEST) as stream, asked(desk, LATEST, APOLLO) as other:
            blocks = [await stream.text("\n\n") for _ in range(6)]
            parts = [await other.part() for _ in range(5)]
        assert (blocks.count(":"), parts.count({})) == (3, 3), "when to come back, and the list's beginning"
        await desk.deserted()


# Parts


async def test_a_stream_of_parts(either: Desk) -> None:
    article = await publish(either)
    variables = {"articleId": global_id("Article", article)}
    async with asked(either, COMMENTS, APOLLO, variables=variables) as stream:
        assert stream.response.headers["content-type"] == 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'
        assert (await stream.part())["payload"]["data"]["commentEvents"]["__typename"] == "StreamReady"
        await comment(either, article, "Hello")

        added = (await stream.part())["payload"]["data"]["commentEvents"]
    assert added["commentEdge"]["node"]["body"] == "Hello"
    await either.deserted()


# What is no stream


@pytest.mark.parametrize("get", [False, True])
async def test_a_query_as_events_has_one_result(desk: Desk, get: bool) -> None:
    async with asked(desk, "{ __typename }", get=get) as stream:
        assert kind(stream) == EVENTS
        assert await stream.event() == {"event": "next", "data": {"data": {"__typename": "Query"}}}
        assert await stream.event() == {"event": "complete", "data": ""}
        assert await stream.end() == ""


async def test_a_mutation_as_events_needs_post(desk: Desk) -> None:
    async with asked(desk, "mutation { __typename }") as stream:
        assert (await stream.event())["data"] == {"data": {"__typename": "Mutation"}}
    async with asked(desk, "mutation { __typename }", get=True) as stream:
        assert (stream.response.status_code, stream.response.headers["allow"]) == (405, "POST")
        assert json.loads(await stream.end())["errors"][0]["message"] == "A mutation needs POST."


@pytest.mark.parametrize("accept", [ANY, APOLLO, JSON, "*/*"])
async def test_a_query_of_a_client_that_takes_json_is_answered_in_json(desk: Desk, accept: str) -> None:
    async with asked(desk, "{ __typename }", accept) as stream:
        assert kind(stream) == JSON
        assert json.loads(await stream.end()) == {"data": {"__typename": "Query"}}


async def test_a_subscription_of_a_client_that_takes_both_is_a_stream(desk: Desk) -> None:
    async with asked(desk, LATEST, ANY) as stream:
        assert kind(stream) == EVENTS


# What cannot begin


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        (" ", "BAD_INPUT"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { latestStories(after: 5) { __typename } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription ($a: ID!) { articleEvents(articleId: $a) { __typename } }", "BAD_INPUT"),
        ('subscription { articleEvents(articleId: "zzz") { __typename } }', "NOT_FOUND"),
        ("subscription { moderationEvents { __typename } }", "FORBIDDEN"),
    ],
)
async def test_an_operation_that_cannot_begin_is_a_stream_of_its_errors(desk: Desk, query: str, code: str) -> None:
    async with asked(desk, query) as stream:
        assert stream.response.status_code == 200
        text = await stream.end()
    data = json.loads(text.partition("event: next\ndata: ")[2].partition("\n")[0])
    assert data["errors"][0]["extensions"]["code"] == code
    assert text.endswith("event: complete\ndata:\n\n")
    await desk.deserted()


@pytest.mark.parametrize("accept", [ANY, APOLLO])
async def test_or_an_answer_in_json_for_who_takes_that(desk: Desk, accept: str) -> None:
    async with asked(desk, "subscription { nothing }", accept) as stream:
        assert kind(stream) == JSON
        assert json.loads(await stream.end())["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("body", "content", "status", "code"),
    [
        (b"{", JSON, 400, "BAD_INPUT"),
        (b"[]", JSON, 400, "BATCHING_NOT_SUPPORTED"),
        (b'{"query": "{ __typename }"}', "text/plain", 415, "BAD_INPUT"),
        (b"x" * 2_001, JSON, 413, "REQUEST_TOO_LARGE"),
    ],
)
async def test_what_is_no_request(settings: Settings, body: bytes, content: str, status: int, code: str) -> None:
    async with opened_desk(replace(settings, message_size=2_000)) as desk, httpx.AsyncClient() as client:
        headers = {"accept": EVENTS, "content-type": content}
        answer = await client.post(desk.url, content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


async def test_who_it_is_is_said_in_the_header(desk: Desk) -> None:
    headers = {"authorization": f"Bearer {token_for(Role.MODERATOR, 'Mo')}"}
    async with asked(desk, "subscription { moderationEvents { __typename } }", headers=headers) as stream:
        await stream.event()
        assert (await stream.event())["data"]["data"] == {"moderationEvents": {"__typename": "StreamReady"}}
    async with asked(desk, LATEST, headers={"authorization": "Bearer nonsense"}) as stream:
        assert stream.response.status_code == 401
        assert json.loads(await stream.end())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_one_stream_too_many_is_told_why(settings: Settings) -> None:
    async with opened_desk(replace(settings, connections=1)) as desk:
        async with asked(desk, LATEST) as first, asked(desk, LATEST) as second:
            await first.event()
            assert (second.response.status_code, second.response.headers["retry-after"]) == (503, "5")
            assert json.loads(await second.end())["errors"][0]["extensions"]["code"] == "TOO_MANY_CONNECTIONS"
            async with asked(desk, "{ __typename }") as query:
                assert (await query.event())["event"] == "next"
        await desk.deserted()


# The end


async def test_a_stream_ends_with_its_token(settings: Settings) -> None:
    ends = app.now() + timedelta(seconds=1)

    async def recognise(token: str) -> SignIn:
        return SignIn(Viewer(1, Role.READER), ends)

    async with opened_desk(settings, recognise) as desk:
        assert (await person(desk, Role.READER)).user_id == 1
        article = await publish(desk)
        variables = {"articleId": global_id("Article", article)}
        async with asked(desk, COMMENTS, variables=variables, headers={"authorization": "Bearer x"}) as stream:
            await stream.event()
            await stream.next()
            while app.now() < ends:
                await asyncio.sleep(0.05)
            await comment(desk, article, "Too late")
            text = await stream.end()
        await desk.deserted()

    assert "UNAUTHENTICATED" in text
    assert "Too late" not in text
    assert text.endswith("event: complete\ndata:\n\n")


async def test_a_server_that_stops_says_when_to_come_back(desk: Desk) -> None:
    async with asked(desk, LATEST) as events, asked(desk, LATEST, APOLLO) as parts:
        for _ in range(3):
            await events.event()
        for _ in range(2):
            await parts.part()
        desk.server.should_exit = True

        assert 1_000 <= int((await events.event())["retry"]) <= 5_000
        assert await events.end() == "", "no complete: an EventSource comes back by itself"
        gone = await parts.part()
        assert (gone["payload"], gone["errors"][0]["extensions"]["code"]) == (None, "GOING_AWAY")
    await desk.deserted()


async def test_who_goes_away_leaves_nothing(either: Desk) -> None:
    for _ in range(3):
        async with asked(either, LATEST) as stream:
            await stream.event()
    async with asked(either, "subscription { moderationEvents { __typename } }"):
        pass
    await either.deserted()


async def test_a_request_behind_a_stream_does_not_keep_it(settings: Settings) -> None:
    """What was sent ahead is not read before the stream ends, so that its client's end is only felt in writing."""
    async with opened_desk(replace(settings, stream_heartbeat=0.1)) as desk:
        for sent in ([request(LATEST, {}) + NEXT], [request(LATEST, {}), NEXT]):
            _, writer = await asyncio.open_connection("127.0.0.1", desk.port)
            for part in sent:
                writer.write(part)
                await asyncio.sleep(0.1)
            assert len(desk.admission) == 1
            writer.transport.abort()
            await desk.deserted()


NEXT = b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n"


async def test_a_stream_that_begins_while_the_server_stops_ends_at_once(desk: Desk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    asked = request(LATEST, {})
    writer.write(asked[:-5])
    await asyncio.sleep(0.1)
    desk.server.should_exit = True
    await asyncio.sleep(0.2)
    writer.write(asked[-5:])
    async with asyncio.timeout(2):
        heard = await reader.read()
    writer.close()

    assert heard.count(b"retry: ") == 2, "when to come back after a broken connection, and after this one"
    assert b"event:" not in heard


async def deaf_reader(desk: Desk) -> socket.socket:
    """Somebody who reads nothing of a stream in which a lot is told."""
    article = await publish(desk)
    client = deaf()
    client.connect(("127.0.0.1", desk.port))
    await asyncio.to_thread(client.sendall, request(LONG, {"articleId": global_id("Article", article)}))
    async with asyncio.timeout(5):
        while not desk.hub:
            await asyncio.sleep(0.01)
    for number in range(60):
        await comment(desk, article, f"{number} " + "x" * 250)
    return client


async def test_who_reads_nothing_when_the_server_stops_is_dropped(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened_desk(replace(settings, mailbox_size=20)) as desk:
        client = await deaf_reader(desk)
        desk.server.should_exit = True
        await desk.deserted()
        client.close()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_who_stops_reading_is_cut_and_was_held_little_for(settings: Settings) -> None:
    """What the client does not take waits in its mailbox, which is shared with the others and bounded."""
    async with opened_desk(replace(settings, socket_send_timeout=0.5, mailbox_size=20)) as desk:
        client = await deaf_reader(desk)
        waiting = [one.transport.get_write_buffer_size() for one in desk.server.server_state.connections]
        assert sum(waiting) < 100_000  # none, where the machine is so busy that the client was cut by now
        async with asyncio.timeout(5):
            while running():
                await asyncio.sleep(0.01)
        await desk.deserted()
        client.close()


def request(query: str, variables: Json) -> bytes:
    body = json.dumps({"query": query, "variables": variables}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: x\r\naccept: {EVENTS}\r\ncontent-type: {JSON}\r\ncontent-length: {len(body)}"
    )
    return head.encode() + b"\r\n\r\n" + body


async def test_who_reads_slowly_is_told_what_was_lost(settings: Settings) -> None:
    async with opened_desk(replace(settings, mailbox_size=20)) as desk:
        article = await publish(desk)
        client = deaf()
        client.connect(("127.0.0.1", desk.port))
        client.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=client, limit=1_000)
        writer.write(request(LONG, {"articleId": global_id("Article", article)}))
        text = b""
        async with asyncio.timeout(10):
            while b"StreamReady" not in text:
                text += await reader.read(10_000)
            for number in range(60):
                await comment(desk, article, f"{number} " + "x" * 250)
            while b"StreamReset" not in text:
                text += await reader.read(10_000)
            await comment(desk, article, "Goes on")
            while b"Goes on" not in text:
                text += await reader.read(10_000)
        writer.close()
        await writer.wait_closed()
        await desk.deserted()
