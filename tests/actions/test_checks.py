"""Every counter, list and index: broken on purpose, reported with its row, mended, and told to those who watch."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from newsgraph.actions import checks, comments, views
from newsgraph.actions.checks import CHECKS, Check, Report
from newsgraph.domain.comments import CommentStatus, FlagReason, ReactionKind
from newsgraph.domain.events import (
    ArticleCause,
    CommentCause,
    ListChanged,
    ListCurated,
    ViewsCounted,
)
from newsgraph.domain.lists import ListDiff
from newsgraph.domain.users import Role
from newsgraph.domain.views import ViewCount
from tests.actions.conftest import Desk
from tests.actions.test_counters import Crowd
from tests.flows.faults import damage

NAMED = {check.name: check for check in CHECKS}


async def checked(desk: Desk, fix: bool = False) -> dict[str, Report]:
    """The reports that found something."""
    reports = [await checks.run(desk.newsroom, check, fix) for check in CHECKS]
    return {report.check.name: report for report in reports if report.found}


@dataclass(frozen=True, slots=True)
class Break:
    """`sql` breaks what `check` finds; `told`: the events by which clients learn that it was mended."""

    check: str
    sql: str
    key: Any
    stored: Any
    right: Any
    told: tuple[Any, ...] = ()
    others: frozenset[str] = frozenset()


COMMENT, ARTICLE = CommentCause.RECOUNTED, ArticleCause.RECOUNTED
CURATED = ListCurated("latest")

BREAKS = [
    Break("descendants", "UPDATE comments SET descendants = 7 WHERE id = 1", 1, 7, 2, (COMMENT,)),
    Break("descendants", "UPDATE comments SET descendants = 0 WHERE id = 2", 2, 0, 1, (COMMENT,)),
    Break("replies", "UPDATE comments SET reply_count = 3 WHERE id = 1", 1, 3, 1, (COMMENT,)),
    Break("likes", "UPDATE comments SET likes = 0 WHERE id = 1", 1, 0, 1, (COMMENT,)),
    Break("likes", "DELETE FROM reactions WHERE kind = 'LIKE'", 1, 1, 0, (COMMENT,)),
    Break("insightfuls", "UPDATE comments SET insightfuls = 9 WHERE id = 2", 2, 9, 0, (COMMENT,)),
    Break("disagrees", "UPDATE comments SET disagrees = 9 WHERE id = 2", 2, 9, 0, (COMMENT,)),
    Break("flags", "UPDATE comments SET flag_count = 0 WHERE id = 1", 1, 0, 1, (COMMENT,)),
    Break("flags", "UPDATE comments SET flag_count = 5 WHERE id = 3", 3, 5, 0, (COMMENT,)),
    Break("comments", "UPDATE articles SET comment_count = 0 WHERE id = 1", 1, 0, 3, (ARTICLE,)),
    Break("threads", "UPDATE articles SET thread_count = 9 WHERE id = 1", 1, 9, 1, (ARTICLE,)),
    Break("views", "UPDATE articles SET view_count = 39 WHERE id = 1", 1, 39, 40, (ViewsCounted((1,)),)),
    Break("bylines", "UPDATE article_authors SET shown_at = NULL WHERE article_id = 1", 1, None, ..., (ARTICLE,)),
    Break("tags", "UPDATE article_tags SET shown_at = 5 WHERE article_id = 1", 1, 5, ..., (ARTICLE,)),
    Break("listed", "DELETE FROM list_members WHERE article_id = 1 AND list_key = 'must-reads'", "must-reads", None, 1),
    Break("unlisted", "INSERT INTO list_members VALUES (3, 'must-reads')", "must-reads", 3, None),
    Break("places", "UPDATE comments SET article_id = 2 WHERE id = 3", 3, 2, 1, (COMMENT,), frozenset({"comments"})),
    Break("depths", "UPDATE comments SET depth = 9 WHERE id = 3", 3, 9, 2, (COMMENT,)),
    Break(
        "hidden",
        "UPDATE ranked_lists SET items = json_insert(items, '$[#]', json('[3, null, 0, []]')) WHERE key = 'must-reads'",
        "must-reads",
        None,
        3,
        (ListChanged("must-reads", ListDiff((1, 2), (), (3,))),),
        frozenset({"listed"}),
    ),
    Break(
        "ranked",
        "UPDATE ranked_lists SET items = '[]' WHERE key = 'latest/news'",
        "latest/news",
        None,
        2,
        (ListChanged("latest/news", ListDiff((2, 1), (2, 1), ())),),
        frozenset({"unlisted"}),
    ),
    Break(
        "ranked",
        "UPDATE ranked_lists SET items = '[]' WHERE key = 'of-our-own'",
        "of-our-own",
        None,
        2,
        (ListChanged("of-our-own", ListDiff((2,), (2,), ())),),
        frozenset({"unlisted"}),
    ),
    Break("versions", "UPDATE ranked_lists SET version = 1 WHERE key = 'latest'", "latest", 1, ..., (CURATED,)),
    Break("prints", "UPDATE comment_prints SET user_id = 2 WHERE comment_id = 1", 1, 2, 1),
    Break("erased", "UPDATE users SET subject = char(10) || id WHERE id = 4", 4, 1, 0),
    Break("numbers", "UPDATE stream SET last_seq = last_seq - 1", "last_seq", ..., ...),
    Break("gaps", "DELETE FROM log WHERE seq = 3", "trimmed_seq", 0, 3, others=frozenset({"trimmed"})),
    Break(
        "gaps",
        "DELETE FROM log WHERE seq = (SELECT last_seq FROM stream)",
        "trimmed_seq",
        0,
        ...,
        others=frozenset({"trimmed"}),
    ),
    Break("trimmed", "UPDATE stream SET trimmed_seq = 2", "log", 2, 0),
    Break("search", "DELETE FROM article_search WHERE rowid = 1", 1, 0, 1, (ARTICLE,)),
    Break("search", "UPDATE article_search SET body = 'other' WHERE rowid = 1", 1, 1, 1, (ARTICLE,)),
    Break("search", "UPDATE article_search SET tags = '' WHERE rowid = 1", 1, 1, 1, (ARTICLE,)),
    Break("unsearched", "INSERT INTO article_search (rowid, body) VALUES (99, 'ghost')", 99, 1, 0),
    Break("words", "DELETE FROM article_search_data WHERE id > 10", "database", ..., None),
]


@pytest.fixture
async def furnished(desk: Desk) -> Desk:
    """An article with tags, views, a place in a list, and a thread of three with a reaction and a report."""
    article = await desk.publish("Ferry runs again", tags=("sea", "harbour"))
    await desk.publish("Another")
    await desk.schedule(hours=1)
    first = await desk.say(article, "First")
    second = await desk.say(article, "Second", parent=first)
    await desk.say(article, "Third", parent=second)
    editor = desk.who(Role.EDITOR)
    await comments.react(desk.newsroom, editor, comments.ReactToComment(first, ReactionKind.LIKE))
    await comments.flag(desk.newsroom, editor, comments.FlagComment(first, FlagReason.OTHER))
    await views.add(desk.newsroom, [ViewCount(article, 40)])
    await desk.curate("must-reads", article)
    await desk.curate("of-our-own", 2)
    return desk


def execute(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(sql)


async def test_nothing_has_drifted(furnished: Desk) -> None:
    assert await checked(furnished) == {}


@pytest.mark.parametrize("broken", BREAKS, ids=[f"{n}-{broken.check}" for n, broken in enumerate(BREAKS)])
async def test_what_is_broken_is_reported_mended_and_told(furnished: Desk, database: Path, broken: Break) -> None:
    desk = furnished
    await desk.events()
    execute(database, broken.sql)
    found = await checked(desk)
    assert set(found) - broken.others == {broken.check}
    [drift] = found[broken.check].found
    for value, expected in ((drift.key, broken.key), (drift.stored, broken.stored), (drift.right, broken.right)):
        assert expected is ... or value == expected
    mended = await checked(desk, fix=True)
    assert mended[broken.check].mended == 1
    assert not any(report.left for report in mended.values())
    assert await checked(desk) == {}
    desk.seen = max(desk.seen, (await desk.read(lambda session: session.log.head())).trimmed_seq)
    told = [getattr(event, "cause", event) for event in await desk.events()]
    assert tuple(told) == broken.told


async def test_every_check_is_broken_once() -> None:
    by_hand = {check.name for check in CHECKS if not check.mends}
    assert {broken.check for broken in BREAKS} | by_hand | {"indexes"} == set(NAMED)


# Columns that say what other rows say, too, with the checks that count them anew.
KEPT_TWICE: dict[tuple[str, str], set[str]] = {
    ("articles", "view_count"): {"views"},
    ("articles", "comment_count"): {"comments"},
    ("articles", "thread_count"): {"threads"},
    ("comments", "flag_count"): {"flags"},
    ("comments", "reply_count"): {"replies"},
    ("comments", "descendants"): {"descendants"},
    ("comments", "likes"): {"likes"},
    ("comments", "insightfuls"): {"insightfuls"},
    ("comments", "disagrees"): {"disagrees"},
    ("stream", "last_seq"): {"numbers"},
    ("stream", "trimmed_seq"): {"gaps", "trimmed"},
    ("comments", "article_id"): {"places"},
    ("comments", "depth"): {"depths"},
    ("comments", "status"): {"statuses"},
    ("comment_prints", "user_id"): {"prints"},
    ("article_authors", "shown_at"): {"bylines"},
    ("article_tags", "shown_at"): {"tags"},
    ("ranked_lists", "items"): {"hidden", "ranked"},
    ("ranked_lists", "version"): {"versions"},
    ("list_members", "article_id"): {"listed", "unlisted"},
}
COUNTER = re.compile(r"(\w+) INTEGER NOT NULL DEFAULT 0(?! CHECK \(\w+ IN \(0, 1\)\))")


async def test_every_counter_of_the_schema_is_recounted(furnished: Desk, database: Path) -> None:
    """Whatever begins with 0 and is no truth value counts something."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        columns = {(name, row[1]) for name, _ in tables for row in connection.execute(f"PRAGMA table_xinfo({name})")}
    counters = {(name, column) for name, sql in tables for column in COUNTER.findall(sql)}
    assert len(counters) >= 11
    assert counters <= set(KEPT_TWICE), "say which check recounts it"
    assert set(KEPT_TWICE) <= columns
    assert set().union(*KEPT_TWICE.values()) <= set(NAMED)


async def test_every_index_that_lacks_rows_is_made_anew(furnished: Desk, database: Path) -> None:
    indexes = full_indexes(database)
    assert len(indexes) >= 15
    for name, text in indexes:
        empty(database, name, text)
        found = await checks.run(furnished.newsroom, NAMED["indexes"], fix=True)
        assert f"index {name}" in str(found.found[0].stored)
        assert (found.mended, found.left) == (1, 0), name


def full_indexes(database: Path) -> list[tuple[str, str]]:
    """Those that have a row at least, with the text that made them."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''")
        found = [(name, table, text, text.partition(" WHERE ")[2] or "1") for name, table, text in rows.fetchall()]
        count = "SELECT count(*) FROM {} WHERE {}"
        return [
            (name, text) for name, table, text, of in found if connection.execute(count.format(table, of)).fetchone()[0]
        ]


def empty(database: Path, name: str, text: str) -> None:
    """Makes the index anew as if it were to have no rows, and then says that it has all."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for told in (f"{text} AND 0" if " WHERE " in text else f"{text} WHERE 0", text):
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (told, name))
            connection.execute("PRAGMA writable_schema = RESET")
            if told != text:
                connection.execute(f"REINDEX {name}")


async def test_what_a_comment_has_become_is_for_a_person_to_say(furnished: Desk, database: Path) -> None:
    execute(database, "INSERT INTO comment_history (comment_id, after, at) VALUES (1, 'REJECTED', 0)")
    found = await checked(furnished, fix=True)
    assert [(drift.key, drift.stored, drift.right) for drift in found["statuses"].found] == [
        (1, "PUBLISHED", "REJECTED")
    ]
    assert (found["statuses"].mended, found["statuses"].left) == (0, 1)


async def test_a_damaged_file_is_checked_to_its_end(furnished: Desk, database: Path) -> None:
    """What cannot be mended is left, and said, and all that can be looked at is."""
    damage(database, "comments_top_created")
    reports = {one.name: await checks.run(furnished.newsroom, one, fix=True) for one in CHECKS}
    assert reports["integrity"].left
    assert (reports["comments"].left, reports["threads"].left, reports["search"].left) == (0, 0, 0)


async def test_a_row_that_refers_to_nothing_is_for_a_person(furnished: Desk, database: Path) -> None:
    execute(database, "INSERT INTO list_pins VALUES ('must-reads', 9, 999)")
    found = await checked(furnished, fix=True)
    assert (found["references"].mended, found["references"].left) == (0, 1)


async def test_reports_that_were_answered_are_no_drift(furnished: Desk) -> None:
    await furnished.moderate(1, CommentStatus.PUBLISHED)
    assert await checked(furnished) == {}


async def test_mending_one_shows_the_next(furnished: Desk, database: Path) -> None:
    """A held comment is shown only for the published ones below it."""
    await furnished.moderate(2, CommentStatus.REJECTED)
    execute(database, "UPDATE comments SET descendants = 0")
    found = await checked(furnished, fix=True)
    assert not any(report.left for report in found.values())
    assert await checked(furnished) == {}


async def test_more_than_a_transaction_takes_is_mended_in_several(furnished: Desk, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for n in range(checks.LIMIT + 50):
            connection.execute(
                "INSERT INTO comments (article_id, user_id, body, status, depth, created_at, likes)"
                " VALUES (1, 1, ?, 'PENDING', 0, 0, 3)",
                (str(n),),
            )
    report = await checks.run(furnished.newsroom, NAMED["likes"], fix=True)
    assert (len(report.found), report.mended, report.left) == (checks.LIMIT, checks.LIMIT + 50, 0)


async def test_what_changed_meanwhile_is_left_alone(furnished: Desk, database: Path) -> None:
    """Found, then changed by somebody else: the next pass sees what is right then."""
    check: Check = NAMED["likes"]
    execute(database, "UPDATE comments SET likes = 4 WHERE id = 1")
    found = await checks.check(furnished.newsroom, check)
    execute(database, "UPDATE comments SET likes = 5 WHERE id = 1")
    assert await furnished.newsroom.store.write(lambda session: session.checks.mend("likes", found[0])) is False
    assert (await checks.run(furnished.newsroom, check, fix=True)).left == 0
    assert (await furnished.comment(1)).likes == 1


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_people_do_nothing_drifts(desk: Desk, seed: int) -> None:
    article = await desk.publish(tags=("sea",))
    crowd = Crowd(desk, seed, article, [await desk.viewer(f"r{n}") for n in range(3)] + [desk.who(Role.STAFF)])
    for step in range(100):
        await crowd.act()
        if step % 10 == 0:
            desk.clock.tick(seconds=crowd.chance.randrange(0, 100))
            await views.add(desk.newsroom, [ViewCount(article, crowd.chance.randrange(1, 5))])
            await desk.publish(f"Another {step}")
            await desk.refresh("latest")
    await desk.retract(article)
    assert await checked(desk) == {}
