from __future__ import annotations

import pytest

from newsgraph.ports.store import Store
from tests.conftest import Clock
from tests.graph.newsroom import World, world_of


@pytest.fixture
async def world(store: Store, clock: Clock) -> World:
    return await world_of(store, clock)
