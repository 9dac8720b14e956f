"""Views over real sockets: prefetches, repeats on another process, a crash, and a flood."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import httpx
import pytest

from newsgraph import app
from newsgraph.settings import Settings
from tests.flows.conftest import Newsstand, serving
from tests.flows.processes import server_process

VIEW = "mutation ($id: ID!) { recordView(input: { articleId: $id }) { counted } }"


async def view(url: str, article: str, **headers: str) -> bool:
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        return await view_with(http, article, **headers)


async def view_with(http: httpx.AsyncClient, article: str, **headers: str) -> bool:
    named = {"user-agent": "Mozilla/5.0 (test)"} | {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await http.post("/graphql", json={"query": VIEW, "variables": {"id": article}}, headers=named)
    return bool(answer.json()["data"]["recordView"]["counted"])


@pytest.mark.parametrize(
    ("name", "value", "counts"),
    [
        ("sec_purpose", "prefetch", False),
        ("sec_purpose", "prefetch;prerender", False),
        ("sec_purpose", "prefetch;anonymous-client-ip", False),
        ("purpose", "prefetch", False),
        ("x_purpose", "preview", False),
        ("x_moz", "prefetch", False),
        ("sec_purpose", "something-new", True),
        ("sec_fetch_mode", "cors", True),
        ("user_agent", "Mozilla/5.0 (compatible; bingbot/2.0)", False),
        ("user_agent", "okhttp/4.12.0", True),
    ],
)
async def test_what_nobody_has_asked_for_does_not_count(stand: Newsstand, name: str, value: str, counts: bool) -> None:
    article = await stand.publish("Breaking")
    assert await view(stand.url, article, **{name: value}) is counts


async def test_a_second_view_on_another_process_does_not_count(furnished: Settings) -> None:
    async with serving(furnished) as one, serving(furnished) as other:
        stand = Newsstand(one, [])
        article = await stand.publish("Breaking")
        await asyncio.gather(*(client.close() for client in stand.clients))
        assert await view(one, article)
        await until_written(furnished, 1)
        assert not await view(other, article)


def written(settings: Settings) -> int:
    with closing(sqlite3.connect(app.database_path(settings))) as connection:
        return int(connection.execute("SELECT sum(view_count) FROM articles").fetchone()[0])


async def until_written(settings: Settings, count: int) -> None:
    async with asyncio.timeout(10):
        while await asyncio.to_thread(written, settings) < count:
            await asyncio.sleep(0.01)


async def test_only_the_last_seconds_are_lost_on_kill_9(furnished: Settings) -> None:
    """What was counted before the last flush is there, once, and known to be a repeat afterwards."""
    settings = replace(furnished, view_flush=0.3)
    counted: list[float] = []
    async with server_process(settings) as served:
        stand = Newsstand(served.url, [])
        article = await stand.publish("Breaking")
        await asyncio.gather(*(client.close() for client in stand.clients))
        async with httpx.AsyncClient(base_url=served.url, timeout=30) as http:
            while not counted or time.monotonic() - counted[0] < 1.5:
                assert await view_with(http, article, user_agent=f"Reader {len(counted)}")
                counted.append(time.monotonic())
        await served.kill()
        killed = time.monotonic()
    kept = await asyncio.to_thread(written, settings)
    assert sum(at < killed - 1.2 for at in counted) <= kept <= len(counted)
    async with server_process(settings) as served:
        assert not await view(served.url, article, user_agent="Reader 0")


async def test_what_was_counted_is_written_at_the_end(furnished: Settings) -> None:
    async with serving(replace(furnished, view_flush=3_600.0)) as url:
        stand = Newsstand(url, [])
        article = await stand.publish("Breaking")
        assert await view(url, article)
        assert await asyncio.to_thread(written, furnished) == 0
        await asyncio.gather(*(client.close() for client in stand.clients))
    assert await asyncio.to_thread(written, furnished) == 1


async def test_a_flood_is_counted_as_far_as_it_may_wait(furnished: Settings) -> None:
    """Whoever is told that a view counts has it counted; the others are told that it does not."""
    settings = replace(furnished, view_flush=3_600.0, view_memory=50)
    async with serving(settings) as url:
        stand = Newsstand(url, [])
        article = await stand.publish("Breaking")
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            readers = [view_with(http, article, user_agent=f"Reader {n}") for n in range(80)]
            assert sum(await asyncio.gather(*readers)) == 50
        await asyncio.gather(*(client.close() for client in stand.clients))
    assert await asyncio.to_thread(written, settings) == 50


async def test_a_reader_is_nowhere_to_be_found(furnished: Settings) -> None:
    """No address, no agent, no id: not in the database, nor in what SQLite keeps beside it."""
    async with serving(furnished) as url:
        stand = Newsstand(url, [])
        article = await stand.publish("Breaking")
        agent = "Mozilla/5.0 (an agent that nobody else has)"
        assert await view(url, article, user_agent=agent)
        await until_written(furnished, 1)
        path = app.database_path(furnished)
        kept = b"".join([await asyncio.to_thread(read, f"{path}{end}") for end in ("", "-wal")])
        assert b"nobody else has" not in kept
        assert b"127.0.0.1" not in kept
        await asyncio.gather(*(client.close() for client in stand.clients))


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
