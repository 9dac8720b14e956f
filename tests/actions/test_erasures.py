"""Erasing a person: all of it, in small parts, whatever stops it in the middle; and handing out what is held."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from newsgraph.actions import comments, erasures, users
from newsgraph.actions.checks import CHECKS, check
from newsgraph.domain.comments import CommentStatus, FlagReason, ReactionKind
from newsgraph.domain.erasures import Mode
from newsgraph.domain.errors import FaultCode
from newsgraph.domain.users import Role, Viewer
from newsgraph.ports.store import Session
from tests.actions.conftest import Desk, fault

SUBJECT, NAME = "test:xsubjectx", "xsubjectx"
TEXTS = ("xsubjectx", "xbodyx", "xnotex", "xreasonx", "xrequestx", "xremarkx", "xreportx", "xkeyx")

# Every column that refers to a person, and what the export calls it. A new one fails the test until it is handed out
# and erased, too.
REFERENCES = {
    ("api_keys", "user_id"): "keys",
    ("comment_history", "user_id"): "history",
    ("comment_prints", "user_id"): "prints",
    ("comments", "user_id"): "comments",
    ("flags", "user_id"): "flags",
    ("reactions", "user_id"): "reactions",
    ("receipts", "user_id"): "receipts",
}
FOR_A_WHILE = {("erasures", "user_id")}  # says that it is not finished

# What is left of the account itself: a number that nobody else gets. A new column is to be emptied, too.
EMPTIED = {
    "name": "",
    "role": "READER",
    "suspended_until": None,
    "banned": 0,
    "claims_at": 0,
    "premoderated": 0,
    "revoked_before": None,
}


class File:
    """The database as it lies on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path)) as connection:
            return connection.execute(sql, args).fetchall()

    def references(self) -> set[tuple[str, str]]:
        """By a foreign key, or by what they are called."""
        tables = self.rows("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'")
        return {(table, column) for (table,) in tables for column in self._referring(table)}

    def _referring(self, table: str) -> Iterator[str]:
        keys = self.rows('SELECT "from", "table" FROM pragma_foreign_key_list(?)', table)
        yield from (column for column, other in keys if other == "users")
        columns = self.rows("SELECT name FROM pragma_table_info(?)", table)
        yield from (column for (column,) in columns if "user" in column)

    def count(self, table: str, column: str, user_id: int) -> int:
        [(found,)] = self.rows(f'SELECT count(*) FROM "{table}" WHERE "{column}" = ?', user_id)
        return int(found)

    def text(self) -> str:
        with closing(sqlite3.connect(self._path)) as connection:
            return "\n".join(connection.iterdump())


@pytest.fixture
def file(database: Path) -> File:
    return File(database)


async def take_part(desk: Desk, comments_count: int = 1) -> Viewer:
    """Somebody who leaves something everywhere, and about whom something is said."""
    kim, article = await desk.viewer(NAME, Role.MODERATOR), await desk.publish()
    await desk.newsroom.store.write(lambda s: s.keys.insert("hash", "xkeyx", kim.user_id or 0, None))
    theirs = await desk.say(article, "Somebody else's.")
    other = await desk.say(article, "One more.")
    for number in range(comments_count):
        await desk.post(article, f"xbodyx {number}.", by=kim, key=f"xrequestx {number}")
    mine = (await desk.newsroom.store.read(lambda s: s.erasures.comments(kim.user_id or 0, 1)))[0]
    await desk.say(article, "A reply.", mine)
    await desk.newsroom.store.write(lambda s: _print(s, mine))
    await comments.react(desk.newsroom, kim, comments.ReactToComment(theirs, ReactionKind.LIKE))
    await comments.flag(desk.newsroom, kim, comments.FlagComment(theirs, FlagReason.SPAM, "xnotex"))
    command = comments.ModerateComment(other, CommentStatus.WITHHELD, reason="xreasonx")
    await comments.moderate(desk.newsroom, kim, command)
    await desk.moderate(mine, CommentStatus.PUBLISHED, reason="xremarkx")
    report = comments.FlagComment(mine, FlagReason.ABUSIVE, "xreportx")
    await comments.flag(desk.newsroom, desk.who(Role.STAFF), report)
    return kim


async def _print(session: Session, comment_id: int) -> None:
    """As of a reader's comment."""
    [comment] = await session.comments.by_ids([comment_id])
    await session.comments.add_print(comment, 77)


async def drifted(desk: Desk) -> list[str]:
    return [one.name for one in CHECKS if await check(desk.newsroom, one)]


async def restrain(desk: Desk, user_id: int) -> None:
    """Every column of the account says something."""
    [user] = await desk.read(lambda s: s.users.by_ids([user_id]))
    await users.revoke(desk.newsroom, SUBJECT, desk.clock() - timedelta(days=1))
    changed = replace(user, suspended_until=desk.clock(), banned=True, premoderated=True)
    await desk.newsroom.store.write(lambda s: s.users.restrict(changed))


def test_every_reference_to_a_person_is_known(desk: Desk, file: File) -> None:
    assert file.references() == set(REFERENCES) | FOR_A_WHILE
    columns = {column for (column,) in file.rows("SELECT name FROM pragma_table_info('users')")}
    assert columns == {"id", "subject", *EMPTIED}


async def test_all_that_is_held_is_handed_out(desk: Desk, file: File) -> None:
    kim = await take_part(desk)
    held = await erasures.export(desk.newsroom, SUBJECT)
    for (table, column), name in REFERENCES.items():
        assert 1 <= file.count(table, column, kim.user_id or 0) <= len(held[name]), name
    assert len(held["account"]) == len(EMPTIED) + 2
    assert set(held) == {"account", *REFERENCES.values()}


@pytest.mark.parametrize("mode", Mode)
async def test_nothing_refers_to_who_is_erased(desk: Desk, file: File, mode: Mode) -> None:
    kim = await take_part(desk, 3)
    user_id = kim.user_id or 0
    await restrain(desk, user_id)
    assert [text for text in TEXTS if text not in file.text()] == []
    assert await erasures.erase(desk.newsroom, f" {SUBJECT} ", mode) == 3
    left = {place: found for place in file.references() if (found := file.count(*place, user_id))}
    assert left == {}
    [row] = file.rows(f"SELECT {', '.join(EMPTIED)} FROM users WHERE id = ?", user_id)
    assert row == tuple(EMPTIED.values())
    kept = ["xbodyx"] if mode is Mode.ANONYMOUS else []
    assert [text for text in TEXTS if text in file.text()] == kept
    assert await drifted(desk) == []


async def test_what_they_counted_is_taken_back(desk: Desk) -> None:
    await take_part(desk)
    await erasures.erase(desk.newsroom, SUBJECT, Mode.TOMBSTONE)
    theirs, _, mine, _ = [await desk.comment(number) for number in range(1, 5)]
    assert (theirs.likes, theirs.flag_count) == (0, 0)
    assert (mine.status, mine.body, mine.flag_count, mine.descendants) == (CommentStatus.REMOVED, "", 1, 1)


async def test_a_report_that_was_answered_is_not_taken_back_again(desk: Desk) -> None:
    kim, article = await desk.viewer(NAME), await desk.publish()
    comment = await desk.say(article)
    await comments.flag(desk.newsroom, kim, comments.FlagComment(comment, FlagReason.SPAM))
    desk.clock.tick(seconds=1)
    await desk.moderate(comment, CommentStatus.PUBLISHED)
    desk.clock.tick(seconds=1)
    await comments.flag(desk.newsroom, desk.who(Role.STAFF), comments.FlagComment(comment, FlagReason.SPAM))
    await erasures.erase(desk.newsroom, SUBJECT, Mode.TOMBSTONE)
    assert (await desk.comment(comment)).flag_count == 1
    assert await drifted(desk) == []


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasures, "_PART", 10)


@pytest.mark.usefixtures("small_parts")
async def test_others_write_meanwhile(desk: Desk) -> None:
    """Between any two parts, and the parts are small."""
    kim, article = await desk.viewer(NAME, Role.STAFF), await desk.publish()
    for number in range(4 * erasures._PART):
        await desk.say(article, f"Number {number}.", by=kim)
    erasing = asyncio.create_task(erasures.erase(desk.newsroom, SUBJECT, Mode.TOMBSTONE))
    before = await desk.read(lambda s: s.log.head())
    said = []
    while not erasing.done():
        await desk.say(article, "Meanwhile.", by=desk.who(Role.STAFF))
        said.append(await desk.read(lambda s: s.log.head()))
    assert await erasing == 4 * erasures._PART
    seqs = [head.last_seq for head in (before, *said)]
    assert max(after - one for one, after in pairwise(seqs)) <= 2 * erasures._PART
    assert await drifted(desk) == []


async def interrupted(desk: Desk, mode: Mode) -> int:
    """How many comments are still theirs when it stops in the middle of it."""
    kim, article = await desk.viewer(NAME, Role.STAFF), await desk.publish()
    for number in range(3 * erasures._PART):
        await desk.say(article, f"Number {number}.", by=kim)
    erasing = asyncio.create_task(erasures.erase(desk.newsroom, SUBJECT, mode))
    left = 3 * erasures._PART
    while left in (0, 3 * erasures._PART):
        left = len(await desk.read(lambda s: s.erasures.comments(kim.user_id or 0, 1_000)))
    erasing.cancel()
    with suppress(asyncio.CancelledError):
        await erasing
    return len(await desk.read(lambda s: s.erasures.comments(kim.user_id or 0, 1_000)))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("mode", Mode)
async def test_it_goes_on_when_it_is_asked_for_again(desk: Desk, file: File, mode: Mode) -> None:
    left = await interrupted(desk, mode)
    assert left > 0
    other = next(one for one in Mode if one is not mode)
    assert await erasures.erase(desk.newsroom, SUBJECT, other) == left
    statuses = file.rows("SELECT DISTINCT status FROM comments")
    assert statuses == [("REMOVED" if mode is Mode.TOMBSTONE else "PUBLISHED",)], "as it was begun"
    assert file.rows("SELECT * FROM erasures") == []
    assert (await drifted(desk), await fault_of_nobody(desk)) == ([], True)


@pytest.mark.usefixtures("small_parts")
async def test_a_server_goes_on_by_itself_when_nobody_is_at_it(desk: Desk, file: File) -> None:
    assert await interrupted(desk, Mode.TOMBSTONE)
    await erasures.go_on(desk.newsroom)
    assert file.rows("SELECT count(*) FROM erasures") == [(1,)], "somebody may be at it"
    desk.clock.tick(minutes=2)
    await erasures.go_on(desk.newsroom)
    assert file.rows("SELECT count(*) FROM erasures") == [(0,)]
    assert file.rows("SELECT DISTINCT status FROM comments") == [("REMOVED",)]


@pytest.mark.usefixtures("small_parts")
async def test_who_comes_again_in_the_middle_of_it_is_somebody_new(desk: Desk) -> None:
    """And stays, when the rest of it is done; asked for again, all of it goes."""
    await interrupted(desk, Mode.TOMBSTONE)
    again = await desk.viewer(NAME)
    desk.clock.tick(minutes=2)
    await erasures.go_on(desk.newsroom)
    assert (await erasures.export(desk.newsroom, SUBJECT))["account"]["id"] == again.user_id
    await erasures.erase(desk.newsroom, SUBJECT, Mode.TOMBSTONE)
    assert await fault_of_nobody(desk)


async def fault_of_nobody(desk: Desk) -> bool:
    with suppress(Exception):
        await erasures.export(desk.newsroom, SUBJECT)
        return False
    return True


async def test_who_is_erased_leaves_nothing_more(desk: Desk, file: File) -> None:
    """By a sign-in that another process has not forgotten yet."""
    kim, article = await desk.viewer(NAME, Role.ADMIN), await desk.publish()
    mine = await desk.say(article, by=kim)
    await erasures.erase(desk.newsroom, SUBJECT, Mode.TOMBSTONE)
    room = desk.newsroom
    attempts = [
        comments.post(room, kim, comments.PostComment(article, None, "xbodyx", "k1")),
        comments.edit(room, kim, comments.EditComment(mine, "xbodyx", "k2")),
        comments.remove(room, kim, comments.RemoveComment(mine, "k3")),
        comments.react(room, kim, comments.ReactToComment(mine, ReactionKind.LIKE, "k4")),
        comments.flag(room, kim, comments.FlagComment(mine, FlagReason.SPAM, "xnotex", "k5")),
        comments.moderate(room, kim, comments.ModerateComment(mine, featured=True, key="k6")),
    ]
    for attempt in attempts:
        with suppress(Exception):
            await attempt
    left = [place for place in file.references() if file.count(*place, kim.user_id or 0)]
    assert left == []
    assert await fault(comments.post(room, kim, comments.PostComment(article, None, "x"))) is FaultCode.UNAUTHENTICATED
