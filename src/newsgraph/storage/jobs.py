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

_SLOW = 0.01  # seconds after which a read is no reason for others to wait
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
    """Reads cross to a reader's thread together: those of one tick of the event loop, or of the time it was busy.

    To cross takes some 25 microseconds, and the smallest read 10. One reader does all of it while no read is slow: of
    two that are busy each waits for Python's lock, which took a page from 0.68 ms of CPU to 0.95.
    """

    def __init__(self, connections: Sequence[Connection], transactions: Transactions) -> None:
        self._idle = list(connections)
        self._transactions = transactions
        self._waiting: deque[Job] = deque()
        self._busy = 0
        self._begun = 0.0  # when a reader took up what it is busy with, in seconds of the loop's clock
        self._look: asyncio.TimerHandle | None = None
        self.health = of_reads()
        self._tasks = _Tasks()

    async def run(self, work: Work) -> Any:
        loop = asyncio.get_running_loop()
        job = Job(work, loop.create_future())
        self._waiting.append(job)
        if not self._busy:
            self._start()
        elif self._idle and self._look is None:
            self._look = loop.call_later(_SLOW, self._relieve)
        return await job.future

    async def finish(self) -> None:
        await self._tasks.finish()
        if self._look is not None:
            self._look.cancel()

    def _start(self) -> None:
        self._busy += 1
        self._tasks.start(self._serve(self._idle.pop()))

    def _relieve(self) -> None:
        """Another reader begins where all that are busy have been at the same for long."""
        self._look = None
        if not self._waiting or not self._idle:
            return
        loop = asyncio.get_running_loop()
        if loop.time() - self._begun >= _SLOW:
            self._start()
        if self._idle:
            self._look = loop.call_later(_SLOW, self._relieve)

    async def _serve(self, connection: Connection) -> None:
        """Begins one tick after the first read was asked for: by then the others are there too."""
        try:
            while self._waiting:
                self._begun = asyncio.get_running_loop().time()
                jobs = [self._waiting.popleft() for _ in range(len(self._waiting))]
                await self._read(jobs, connection)
        finally:
            self._idle.append(connection)
            self._busy -= 1

    async def _read(self, jobs: Sequence[Job], connection: Connection) -> None:
        """As many of them as there is time for; the others are the next."""
        units = [(job.work, job.future.cancelled) for job in jobs]
        try:
            outcomes = await connection.run(partial(self._transactions.read, units))
        except Exception as error:
            outcomes = [Outcome(error=self.health.failed(error, len(jobs)))] * len(jobs)
        self._waiting.extendleft(reversed(jobs[len(outcomes) :]))
        for job, outcome in zip(jobs, outcomes, strict=False):
            job.settle(_told(outcome, self.health))
        units.clear()  # aiosqlite's thread keeps its last work, and what that returned, until the next
        outcomes.clear()


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
