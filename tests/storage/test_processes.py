"""Several processes on one file: one log without a gap, and commits that others notice."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

from newsgraph.domain.events import SectionChanged
from newsgraph.ports.store import Session
from newsgraph.storage.database import SqliteStore
from newsgraph.storage.watch import watch_commits
from tests.conftest import CountingBell
from tests.storage import writer


async def write_elsewhere(database: Path, name: str, changes: int) -> list[str]:
    """The slugs that another process says it has written."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, writer.__file__, str(database), name, str(changes), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return [f"{name}-{number}{end}" for number in output.decode().split() for end in ("", "+")]


async def test_two_processes_write_one_log_without_a_gap(sqlite: SqliteStore, database: Path) -> None:
    seen: list[int] = []
    done = asyncio.Event()

    async def tail() -> None:
        """Never meets a number before a smaller one has been seen."""
        while not done.is_set():
            entries = await sqlite.read(lambda s: s.log.after(seen[-1] if seen else 0, 1_000))
            seen.extend(entry.seq for entry in entries)
            await asyncio.sleep(0.001)

    tailing = asyncio.create_task(tail())
    written = await asyncio.gather(*(write_elsewhere(database, name, 100) for name in ("a", "b")))
    await asyncio.sleep(0.05)
    done.set()
    await tailing
    entries = await sqlite.read(lambda s: s.log.after(0, 10_000))
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1)) == seen
    slugs = [entry.event.slug for entry in entries if isinstance(entry.event, SectionChanged)]
    assert sorted(slugs) == sorted(slug for mine in written for slug in mine)
    assert (await sqlite.read(lambda s: s.log.head())).last_seq == len(entries)


async def until_rung(bell: CountingBell, more_than: int) -> None:
    async with asyncio.timeout(10):
        while bell.rings <= more_than:
            await asyncio.sleep(0.005)


async def test_another_processs_commit_rings_the_bell(sqlite: SqliteStore, database: Path) -> None:
    heard = CountingBell()
    watching = asyncio.create_task(watch_commits(database, 0.01, heard))
    await asyncio.sleep(0.1)
    assert heard.rings == 0
    await write_elsewhere(database, "a", 5)
    await until_rung(heard, 0)
    await asyncio.sleep(0.05)
    quiet = heard.rings
    await asyncio.sleep(0.1)
    assert heard.rings == quiet
    await sqlite.write(append)
    await until_rung(heard, quiet)
    await stop(watching)


async def append(session: Session) -> None:
    session.log.append(SectionChanged("asia"))


async def test_no_commit_is_missed(sqlite: SqliteStore, database: Path) -> None:
    heard = CountingBell()
    watching = asyncio.create_task(watch_commits(database, 0.001, heard))
    await asyncio.sleep(0.05)
    for _ in range(20):
        before = heard.rings
        await sqlite.write(append)
        await until_rung(heard, before)
        await asyncio.sleep(0.01)
    await stop(watching)


async def test_a_lock_on_the_file_does_not_end_the_watch(sqlite: SqliteStore, database: Path) -> None:
    heard = CountingBell()
    watching = asyncio.create_task(watch_commits(database, 0.005, heard))
    await asyncio.sleep(0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
    before = heard.rings
    await sqlite.write(append)
    await until_rung(heard, before)
    await stop(watching)


async def stop(watching: asyncio.Task[None]) -> None:
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert watching.cancelled()
