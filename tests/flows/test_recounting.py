"""`newsgraph check --fix` while the server runs: whoever watches is told, and kept answers are right at once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

from newsgraph import app
from newsgraph.actions.checks import CHECKS, run
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.conftest import Newsstand
from tests.flows.test_live import post

PAGE = """
query ($id: ID!) {
  node(id: $id) { ... on Article { commentCount comments { totalCount edges { node { replyCount } } } } }
}
"""
STREAM = """
subscription ($id: ID!) {
  commentEvents(articleId: $id) { __typename ... on CommentChanged { comment { id replyCount } } }
}
"""


async def test_clients_learn_of_what_was_mended(stand: Newsstand, furnished: Settings) -> None:
    article = await stand.publish("Breaking")
    client = stand.client(Role.READER)
    comment = await post(client, article, "First")
    right = await client.run(PAGE, id=article)
    async with client.subscribe(STREAM, id=article) as stream:
        await stream.until("StreamReady")
        await asyncio.to_thread(break_counters, app.database_path(furnished))
        await fix(furnished)
        event = await stream.until("CommentChanged")
        assert event["comment"] == {"id": comment, "replyCount": 0}
    async with asyncio.timeout(10):
        while await client.run(PAGE, id=article) != right:
            await asyncio.sleep(0.01)


def break_counters(path: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE comments SET reply_count = 8")
        connection.execute("UPDATE articles SET comment_count = 9")


async def fix(settings: Settings) -> None:
    """As the command does it, with a store of its own."""
    async with app.open_newsroom(settings) as newsroom:
        for check in CHECKS:
            report = await run(newsroom, check, True)
            assert report.left == 0


async def test_counters_are_mended_while_people_write(stand: Newsstand, furnished: Settings) -> None:
    article = await stand.publish("Breaking")
    clients = [stand.client(Role.READER, f"Writer {n}") for n in range(4)]
    done = asyncio.Event()

    async def write(client: Any, number: int) -> int:
        count = 0
        while not done.is_set():
            await post(client, article, f"Comment {number} {count}")
            count += 1
        return count

    writing = [asyncio.create_task(write(client, n)) for n, client in enumerate(clients)]
    for _ in range(5):
        await asyncio.to_thread(break_counters, app.database_path(furnished))
        await fix(furnished)
    done.set()
    posted = sum(await asyncio.gather(*writing))
    await fix(furnished)
    async with asyncio.timeout(10):
        while (await clients[0].run(PAGE, id=article))["node"]["commentCount"] != posted:
            await asyncio.sleep(0.01)
