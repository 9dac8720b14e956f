"""Ranking: pins, exclusions, and what is alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgraph.domain.lists import Candidate, Curation, Likeness, RankedItem, RankReason
from newsgraph.policies.ranking import HALF_LIFE, WEIGHTS, backfill, blend, compose, latest, popular
from tests.policies.examples import NOW

PINNED = RankReason.PINNED


def ranked(candidates: list[int], pinned: tuple[int, ...] = (), excluded: tuple[int, ...] = ()) -> list[int]:
    items = compose(latest(candidates), Curation(pinned, excluded), 5, PINNED)
    return [item.article_id for item in items]


@pytest.mark.parametrize(
    ("candidates", "pinned", "excluded", "order"),
    [
        ([1, 2, 3], (), (), [1, 2, 3]),
        ([1, 2, 3], (3,), (), [3, 1, 2]),
        ([1, 2, 3], (9, 3), (), [9, 3, 1, 2]),
        ([1, 2, 3], (), (2,), [1, 3]),
        ([1, 2, 3], (2,), (2,), [1, 3]),
        ([1, 1, 2], (2, 2), (), [2, 1]),
        ([1, 2, 3, 4, 5, 6, 7], (), (), [1, 2, 3, 4, 5]),
        ([1, 2, 3, 4, 5, 6, 7], (7,), (1,), [7, 2, 3, 4, 5]),
        ([], (4,), (), [4]),
        ([], (), (), []),
    ],
)
def test_pins_come_first_and_nothing_twice(
    candidates: list[int], pinned: tuple[int, ...], excluded: tuple[int, ...], order: list[int]
) -> None:
    assert ranked(candidates, pinned, excluded) == order


def test_items_say_why_they_are_there() -> None:
    items = compose(popular([(1, 2.5), (2, 1.0)]), Curation((2,)), 5, RankReason.CURATED)
    assert items == (
        RankedItem(2, 1, None, True, (RankReason.CURATED,)),
        RankedItem(1, 2, 2.5, False, (RankReason.MOST_VIEWED,)),
    )


IDS = st.lists(st.integers(1, 20), max_size=30)


@given(IDS, IDS, IDS, st.integers(0, 12))
def test_composing_keeps_its_promises(
    candidates: list[int], pinned: list[int], excluded: list[int], depth: int
) -> None:
    items = compose(latest(candidates), Curation(tuple(pinned), tuple(excluded)), depth, PINNED)
    ids = [item.article_id for item in items]
    assert [item.rank for item in items] == list(range(1, len(items) + 1))
    assert len(set(ids)) == len(ids) <= depth
    assert not set(ids) & set(excluded)
    assert [item.pinned for item in items] == sorted((item.pinned for item in items), reverse=True)
    wanted = dict.fromkeys(i for i in [*pinned, *candidates] if i not in excluded)
    assert ids == list(wanted)[:depth]


def test_must_reads_are_filled_up_by_what_was_read_then_by_what_is_new() -> None:
    filled = backfill([(3, 9.0), (1, 4.0)], [5, 3])
    assert [(c.article_id, c.score) for c in filled] == [(3, 9.0), (1, 4.0), (5, None), (3, None)]
    assert {c.reasons for c in filled} == {(RankReason.BACKFILL,)}


def test_the_latest_are_recent() -> None:
    assert latest([2, 1]) == [
        Candidate(2, None, (RankReason.RECENT,)),
        Candidate(1, None, (RankReason.RECENT,)),
    ]


def like(article_id: int, terms: float = 0.0, near: str = "", days: float = 0) -> Likeness:
    return Likeness(article_id, terms, "section" in near, "author" in near, NOW - timedelta(days=days))


def test_the_best_in_every_way_scores_one() -> None:
    (best,) = blend([like(1, 7.3, "section author")], NOW)
    assert best.score == 1.0
    assert set(best.reasons) == set(WEIGHTS)
    assert sum(WEIGHTS.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        (like(1, 4.0), like(2, 2.0)),
        (like(1, 4.0), like(2, 1.0, "section author")),
        (like(1, 2.0, "author"), like(2, 2.0, "section")),
        (like(1, 2.0, "section"), like(2, 2.0)),
        (like(1, 2.0, days=1), like(2, 2.0, days=30)),
        (like(2, 2.0, days=9_000.0), like(1, 2.0, days=9_001.0)),
        (like(2, 2.0), like(1, 2.0)),
        (like(1, 0.0, days=-1), like(2, 0.0, days=3)),
    ],
)
def test_nearer_comes_first(nearer: Likeness, farther: Likeness) -> None:
    for pair in ([nearer, farther], [farther, nearer]):
        assert [c.article_id for c in blend(pair, NOW)] == [nearer.article_id, farther.article_id]


@pytest.mark.parametrize(
    ("one", "reasons"),
    [
        (like(1, 2.0), (RankReason.SHARED_TERMS, RankReason.RECENT)),
        (like(1, 0.0, "section", days=100), (RankReason.SAME_SECTION,)),
        (like(1, 0.0, "author section", days=100), (RankReason.SAME_AUTHOR, RankReason.SAME_SECTION)),
        (like(1, days=HALF_LIFE.days), (RankReason.RECENT,)),
        (like(1, days=HALF_LIFE.days + 1), ()),
    ],
)
def test_reasons_are_what_holds(one: Likeness, reasons: tuple[RankReason, ...]) -> None:
    assert blend([one], NOW)[0].reasons == reasons


def test_nothing_is_like_nothing() -> None:
    assert blend([], NOW) == []
