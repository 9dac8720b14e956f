"""A newsroom to write in: a few articles, and readers who are known already."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from newsgraph import app
from newsgraph.actions import articles, comments, sections, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Claims, Role, Viewer
from newsgraph.settings import Settings

ARTICLES = 10
NOW = datetime.now(UTC)


def furnish(path: Path, readers: int) -> list[str]:
    """Makes the database; returns the articles' ids."""
    return asyncio.run(_furnish(Settings(database=f"sqlite:///{path}"), readers))


async def _furnish(settings: Settings, readers: int) -> list[str]:
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(lambda session: sections.ensure(session, "News"))
        await people(newsroom, readers)
        editor = await users.recognise(newsroom, Claims("bench:editor", "Ed", Role.EDITOR, NOW, None))
        found = [await _publish(newsroom, editor, number) for number in range(ARTICLES)]
    return [global_id("Article", key) for key in found]


async def _publish(newsroom: Newsroom, editor: Viewer, number: int) -> int:
    command = articles.PublishArticle(f"Story {number}", None, "<p>What happened.</p>", "news", ())
    return await articles.publish(newsroom, editor, command)


async def people(newsroom: Newsroom, readers: int) -> list[Viewer]:
    """The first of them has the id 1, and so on."""
    claims = [Claims(f"bench:{n}", f"Reader {n}", Role.READER, NOW, None) for n in range(readers)]
    return [await users.recognise(newsroom, one) for one in claims]


async def post(newsroom: Newsroom, viewers: Sequence[Viewer], seconds: float) -> list[float]:
    """What a comment costs without HTTP and GraphQL: everybody posts, waits, posts again; the times, in seconds."""
    times: list[float] = []
    loop = asyncio.get_running_loop()
    end, at = loop.time() + seconds, time.time_ns()  # nobody says in a later round what they have said already

    async def write(number: int, viewer: Viewer) -> None:
        while (begun := loop.time()) < end:
            text = f"Comment {at}.{number}.{len(times)}: the vote was closer than anyone expected."
            await comments.post(newsroom, viewer, comments.PostComment(1 + number % ARTICLES, None, text))
            times.append(loop.time() - begun)

    await asyncio.gather(*(write(number, viewer) for number, viewer in enumerate(viewers)))
    return times
