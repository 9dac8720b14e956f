"""Awaiting a level of awaitables together, in tasks or by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import suppress
from types import CoroutineType
from typing import Any, NamedTuple

from newsgraph.engine.execution.values import Pending, WayBack

Settle = Callable[[list[Pending]], Awaitable[None]]
"""Awaits everything in the list, puts each completed result in its place, and so on with what that appends."""


async def in_tasks(pending: list[Pending]) -> None:
    """Each awaitable of a level in a task of its own, as asyncio.gather does it. A level ends with its last one.

    When one fails the others are cancelled, and it is raised when they have ended.
    """
    while pending:
        level = pending.copy()
        pending.clear()
        results = await _gather([entry[0] for entry in level])
        for (_, target, key, complete), result in zip(level, results, strict=True):
            target[key] = complete(result)


async def _gather(awaitables: list[Any]) -> list[Any]:
    if len(awaitables) == 1:
        return [await awaitables[0]]
    futures = [asyncio.ensure_future(one) for one in awaitables]
    try:
        return await asyncio.gather(*futures)
    except BaseException:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
        raise


class _Blocked(NamedTuple):
    """A coroutine that waits for a future; for none, it only gave way to others (asyncio.sleep(0))."""

    steps: Generator[Any, None, Any]
    future: asyncio.Future[Any] | None
    target: Any
    key: Any
    complete: Callable[[Any], Any]


class _Ended(NamedTuple):
    value: Any
    target: Any
    key: Any
    complete: Callable[[Any], Any]


async def inline(pending: list[Pending]) -> None:
    """Coroutines are run here and now, without tasks, and what they wait for is awaited once, whoever waits for it.

    Everything that can go on does, before anything is waited for. Only for coroutines that await futures of this loop
    and do not ask for the task they run in: `asyncio.timeout` and task groups do. What they set in context variables
    is seen by all.
    """
    blocked: list[_Blocked] = []
    try:
        while True:
            _advance(pending, blocked)
            if not blocked:
                return
            for value, target, key, complete in await _to_their_end(blocked):
                target[key] = complete(value)
    except BaseException as failure:
        cancelled = isinstance(failure, asyncio.CancelledError)
        for one in blocked:
            _drop(one, cancelled)
        raise


def _advance(pending: list[Pending], blocked: list[_Blocked]) -> None:
    """Runs everything that is pending until it ends or waits; what ends may append more."""
    for steps, target, key, complete in pending:
        if type(steps) is not CoroutineType:
            steps = _steps(steps)  # noqa: PLW2901 - the same one, to be run by hand
        try:
            future = steps.send(None)
        except StopIteration as end:
            target[key] = complete(end.value)
        else:
            blocked.append(_Blocked(steps, _awaited(future, steps), target, key, complete))
    pending.clear()


def _steps(awaitable: Any) -> Any:
    return awaitable.__await__() if isinstance(awaitable, asyncio.Future) else _result_of(awaitable)


async def _result_of(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _awaited(future: Any, steps: Generator[Any, None, Any]) -> asyncio.Future[Any] | None:
    """What a step asks to be woken by: the handshake that asyncio's tasks have with their futures."""
    if future is None:
        return None
    if getattr(future, "_asyncio_future_blocking", None) is None:
        steps.close()
        raise WayBack
    future._asyncio_future_blocking = False
    return future  # type: ignore[no-any-return]


async def _to_their_end(blocked: list[_Blocked]) -> list[_Ended]:
    """Wakes each when what it waits for is done, until all have ended; `blocked` has those that have not.

    They end before any of them is completed, so that what comes below them all is asked for together.
    """
    ended: list[_Ended] = []
    while blocked:
        await _something(blocked)
        waiting = blocked.copy()
        blocked.clear()
        for index, one in enumerate(waiting):
            if one.future is not None and not one.future.done():
                blocked.append(one)
                continue
            try:
                future = one.steps.send(None)
            except StopIteration as end:
                ended.append(_Ended(end.value, one.target, one.key, one.complete))
            except BaseException:
                blocked.extend(waiting[index + 1 :])
                raise
            else:
                blocked.append(one._replace(future=_awaited(future, one.steps)))
    return ended


async def _something(blocked: Iterable[_Blocked]) -> None:
    """Returns when one of them can go on at least."""
    futures = {one.future for one in blocked}
    if None in futures:
        await asyncio.sleep(0)
        return
    waiter = asyncio.get_running_loop().create_future()

    def wake(_: object) -> None:
        if not waiter.done():
            waiter.set_result(None)

    for future in futures:
        future.add_done_callback(wake)  # type: ignore[union-attr] # None is not in it
    try:
        await waiter
    finally:
        for future in futures:
            future.remove_done_callback(wake)  # type: ignore[union-attr]


def _drop(one: _Blocked, cancelled: bool) -> None:
    """Ends a coroutine that nobody waits for any more; on cancellation as a cancelled task would end."""
    with suppress(BaseException):
        if cancelled:
            if one.future is not None:
                one.future.cancel()
            one.steps.throw(asyncio.CancelledError())
    with suppress(BaseException):  # of its own clean-up, which may not wait for anything now
        one.steps.close()
    if one.future is not None:
        one.future.add_done_callback(_look_at)


def _look_at(future: asyncio.Future[Any]) -> None:
    """An exception that nobody looked at would be logged."""
    if not future.cancelled():
        future.exception()


def abandon(pending: list[Pending]) -> None:
    """What was not begun never will be."""
    for awaitable, *_ in pending:
        if isinstance(awaitable, CoroutineType):
            awaitable.close()
        elif isinstance(awaitable, asyncio.Future):
            awaitable.add_done_callback(_look_at)
    pending.clear()
