"""Every page is a range of an index: however much is kept, a page reads no more rows than it has.

Each query runs for real, its statement is noted, and SQLite is asked how it would run it.
"""

# ruff: noqa: B023 -- each lambda is used up before its loop goes on

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from newsgraph.domain.articles import ArticleFilter, ArticleOrder, ArticleStatus
from newsgraph.domain.comments import CommentOrder, ModerationQueueName
from newsgraph.domain.erasures import Mode
from newsgraph.domain.events import SectionChanged
from newsgraph.domain.pages import Slice
from newsgraph.domain.views import ViewCount, Window
from newsgraph.ports.comments import Print
from newsgraph.ports.store import Session
from newsgraph.storage.database import SqliteStore
from tests.conftest import Clock
from tests.contract.room import Room

Query = Callable[[Session], Awaitable[object]]

# May be read from end to end: the rows of a parameter, and tables that are small and always will be.
# "parent" and "CONSTANT" are a single value.
SMALL = {"json_each", "parent", "CONSTANT", "chain", "stream", "sections", "api_keys", "erasures"}
SMALL |= {"sqlite_autoindex_sections_2"}
# May be read in the order of an index up to the page's limit, or to be counted: the index holds nothing else.
ORDERED = re.compile(r"authors_name|comments_(article_|user_)?(unmoderated|reported|pending)")
# The sums of a window; the log's oldest entries, which are then dropped.
READ = {"popular": "sum(b.views * w.weight)", "log": "SELECT seq FROM log WHERE at >="}
# Sorted by what no index can know: a comment's few ancestors, how well words match, views summed over a window,
# all that is held on one person.
SORTED = (
    "WITH RECURSIVE chain",
    "bm25(",
    "JOIN article_words",
    "sum(b.views * w.weight)",
    "(SELECT id FROM comments WHERE user_id",
    "created_at, edited_at FROM comments WHERE user_id",
)

INTS = (Slice(2), Slice(2, (5, 6)), Slice(2, None, (5, 6)), Slice(2, (5, 6), (7, 8)))
EDGES = [Slice(s.limit, s.after, s.before, backward) for s in INTS for backward in (False, True)]
NAMES = [Slice(2), Slice(2, ("a", 1), None), Slice(2, ("a", 1), ("b", 2), backward=True)]
PARENTS = ([1], [1, 2])  # one alone is asked for in another way than several
FILTERS = [
    ArticleFilter(),
    ArticleFilter(section="asia"),
    ArticleFilter(author="ada"),
    ArticleFilter(tag="tag"),
    ArticleFilter("asia", "ada", "tag"),
]


def article_pages() -> Iterator[Query]:
    for where, order, asked in itertools.product(FILTERS, ArticleOrder, EDGES):
        yield lambda s: s.articles.page(where, order, asked)
        bounded = ArticleFilter(where.section, where.author, where.tag, Clock.now, Clock.now)
        yield lambda s: s.articles.page(bounded, order, asked)
    for ids, asked in itertools.product(PARENTS, EDGES):
        yield lambda s: s.articles.pages_of_sections(ids, asked)
        yield lambda s: s.articles.pages_of_authors(ids, asked)


def comment_pages() -> Iterator[Query]:
    for ids, order, asked in itertools.product(PARENTS, CommentOrder, EDGES):
        yield lambda s: s.comments.pages_of_articles(ids, order, asked)
        yield lambda s: s.comments.pages_of_comments(ids, order, asked)
    for name, article, asked in itertools.product(ModerationQueueName, (None, 1), EDGES):
        yield lambda s: s.comments.queue(name, article, asked)
    for article, asked in itertools.product((None, 1), EDGES):
        yield lambda s: s.comments.waiting(1, article, asked)


def author_pages() -> Iterator[Query]:
    for asked in NAMES:
        yield lambda s: s.authors.page(asked)


def log_reads() -> Iterator[Query]:
    yield lambda s: s.log.head()
    yield lambda s: s.log.after(0, 9)
    yield lambda s: s.log.of_topic("section:asia", 0, 9)
    yield lambda s: s.log.of_kind("section", 0, 9)
    yield lambda s: s.log.newest_of_topic("section:asia", 0, 9)
    yield lambda s: s.log.newest_of_kind("section", 0, 9)


def by_key() -> Iterator[Query]:
    yield lambda s: s.articles.by_ids([1])
    yield lambda s: s.articles.by_slugs(["a"])
    yield lambda s: s.articles.by_urls(["a"])
    yield lambda s: s.articles.bodies([1])
    yield lambda s: s.articles.html([1])
    yield lambda s: s.articles.texts([1])
    yield lambda s: s.articles.tags([1])
    yield lambda s: s.articles.slug_taken("a")
    yield lambda s: s.articles.due(9)
    yield lambda s: s.articles.origin("a", "b")
    yield lambda s: s.authors.by_ids([1])
    yield lambda s: s.authors.by_slugs(["a"])
    yield lambda s: s.authors.of_articles([1, 2])
    yield lambda s: s.comments.by_ids([1])
    yield lambda s: s.comments.chain(1)
    yield lambda s: s.comments.history([1, 2])
    yield lambda s: s.comments.flags([1, 2])
    yield lambda s: s.comments.reactions_of(1, [1, 2])
    yield lambda s: s.comments.posted_since(1, s.now, 9)
    yield lambda s: s.comments.published_of(1, 0, 9)
    yield lambda s: s.comments.printed(Print(1, 1, s.now))
    yield lambda s: s.comments.own_prints(Print(1, 1, s.now))
    yield lambda s: s.comments.print_authors(Print(1, 1, s.now), 9)
    yield lambda s: s.lists.by_keys(["latest"])
    yield lambda s: s.lists.containing(1)
    yield lambda s: s.lists.curation("latest")
    yield lambda s: s.receipts.find(1, "m", "k")
    yield lambda s: s.sections.all()
    yield lambda s: s.sections.by_slug("asia")
    yield lambda s: s.users.by_ids([1])
    yield lambda s: s.users.by_subject("kim")


def by_keys() -> Iterator[Query]:
    for many in (["a", "b"], ["Ä"]):
        yield lambda s: s.articles.by_slugs(many)
        yield lambda s: s.articles.by_urls(many)
        yield lambda s: s.authors.by_slugs(many)
        yield lambda s: s.lists.by_keys(many)
    yield lambda s: s.articles.by_ids([1, 2])
    yield lambda s: s.articles.bodies([1, 2])
    yield lambda s: s.articles.html([1, 2])
    yield lambda s: s.articles.texts([1, 2])
    yield lambda s: s.articles.tags([1, 2])
    yield lambda s: s.authors.by_ids([1, 2])
    yield lambda s: s.authors.of_articles([1])
    yield lambda s: s.comments.by_ids([1, 2])
    yield lambda s: s.users.by_ids([1, 2])


def figures() -> Iterator[Query]:
    for section, window in itertools.product((None, 1), Window):
        yield lambda s: s.lists.popular(section, window, 9)
        yield lambda s: s.lists.latest(section, 9)
    yield lambda s: s.lists.likenesses(1, 9)
    yield lambda s: s.lists.stale("related/", s.now, 9)
    yield lambda s: s.views.counts([1, 2], Window.WEEK)
    yield lambda s: s.articles.search("headline", None, Slice(9, (-1.5, 3)))
    yield lambda s: s.articles.search_count("headline", 1)


def counts() -> Iterator[Query]:
    """A count reads the whole range of an index, but nothing beside it."""
    for where in FILTERS:
        yield lambda s: s.articles.count(where)
    yield lambda s: s.articles.counts_of_sections([1, 2])
    yield lambda s: s.articles.counts_of_authors([1, 2])
    for name, article in itertools.product(ModerationQueueName, (None, 1)):
        yield lambda s: s.comments.queue_count(name, article)
    for article in (None, 1):
        yield lambda s: s.comments.waiting_count(1, article)


def changes() -> Iterator[Query]:
    yield lambda s: s.log.trim(s.now - timedelta(days=1), 100)
    yield lambda s: s.receipts.prune(s.now - timedelta(days=1))
    yield lambda s: s.views.prune()
    yield lambda s: s.views.add([ViewCount(1, 1)])
    yield lambda s: s.articles.set_tags(1, ["tag"])
    yield lambda s: s.articles.set_authors(1, [1])
    yield lambda s: s.articles.add_comments(1, 1, 1)
    yield lambda s: s.articles.set_status(1, ArticleStatus.PUBLISHED, s.now)
    yield lambda s: s.comments.set_reaction(1, 1, None)
    yield lambda s: s.comments.prune_prints(s.now)
    yield restrict
    yield erase


async def erase(session: Session) -> None:
    """Somebody's own rows among everybody's."""
    [user] = await session.users.by_ids([1])
    await session.erasures.begin(user, Mode.TOMBSTONE)
    await session.erasures.held(1)
    await session.erasures.reacted(1, 9)
    await session.erasures.take_back_flags(1, 9)
    await session.erasures.hand_over(await session.erasures.comments(1, 9))
    await session.erasures.unsign(1, 9)
    await session.erasures.note(1)
    await session.erasures.finish(1)


async def restrict(session: Session) -> None:
    [user] = await session.users.by_ids([1])
    await session.users.restrict(user)


@pytest.fixture
async def furnished(sqlite: SqliteStore, clock: Clock) -> SqliteStore:
    room = Room(sqlite, clock)
    ada = await room.author()
    article = await room.article([ada.id], ["tag"])
    await room.article([ada.id], ["tag"])
    await room.comment(article, await room.comment(article))
    await sqlite.write(append)
    return sqlite


async def append(session: Session) -> None:
    session.log.append(SectionChanged("asia"))


@contextmanager
def noted(store: SqliteStore) -> Iterator[set[str]]:
    texts: set[str] = set()
    store.on_statement = texts.add
    yield texts
    store.on_statement = None


@dataclass(frozen=True)
class Step:
    node: int
    parent: int
    detail: str

    @property
    def scanned(self) -> str | None:
        """What is read from end to end: a table, or an index where one gives the order."""
        match = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", self.detail)
        searched = "VIRTUAL TABLE" in self.detail and self.detail.startswith(
            ("SCAN article_search", "SCAN article_words")
        )
        return None if match is None or searched else match[2] or match[1]

    @property
    def sorts(self) -> bool:
        return "TEMP B-TREE" in self.detail


def plan(database: Path, text: str) -> list[Step]:
    """How SQLite would run it."""
    parameters = [None] * max(map(int, re.findall(r"\?(\d+)", text)), default=0)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", parameters).fetchall()
    return [Step(node, parent, detail) for node, parent, _, detail in rows]


def objections(text: str, steps: list[Step]) -> list[str]:
    """Why this plan gets slower with everything that is kept."""
    scanned = [step.scanned for step in steps if step.scanned]
    large = [name for name in scanned if name not in SMALL and not ORDERED.fullmatch(name)]
    found = [f"reads all of {name}" for name in large if READ.get(name, "nothing") not in text]
    by_id = any("CORRELATED LIST SUBQUERY" in step.detail for step in steps)
    for step in steps:
        few = by_id and step.parent == 0  # sorts what inner pages have found, not what they looked through
        if step.sorts and not few and not any(mark in text for mark in SORTED):
            found.append(step.detail)
    return found


@pytest.mark.parametrize(
    "queries", [article_pages, comment_pages, author_pages, log_reads, by_key, by_keys, figures, counts, changes]
)
async def test_every_statement_uses_an_index(
    furnished: SqliteStore, database: Path, queries: Callable[[], Iterator[Query]]
) -> None:
    run = furnished.write if queries is changes else furnished.read
    with noted(furnished) as texts:
        for query in queries():
            await run(query)
    assert texts
    found = {text: objections(text, plan(database, text)) for text in texts}
    assert {text: why for text, why in found.items() if why} == {}


async def test_every_bound_of_a_page_is_a_bound_of_its_index(furnished: SqliteStore, database: Path) -> None:
    """A row value that is only filtered by would step over all equal sort keys before it."""
    with noted(furnished) as texts:
        for query in itertools.chain(article_pages(), comment_pages(), author_pages()):
            await furnished.read(query)
    for text in texts:
        bounds = len(re.findall(r"\) [<>] \(", text))
        used = sum(len(re.findall(r"\)[<>]\(", step.detail)) for step in plan(database, text))
        assert used == bounds or "FROM authors" in text, text


async def test_a_deep_page_costs_no_more_than_the_first(furnished: SqliteStore, database: Path) -> None:
    """All with the same sort key, which is the worst for cursors."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE comments SET likes = 0")
        rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        connection.execute(
            f"{rows} INSERT INTO comments (article_id, user_id, body, status, depth, created_at)"
            " SELECT 1, 1, 'x', 'PUBLISHED', 0, 0 FROM n"
        )
    for order, sort in ((CommentOrder.OLDEST, 0), (CommentOrder.MOST_REACTED, 0)):
        first = await steps_of(furnished, database, order, None)
        deep = await steps_of(furnished, database, order, (sort, 2_500))
        assert deep < first * 1.5 + 100


async def steps_of(store: SqliteStore, database: Path, order: CommentOrder, after: tuple[int, int] | None) -> int:
    """Instructions of SQLite's machine for one page."""
    with noted(store) as texts:
        await store.read(lambda s: s.comments.pages_of_articles([1], order, Slice(20, after)))
    (text,) = texts
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with closing(sqlite3.connect(database)) as connection:
        connection.set_progress_handler(count, 1)
        assert len(connection.execute(text, (1, 21, *(after or ()))).fetchall()) == 21
    return steps
