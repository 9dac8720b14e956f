"""One value until an event spoils it, however reading and following come after each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from newsgraph.domain.events import AuthorChanged, Entry, Event, SectionChanged
from newsgraph.live.kept import Kept

SPOILS, OTHER = SectionChanged("asia"), AuthorChanged("ada-writer")


@pytest.fixture
def numbers() -> Iterator[int]:
    return count(1)


def entries(numbers: Iterator[int], *events: Event) -> list[Entry]:
    return [Entry(next(numbers), datetime(2026, 7, 1, tzinfo=UTC), event) for event in events]


@pytest.fixture
def kept() -> Kept[str]:
    return Kept("sections")


def test_nothing_is_kept_at_first(kept: Kept[str]) -> None:
    assert kept.get() is None


def test_what_does_not_spoil_it_leaves_it(kept: Kept[str], numbers: Iterator[int]) -> None:
    kept.put("old", as_of=0)
    kept.apply(entries(numbers, OTHER, OTHER))

    assert kept.get() == "old"


def test_what_spoils_it_takes_it_away_wherever_it_stands(kept: Kept[str], numbers: Iterator[int]) -> None:
    bursts: list[list[Event]] = [[SPOILS, OTHER], [OTHER, SPOILS, OTHER], [OTHER, SPOILS]]
    for events in bursts:
        kept.put("old", as_of=100)
        kept.apply(entries(numbers, *events))
        assert kept.get() is None


def test_what_was_read_before_a_change_is_not_kept_after_it(kept: Kept[str], numbers: Iterator[int]) -> None:
    """The read began as of 0, and ends when the change has been delivered."""
    kept.apply(entries(numbers, SPOILS))
    kept.put("old", as_of=0)
    assert kept.get() is None

    kept.put("new", as_of=1)
    assert kept.get() == "new"


def test_a_late_old_read_does_not_come_back_through_a_loss(kept: Kept[str]) -> None:
    kept.lose(7)
    kept.put("old", as_of=6)
    kept.lose(3)
    kept.put("old", as_of=6)

    assert kept.get() is None


def test_a_read_that_is_ahead_of_following_is_kept_until_the_event_comes(
    kept: Kept[str], numbers: Iterator[int]
) -> None:
    """It has the change already; that it goes once for nothing is cheap."""
    kept.put("new", as_of=0)
    kept.apply(entries(numbers, SPOILS))

    assert kept.get() is None
