"""Awaiting a level of awaitables without an event loop: for a whole operation on a thread of its own.

What coroutines wait for is done when all that can go on have gone on, as a level of `awaiting` is completed together.
Here nothing but a `Deferred` may be awaited: neither futures nor timers can wake a thread that has no loop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable
from types import CoroutineType
from typing import Any, TypeVar

from newsgraph.engine.execution.awaiting import abandon
from newsgraph.engine.execution.values import Pending, WayBack

T = TypeVar("T")


class Deferred:
    """Work that is done once, when everybody who is to share it waits for it."""

    __slots__ = ("_work", "done")

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self.done = False

    def __await__(self) -> Generator[Deferred, None, None]:
        if not self.done:
            yield self

    def do(self) -> None:
        if not self.done:
            self.done = True
            self._work()


_Blocked = tuple[Coroutine[Any, Any, Any], Deferred, Pending]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Does what it waits for, until it ends. Errors: its own; WayBack where it waits for anything else."""
    try:
        while True:
            deferred = work.send(None)
            if type(deferred) is not Deferred:
                raise WayBack
            deferred.do()
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        work.close()


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in their order, as asyncio.gather has them."""
    results: dict[int, T] = {}
    pending: list[Pending] = [(one, results, number, _as_it_is) for number, one in enumerate(work)]
    try:
        await settle(pending)
    finally:
        abandon(pending)
    return [results[number] for number in sorted(results)]


async def settle(pending: list[Pending]) -> None:
    """Puts each completed result in its place, and so on with what that appends. Errors: any; nothing runs on then."""
    blocked: list[_Blocked] = []
    try:
        while pending:
            ended: list[tuple[Any, Pending]] = []
            _begin(pending, blocked)
            while blocked:
                for _, deferred, _ in blocked:
                    await deferred
                blocked = _go_on(blocked, ended)
            for value, (_, target, key, complete) in ended:
                target[key] = complete(value)
    finally:
        for steps, *_ in blocked:
            steps.close()


def _begin(pending: list[Pending], blocked: list[_Blocked]) -> None:
    """Runs what is pending until it ends or waits. What ends at once is completed at once, and may append more."""
    for one in pending:
        steps, target, key, complete = one
        if type(steps) is not CoroutineType:
            raise WayBack
        try:
            blocked.append((steps, _deferred(steps), one))
        except StopIteration as end:
            target[key] = complete(end.value)
    pending.clear()


def _go_on(blocked: list[_Blocked], ended: list[tuple[Any, Pending]]) -> list[_Blocked]:
    """Those that wait again."""
    waiting: list[_Blocked] = []
    for steps, _, one in blocked:
        try:
            waiting.append((steps, _deferred(steps), one))
        except StopIteration as end:
            ended.append((end.value, one))
    return waiting


def _deferred(steps: Coroutine[Any, Any, Any]) -> Deferred:
    awaited = steps.send(None)
    if type(awaited) is not Deferred:
        steps.close()
        raise WayBack
    return awaited


def _as_it_is(value: Any) -> Any:
    return value
