"""The references: nothing but the inserts, into newsgraph's own table of comments with all its indexes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles

import aiosqlite

from write.figures import Figures

_INSERT = """
INSERT INTO comments (article_id, parent_id, user_id, body, status, depth, created_at)
VALUES (?, NULL, ?, ?, 'PUBLISHED', 0, ?)
"""
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


async def measure(path: Path, group: int, seconds: float) -> Figures:
    """`group` inserts a commit, as fast as they go, by one who waits for each commit."""
    times: list[float] = []
    async with opened(path) as connection:
        before, started = time.process_time(), time.perf_counter()
        while (begun := time.perf_counter()) < started + seconds:
            now = int(time.time() * 1_000)
            rows = [(1 + n % 10, 1 + n, f"Comment {len(times)}.{n}: closer than expected.", now) for n in range(group)]
            await connection.executemany(_INSERT, rows)
            await connection.commit()
            times.append(time.perf_counter() - begun)
        wall, cpu = time.perf_counter() - started, time.process_time() - before
    count = group * len(times)
    percent = quantiles(times, n=100)
    return Figures(count / wall, percent[49] * 1e3, percent[98] * 1e3, cpu / count * 1e6)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path) as connection:
        for pragma in _PRAGMAS:
            await connection.execute(f"PRAGMA {pragma}")
        yield connection
