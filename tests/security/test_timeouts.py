"""An operation that takes too long is given up, and so is what SQLite does for it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from newsgraph.storage.statements import Statements
from tests.flows.conftest import token_for
from tests.web.desk import Desk, hear, opened_desk, start
from tests.web.test_graphql import POST, published

ENDLESS = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n)"


class _Slow(Statements):
    """Those of a store, but one of them never ends."""

    def __init__(self, sound: Statements, name: str) -> None:
        super().__init__(sound._texts)
        self._slow = name

    def text(self, name: str, parts: Any = (), single: bool = False) -> str:
        found = super().text(name, parts, single)
        if name != self._slow:
            return found
        given = ", ".join(["1", *sorted(set(re.findall(r"\?\d+", found)))])
        return f"{ENDLESS} WHERE 0 IN ({given}) OR 1"


@contextmanager
def endless(desk: Desk, name: str) -> Iterator[None]:
    transactions: Any = desk.newsroom.store._transactions  # type: ignore[attr-defined]
    sound = transactions._statements
    assert name in sound._texts
    transactions._statements = _Slow(sound, name)
    try:
        yield
    finally:
        transactions._statements = sound


STORIES = """
subscription { latestStories { ... on RankedListChanged { list { items { nodes { headline } } } } } }
"""


async def seen(desk: Desk, query: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=20) as client:
        return await client.post(desk.url, json={"query": query})


@pytest.fixture
def hasty(settings: Settings) -> Settings:
    return replace(settings, operation_timeout=0.3, readers=1)


@pytest.mark.parametrize(
    ("statement", "query"), [("sections_all", "{ sections { name } }"), ("lists_by_keys", "{ mustReads { title } }")]
)
async def test_the_thread_is_free_again(hasty: Settings, statement: str, query: str) -> None:
    """The only reader is busy with a statement that never ends; then it answers the next."""
    async with opened_desk(hasty) as desk:
        with endless(desk, statement):
            answer = await seen(desk, query)
            assert (answer.status_code, code_of(answer.json()["errors"])) == (503, "OPERATION_TIMED_OUT")
            assert "retry-after" in answer.headers
            async with desk.socket() as opened:
                await start(opened, "slow", query)
                message = await hear(opened)
            assert (message["type"], code_of(message["payload"])) == ("error", "OPERATION_TIMED_OUT")

        assert "errors" not in (await seen(desk, query)).json()


GONE = ["reset", "closed"]


@pytest.mark.parametrize("how", GONE)
@pytest.mark.parametrize(
    ("statement", "query"), [("sections_all", "{ sections { name } }"), ("lists_by_keys", "{ mustReads { title } }")]
)
async def test_what_nobody_waits_for_is_not_read(settings: Settings, statement: str, query: str, how: str) -> None:
    """The only reader is free again long before the operation's time is over, also for those who ask the same."""
    async with opened_desk(replace(settings, operation_timeout=60, readers=1)) as desk:
        begun, loop = asyncio.Event(), asyncio.get_running_loop()
        store: Any = desk.newsroom.store
        store.on_statement = lambda text: ENDLESS in text and loop.call_soon_threadsafe(begun.set)
        with endless(desk, statement):
            gone = await asked(desk, query)
            async with asyncio.timeout(10):
                await begun.wait()
            same = asyncio.create_task(seen(desk, query))
            async with asyncio.timeout(10):
                while not desk.responses.counts().waits:
                    await asyncio.sleep(0.01)
            begun.clear()
            await leave(gone, how)
            async with asyncio.timeout(10):
                await begun.wait()  # the other reads it anew
        store.on_statement = None
        same.cancel()
        assert "errors" not in (await seen(desk, query)).json()
        await desk.deserted()


async def asked(desk: Desk, query: str, *more: str, **variables: Any) -> asyncio.StreamWriter:
    """A connection on which an operation was sent, with more headers."""
    _, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    content = json.dumps({"query": query, "variables": variables}).encode()
    lines = ["POST /graphql HTTP/1.1", "Host: test", "Content-Type: application/json", *more]
    writer.write("\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content)
    await writer.drain()
    return writer


async def leave(writer: asyncio.StreamWriter, how: str) -> None:
    if how == "reset":
        writer.transport.abort()
    else:
        writer.close()
        await writer.wait_closed()


async def test_what_was_to_be_changed_is_changed_all_the_same(settings: Settings) -> None:
    async with opened_desk(settings) as desk:
        await published(desk)
        begun, loop = asyncio.Event(), asyncio.get_running_loop()
        store: Any = desk.newsroom.store
        store.on_statement = lambda text: "comments" in text and loop.call_soon_threadsafe(begun.set)
        token = f"Authorization: Bearer {token_for(Role.READER, 'Kim')}"
        gone = await asked(desk, POST, token, input={"articleId": global_id("Article", 1), "body": "Sent and gone."})
        async with asyncio.timeout(10):
            await begun.wait()
            await leave(gone, "reset")
            while "Sent and gone." not in (await seen(desk, NEWEST)).text:
                await asyncio.sleep(0.02)


NEWEST = "{ latestStories { items { nodes { comments { nodes { body } } } } } }"


def code_of(errors: Any) -> str:
    (error,) = errors
    return str(error["extensions"]["code"])


async def test_others_in_the_same_batch_lose_nothing(hasty: Settings) -> None:
    async with opened_desk(hasty) as desk:
        begun, loop = asyncio.Event(), asyncio.get_running_loop()
        store: Any = desk.newsroom.store
        store.on_statement = lambda text: ENDLESS in text and loop.call_soon_threadsafe(begun.set)
        with endless(desk, "sections_all"):
            slow = asyncio.create_task(seen(desk, "{ sections { name } }"))
            await begun.wait()
            quick = await seen(desk, "{ streamHead }")
            assert (await slow).status_code == 503
    assert quick.json()["data"]["streamHead"]


async def test_an_event_that_takes_too_long_ends_its_stream(hasty: Settings) -> None:
    async with opened_desk(hasty) as desk, desk.socket() as opened:
        await published(desk)
        with endless(desk, "articles_by_ids"):
            await start(opened, "s", STORIES)
            messages = [await hear(opened)]
            while messages[-1]["type"] != "error":
                messages.append(await hear(opened))
        assert code_of(messages[-1]["payload"]) == "OPERATION_TIMED_OUT"
