"""How units of work share hops and transactions, and what happens to them when something fails."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import ListChanged, SectionChanged
from newsgraph.domain.lists import ListDiff
from newsgraph.domain.sections import Section
from newsgraph.ports.store import Session
from newsgraph.settings import Settings
from newsgraph.storage.database import SqliteStore
from newsgraph.storage.migrations import migrate
from tests.conftest import Clock, CountingBell


async def add(session: Session, slug: str = "asia") -> Section:
    section = await session.sections.insert(slug, slug)
    session.log.append(SectionChanged(slug))
    return section


async def slugs(store: SqliteStore) -> list[str]:
    return [section.slug for section in await store.read(lambda s: s.sections.all())]


async def last_seq(store: SqliteStore) -> int:
    return (await store.read(lambda s: s.log.head())).last_seq


# --- reads ---------------------------------------------------------------------------------------------------------


async def test_reads_of_one_tick_share_a_hop_and_each_has_its_own_result(sqlite: SqliteStore) -> None:
    threads: list[int] = []

    async def query(session: Session, number: int) -> int:
        threads.append(threading.get_ident())
        await session.sections.all()
        if number % 3 == 0:
            raise ValueError(number)
        return number

    results = await asyncio.gather(*(sqlite.read(partial(query, number=n)) for n in range(9)), return_exceptions=True)
    assert [r if isinstance(r, int) else r.args[0] for r in results] == list(range(9))
    assert [isinstance(r, ValueError) for r in results] == [n % 3 == 0 for n in range(9)]
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_reads_that_take_long_are_answered_a_part_at_a_time(sqlite: SqliteStore) -> None:
    """The first is answered although the last, which came with it, waits for that."""
    go_on = threading.Event()

    async def long(session: Session) -> str:
        time.sleep(0.006)
        return "long"

    async def last(session: Session) -> str:
        assert go_on.wait(30)
        return "last"

    first, second = asyncio.create_task(sqlite.read(long)), asyncio.create_task(sqlite.read(last))
    assert await first == "long"
    go_on.set()
    assert await second == "last"


async def test_a_slow_read_holds_up_nobody(sqlite: SqliteStore) -> None:
    """Another reader takes over when one has been at the same for long."""
    go_on = threading.Event()

    async def slow(session: Session) -> str:
        assert go_on.wait(30)
        return "slow"

    async def quick(session: Session) -> str:
        return "quick"

    first = asyncio.create_task(sqlite.read(slow))
    await asyncio.sleep(0)
    assert await asyncio.gather(*(sqlite.read(quick) for _ in range(3))) == ["quick"] * 3
    assert not first.done()
    go_on.set()
    assert await first == "slow"


async def test_a_read_sees_what_was_acknowledged_before(sqlite: SqliteStore) -> None:
    for n in range(50):
        await sqlite.write(partial(add, slug=f"s{n}"))
        assert len(await slugs(sqlite)) == n + 1


async def test_a_read_has_one_snapshot(sqlite: SqliteStore, database: Path) -> None:
    async def query(session: Session) -> tuple[int, int]:
        before = len(await session.sections.all())
        with closing(sqlite3.connect(database)) as other, other:
            other.execute("INSERT INTO sections (slug, name, position) VALUES ('x', 'X', 1)")
        return before, len(await session.sections.all())

    assert await sqlite.read(query) == (0, 0)
    assert await slugs(sqlite) == ["x"]


async def test_a_read_cannot_write(sqlite: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Fault):
        await sqlite.read(add)
    assert "readonly" in caplog.text
    assert await slugs(sqlite) == []


# --- writes --------------------------------------------------------------------------------------------------------


async def test_waiting_writes_share_a_transaction(sqlite: SqliteStore, bell: CountingBell) -> None:
    await asyncio.gather(*(sqlite.write(partial(add, slug=f"s{n}")) for n in range(20)))
    assert bell.rings == 1  # once a transaction
    assert len(await slugs(sqlite)) == await last_seq(sqlite) == 20


async def test_a_unit_sees_the_log_and_the_versions_of_those_before_it(sqlite: SqliteStore) -> None:
    """Otherwise two editors with the same version in hand would both have their way in one transaction."""
    await sqlite.write(lambda s: s.lists.create("latest", "Latest", None))

    async def change(session: Session) -> tuple[int, int]:
        (stored,) = await session.lists.by_keys(["latest"])
        session.log.append(ListChanged("latest", ListDiff((), (), ())))
        return stored.list.version, (await session.log.head()).last_seq

    assert await asyncio.gather(*(sqlite.write(change) for _ in range(3))) == [(0, 0), (1, 1), (2, 2)]


async def test_one_of_a_group_is_undone_alone(sqlite: SqliteStore) -> None:
    async def change(session: Session, number: int) -> int:
        await add(session, f"s{number}")
        if number % 2:
            raise ValueError(number)
        return number

    results = await asyncio.gather(
        *(sqlite.write(partial(change, number=n)) for n in range(10)), return_exceptions=True
    )
    assert [r for r in results if isinstance(r, int)] == [0, 2, 4, 6, 8]
    assert [r.args[0] for r in results if isinstance(r, ValueError)] == [1, 3, 5, 7, 9]
    assert await slugs(sqlite) == ["s0", "s2", "s4", "s6", "s8"]
    assert await last_seq(sqlite) == 5


async def test_a_write_sees_those_before_it_in_its_group(sqlite: SqliteStore) -> None:
    async def change(session: Session) -> int:
        count = len(await session.sections.all())
        await add(session, f"s{count}")
        return count

    assert await asyncio.gather(*(sqlite.write(change) for _ in range(5))) == [0, 1, 2, 3, 4]


async def test_nobody_is_answered_before_the_commit(sqlite: SqliteStore, database: Path) -> None:
    async def write(number: int) -> None:
        await sqlite.write(partial(add, slug=f"s{number}"))
        with closing(sqlite3.connect(database)) as other:
            assert other.execute("SELECT 1 FROM log JOIN sections ON slug = ?", (f"s{number}",)).fetchone()

    await asyncio.gather(*map(write, range(10)))


async def test_the_bell_is_rung_only_for_events_and_before_the_answer(sqlite: SqliteStore, bell: CountingBell) -> None:
    await sqlite.write(lambda s: s.sections.insert("quiet", "Quiet"))
    assert bell.rings == 0
    with pytest.raises(ValueError, match="no"):
        await sqlite.write(failing)
    assert bell.rings == 0
    await sqlite.write(add)
    assert bell.rings == 1


async def failing(session: Session) -> None:
    await add(session, "failing")
    raise ValueError("no")


async def test_a_cancelled_caller_does_not_break_its_group(sqlite: SqliteStore) -> None:
    writes = [asyncio.create_task(sqlite.write(partial(add, slug=f"s{n}"))) for n in range(6)]
    await asyncio.sleep(0)
    writes[2].cancel()
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(results[2], asyncio.CancelledError)
    assert [r.slug for r in results if isinstance(r, Section)] == ["s0", "s1", "s3", "s4", "s5"]
    assert len(await slugs(sqlite)) == await last_seq(sqlite)


async def test_a_caller_cancelled_while_waiting_changes_nothing(sqlite: SqliteStore) -> None:
    gate = threading.Event()

    async def slow(session: Session) -> None:
        gate.wait(5)

    first = asyncio.create_task(sqlite.write(slow))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(sqlite.write(add))
    await asyncio.sleep(0)
    second.cancel()
    gate.set()
    await first
    with contextlib.suppress(asyncio.CancelledError):
        await second
    assert await slugs(sqlite) == []


async def test_the_queue_of_writes_is_bounded(database: Path, clock: Clock) -> None:
    gate = threading.Event()

    async def slow(session: Session) -> None:
        gate.wait(5)

    settings = Settings(write_queue=3)
    async with SqliteStore.open(database, settings, clock=clock, bell=CountingBell()) as store:
        first = asyncio.create_task(store.write(slow))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(store.write(partial(add, slug=f"s{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Fault) as caught:
            await store.write(add)
        assert caught.value.code is FaultCode.UNAVAILABLE
        gate.set()
        await asyncio.gather(first, *waiting)
        assert await slugs(store) == ["s0", "s1", "s2"]
        await store.write(add)


# --- what may be awaited -------------------------------------------------------------------------------------------


async def awaits_something_foreign(session: Session) -> None:
    await add(session, "half")
    await asyncio.sleep(0)


class Foreign:
    def __await__(self) -> Iterator[None]:
        yield


async def awaits_an_object(session: Session) -> None:
    await add(session, "half")
    await Foreign()  # type: ignore[misc]


@pytest.mark.parametrize("unit", [awaits_something_foreign, awaits_an_object])
async def test_awaiting_something_foreign_is_refused_and_undone(sqlite: SqliteStore, unit) -> None:  # type: ignore[no-untyped-def]
    good = asyncio.create_task(sqlite.write(add))
    with pytest.raises(RuntimeError, match="awaited something other than its session"):
        await sqlite.write(unit)
    await good
    assert await slugs(sqlite) == ["asia"]
    assert await last_seq(sqlite) == 1


async def test_awaiting_something_foreign_is_refused_in_a_read(sqlite: SqliteStore) -> None:
    async def query(session: Session) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something other than its session"):
        await sqlite.read(query)
    assert await slugs(sqlite) == []


# --- failures of the database --------------------------------------------------------------------------------------


@pytest.fixture
async def impatient(database: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    """A store that does not wait for other processes' locks."""
    async with SqliteStore.open(database, Settings(), clock=clock, bell=CountingBell()) as store:

        async def hurry(session: Session) -> None:
            session.log._sql._connection.execute("PRAGMA busy_timeout = 10")  # type: ignore[attr-defined]

        await store.write(hurry)
        yield store


async def test_a_locked_database_is_unavailable_and_then_works_again(
    impatient: SqliteStore, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        results = await asyncio.gather(
            *(impatient.write(partial(add, slug=f"s{n}")) for n in range(3)), return_exceptions=True
        )
        assert [r.code for r in results if isinstance(r, Fault)] == [FaultCode.UNAVAILABLE] * 3
        assert "locked" in caplog.text, "the reason is in the log"
        assert "locked" not in str(results[0]), "and is no client's business"
        assert await slugs(impatient) == []  # reading goes on
        other.execute("ROLLBACK")
    await impatient.write(add)
    assert await slugs(impatient) == ["asia"]
    assert await last_seq(impatient) == 1


async def test_a_full_disk_is_unavailable_and_leaves_nothing(
    sqlite: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    async def limit(session: Session, pages: int) -> None:
        session.log._sql._connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    async def much(session: Session) -> None:
        for number in range(500):
            await add(session, f"s{number}" + "x" * 4_000)

    await sqlite.write(partial(limit, pages=1))  # SQLite takes the size that the file has
    small = asyncio.create_task(sqlite.write(lambda s: s.sections.insert("small", "Small")))
    with pytest.raises(Fault) as caught:
        await sqlite.write(much)
    assert caught.value.code is FaultCode.UNAVAILABLE
    assert "full" in caplog.text
    with contextlib.suppress(Fault):  # it was of the same transaction
        await small
    assert await last_seq(sqlite) == 0
    await sqlite.write(partial(limit, pages=1_000_000))
    await sqlite.write(much)
    assert await last_seq(sqlite) == 500


async def test_a_failed_commit_fails_the_whole_group(sqlite: SqliteStore, bell: CountingBell) -> None:
    """The commit itself fails here because of a reference that is checked only then."""

    async def break_it(session: Session) -> None:
        connection = session.log._sql._connection  # type: ignore[attr-defined]
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO list_members (article_id, list_key) VALUES (999, 'nothing')")

    results = await asyncio.gather(
        sqlite.write(add), sqlite.write(break_it), sqlite.write(failing), return_exceptions=True
    )
    assert [getattr(result, "code", None) for result in results] == [FaultCode.UNAVAILABLE] * 3
    assert bell.rings == 0
    assert await slugs(sqlite) == []
    await sqlite.write(add)
    assert await last_seq(sqlite) == 1


async def test_a_mistake_in_a_statement_is_no_unavailability(sqlite: SqliteStore) -> None:
    async def mistake(session: Session) -> None:
        session.log._sql._connection.execute("SELECT nonsense")  # type: ignore[attr-defined]

    for run in (sqlite.read, sqlite.write):
        with pytest.raises(sqlite3.OperationalError, match="nonsense"):
            await run(mistake)


@pytest.mark.parametrize(("slug", "told"), [("\ud800", "Unicode"), (10**30, "64 bits")])
async def test_values_that_cannot_be_kept_are_bad_input(sqlite: SqliteStore, slug: str, told: str) -> None:
    with pytest.raises(Fault, match=told) as caught:
        await sqlite.read(lambda s: s.sections.by_slug(slug))
    assert caught.value.code is FaultCode.BAD_INPUT


# --- the end -------------------------------------------------------------------------------------------------------


def connection_threads() -> list[str]:
    """Those that go on when they are given a moment to end."""
    threads = [thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name]
    for thread in threads:
        thread.join(1)
    return [thread.name for thread in threads if thread.is_alive()]


async def test_closing_waits_for_what_was_begun(database: Path, clock: Clock) -> None:
    async with SqliteStore.open(database, Settings(), clock=clock, bell=CountingBell()) as store:
        writes = [asyncio.create_task(store.write(partial(add, slug=f"s{n}"))) for n in range(300)]
        reads = [asyncio.create_task(store.read(lambda s: s.sections.all())) for _ in range(5)]
        await asyncio.sleep(0)
    await asyncio.gather(*writes, *reads)
    assert len(asyncio.all_tasks()) == 1
    assert connection_threads() == []
    async with SqliteStore.open(database, Settings(), clock=clock, bell=CountingBell()) as store:
        assert len(await slugs(store)) == 300


async def test_a_closed_store_is_unavailable(database: Path, clock: Clock) -> None:
    async with SqliteStore.open(database, Settings(), clock=clock, bell=CountingBell()) as store:
        pass
    for run in (store.read, store.write):
        with pytest.raises(Fault) as caught:
            await run(add)
        assert caught.value.code is FaultCode.UNAVAILABLE


async def test_the_secret_stays(database: Path, clock: Clock) -> None:
    secrets = set()
    for _ in range(2):
        async with SqliteStore.open(database, Settings(), clock=clock, bell=CountingBell()) as store:
            secrets.add(await store.secret())
    (secret,) = secrets
    assert len(secret.encode()) >= 32


async def test_time_is_whole_milliseconds_the_same_for_all_of_a_unit(sqlite: SqliteStore, clock: Clock) -> None:
    clock.now = clock.now.replace(microsecond=123_999)

    async def change(session: Session) -> object:
        await add(session)
        return session.now

    assert await sqlite.write(change) == clock.now.replace(microsecond=123_000)
    (entry,) = await sqlite.read(lambda s: s.log.after(0, 9))
    assert entry.at == clock.now.replace(microsecond=123_000)


async def test_opening_what_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    database = tmp_path / "news.db"
    await asyncio.to_thread(migrate, database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TABLE stream")
    with pytest.raises(sqlite3.OperationalError):
        async with SqliteStore.open(database, Settings(), bell=CountingBell()):
            pass
    assert connection_threads() == []
