"""The demo's newsroom, for the whole module: nothing here changes it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsgraph import app
from newsgraph.graph import schema
from newsgraph.settings import Settings
from tests.demo.conftest import loaded
from tests.engine.newsroom import NOW, Both, services_of

__all__ = ["loaded"]


@pytest.fixture
async def both(loaded: Path, tmp_path: Path) -> AsyncIterator[Both]:
    path = await asyncio.to_thread(shutil.copy, loaded, tmp_path)
    async with app.open_newsroom(Settings(database=f"sqlite:///{path}"), clock=lambda: NOW) as newsroom:
        yield Both.of(schema.build(), await services_of(newsroom))
