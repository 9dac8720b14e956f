"""Levels of awaitables: what is awaited together, and what becomes of the rest when something goes wrong."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Generator
from contextvars import ContextVar
from inspect import isawaitable
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, parse
from strawberry.dataloader import DataLoader

from newsgraph.engine.execution import compile
from tests.engine.newsroom import counting

WAYS = pytest.mark.parametrize("inline", [False, True], ids=["tasks", "inline"])

Act = Callable[[], Any]


@strawberry.type
class Node:
    number: int

    @strawberry.field
    async def next(self, info: strawberry.Info) -> Node:
        node: Node = await info.context["load"](self.number + 1)
        return node

    @strawberry.field
    async def others(self, info: strawberry.Info) -> list[Node]:
        return [await info.context["load"](self.number + step) for step in (1, 2)]

    @strawberry.field
    def soon(self, info: strawberry.Info) -> Node:
        return info.context["load"](self.number + 1)  # type: ignore[no-any-return]


@strawberry.type
class Query:
    @strawberry.field
    def nodes(self) -> list[Node]:
        return [Node(number=number) for number in (10, 20, 30)]

    @strawberry.field
    def promised(self, info: strawberry.Info) -> list[Node]:
        return [info.context["load"](number) for number in (1, 2)]

    @strawberry.field
    async def act(self, info: strawberry.Info, name: str) -> str | None:
        return str(await info.context[name]())

    @strawberry.field
    async def must(self, info: strawberry.Info, name: str) -> str:
        return str(await info.context[name]())

    @strawberry.field
    def given(self, info: strawberry.Info, name: str) -> str:
        return info.context[name]()  # type: ignore[no-any-return]


SCHEMA = strawberry.Schema(Query)


async def run(text: str, context: object, inline: bool) -> Any:
    result = compile(SCHEMA._schema, parse(text), inline=inline).execute(None, context)
    result = await result if isawaitable(result) else result
    gc.collect()  # a coroutine that was never awaited is found now
    assert isinstance(result, ExecutionResult)
    return result


def acts(**named: Act) -> dict[str, Act]:
    return named


def text(*fields: str) -> str:
    return (
        "{ " + " ".join(f'{name}: {field}(name: "{name}")' for name, field in (one.split(":") for one in fields)) + " }"
    )


# Together


@WAYS
async def test_objects_and_branches_of_one_depth_ask_together(inline: bool) -> None:
    asked: list[list[int]] = []

    async def load(keys: list[int]) -> list[Node]:
        asked.append(keys)
        await asyncio.sleep(0.001 * len(asked))
        return [Node(number=key) for key in keys]

    context = {"load": DataLoader(load).load}
    result = await run(
        "{ nodes { next { next { number } } soon { soon { number } } } promised { number } }", context, inline
    )
    assert result.errors is None
    assert result.data["nodes"][0] == {"next": {"next": {"number": 12}}, "soon": {"soon": {"number": 12}}}
    assert [sorted(keys) for keys in asked] == [[1, 2, 11, 21, 31], [12, 22, 32]]


@WAYS
async def test_a_fast_branch_waits_for_its_level(inline: bool) -> None:
    """What comes below two loaders of different speed is asked for at once."""
    asked: list[int] = []

    async def load(number: int) -> Node:
        asked.append(number)
        await asyncio.sleep(0.002 if number == 11 else 0)
        return Node(number=number)

    await run("{ nodes { next { next { number } } } }", {"load": load}, inline)
    assert sorted(asked[:3]) == [11, 21, 31]


async def test_a_future_is_awaited_once_whoever_waits_for_it() -> None:
    """By hand no task is made: one callback wakes all."""
    future: asyncio.Future[Node] = asyncio.get_running_loop().create_future()
    callbacks: list[int] = []

    def finish() -> None:
        if not future.done():
            future.set_result(Node(number=1))

    async def load(_: int) -> Node:
        asyncio.get_running_loop().call_later(0.001, finish)
        return await future

    tasks = len(asyncio.all_tasks())

    def look() -> None:
        callbacks.append(len(future._callbacks or ()))
        assert len(asyncio.all_tasks()) == tasks

    asyncio.get_running_loop().call_soon(look)
    result = await run("{ nodes { next { number } } }", {"load": load}, inline=True)
    assert result.data["nodes"] == [{"next": {"number": 1}}] * 3
    assert callbacks == [1]


class Odd:
    """An awaitable that is no coroutine and no future."""

    def __await__(self) -> Generator[Any, None, str]:
        yield from asyncio.sleep(0).__await__()
        return "odd"


class Plain:
    def __await__(self) -> Any:
        return iter([None])


@WAYS
async def test_whatever_can_be_awaited(inline: bool) -> None:
    async def several() -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0.001))
        return await asyncio.ensure_future(asyncio.sleep(0.001, "several"))

    async def at_once() -> str:
        return "at once"

    done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done.set_result("done")
    context = acts(
        a=several,
        b=at_once,
        c=Odd,
        d=lambda: asyncio.create_task(several()),
        e=lambda: done,
        f=lambda: "plain",
        g=Plain,
    )
    result = await run(text("a:act", "b:must", "c:given", "d:given", "e:given", "f:given", "g:act"), context, inline)
    assert result.errors is None
    assert list(result.data.values()) == ["several", "at once", "odd", "several", "done", "plain", "None"]


@WAYS
async def test_siblings_that_wait_for_each_other(inline: bool) -> None:
    """A level is no barrier for what its coroutines do: a lock goes round."""
    lock = asyncio.Lock()
    event = asyncio.Event()

    async def holds() -> str:
        async with lock:
            await asyncio.sleep(0.001)
            return "held"

    async def waits() -> str:
        await event.wait()
        return "woken"

    async def wakes() -> str:
        await asyncio.sleep(0)
        event.set()
        return "set"

    context = acts(a=holds, b=holds, c=waits, d=wakes)
    async with asyncio.timeout(5):
        result = await run(text("a:act", "b:act", "c:act", "d:act"), context, inline)
    assert list(result.data.values()) == ["held", "held", "woken", "set"]


async def test_in_tasks_each_has_its_own_context_variables() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="outside")

    async def sets() -> str:
        before = variable.get()
        variable.set("inside")
        return before

    result = await run(text("a:act", "b:act"), acts(a=sets, b=sets), inline=False)
    assert list(result.data.values()) == ["outside", "outside"]
    assert variable.get() == "outside"


# When something goes wrong


@WAYS
async def test_an_exception_is_reported_by_the_reference(inline: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails() -> str:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def waits() -> str:
        await asyncio.sleep(0.001)
        return "waited"

    with counting(monkeypatch) as executed:
        result = await run(text("a:act", "b:act", "c:act"), acts(a=waits, b=fails, c=waits), inline)
    assert result.data == {"a": "waited", "b": None, "c": "waited"}
    assert [(error.message, error.path) for error in result.errors or ()] == [("no", ["b"])]
    assert len(executed) == 1


@WAYS
async def test_an_exception_before_anything_was_begun_leaves_nothing_behind(inline: bool) -> None:
    async def waits() -> str:
        return "waited"

    def fails() -> str:
        raise ValueError("no")

    result = await run(text("a:act", "b:act", "c:given"), acts(a=waits, b=waits, c=fails), inline)
    assert result.data is None


@WAYS
async def test_a_failure_does_not_wait_for_those_that_never_end(inline: bool) -> None:
    ended: list[str] = []

    async def hangs() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0)  # a clean-up that has to wait itself
            ended.append("cleaned up")

    async def fails() -> str:
        raise ValueError("no")

    async with asyncio.timeout(5):
        result = await run(text("a:act", "b:must"), acts(a=hangs, b=fails), inline)
    assert result.data is None
    assert "cleaned up" in ended


@WAYS
async def test_what_a_loader_remembers_survives_a_failure(inline: bool) -> None:
    """A loader's future is in its cache: if the attempt cancelled it, the reference would find it cancelled."""
    loop, cached, calls = asyncio.get_running_loop(), {}, []

    def load() -> asyncio.Future[str]:
        calls.append(1)
        if "key" not in cached:
            cached["key"] = loop.create_future()
            loop.call_later(0.005, lambda: cached["key"].set_result("loaded"))
        return cached["key"]

    async def loads() -> str:
        return await load()

    async def fails() -> str:
        raise ValueError("no")

    result = await run(text("a:act", "b:act", "c:given"), acts(a=loads, b=fails, c=load), inline)
    assert result.data == {"a": "loaded", "b": None, "c": "loaded"}
    assert len(calls) == 4
    await asyncio.sleep(0.01)


@WAYS
async def test_a_loader_that_fails_for_all(inline: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def load(keys: list[int]) -> list[Node]:
        raise ValueError("no rows")

    result = await run("{ nodes { next { number } soon { number } } }", {"load": DataLoader(load).load}, inline)
    assert {error.message for error in result.errors or ()} == {"no rows"}
    gc.collect()
    assert "never retrieved" not in caplog.text


@WAYS
async def test_cancellation_reaches_all_and_lets_them_clean_up(inline: bool) -> None:
    events: list[str] = []
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def waits() -> None:
        events.append("begun")
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            await asyncio.sleep(0.001)
            events.append("cleaned up")
            raise

    async def shares() -> None:
        await future

    context = acts(a=waits, b=waits, c=shares)
    running = asyncio.create_task(run(text("a:act", "b:act", "c:act"), context, inline))
    await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert events == ["begun", "begun", "cleaned up", "cleaned up"]
    assert future.cancelled()
    assert len(asyncio.all_tasks()) == 1


async def test_something_that_asyncio_does_not_know_goes_to_the_reference() -> None:
    class Foreign:
        def __await__(self) -> Generator[Any, None, str]:
            yield "what another library's loop would understand"
            return "never"

    async def waits() -> str:
        return await Foreign()

    result = await run(text("a:act"), acts(a=waits), inline=True)
    assert result.errors
    assert "bad yield" in str(result.errors[0].message) or result.data == {"a": None}
