"""Views without HTTP and GraphQL, and the references: nothing but the updates, in newsgraph's own tables."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import quantiles

from write.bare import opened
from write.figures import Figures
from write.people import ARTICLES

from newsgraph import app
from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import View, ViewCounter
from newsgraph.settings import Settings
from view.flood import BROWSER

_TOGETHER = 100  # readers who come at the same time, as many as there are connections
_ADD = "UPDATE articles SET view_count = view_count + 1 WHERE id = ?"
_ADD_BUCKET = """
INSERT INTO view_buckets (width, start, article_id, views) VALUES (300, ?, ?, 1)
ON CONFLICT (width, start, article_id) DO UPDATE SET views = views + 1
"""


class Inside:
    """Readers who come again are never the same ones."""

    def __init__(self, path: Path) -> None:
        self._settings = Settings(database=f"sqlite:///{path}")
        self._readers = count()

    async def measure(self, seconds: float) -> Figures:
        """Written every `view_flush` seconds, as the server does it."""
        times: list[float] = []
        async with app.open_newsroom(self._settings) as newsroom:
            counter = ViewCounter(self._settings, app.now)
            flushing = asyncio.create_task(_flush(counter, newsroom, self._settings.view_flush))
            cpu, started = time.process_time(), time.perf_counter()
            while (begun := time.perf_counter()) < started + seconds:
                await self._some(counter, newsroom)
                times.append(time.perf_counter() - begun)
            flushing.cancel()
            await counter.flush(newsroom)
            wall, cpu = time.perf_counter() - started, time.process_time() - cpu
        views, percent = _TOGETHER * len(times), quantiles(times, n=100)
        return Figures(views / wall, percent[49] * 1e3, percent[98] * 1e3, cpu / views * 1e6)

    async def _some(self, counter: ViewCounter, newsroom: Newsroom) -> list[bool]:
        views = [self._view() for _ in range(_TOGETHER)]
        return await asyncio.gather(*(counter.record(newsroom, view) for view in views))

    def _view(self) -> View:
        number = next(self._readers)
        return View(1 + number % ARTICLES, f"reader {number}", BROWSER)

    async def drown(self, memory: int) -> tuple[int, int]:
        """Ten times as many readers as may be remembered, while nothing is written: who is, and whose views wait."""
        settings = replace(self._settings, view_memory=memory)
        async with app.open_newsroom(settings) as newsroom:
            counter = ViewCounter(settings, app.now)
            for _ in range(0, 10 * memory, _TOGETHER):
                await self._some(counter, newsroom)
            remembered, waiting = counter.remembered, counter.waiting
            await counter.flush(newsroom)
            return remembered, waiting


async def _flush(counter: ViewCounter, newsroom: Newsroom, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await counter.flush(newsroom)


async def bare(path: Path, group: int, seconds: float) -> Figures:
    """`group` views a commit, as fast as they go."""
    times: list[float] = []
    async with opened(path) as connection:
        cpu, started = time.process_time(), time.perf_counter()
        while (begun := time.perf_counter()) < started + seconds:
            start = int(begun) // 300 * 300_000
            articles = [1 + n % ARTICLES for n in range(group)]
            await connection.executemany(_ADD, [(one,) for one in articles])
            await connection.executemany(_ADD_BUCKET, [(start, one) for one in articles])
            await connection.commit()
            times.append(time.perf_counter() - begun)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    views, percent = group * len(times), quantiles(times, n=100)
    return Figures(views / wall, percent[49] * 1e3, percent[98] * 1e3, cpu / views * 1e6)
