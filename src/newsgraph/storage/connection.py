"""One SQLite connection on its own thread, and what a session asks of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.ports.store import Refused
from newsgraph.storage.statements import Part, Statements, Value
from newsgraph.storage.values import batch, is_single

T = TypeVar("T")
Row = tuple[Any, ...]
Observer = Callable[[str], None]

_REFUSED = (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError)


class Connection(aiosqlite.Connection):
    """Runs a whole function on the connection's thread.

    aiosqlite's own methods cross to the thread once a statement, at 35 to 45 microseconds each; a unit of work
    crosses once. `_execute` is protected, but it is the one place where aiosqlite hands work to its thread.
    """

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        hand_over: Callable[..., Awaitable[T]] = self._execute
        return await hand_over(work, self._conn)


def connection_to(path: str | Path, read_only: bool = False, patience: float = 5.0) -> Connection:
    """Opened and closed as an async context manager. `patience`: seconds to wait for another process's lock."""
    return Connection(partial(_open, path, read_only, patience), iter_chunk_size=64)


def _open(path: str | Path, read_only: bool, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
    pragmas = {
        "busy_timeout": int(1_000 * patience),
        "journal_mode": "WAL",
        "synchronous": "FULL",
        "foreign_keys": "ON",
        "secure_delete": "ON",  # what is erased is overwritten
        "cache_size": -16_000,  # KiB
        "query_only": "ON" if read_only else "OFF",
    }
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")
    return connection


class Sql:
    """Named statements on a connection, within a transaction of the caller's."""

    def __init__(self, connection: sqlite3.Connection, statements: Statements, observe: Observer | None) -> None:
        self._connection = connection
        self._statements = statements
        self._observe = observe

    def rows(self, name: str, *args: Value, parts: tuple[Part, ...] = ()) -> list[Row]:
        return self._run(name, args, parts).fetchall()

    def rows_of(self, name: str, keys: Sequence[int | str], *args: Value, parts: tuple[Part, ...] = ()) -> list[Row]:
        """For all of the keys, which are `$1`. One alone is no array that has to be taken apart: a third less time."""
        if is_single(keys):
            return self._run(name, (keys[0], *args), parts, single=True).fetchall()
        return self._run(name, (batch(keys), *args), parts).fetchall()

    def row(self, name: str, *args: Value) -> Row | None:
        found: Row | None = self._run(name, args, ()).fetchone()
        return found

    def one(self, name: str, *args: Value) -> Row:
        """The row that must be there. Errors: LookupError."""
        found = self.row(name, *args)
        if found is None:
            raise LookupError(f"{name}{args} found nothing")
        return found

    def value(self, name: str, *args: Value, parts: tuple[Part, ...] = ()) -> Any:
        """The first column of the first row; None without one."""
        found = self._run(name, args, parts).fetchone()
        return None if found is None else found[0]

    def execute(self, name: str, *args: Value) -> int:
        """How many rows were changed."""
        return self._run(name, args, ()).rowcount

    def many(self, name: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """The same statement for each row of arguments."""
        try:
            self._connection.executemany(self._text(name, ()), rows)
        except _REFUSED as error:
            raise _refusal(error) from error

    def fragment(self, name: str) -> str:
        return self._statements.fragment(name)

    def _run(self, name: str, args: tuple[Value, ...], parts: tuple[Part, ...], single: bool = False) -> sqlite3.Cursor:
        values = args + tuple([value for part in parts for value in part.args]) if parts else args
        try:
            return self._connection.execute(self._text(name, parts, single), values)
        except _REFUSED as error:
            raise _refusal(error) from error

    def _text(self, name: str, parts: tuple[Part, ...], single: bool = False) -> str:
        text = self._statements.text(name, parts, single)
        if self._observe is not None:
            self._observe(text)
        return text


def _refusal(error: Exception) -> Exception:
    """What a value or a rule of the database refuses, in words of our own."""
    match error:
        case OverflowError():
            return Fault(FaultCode.BAD_INPUT, "This number is larger than 64 bits.")
        case UnicodeEncodeError():
            return Fault(FaultCode.BAD_INPUT, "This text is not valid Unicode.")
        case _:
            return Refused(str(error))
