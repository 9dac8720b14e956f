"""Units of work, run on the thread of a connection: a batch of reads, or a group of writes in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, TypeVar

from newsgraph.ports.store import Session
from newsgraph.storage.connection import Observer, Sql
from newsgraph.storage.health import is_passing
from newsgraph.storage.log import Pending, number
from newsgraph.storage.session import SqlSession
from newsgraph.storage.statements import Statements
from newsgraph.storage.values import from_ms, to_ms

_TURN = 0.005  # seconds: nobody waits longer than this for reads that were asked for at the same time

T = TypeVar("T")
Work = Callable[[Session], Awaitable[Any]]
Over = Callable[[], bool]
"""Whether nobody waits for a unit of work any more; asked on the connection's thread."""

Clock = Callable[[], datetime]

_STEPS = 10_000  # of SQLite's machine, some 0.2 ms, between two looks at whether anybody still waits


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a unit of work returned, or what it raised, and whether it added to the log."""

    value: Any = None
    error: BaseException | None = None
    logged: bool = False


class Transactions:
    """Made once for all connections of a store. `on_statement` hears every statement's text, on any thread."""

    def __init__(self, statements: Statements, clock: Clock) -> None:
        self._statements = statements
        self._clock = clock
        self.on_statement: Observer | None = None

    def read(self, works: list[tuple[Work, Over]], connection: sqlite3.Connection) -> list[Outcome]:
        """Runs one after another on the same snapshot, until there is no more time; one that raises disturbs no other.

        The outcomes of the first of them, of at least one. What nobody waits for any more is stopped in the middle of
        a statement, so that the thread is free again.
        """
        sql, outcomes, until = self._sql(connection), [], perf_counter() + _TURN
        connection.execute("BEGIN")
        try:
            for work, over in works:
                outcomes.append(self._read_one(work, over, sql, connection))
                if perf_counter() > until:
                    break
            return outcomes
        finally:
            connection.set_progress_handler(None, 0)
            _roll_back(connection)

    def write(self, works: list[Work], connection: sqlite3.Connection) -> list[Outcome]:
        """Runs one after another in one transaction, each undone alone when it raises.

        Raises when the database fails; then nothing of the group remains.
        """
        sql = self._sql(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [self._write_one(work, connection, sql) for work in works]
            connection.execute("COMMIT")
        finally:
            _roll_back(connection)
        return outcomes

    def _read_one(self, work: Work, over: Over, sql: Sql, connection: sqlite3.Connection) -> Outcome:
        if over():
            return Outcome()
        connection.set_progress_handler(over, _STEPS)
        try:
            return Outcome(_driven(work(SqlSession(sql, self._now(), None))))
        except BaseException as error:
            return Outcome(error=error)

    def _write_one(self, work: Work, connection: sqlite3.Connection, sql: Sql) -> Outcome:
        """Its events get their numbers at once, so that the units after it see the log and versions that it made."""
        events = Pending()
        connection.execute("SAVEPOINT unit")
        try:
            value = _driven(work(SqlSession(sql, self._now(), events)))
            number(sql, events)
            outcome = Outcome(value, logged=bool(events))
        except BaseException as error:
            if is_passing(error):
                raise
            connection.execute("ROLLBACK TO unit")
            outcome = Outcome(error=error)
        connection.execute("RELEASE unit")
        return outcome

    def _sql(self, connection: sqlite3.Connection) -> Sql:
        return Sql(connection, self._statements, self.on_statement)

    def _now(self) -> datetime:
        """As it will be read back: whole milliseconds."""
        return from_ms(to_ms(self._clock()))


def _driven(unit: Awaitable[T]) -> T:
    """Runs a unit to its end without an event loop: a session's methods never suspend."""
    steps = unit.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise RuntimeError(
        "A unit of work awaited something other than its session. It runs in one go on the database's thread: "
        "await everything else before or after it."
    )


def _roll_back(connection: sqlite3.Connection) -> None:
    """Whatever is still open; SQLite itself has ended the transaction after some failures."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
