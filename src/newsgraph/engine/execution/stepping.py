"""Awaiting without an event loop: for a whole operation on a thread of its own.

Everything that can go on does, before anything is read. Then what is to be read first is read alone: whoever goes on
with that may join those who wait for the rest, so that each kind of thing is read as seldom as can be.
Here nothing but a `Deferred` may be awaited: neither futures nor timers can wake a thread that has no loop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable
from operator import attrgetter
from types import CoroutineType
from typing import Any, TypeVar

from newsgraph.engine.execution.awaiting import abandon
from newsgraph.engine.execution.values import Pending, WayBack

T = TypeVar("T")


class Deferred:
    """Work that is done once, when everybody who is to share it waits for it; of several, the lowest `turn` first."""

    __slots__ = ("_work", "done", "turn")

    def __init__(self, work: Callable[[], None], turn: int = 0) -> None:
        self._work = work
        self.turn = turn
        self.done = False

    def __await__(self) -> Generator[Deferred, None, None]:
        if not self.done:
            yield self

    def do(self) -> None:
        if not self.done:
            self.done = True
            self._work()


_Waiting = dict[Deferred, list[Pending]]

_turn = attrgetter("turn")


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
    waiting: _Waiting = {}
    try:
        _go_on(pending, waiting)
        pending.clear()
        while waiting:
            first = min(waiting, key=_turn)
            await first
            _go_on(waiting[first], waiting)
            del waiting[first]
            _go_on(pending, waiting)
            pending.clear()
    finally:
        for many in waiting.values():
            for steps, *_ in many:
                steps.close()


def _go_on(these: list[Pending], waiting: _Waiting) -> None:
    """Runs each until it ends or waits. What ends is completed at once, which may append more to those pending."""
    for one in these:
        steps, target, key, complete = one
        if type(steps) is not CoroutineType:
            raise WayBack
        try:
            deferred = steps.send(None)
        except StopIteration as end:
            target[key] = complete(end.value)
            continue
        if type(deferred) is not Deferred:
            steps.close()
            raise WayBack
        if deferred in waiting:
            waiting[deferred].append(one)
        else:
            waiting[deferred] = [one]


def _as_it_is(value: Any) -> Any:
    return value
