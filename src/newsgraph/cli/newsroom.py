"""Work on the newsroom's database alone, for commands; a server may be serving it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from newsgraph import app
from newsgraph.actions.newsroom import Newsroom
from newsgraph.settings import Settings

T = TypeVar("T")


def in_newsroom(settings: Settings, work: Callable[[Newsroom], Awaitable[T]]) -> T:
    """What `work` returns. Errors: those of `work`, and storage.migrations.UnusableDatabase."""

    async def opened() -> T:
        async with app.open_newsroom(settings) as newsroom:
            return await work(newsroom)

    return asyncio.run(opened())
