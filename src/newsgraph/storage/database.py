"""The store on one SQLite file: one connection that writes, several that read, each on its own thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from newsgraph.ports.bell import Bell
from newsgraph.ports.store import Condition, Session
from newsgraph.settings import Settings
from newsgraph.storage.connection import Connection, Observer, connection_to
from newsgraph.storage.jobs import Reads, Writes
from newsgraph.storage.migrations import migrate
from newsgraph.storage.statements import load
from newsgraph.storage.transactions import Clock, Transactions, utc_now

T = TypeVar("T")


class SqliteStore:
    """Implements ports.store.Store. Made by `open`."""

    def __init__(self, reads: Reads, writes: Writes, transactions: Transactions, secret: str) -> None:
        self._reads = reads
        self._writes = writes
        self._transactions = transactions
        self._secret = secret

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: str | Path, settings: Settings, *, bell: Bell, clock: Clock = utc_now
    ) -> AsyncIterator[SqliteStore]:
        """Brings the file up to date and serves it; at the end waits for what was begun.

        Of `settings` it reads `readers`, `write_queue` and `lock_timeout`. The bell is rung after every
        commit of events. Errors: storage.migrations.UnusableDatabase.
        """
        await asyncio.to_thread(migrate, path)
        statements = await asyncio.to_thread(load)
        transactions = Transactions(statements, clock)
        async with AsyncExitStack() as opened:
            patience = settings.lock_timeout
            writer = await opened.enter_async_context(connection_to(path, False, patience))
            readers = [
                await opened.enter_async_context(connection_to(path, True, patience)) for _ in range(settings.readers)
            ]
            reads, writes = Reads(readers, transactions), Writes(writer, transactions, bell, settings.write_queue)
            opened.push_async_callback(reads.finish)
            opened.push_async_callback(writes.finish)
            yield cls(reads, writes, transactions, await _secret(writer, statements.text("stream_secret")))

    @property
    def on_statement(self) -> Observer | None:
        """Hears the text of every statement, on the connections' threads; for tests and measurements."""
        return self._transactions.on_statement

    @on_statement.setter
    def on_statement(self, observer: Observer | None) -> None:
        self._transactions.on_statement = observer

    async def read(self, query: Callable[[Session], Awaitable[T]]) -> T:
        result: T = await self._reads.run(query)
        return result

    async def write(self, change: Callable[[Session], Awaitable[T]]) -> T:
        result: T = await self._writes.run(change)
        return result

    @property
    def condition(self) -> Condition:
        reads, writes = self._reads.health, self._writes.health
        if reads.damaged or writes.damaged:
            return Condition.DAMAGED
        return Condition.DEGRADED if reads.failing or writes.failing else Condition.OK

    async def secret(self) -> str:
        return self._secret


async def _secret(connection: Connection, text: str) -> str:
    found: str = await connection.run(lambda c: c.execute(text).fetchone()[0])
    return found
