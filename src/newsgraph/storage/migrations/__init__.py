"""Numbered steps from an empty database to today's; each is applied once and recorded."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_OLDEST_SQLITE = (3, 35)  # has RETURNING
_PATIENCE = 30.0  # seconds to wait for another process that migrates or opens the same file


class UnusableDatabase(Exception):
    """The database cannot be served by this program as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    script: str


def known() -> list[Migration]:
    """Every migration of this program, in order."""
    found = sorted(file.name for file in files(__name__).iterdir() if file.name.endswith(".sql"))
    return [_read(name) for name in found]


def _read(name: str) -> Migration:
    script = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return Migration(int(name.partition("_")[0]), name.removesuffix(".sql"), script)


def migrate(path: str | Path, steps: list[Migration] | None = None) -> list[str]:
    """Brings the database file up to date, creating it when there is none; returns the names of what was applied.

    Safe when several processes do it at once. Errors: UnusableDatabase.
    """
    with _opened(path) as connection:
        _use_wal(connection)
        return _apply_all(connection, known() if steps is None else steps)


def pending(path: str | Path) -> list[str]:
    """What `migrate` would apply; changes nothing and creates no file."""
    if not Path(path).exists():
        return [step.name for step in known()]
    with _opened(path) as connection:
        done = _done(connection)
    return [step.name for step in known() if step.number not in done]


@contextmanager
def _opened(path: str | Path) -> Iterator[sqlite3.Connection]:
    """The connection, closed at the end; what SQLite says of an unusable file becomes UnusableDatabase."""
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise UnusableDatabase(f"SQLite {sqlite3.sqlite_version} is too old: newsgraph needs 3.35 or newer.")
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise UnusableDatabase(f"The database {path} cannot be used: {error}.") from error


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switching to WAL needs the file for itself and does not wait for it by the busy timeout: so we do."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _apply_all(connection: sqlite3.Connection, steps: list[Migration]) -> list[str]:
    return [step.name for step in steps if _apply(connection, step, steps[-1].number)]


def _apply(connection: sqlite3.Connection, step: Migration, newest: int) -> bool:
    """One step in its own transaction; the lock is taken first, so that two processes cannot both apply it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = _done(connection)
        _refuse_newer(done, newest)
        if step.number not in done:
            for statement in _statements(step.script):
                connection.execute(statement)
            _record(connection, step)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return step.number not in done


def _done(connection: sqlite3.Connection) -> set[int]:
    known_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'"
    if connection.execute(known_table).fetchone() is None:
        return set()
    return {number for (number,) in connection.execute("SELECT number FROM migrations")}


def _refuse_newer(done: set[int], newest: int) -> None:
    if done and max(done) > newest:
        raise UnusableDatabase(
            f"The database is newer than this program: it has migration {max(done)}, the program knows {newest}. "
            "Start a newer version of newsgraph."
        )


def _record(connection: sqlite3.Connection, step: Migration) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)"
    )
    row = (step.number, step.name, time.time_ns() // 1_000_000)
    connection.execute("INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)", row)


def _statements(script: str) -> Iterator[str]:
    """One by one: `executescript` would end our transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
