"""Awaiting a level of awaitables together, in tasks or by hand.

A level is completed when its last awaitable has ended, so that what comes below it is asked for together. When one
fails, the level is given up; the others run on while the reference executor does its work, and are cancelled when it
has. To cancel them before would cancel what they wait for, and a loader has that in its cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any, NamedTuple

from newsgraph.engine.execution.values import Complete, Pending, WayBack

Running = list["asyncio.Future[Any]"]

Settle = Callable[[list[Pending], Running], Awaitable[None]]
"""Awaits everything in the list, puts each completed result in its place, and so on with what that appends.

Errors: any. Then what was not begun is still in the list, and what still runs was added to the other one.
"""


async def in_tasks(pending: list[Pending], running: Running) -> None:
    """Each awaitable of a level in a task of its own, as asyncio.gather does it."""
    while pending:
        level = pending.copy()
        pending.clear()
        for (_, target, key, complete), result in zip(level, await _results(level, running), strict=True):
            target[key] = complete(result)


async def _results(level: list[Pending], running: Running) -> list[Any]:
    if len(level) == 1:
        return [await level[0][0]]
    awaitables = [entry[0] for entry in level]
    futures = [asyncio.ensure_future(one) for one in awaitables]
    own = [future for future, one in zip(futures, awaitables, strict=True) if future is not one]
    try:
        return await asyncio.gather(*futures)
    except asyncio.CancelledError:
        if own:
            await asyncio.wait(own)  # they were cancelled, too, and may take a while to clean up
        raise
    except Exception:
        running += own
        raise


async def inline(pending: list[Pending], running: Running) -> None:
    """Coroutines are run here and now, without tasks, and what they wait for is awaited once, whoever waits for it.

    Everything that can go on does, before anything is waited for. Only for coroutines that await futures of this loop
    and do not ask for the task they run in: `asyncio.timeout` and task groups do. What they set in context variables
    is seen by all.
    """
    level = _Level()
    try:
        level.begin(pending)
        while ended := await level.end():
            for value, target, key, complete in ended:
                target[key] = complete(value)
            level.begin(pending)
    except Exception:
        running.append(asyncio.ensure_future(level.run_out()))
        raise


class _Blocked(NamedTuple):
    """A coroutine that waits for a future; for none, it only gave way to others (asyncio.sleep(0))."""

    steps: Generator[Any, None, Any]
    future: asyncio.Future[Any] | None
    target: Any
    key: Any
    complete: Complete

    @property
    def can_go_on(self) -> bool:
        return self.future is None or self.future.done()


class _Level:
    """Coroutines that wait, and what those that waited have returned."""

    def __init__(self) -> None:
        self._blocked: list[_Blocked] = []
        self._ended: list[tuple[Any, Any, Any, Complete]] = []
        self._failed = False

    def begin(self, pending: list[Pending]) -> None:
        """Runs what is pending until it ends or waits. What ends at once is completed at once, and may append more."""
        for steps, target, key, complete in pending:
            if type(steps) is not CoroutineType:
                steps = _steps(steps)  # noqa: PLW2901 - the same one, to be run by hand
            try:
                future = steps.send(None)
            except StopIteration as end:
                target[key] = complete(end.value)
            else:
                self._blocked.append(_Blocked(steps, _awaited(future), target, key, complete))
        pending.clear()

    async def end(self) -> list[tuple[Any, Any, Any, Complete]]:
        """What they returned, when all have ended. Errors: WayBack as soon as one has failed."""
        while self._blocked:
            await self._turn()
            if self._failed:
                raise WayBack
        ended, self._ended = self._ended, []
        return ended

    async def run_out(self) -> None:
        """To the end of all, whatever it is."""
        while self._blocked:
            await self._turn()

    async def _turn(self) -> None:
        """Wakes those that wait for something that is done, when there are any."""
        try:
            await _something([one.future for one in self._blocked])
        except asyncio.CancelledError:
            self._cancel()
            await self.run_out()
            raise
        self._wake()

    def _wake(self) -> None:
        blocked, self._blocked = self._blocked, []
        for one in blocked:
            if one.can_go_on:
                self._step(one, one.steps.send, None)
            else:
                self._blocked.append(one)

    def _cancel(self) -> None:
        """As tasks are cancelled: with what they wait for, and so that they can clean up."""
        blocked, self._blocked = self._blocked, []
        for one in blocked:
            if one.future is not None:
                one.future.cancel()
            self._step(one, one.steps.throw, asyncio.CancelledError())

    def _step(self, one: _Blocked, advance: Callable[[Any], Any], given: object) -> None:
        try:
            future = _awaited(advance(given))
        except StopIteration as end:
            self._ended.append((end.value, one.target, one.key, one.complete))
        except (Exception, asyncio.CancelledError):
            self._failed = True
        else:
            self._blocked.append(one._replace(future=future))


def _steps(awaitable: Any) -> Any:
    return awaitable.__await__() if isinstance(awaitable, asyncio.Future) else _result_of(awaitable)


async def _result_of(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _awaited(future: Any) -> asyncio.Future[Any] | None:
    """What a step asks to be woken by: the handshake that asyncio's tasks have with their futures."""
    if future is None:
        return None
    if getattr(future, "_asyncio_future_blocking", None) is None:
        raise WayBack
    future._asyncio_future_blocking = False
    return future  # type: ignore[no-any-return]


async def _something(awaited: list[asyncio.Future[Any] | None]) -> None:
    """Returns when one of them is done at least."""
    futures = {one for one in awaited if one is not None}
    if None in awaited:
        await asyncio.sleep(0)
        return
    waiter = asyncio.get_running_loop().create_future()

    def wake(_: object) -> None:
        if not waiter.done():
            waiter.set_result(None)

    for future in futures:
        future.add_done_callback(wake)
    try:
        await waiter
    finally:
        for future in futures:
            future.remove_done_callback(wake)


async def stop(running: Running) -> None:
    for one in running:
        one.cancel()
    if running:
        await asyncio.gather(*running, return_exceptions=True)


def abandon(pending: list[Pending]) -> None:
    """What was not begun never will be."""
    for awaitable, *_ in pending:
        drop(awaitable)
    pending.clear()


def drop(value: Any) -> None:
    """A value that nobody will await, if it is anything to be awaited."""
    if isinstance(value, CoroutineType):
        if getcoroutinestate(value) == CORO_CREATED:
            value.close()
    elif isinstance(value, asyncio.Future):
        value.add_done_callback(_look_at)


def _look_at(future: asyncio.Future[Any]) -> None:
    """An exception that nobody looked at would be logged."""
    if not future.cancelled():
        future.exception()
