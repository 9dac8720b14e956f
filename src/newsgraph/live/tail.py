"""Following the log: each process knows the last event it has seen and reads on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from newsgraph.domain.errors import Fault
from newsgraph.domain.events import Entry
from newsgraph.live.bells import LocalBell
from newsgraph.live.hub import Hub
from newsgraph.observe import LOG, report_fault
from newsgraph.ports.log import Head
from newsgraph.ports.store import Session, Store

_BATCH = 500
_PATIENCE = 1.0  # seconds without a ring after which the log is looked at all the same


class Applier(Protocol):
    """Something that follows the log ahead of the streams, as caches do."""

    def apply(self, entries: Sequence[Entry]) -> None: ...

    def lose(self, seq: int) -> None:
        """Entries up to `seq` were dropped from the log before this process read them: anything may have happened."""
        ...

    def trim(self, seq: int) -> None:
        """Entries up to `seq`, all of them read, are no longer in the log: nobody can go on from before it."""
        ...


class Tail:
    """Reads each entry once and in order, gives it to `appliers` first and then wakes the streams.

    A bell that is lost, late or rung twice does no harm. Whatever goes wrong, it waits and tries again from where it
    was; nothing is skipped, and the process does not go on without it.
    """

    def __init__(self, store: Store, hub: Hub, appliers: Sequence[Applier] = ()) -> None:
        self._store = store
        self._hub = hub
        self._appliers = appliers
        self._last = 0
        self._trimmed = 0
        self._passes = 0
        self._passing = asyncio.Lock()

    @property
    def position(self) -> int:
        """Number of the last event that was delivered: whatever is read from now on is at least as new."""
        return self._last

    async def start(self) -> Head:
        """From now on everything that is committed is delivered."""
        head = await self._store.read(lambda session: session.log.head())
        self._last = head.last_seq
        return head

    async def run(self, bell: LocalBell) -> None:
        """Until cancelled."""
        while True:
            await bell.wait(_PATIENCE)
            try:
                await self.catch_up()
            except Exception as error:
                _report(error)
                await asyncio.sleep(_PATIENCE)
                bell.ring()

    async def catch_up(self) -> None:
        """Returns when everything that is committed now is delivered. Those who call meanwhile share a pass."""
        called = self._passes
        async with self._passing:
            if self._passes <= called:
                await self._pass()

    async def _pass(self) -> None:
        self._passes += 1
        try:
            await self._deliver_all()
        except BaseException:
            self._passes -= 1  # whoever relies on it makes another
            raise

    async def _deliver_all(self) -> None:
        while True:
            head, entries = await self._store.read(self._next)
            if self._last < head.trimmed_seq:
                self._lose(head)
            elif self._trimmed < head.trimmed_seq:
                self._trim(head)
            elif not entries:
                return
            else:
                self._deliver(entries)

    async def _next(self, session: Session) -> tuple[Head, Sequence[Entry]]:
        return await session.log.head(), await session.log.after(self._last, _BATCH)

    def _lose(self, head: Head) -> None:
        self._last = self._trimmed = head.trimmed_seq
        for applier in self._appliers:
            applier.lose(head.trimmed_seq)
        self._hub.lose()

    def _trim(self, head: Head) -> None:
        self._trimmed = head.trimmed_seq
        for applier in self._appliers:
            applier.trim(head.trimmed_seq)

    def _deliver(self, entries: Sequence[Entry]) -> None:
        self._last = entries[-1].seq
        for applier in self._appliers:
            applier.apply(entries)
        self._hub.deliver(entries)


def _report(error: Exception) -> None:
    if isinstance(error, Fault):  # the store has said in the log what ails it
        LOG.debug("the log cannot be read, trying again: %s", error)
    else:
        report_fault(error, "following the log")
