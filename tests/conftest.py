"""What every test may ask for: a clock that is set by hand, a bell that counts, and stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from newsgraph.ports.store import Store
from newsgraph.settings import Settings
from newsgraph.storage.database import SqliteStore


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **by: float) -> None:
        """`clock.tick(minutes=5)`, in the words of timedelta."""
        self.now += timedelta(**by)


@dataclass
class CountingBell:
    rings: int = 0

    def ring(self) -> None:
        self.rings += 1


@pytest.fixture(autouse=True)
def never_blocks() -> Iterator[None]:
    """Fails a test in which code of ours holds up the event loop by waiting for a file, a lock or a socket."""
    with blockbuster_ctx("newsgraph"):
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bell() -> CountingBell:
    return CountingBell()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the SQLite store of this test is kept."""
    return tmp_path / "news.db"


@pytest.fixture
async def sqlite(database: Path, clock: Clock, bell: CountingBell) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(database, Settings(), clock=clock, bell=bell) as store:
        yield store


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest) -> Store:
    """Every implementation of the store in turn: each must keep all that ports/ promises."""
    implementation: Store = request.getfixturevalue(request.param)
    return implementation
