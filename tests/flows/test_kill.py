"""A server that dies in the middle: what was acknowledged is there afterwards, with its event."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx

from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.conftest import Newsstand
from tests.flows.processes import server_process
from tests.flows.test_resume import POST, STREAM, read_page

ROUNDS = 3
WRITERS = 6


async def test_an_acknowledged_comment_survives_kill_9(furnished: Settings) -> None:
    acknowledged: set[str] = set()
    async with server_process(furnished) as served:
        article, start = await begin(Newsstand(served.url, []))
    for number in range(ROUNDS):
        async with server_process(furnished) as served:
            writing = [
                asyncio.create_task(post_until_cut(served.url, article, f"{number}-{writer}", acknowledged))
                for writer in range(WRITERS)
            ]
            await asyncio.sleep(0.6)
            await served.kill()
            await asyncio.gather(*writing)
    async with server_process(furnished) as served:
        shown, told = await look(Newsstand(served.url, []), article, start)

    assert len(acknowledged) > ROUNDS * WRITERS
    assert acknowledged <= shown
    assert told == shown


async def begin(stand: Newsstand) -> tuple[str, str]:
    article = await stand.publish("Breaking")
    head = (await stand.client().run("{ streamHead }"))["streamHead"]
    await asyncio.gather(*(client.close() for client in stand.clients))
    return article, str(head)


async def post_until_cut(url: str, article: str, name: str, acknowledged: set[str]) -> None:
    client = Newsstand(url, []).client(Role.READER, f"Writer {name}")
    with suppress(httpx.HTTPError):
        for number in range(10_000):
            data = await client.run(POST, input={"articleId": article, "body": f"{name}-{number}"})
            acknowledged.add(data["postComment"]["commentEdge"]["node"]["id"])
    await client.close()


async def look(stand: Newsstand, article: str, start: str) -> tuple[set[str], set[str]]:
    """Comments that a fresh query shows, and those of which the log tells."""
    client = stand.client()
    page = await read_page(client, article)
    async with client.subscribe(STREAM, articleId=article, after=start) as stream:
        ready = await stream.next()
        events = [await stream.next() for _ in range(ready["replayed"])]
    await client.close()
    return set(page["shown"]), {event["commentEdge"]["node"]["id"] for event in events}
