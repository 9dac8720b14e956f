"""A client that folds list events has, after each, what a fresh query shows."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from newsgraph.domain.lists import ListDiff, diff, merge, span

State = tuple[int, ...]
states = st.lists(st.integers(1, 8), unique=True, max_size=6).map(tuple)
histories = st.lists(states, min_size=2, max_size=8)


def fold(shown: State, change: ListDiff) -> State:
    """As a client patches: drop what is gone, take what is new, sort by the order that is told."""
    kept = (set(shown) - set(change.removed)) | set(change.inserted)
    assert kept == set(change.ordered), "what is told must be enough"
    return change.ordered


def diffs_of(history: list[State]) -> list[ListDiff]:
    return [change for before, after in pairwise(history) if (change := diff(before, after)) is not None]


@given(histories)
def test_event_by_event(history: list[State]) -> None:
    shown = history[0]
    for change in diffs_of(history):
        shown = fold(shown, change)

    assert shown == history[-1]


@given(histories, st.data())
def test_a_burst_is_one_event(history: list[State], data: st.DataObject) -> None:
    """From any state that a client may have to the newest one, in one step."""
    start = data.draw(st.integers(0, len(history) - 2))
    missed = diffs_of(history[start:])
    if missed:
        change = merge(missed)

        assert fold(history[start], change) == history[-1]
        assert not set(change.inserted) & set(history[start])
        assert set(change.removed) <= set(history[start])


@given(histories, st.data())
def test_a_list_that_is_already_further_than_its_entries(history: list[State], data: st.DataObject) -> None:
    """What is delivered is the list as it is now; entries up to it that are still to come are then skipped."""
    read = data.draw(st.integers(1, len(history) - 1))
    first = diffs_of(history[: read + 1])
    if first:
        change = merge([*first, ListDiff(history[-1], (), ())])

        assert fold(history[0], change) == history[-1]


@given(histories, st.data())
def test_a_burst_leads_from_any_state_on_the_way(history: list[State], data: st.DataObject) -> None:
    """Those who share an event do not all stand where it begins: some have joined in the middle of it."""
    told = diffs_of(history)
    if told:
        joined = data.draw(st.sampled_from(history))

        assert fold(joined, span(told)) == history[-1]
        assert span(told).ordered == merge(told).ordered
