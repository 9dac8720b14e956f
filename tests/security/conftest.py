"""The site that every attack is made on. A test that needs other settings overrides `settings`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsgraph.settings import Settings
from tests.flows.conftest import SECRET
from tests.security.site import Site, opened_site


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path / 'news.db'}", secret=SECRET)


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with opened_site(settings) as site:
        yield site
