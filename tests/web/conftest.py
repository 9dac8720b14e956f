"""An endpoint to talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsgraph.settings import Settings
from tests.flows.conftest import SECRET
from tests.web.desk import Desk, opened_desk


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path / 'news.db'}", secret=SECRET)


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    async with opened_desk(settings) as desk:
        yield desk
