"""Other processes' commits on the same file, noticed without asking the file's tables."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from newsgraph.ports.bell import Bell
from newsgraph.storage.connection import Connection, connection_to
from newsgraph.storage.health import Health, of_reads


async def watch_commits(path: str | Path, interval: float, bell: Bell) -> None:
    """Rings the bell within `interval` seconds of a commit by any other connection. Runs until it is cancelled.

    `PRAGMA data_version` differs from its last value when another connection has committed since. That misses
    no commit; it is no count of them. A ring for what this process wrote itself does no harm.
    """
    async with connection_to(path, True) as connection:
        health = of_reads()
        seen = await _version(connection, health)
        while True:
            await asyncio.sleep(interval)
            version = await _version(connection, health)
            if version != seen or version is None:
                bell.ring()
            seen = version


async def _version(connection: Connection, health: Health) -> int | None:
    """None when the file cannot be asked now: something may have been written."""
    try:
        version = await connection.run(_data_version)
    except sqlite3.Error as error:
        health.failed(error)
        return None
    if not health.well:
        health.worked()
    return version


def _data_version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
