from __future__ import annotations

import pytest

from newsgraph.ports.store import Store
from tests.conftest import Clock
from tests.contract.room import Room


@pytest.fixture
def room(store: Store, clock: Clock) -> Room:
    return Room(store, clock)
