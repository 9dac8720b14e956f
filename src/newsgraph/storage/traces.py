"""What SQLite leaves of deleted text in its files, and getting rid of it while others use them.

Deleted rows are overwritten (`secure_delete`), but where a page was split or put in order before, it may still have a
copy of a row in an unused part: 31 of 100,000 erased comments were found again. The write-ahead log has what it had
until it is cut off.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

_PATIENCE = 30.0  # seconds to wait until nobody reads what is in the log


def cut_log(path: str) -> None:
    """The write-ahead log goes into the file, and begins anew. Errors: sqlite3.Error, OSError."""
    with closing(_opened(path)) as connection:
        _cut(connection)


def write_anew(path: str) -> None:
    """The same, and the file has nothing but what is there now; it is smaller then, too.

    Takes as much room again, and a second for some 40 MB: readers read on, changes wait. Errors: as those of `cut_log`.
    """
    with closing(_opened(path)) as connection:
        connection.execute("VACUUM")
        _cut(connection)


def _opened(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)


def _cut(connection: sqlite3.Connection) -> None:
    (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise OSError("The write-ahead log is in use and may still have erased text: say newsgraph vacuum.")
