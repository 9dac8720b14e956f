"""The site that every attack is made on. A test that needs other settings overrides `settings`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from newsgraph.settings import Settings
from tests.security.site import Site, opened_site
from tests.web.conftest import settings as settings


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with opened_site(settings) as site:
        yield site
