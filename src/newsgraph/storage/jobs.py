"""Units of work on their way to a connection: reads by the tick, writes by the transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.ports.bell import Bell
from newsgraph.storage.connection import Connection
from newsgraph.storage.health import Health, is_passing, of_reads, of_writes
from newsgraph.storage.transactions import Outcome, Transactions, Work

_GROUP = 256  # units in one transaction: the first of them waits for the last


@dataclass(frozen=True, slots=True)
class Job:
    work: Work
    future: asyncio.Future[Any]

    def settle(self, outcome: Outcome) -> None:
        if self.future.done():  # its caller was cancelled and waits no more
            return
        if outcome.error is None:
            self.future.set_result(outcome.value)
        else:
            self.future.set_exception(outcome.error)


def _told(outcome: Outcome, health: Health) -> Outcome:
    """A failure of the database itself becomes what clients may hear of it."""
    if outcome.error is not None and is_passing(outcome.error):
        return Outcome(error=health.failed(outcome.error))
    if outcome.error is None and not health.well:
        health.worked()
    return outcome


class _Tasks:
    """Background tasks that are waited for at the end; none is lost to the garbage collector."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)


class Reads:
    """Reads cross to a reader's thread together: those of one tick of the event loop, or of the time all were busy.

    To cross takes some 25 microseconds, and the smallest read 10.
    """

    def __init__(self, connections: Sequence[Connection], transactions: Transactions) -> None:
        self._idle = list(connections)
        self._transactions = transactions
        self._waiting: list[Job] = []
        self.health = of_reads()
        self._tasks = _Tasks()

    async def run(self, work: Work) -> Any:
        job = Job(work, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if len(self._waiting) == 1 and self._idle:
            self._tasks.start(self._serve(self._idle.pop()))
        return await job.future

    async def finish(self) -> None:
        await self._tasks.finish()

    async def _serve(self, connection: Connection) -> None:
        """Begins one tick after the first read was asked for: by then the others are there too."""
        try:
            while self._waiting:
                jobs, self._waiting = self._waiting, []
                await self._read(jobs, connection)
        finally:
            self._idle.append(connection)

    async def _read(self, jobs: Sequence[Job], connection: Connection) -> None:
        try:
            units = [(job.work, job.future.cancelled) for job in jobs]
            outcomes = await connection.run(partial(self._transactions.read, units))
        except Exception as error:
            outcomes = [Outcome(error=self.health.failed(error, len(jobs)))] * len(jobs)
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.settle(_told(outcome, self.health))


class Writes:
    """Writes that wait when the writer becomes free share a transaction; nobody is answered before its commit."""

    def __init__(self, connection: Connection, transactions: Transactions, bell: Bell, limit: int) -> None:
        self._connection = connection
        self._transactions = transactions
        self._bell = bell
        self._limit = limit
        self._waiting: deque[Job] = deque()
        self.health = of_writes()
        self._busy = False
        self._tasks = _Tasks()

    async def run(self, work: Work) -> Any:
        if len(self._waiting) >= self._limit:
            raise Fault(FaultCode.UNAVAILABLE, "Too many changes are waiting to be written; try again.")
        job = Job(work, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if not self._busy:
            self._busy = True
            self._tasks.start(self._drain())
        return await job.future

    async def finish(self) -> None:
        await self._tasks.finish()

    async def _drain(self) -> None:
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(_GROUP, len(self._waiting)))]
                await self._write([job for job in group if not job.future.done()])
        finally:
            self._busy = False

    async def _write(self, jobs: list[Job]) -> None:
        try:
            outcomes = await self._connection.run(partial(self._transactions.write, [job.work for job in jobs]))
        except Exception as error:
            fault = self.health.failed(error, len(jobs))
            for job in jobs:
                job.settle(Outcome(error=fault))
            return
        if not self.health.well:
            self.health.worked()
        try:
            if any(outcome.logged for outcome in outcomes):
                self._bell.ring()
        finally:
            for job, outcome in zip(jobs, outcomes, strict=True):
                job.settle(outcome)
