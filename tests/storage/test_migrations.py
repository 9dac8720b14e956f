from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from newsgraph.settings import Settings
from newsgraph.storage.database import SqliteStore
from newsgraph.storage.migrations import Migration, UnusableDatabase, known, migrate, pending
from tests.conftest import CountingBell

NAMES = [step.name for step in known()]


def ask(database: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(sql).fetchall()


def test_migrations_are_numbered_from_one_without_gaps() -> None:
    assert [step.number for step in known()] == list(range(1, len(NAMES) + 1))


def test_a_new_database_gets_everything_once(database: Path) -> None:
    assert pending(database) == NAMES
    assert not database.exists()
    assert migrate(database) == NAMES
    assert pending(database) == []
    assert migrate(database) == []
    assert ask(database, "PRAGMA journal_mode") == [("wal",)]


def test_what_is_missing_is_applied_in_order(database: Path) -> None:
    steps = [Migration(1, "0001_a", "CREATE TABLE a (x);"), Migration(2, "0002_b", "ALTER TABLE a ADD COLUMN y;")]
    assert migrate(database, steps[:1]) == ["0001_a"]
    assert migrate(database, steps) == ["0002_b"]
    assert ask(database, "SELECT number, name FROM migrations ORDER BY number") == [(1, "0001_a"), (2, "0002_b")]


def test_a_step_that_fails_leaves_nothing_of_itself(database: Path) -> None:
    good = Migration(1, "0001_a", "CREATE TABLE a (x);")
    bad = Migration(2, "0002_b", "CREATE TABLE b (x);\nINSERT INTO a VALUES (1);\nINSERT INTO nothing VALUES (1);")
    with pytest.raises(UnusableDatabase, match="nothing"):
        migrate(database, [good, bad])
    assert ask(database, "SELECT name FROM sqlite_master WHERE name IN ('a', 'b')") == [("a",)]
    assert ask(database, "SELECT count(*) FROM a") == [(0,)]
    assert migrate(database, [good, Migration(2, "0002_b", "CREATE TABLE b (x);")]) == ["0002_b"]


def test_a_script_may_hold_triggers_and_comments(database: Path) -> None:
    script = """
    -- one; two
    CREATE TABLE a (x);
    CREATE TRIGGER t AFTER INSERT ON a BEGIN
        UPDATE a SET x = 2; -- every row
        SELECT 'a;b';
    END;
    INSERT INTO a VALUES (1);
    """
    migrate(database, [Migration(1, "0001_a", script)])
    assert ask(database, "SELECT x FROM a") == [(2,)]


def test_two_processes_may_start_at_once(database: Path) -> None:
    program = f"from newsgraph.storage.migrations import migrate; print(len(migrate({str(database)!r})))"
    starting = [Popen([sys.executable, "-c", program], stdout=PIPE, stderr=PIPE, text=True) for _ in range(4)]
    ended = [process.communicate() for process in starting]
    assert [errors for _, errors in ended] == [""] * 4
    assert sum(int(output) for output, _ in ended) == len(NAMES), "each step is applied once, whoever comes first"
    assert ask(database, "SELECT count(*) FROM stream") == [(1,)]


def test_many_threads_may_start_at_once(tmp_path: Path) -> None:
    for attempt in range(5):
        database = tmp_path / f"{attempt}.db"
        with ThreadPoolExecutor(8) as threads:
            applied = list(threads.map(migrate, [database] * 8))
        assert sorted(name for names in applied for name in names) == sorted(
            NAMES
        )  # each once, by whichever came first


@pytest.fixture
def newer(database: Path) -> Path:
    migrate(database)
    ask(database, "INSERT INTO migrations VALUES (99, '0099_future', 0)")
    return database


def test_a_newer_database_is_refused(newer: Path) -> None:
    with pytest.raises(UnusableDatabase, match=r"newer.*99"):
        migrate(newer)


async def test_a_store_does_not_open_a_newer_database(newer: Path) -> None:
    with pytest.raises(UnusableDatabase):
        async with SqliteStore.open(newer, Settings(), bell=CountingBell()):
            pass


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("This is no database at all. " * 100)
    for path in (text, tmp_path / "missing" / "news.db", tmp_path):
        with pytest.raises(UnusableDatabase, match=str(path)):
            migrate(path)
    assert text.read_text().startswith("This is no database")


def test_a_database_of_something_else_is_refused_and_kept(database: Path) -> None:
    ask(database, "CREATE TABLE articles (theirs)")
    with pytest.raises(UnusableDatabase, match="articles"):
        migrate(database)
    assert ask(database, "SELECT name FROM sqlite_master") == [("articles",)]


def test_each_database_has_its_own_epoch_and_secret(tmp_path: Path) -> None:
    rows = []
    for name in ("a.db", "b.db"):
        migrate(tmp_path / name)
        rows += ask(tmp_path / name, "SELECT epoch, secret FROM stream")
    (first_epoch, first_secret), (second_epoch, second_secret) = rows
    assert first_epoch != second_epoch
    assert first_secret != second_secret
    assert len(str(first_secret).encode()) >= 32
