"""Loading together: what an operation asks for in one turn of the loop is read in one go, each thing once.

DataLoader batches for each loader alone, and each of its keys has a future of its own. Here all loaders of an operation
share one batch: one read, so one snapshot and one hop to the database's thread, and one future for all who wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from newsgraph.engine.execution import stepping
from newsgraph.engine.execution.stepping import Deferred

S = TypeVar("S")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Read = Callable[[Callable[[S], Awaitable[Any]]], Awaitable[Any]]
"""Runs a function on a session: all that it reads is one snapshot."""

Find = Callable[[S, list[K]], Awaitable[Mapping[K, V]]]
"""Values by their keys; what is not there has none."""

Note = Callable[[Sequence[K], Mapping[K, V]], object]
"""Hears of the keys that were read, and of the values of those and others."""

Beside = Callable[[S, Mapping[K, V]], Awaitable["Sequence[Extra]"]]
"""Reads in the same go what will surely be asked for next, given what was found."""


class _Turn(asyncio.Future[None]):
    """Ends when a batch was read. Whoever is cancelled while waiting for it cancels nobody else's batch."""

    def cancel(self, msg: Any | None = None) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Extra:
    """Values for another loader, of all these keys."""

    loader: Loader[Any, Any, Any]
    keys: Sequence[Any]
    values: Mapping[Any, Any]


class Batch(Generic[S]):
    """What the loaders of one operation wait for."""

    __slots__ = ("_filling", "_loaders", "_read", "_turn")

    def __init__(self, read: Read[S]) -> None:
        self._read = read
        self._loaders: dict[Loader[S, Any, Any], None] = {}
        self._turn: _Turn | None = None
        self._filling: list[asyncio.Task[None]] = []

    def wait(self, loader: Loader[S, Any, Any]) -> Awaitable[None]:
        """Begins one turn after the first of them was asked: by then the others are there too."""
        if self._turn is None:
            loop = asyncio.get_running_loop()
            self._turn = _Turn(loop=loop)
            self._filling.append(loop.create_task(self._fill()))
        self._loaders[loader] = None
        return self._turn

    def give_up(self) -> None:
        """Nobody waits any more: what is being read is not."""
        for task in self._filling:
            task.cancel()

    async def _fill(self) -> None:
        loaders, self._loaders = list(self._loaders), {}
        turn, self._turn = self._turn, None
        try:
            await self._find(loaders)
        finally:
            if turn is not None:
                turn.set_result(None)

    async def _find(self, loaders: Sequence[Loader[S, Any, Any]]) -> None:
        """What one of them cannot read is no reason for the others to fail: they are then read one by one."""
        wanted = [loader.take() for loader in loaders]

        async def find(session: S) -> list[tuple[Mapping[Any, Any], Sequence[Extra]]]:
            return [await loader.read(session, keys) for loader, keys in zip(loaders, wanted, strict=True)]

        try:
            found = await self._read(find)
        except Exception as error:
            await self._fail(loaders, wanted, error)
            return
        for loader, keys, (values, extras) in zip(loaders, wanted, found, strict=True):
            loader.keep(keys, values)
            for extra in extras:
                extra.loader.keep(extra.keys, extra.values)

    async def _fail(
        self, loaders: Sequence[Loader[S, Any, Any]], wanted: Sequence[Sequence[Any]], error: Exception
    ) -> None:
        if len(loaders) == 1:
            loaders[0].fail(wanted[0], error)
            return
        for loader, keys in zip(loaders, wanted, strict=True):
            loader.want(keys)
            await self._find([loader])


class AtOnce(Batch[S]):
    """The same without an event loop, for operations that run on the thread where the session is at hand.

    There a read is no journey, so loaders are read one at a time, in the order of their turns.
    """

    __slots__ = ("_deferred", "_session")

    def __init__(self, session: S) -> None:
        self._session = session
        self._deferred: dict[Loader[S, Any, Any], Deferred] = {}
        self._filling = []

    def wait(self, loader: Loader[S, Any, Any]) -> Deferred:
        deferred = self._deferred.get(loader)
        if deferred is None:
            deferred = self._deferred[loader] = Deferred(partial(self._fill_now, loader), loader.turn)
        return deferred

    def _fill_now(self, loader: Loader[S, Any, Any]) -> None:
        del self._deferred[loader]
        if keys := loader.take():
            stepping.run(self._read_one(loader, keys))

    async def _read_one(self, loader: Loader[S, Any, Any], keys: list[Any]) -> None:
        try:
            values, extras = await loader.read(self._session, keys)
        except Exception as error:
            loader.fail(keys, error)
            return
        loader.keep(keys, values)
        for extra in extras:
            extra.loader.keep(extra.keys, extra.values)


class Loader(Generic[S, K, V]):
    """Values by key. `missing` stands for what there is not; `note` hears of what was read, and `beside` reads on.

    `turn`: where reading is no journey, loaders with a lower one are read first. Those whose values lead to more of
    what other loaders read come before these.
    """

    __slots__ = ("_batch", "_beside", "_failed", "_find", "_found", "_missing", "_note", "_wanted", "turn")

    def __init__(
        self,
        batch: Batch[S],
        find: Find[S, K, V],
        missing: V,
        note: Note[K, V] | None = None,
        beside: Beside[S, K, V] | None = None,
    ) -> None:
        self._batch = batch
        self._find = find
        self._missing = missing
        self._note = note
        self._beside = beside
        self._found: dict[K, V] = {}
        self._failed: dict[K, Exception] = {}
        self._wanted: dict[K, None] = {}
        self.turn = 0

    async def load(self, key: K) -> V:
        if key not in self._found:
            await self._ask((key,))
        return self._found[key]

    def at_hand(self, key: K) -> V | Awaitable[V]:
        """The value where it was read already: a coroutine takes a microsecond more, and a page has many fields."""
        return self._found[key] if key in self._found else self.load(key)

    async def load_many(self, keys: Sequence[K]) -> list[V]:
        """In the order of the keys."""
        unknown = [key for key in keys if key not in self._found]
        if unknown:
            await self._ask(unknown)
        return [self._found[key] for key in keys]

    async def _ask(self, keys: Iterable[K]) -> None:
        self.want(keys)
        await self._batch.wait(self)
        for key in keys:
            if key in self._failed:
                raise self._failed[key]

    # What the batch says

    def want(self, keys: Iterable[K]) -> None:
        self._wanted.update(dict.fromkeys(keys))
        if self._failed:
            self._failed = {key: error for key, error in self._failed.items() if key not in self._wanted}

    def take(self) -> list[K]:
        """Keys that are wanted and were not read while they waited."""
        wanted, self._wanted = self._wanted, {}
        return [key for key in wanted if key not in self._found]

    async def read(self, session: S, keys: list[K]) -> tuple[Mapping[K, V], Sequence[Extra]]:
        values = await self._find(session, keys)
        return values, () if self._beside is None else await self._beside(session, values)

    def keep(self, keys: Sequence[K], values: Mapping[K, V]) -> None:
        missing = self._missing
        self._found.update({key: values.get(key, missing) for key in keys})
        if self._note is not None:
            self._note(keys, self._found)

    def fail(self, keys: Iterable[K], error: Exception) -> None:
        self._failed.update(dict.fromkeys(keys, error))
