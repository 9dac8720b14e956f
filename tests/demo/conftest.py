"""The demo's newsroom, loaded once and copied for each test."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from newsgraph import app
from newsgraph.demo import loader
from newsgraph.settings import Settings


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo's content, to be copied."""

    async def load() -> None:
        clock = loader.DemoClock()
        async with app.open_newsroom(Settings(database=f"sqlite:///{path}"), clock=clock) as newsroom:
            await loader.load(newsroom, clock)

    path = tmp_path_factory.mktemp("demo") / "demo.db"
    asyncio.run(load())
    return path


@pytest.fixture
async def copied(loaded: Path, tmp_path: Path) -> Path:
    return Path(await asyncio.to_thread(shutil.copy, loaded, tmp_path))
