"""An operation that takes too long is given up, and so is what SQLite does for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from newsgraph.settings import Settings
from newsgraph.storage.statements import Statements
from tests.web.desk import Desk, hear, opened_desk, start
from tests.web.test_graphql import published

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
