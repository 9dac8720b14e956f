"""Coroutines on a thread without an event loop: what waits is done together, all else that is awaited is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import pytest
import strawberry
from graphql import parse

from newsgraph.engine.documents import Request, check
from newsgraph.engine.execution import WayBack, at_once, compiling
from newsgraph.engine.execution.stepping import Deferred, run, together
from newsgraph.engine.loading import AtOnce, Loader
from newsgraph.engine.preparing import Executors

Reads = list[list[int]]


class Shelf:
    """Numbers that are read in batches; `reads` are the keys of each."""

    def __init__(self) -> None:
        self.reads: Reads = []
        batch = AtOnce(self.reads)
        self.numbers: Loader[Reads, int, int] = Loader(batch, self._find, 0)
        self.leading: Loader[Reads, int, int] = Loader(batch, self._find, 0)

    async def _find(self, reads: Reads, keys: list[int]) -> Mapping[int, int]:
        reads.append(keys)
        if 13 in keys:
            raise LookupError("13")
        return {key: key for key in keys}


@strawberry.type
class Number:
    value: int

    @strawberry.field
    async def doubled(self, info: strawberry.Info) -> Number:
        return Number(value=await info.context.numbers.load(2 * self.value))

    @strawberry.field
    async def slow(self) -> int:
        await asyncio.sleep(0)
        return self.value


@strawberry.type
class Query:
    @strawberry.field
    async def number(self, info: strawberry.Info, of: int) -> Number:
        return Number(value=await info.context.numbers.load(of))

    @strawberry.field
    async def numbers(self, info: strawberry.Info, of: list[int]) -> list[Number]:
        found = await together([info.context.numbers.load(one) for one in of])
        return [Number(value=one) for one in found]


SCHEMA = strawberry.Schema(Query)
EXECUTORS = Executors(compiling(SCHEMA.execution_context_class, inline=True), SCHEMA._schema)


def executed(text: str, shelf: Shelf) -> Any:
    request = Request(text)
    begun = at_once(EXECUTORS.prepare(check(SCHEMA._schema, request), request, shelf))
    assert begun is not None
    return begun().data


def test_a_level_is_read_together() -> None:
    shelf = Shelf()
    text = "{ a: number(of: 1) { doubled { doubled { value } } } b: numbers(of: [2, 3]) { doubled { value } } }"
    assert executed(text, shelf) == {
        "a": {"doubled": {"doubled": {"value": 4}}},
        "b": [{"doubled": {"value": 4}}, {"doubled": {"value": 6}}],
    }
    assert [sorted(keys) for keys in shelf.reads] == [[1, 2, 3], [4, 6]]


@pytest.mark.parametrize(("turns", "reads"), [((0, 1), [[1], [7, 1]]), ((1, 0), [[7], [1], [1]])])
def test_loaders_are_read_one_at_a_time_in_their_turns(turns: tuple[int, int], reads: Reads) -> None:
    """What a loader of an earlier turn leads to is read with what was asked for already."""
    shelf = Shelf()
    shelf.leading.turn, shelf.numbers.turn = turns

    async def led() -> int:
        return await shelf.numbers.load(await shelf.leading.load(1))

    assert run(together([shelf.numbers.load(7), led()])) == [7, 1]
    assert shelf.reads == reads


@pytest.mark.parametrize(
    "text",
    [
        "{ number(of: 13) { value } }",
        "{ number(of: 1) { slow } }",
        "{ a: number(of: 1) { value slow } b: number(of: 13) { value } }",
    ],
    ids=["a read that fails", "a loop is asked for", "both"],
)
def test_whatever_else_happens_is_not_for_here(text: str) -> None:
    with pytest.raises(WayBack):
        executed(text, Shelf())


def test_mutations_and_what_is_not_compiled_are_not_for_here() -> None:
    plain = Executors(SCHEMA.execution_context_class, SCHEMA._schema)
    request = Request("{ number(of: 1) { value } }")
    assert at_once(plain.prepare(check(SCHEMA._schema, request), request, Shelf())) is None
    assert parse(request.query)


def test_a_deferred_is_done_once_by_whoever_waits() -> None:
    done: list[int] = []
    deferred = Deferred(lambda: done.append(1))

    async def wait(number: int) -> int:
        await deferred
        return number

    assert run(together([wait(3), wait(1), wait(2)])) == [3, 1, 2]
    assert run(wait(4)) == 4
    assert done == [1]


def test_the_others_are_closed_when_one_fails() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await Deferred(lambda: None)
            await Deferred(lambda: None)
        finally:
            ended.append("closed")

    async def fail() -> None:
        await Deferred(lambda: None)
        raise LookupError

    work: list[Coroutine[Any, Any, None]] = [wait(), fail(), wait()]
    with pytest.raises(LookupError):
        run(together(work))
    assert ended == ["closed", "closed"]


def test_what_waits_for_something_else_is_refused() -> None:
    async def sleep() -> None:
        await asyncio.sleep(0)

    with pytest.raises(WayBack):
        run(sleep())
    with pytest.raises(WayBack):
        run(together([sleep(), sleep()]))
