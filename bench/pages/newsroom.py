"""newsgraph's own article page, with loaders that have everything already: its resolvers run, SQL does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from strawberry.dataloader import DataLoader

from newsgraph import app
from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.demo import loader
from newsgraph.graph.context import Context, Services
from newsgraph.graph.loaders import Loaders
from newsgraph.live.hub import Hub
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.settings import Settings


class Known:
    """A loader that reads each thing once and for all."""

    def __init__(self, original: DataLoader[Any, Any]) -> None:
        self._original = original
        self._found: dict[Any, Any] = {}

    async def load(self, key: Any) -> Any:
        if key not in self._found:
            self._found[key] = await self._original.load(key)
        return self._found[key]

    async def load_many(self, keys: list[Any]) -> list[Any]:
        return [await self.load(key) for key in keys]


@asynccontextmanager
async def opened(folder: str) -> AsyncIterator[Context]:
    """The context of a request to the demo's newsroom."""
    settings, clock = Settings(database=f"sqlite:///{Path(folder) / 'bench.db'}"), loader.DemoClock()
    async with app.open_newsroom(settings, clock=clock) as newsroom:
        await loader.load(newsroom, clock)
        context = Context(await _services(newsroom))
        for name, value in vars(Loaders).items():
            if isinstance(value, cached_property):
                vars(context.loaders)[name] = Known(getattr(context.loaders, name))
        yield context


async def _services(newsroom: Newsroom) -> Services:
    head = await newsroom.store.read(lambda session: session.log.head())
    streams = Streams(newsroom.store, Hub(100), head.position.epoch, replay_limit=100)
    tail = Tail(newsroom.store, Hub(100))
    return Services(newsroom, streams, ViewCounter(newsroom.settings, app.now), tail, app.now)


LONGEST = "{ articles(first: 50) { nodes { slug comments(first: 20) { nodes { id } } } } }"
