"""Bounded mappings: never more than their capacity, and what is asked for again stays."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgraph.engine import bounded
from newsgraph.engine.bounded import OVERHEAD, Bounded


def ask(cache: Bounded[str, str], key: str, weight: int = 1) -> bool:
    """Whether it was there; it is afterwards."""
    if cache.get(key) is not None:
        return True
    cache.put(key, key, weight)
    return False


def hot(cache: Bounded[str, str], count: int = 100) -> list[str]:
    """Keys that were asked for twice each."""
    keys = [f"hot {number}" for number in range(count)]
    for key in keys * 2:
        ask(cache, key)
    return keys


def test_a_flood_of_unique_keys_takes_no_place_of_hot_ones() -> None:
    cache = Bounded[str, str](200)
    keys = hot(cache)
    hits = 0
    for number in range(50_000):
        assert not ask(cache, f"flood {number}")
        hits += ask(cache, keys[number % 100])

    assert hits == 50_000
    assert cache.weight == len(cache) == 200


def test_nor_does_a_flood_that_asks_for_each_key_twice() -> None:
    """Such keys do enter the long queue; who is asked for once in each of its turns stays there."""
    cache = Bounded[str, str](1_000)
    keys = hot(cache)
    hits = []
    for number in range(50_000):
        ask(cache, f"flood {number}")
        assert ask(cache, f"flood {number}")
        if number % 4 == 0:
            hits.append(ask(cache, keys[number // 4 % 100]))

    assert all(hits[500:])


def test_keys_become_hot_in_the_middle_of_a_flood() -> None:
    """Asked for once in 300 keys, when only 20 have a place on trial: what was let go is remembered for as long."""
    cache = Bounded[str, str](200)
    keys = [f"hot {number}" for number in range(10)]
    hits = [
        ask(cache, keys[number // 30 % 10]) for number in range(6_000) if number % 30 == 0 or ask(cache, str(number))
    ]

    assert not any(hits[:10])
    assert all(hits[20:])


def test_a_flood_of_heavy_keys() -> None:
    cache = Bounded[str, str](1_000)
    keys = hot(cache)
    for number in range(1_000):
        ask(cache, f"flood {number}", weight=random.Random(number).randint(1, 150))
        assert cache.weight <= 1_000

    assert all(ask(cache, key) for key in keys)


def test_more_hot_keys_than_there_is_room_for_end_as_well() -> None:
    cache = Bounded[str, str](50)
    for number in range(2_000):
        ask(cache, str(number % 100))
        ask(cache, str(number % 100))
    assert len(cache) == cache.weight == 50


def test_who_is_let_go_is_named_once() -> None:
    let_go: list[tuple[str, str]] = []
    cache = Bounded[str, str](20, lambda key, value: let_go.append((key, value)))
    for number in range(11):
        cache.put(str(number), f"value {number}", 2)
    cache.pop("5")
    cache.put("6", "another", 2)
    cache.clear()

    assert let_go == [("0", "value 0")]
    assert (len(cache), cache.weight) == (0, 0)


def test_what_is__everything_is_not_held() -> None:
    cache = Bounded[str, str](100)
    assert cache.put("a", "old", cache.heaviest)
    assert not cache.put("a", "new", cache.heaviest + 1)
    assert (cache.get("a"), cache.weight) == (None, 0)


def test_growing() -> None:
    cache = Bounded[str, str](100)
    for number in range(20):
        cache.put(str(number), "value", 5)
    assert cache.grow("7", 4)
    assert (cache.weight, cache.get("0"), cache.get("1"), cache.get("7")) == (99, None, "value", "value")
    assert not cache.grow("7", 2)
    assert not cache.grow("0", 1)
    assert (cache.weight, cache.get("7")) == (99, "value")


def test_who_is_taken_out_comes_back_where_it_was() -> None:
    """A hot page is dropped with each comment: it must not have to earn its place again in a flood."""
    cache = Bounded[str, str](200)
    keys = hot(cache)
    for number in range(100):
        ask(cache, str(number), weight=2)
    for key in keys:
        cache.pop(key)
    for key in keys:
        ask(cache, key)
    for number in range(5_000):
        ask(cache, f"flood {number}")

    assert all(ask(cache, key) for key in keys)


def test_what_is_remembered_of_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_REMEMBERED", 70)
    cache = Bounded[str, str](100)
    for number in range(1_000):
        ask(cache, str(number), weight=10)
    assert (len(cache), len(cache._gone)) == (10, 70)


steps = st.lists(
    st.tuples(st.sampled_from(["put", "get", "pop", "grow"]), st.integers(0, 9), st.integers(0, 12)), max_size=200
)


@given(steps, st.integers(1, 90))
def test_the_books_are_right_whatever_happens(taken: list[tuple[str, int, int]], capacity: int) -> None:
    """Against a dict that is told who was let go."""
    model: dict[int, tuple[object, int]] = {}
    cache = Bounded[int, object](capacity, lambda key, value: model.pop(key))
    for step, key, weight in taken:
        if step == "put":
            model.pop(key, None)
            value = object()
            if cache.put(key, value, weight):
                model[key] = (value, weight)
        elif step == "grow":
            had = model.get(key)
            if cache.grow(key, weight):
                assert had
                model[key] = (had[0], had[1] + weight)
        elif step == "pop":
            assert cache.pop(key) is model.pop(key, (None, 0))[0]
        else:
            assert cache.get(key) is model.get(key, (None, 0))[0]
        assert len(cache) == len(model)
        assert cache.weight == sum(weight for _, weight in model.values()) <= capacity
        assert cache._trial_weight == sum(slot.weight for slot in cache._trial.values())


def test_the_overhead_is_what_is_said() -> None:
    """Full, and after a flood, so that as many keys are remembered as are held."""
    keys, count = [f"key {number}" for number in range(30_000)], 10_000
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    cache = Bounded[str, str](count)
    for key in keys:
        ask(cache, key)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(cache) == count
    assert (after - before) / count < OVERHEAD
    assert (peak - before) / count < OVERHEAD * 1.25, "while a table is made larger"
