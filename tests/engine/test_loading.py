"""Loaders of one operation: one read for all that is asked for in a turn, each thing once, failures on their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from newsgraph.engine.loading import Batch, Extra, Loader


class Shelf:
    """What loaders read from: `reads` has the keys of each read, by loader. `broken`: a loader that cannot be read."""

    def __init__(self) -> None:
        self.reads: list[dict[str, list[int]]] = []
        self.broken = ""
        self.gate = asyncio.Event()
        self.gate.set()
        self.batch: Batch[dict[str, list[int]]] = Batch(self._read)

    async def _read(self, find: Callable[[dict[str, list[int]]], Awaitable[Any]]) -> Any:
        await self.gate.wait()
        read: dict[str, list[int]] = {}
        self.reads.append(read)
        return await find(read)

    def loader(self, name: str, note: Any = None, beside: Any = None) -> Loader[dict[str, list[int]], int, str]:
        async def find(read: dict[str, list[int]], keys: list[int]) -> Mapping[int, str]:
            read[name] = keys
            if self.broken == name:
                raise LookupError(name)
            return {key: f"{name} {key}" for key in keys if key >= 0}

        return Loader(self.batch, find, "nothing", note, beside)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_all_of_a_turn_is_one_read_and_each_thing_is_read_once(shelf: Shelf) -> None:
    one, two = shelf.loader("one"), shelf.loader("two")
    found: Any = await asyncio.gather(one.load(1), two.load(1), one.load(2), one.load(1), two.load_many([3, 1, 3]))

    assert found == ["one 1", "two 1", "one 2", "one 1", ["two 3", "two 1", "two 3"]]
    assert shelf.reads == [{"one": [1, 2], "two": [1, 3]}]
    assert await one.load(2) == "one 2"
    assert len(shelf.reads) == 1


async def test_what_is_asked_for_during_a_read_is_the_next(shelf: Shelf) -> None:
    one = shelf.loader("one")
    shelf.gate.clear()
    first = asyncio.ensure_future(one.load(1))
    await asyncio.sleep(0.01)
    others: Any = asyncio.gather(one.load(2), one.load(1))
    await asyncio.sleep(0.01)
    shelf.gate.set()

    assert (await first, await others) == ("one 1", ["one 2", "one 1"])
    assert shelf.reads[0] == {"one": [1]}
    assert 2 in shelf.reads[1]["one"]


async def test_what_is_not_there_is_known_not_to_be(shelf: Shelf) -> None:
    noted: list[tuple[int, str]] = []
    one = shelf.loader("one", lambda keys, values: noted.extend((key, values[key]) for key in keys))

    assert await one.load_many([-1, 1]) == ["nothing", "one 1"]
    assert await one.load(-1) == "nothing"
    assert noted == [(-1, "nothing"), (1, "one 1")]
    assert len(shelf.reads) == 1


async def test_what_will_be_asked_for_next_is_read_in_the_same_go(shelf: Shelf) -> None:
    two = shelf.loader("two")

    async def beside(read: dict[str, list[int]], values: Mapping[int, str]) -> Sequence[Extra]:
        read["beside"] = list(values)
        return [Extra(two, [7, -7], {7: "seven"})]

    one = shelf.loader("one", beside=beside)

    assert await one.load(1) == "one 1"
    assert await two.load_many([7, -7]) == ["seven", "nothing"]
    assert shelf.reads == [{"one": [1], "beside": [1]}]


async def test_a_loader_that_fails_is_alone_with_it(shelf: Shelf) -> None:
    one, two = shelf.loader("one"), shelf.loader("two")
    shelf.broken = "one"
    failed, found, again = await asyncio.gather(one.load(1), two.load(1), one.load(2), return_exceptions=True)

    assert (str(failed), found, str(again)) == ("one", "two 1", "one")
    shelf.broken = ""
    assert await one.load_many([1, 2]) == ["one 1", "one 2"]


async def test_whoever_is_cancelled_cancels_nobody_else(shelf: Shelf) -> None:
    one = shelf.loader("one")
    shelf.gate.clear()
    leaving, staying = asyncio.ensure_future(one.load(1)), asyncio.ensure_future(one.load(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.sleep(0.01)
    shelf.gate.set()

    assert await staying == "one 2"
    with pytest.raises(asyncio.CancelledError):
        await leaving
