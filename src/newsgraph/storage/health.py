"""Whether the database can be read and written, and one line in the log when that changes, however many ask."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.observe import LOG

CALM = 10.0  # seconds without a failure before it is over: a disk that is nearly full takes one write and not the next

# What is the machine's or another process's doing and may pass, in an operator's words; everything else is a defect
# of ours. docs/operations.md says what to do about each.
CAUSES: dict[int, str] = {
    sqlite3.SQLITE_BUSY: "another process holds its lock",
    sqlite3.SQLITE_LOCKED: "another connection holds its lock",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_IOERR: "the disk refuses it",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_PROTOCOL: "its locks do not work",
    sqlite3.SQLITE_NOTADB: "the file is no database any more",
}
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_passing(error: BaseException) -> bool:
    """Whether the database as such failed, not the statement."""
    return isinstance(error, sqlite3.Error) and _code(error) in CAUSES


def is_damage(error: BaseException) -> bool:
    return _code(error) in _DAMAGE


def _code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


class Health:
    """Of one kind of work. `verb` says what cannot be done: "read" or "written"; `message` is what clients hear.

    `failing`: the last attempt failed. `damaged`: the file itself was found broken, which does not pass by itself.
    """

    def __init__(self, verb: str, message: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.failing = False
        self.damaged = False
        self._verb = verb
        self._message = message
        self._clock = clock
        self._told = ""
        self._since = self._last = 0.0
        self._refused = 0

    def failed(self, error: BaseException, count: int = 1) -> Fault:
        """What clients may hear of it; the reason is for our log. `count`: of the requests that it concerns."""
        self.failing = True
        self.damaged = self.damaged or is_damage(error)
        self._last = self._clock()
        self._refused += count
        self._tell(f"{CAUSES.get(_code(error), 'unexpectedly')}: {error}")
        return Fault(FaultCode.UNAVAILABLE, self._message)

    def worked(self) -> None:
        self.failing = False
        if self._told and self._clock() >= self._last + CALM:
            seconds = self._last - self._since
            LOG.warning("the database can be %s again: %d refused in %.0f s", self._verb, self._refused, seconds)
            self._told, self._refused = "", 0

    @property
    def well(self) -> bool:
        """Whether there is nothing to say when something works: asked of every read."""
        return not self._told

    def _tell(self, reason: str) -> None:
        if reason == self._told:
            return
        if not self._told:
            self._since = self._last
        self._told = reason
        LOG.error("the database cannot be %s, %s", self._verb, reason)


def of_reads() -> Health:
    return Health("read", "The database cannot be read now; try again.")


def of_writes() -> Health:
    return Health("written", "Nothing can be written now, and nothing was changed; try again.")
