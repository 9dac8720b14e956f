"""One line when it begins, one when it is over, however many ask in between."""

from __future__ import annotations

import sqlite3

import pytest

from newsgraph.domain.errors import FaultCode
from newsgraph.storage.health import CALM, CAUSES, Health, is_passing


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def error(code: int, text: str = "told by SQLite") -> sqlite3.Error:
    found = sqlite3.OperationalError(text)
    found.sqlite_errorcode = code
    return found


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def health(watch: Watch) -> Health:
    return Health("written", "Not now.", watch)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_thousand_failures_are_two_lines(health: Health, watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(1_000):
        fault = health.failed(error(sqlite3.SQLITE_FULL), 3)
        assert (fault.code, fault.message) == (FaultCode.UNAVAILABLE, "Not now.")
        watch.now += 0.1
    assert health.failing
    assert lines(caplog) == ["the database cannot be written, the disk is full: told by SQLite"]
    watch.now += CALM
    health.worked()
    assert not health.failing
    assert lines(caplog)[1:] == ["the database can be written again: 3000 refused in 100 s"]
    assert health.well


def test_a_disk_that_is_nearly_full_is_no_flood(health: Health, watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        health.failed(error(sqlite3.SQLITE_FULL))
        watch.now += CALM - 0.01
        health.worked()
        assert not health.failing  # as the last attempt says
    assert len(lines(caplog)) == 1


def test_another_cause_is_another_line(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    for code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_FULL):
        health.failed(error(code))
    assert len(lines(caplog)) == 2


def test_damage_is_remembered(health: Health, watch: Watch) -> None:
    health.failed(error(sqlite3.SQLITE_CORRUPT | 1 << 8))
    watch.now += CALM
    health.worked()
    assert (health.failing, health.damaged) == (False, True)


def test_what_is_the_machines_doing_and_what_is_ours() -> None:
    assert all(is_passing(error(code)) for code in CAUSES)
    assert is_passing(error(sqlite3.SQLITE_IOERR_WRITE))
    assert not is_passing(error(sqlite3.SQLITE_ERROR))
    assert not is_passing(OSError(28, "No space left on device"))
