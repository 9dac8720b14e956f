"""How many SQL statements a page costs: a fixed number, whatever the size of the newsroom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsgraph import app
from newsgraph.actions import comments, lists, users
from newsgraph.actions.imports import import_drafts
from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.domain.articles import ArticleDraft
from newsgraph.domain.authors import Byline
from newsgraph.domain.users import Claims, Role
from newsgraph.engine import documents
from newsgraph.graph import schema
from newsgraph.graph.context import Context, Services
from newsgraph.graph.dependencies import Dependencies
from newsgraph.live.hub import Hub
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.settings import Settings
from newsgraph.storage.database import SqliteStore

OPERATIONS = Path(__file__).parents[2] / "schema" / "operations"
LIMIT = 14


@dataclass(frozen=True)
class Size:
    sections: int
    articles: int
    authors: int
    comments: int


SMALL = Size(sections=2, articles=8, authors=1, comments=2)
LARGE = Size(sections=15, articles=100, authors=4, comments=40)


@asynccontextmanager
async def newsroom_of(size: Size, folder: Path) -> AsyncIterator[Newsroom]:
    async with app.open_newsroom(Settings(database=f"sqlite:///{folder / 'news.db'}")) as newsroom:
        await import_drafts(newsroom, [draft(size, number) for number in range(size.articles)])
        for number in range(size.comments):
            await discuss(newsroom, number)
        await lists.rank_popular(newsroom)
        await lists.ensure_related(newsroom, 1)
        yield newsroom


def draft(size: Size, number: int) -> ArticleDraft:
    return ArticleDraft(
        source="test",
        guid=str(number),
        headline=f"Harbour news {number}",
        body_html=f"<p>The harbour, day {number}.</p>",
        section=f"Section {number % size.sections}",
        authors=tuple(Byline(f"Author {number} {place}") for place in range(size.authors)),
        published_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
    )


async def discuss(newsroom: Newsroom, number: int) -> None:
    """A new person's comment on the first article, every other time as an answer."""
    claims = Claims(f"test:{number}", f"Reader {number}", Role.READER, datetime.now(UTC), None)
    viewer = await users.recognise(newsroom, claims)
    parent = number if number % 2 else None
    await comments.post(newsroom, viewer, comments.PostComment(1, parent, f"Comment {number}", None))


async def statements_of(newsroom: Newsroom, operation: str, **variables: object) -> list[str]:
    """The texts of the statements that an operation runs."""
    store = newsroom.store
    assert isinstance(store, SqliteStore)
    head = await store.read(lambda session: session.log.head())
    streams, tail = Streams(store, Hub(10), head.epoch, 10), Tail(store, Hub(10))
    services = Services(newsroom, streams, ViewCounter(newsroom.settings, app.now), tail, app.now)
    heard: list[str] = []
    store.on_statement = heard.append
    text, built = (OPERATIONS / operation).read_text("utf-8"), schema.build()
    depends = Dependencies(documents.check(built.core, documents.Request(text)).places)
    result = await built.execute(text, variables, Context(services, depends=depends))
    store.on_statement = None
    assert result.errors is None
    assert result.data is not None
    assert all(result.data.values())
    return heard


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("operation", "variables"), [("ArticlePage.graphql", {"slug": "harbour-news-0"}), ("FrontPage.graphql", {})]
)
async def test_a_page_runs_few_statements(
    tmp_path: Path, size: Size, operation: str, variables: dict[str, object]
) -> None:
    async with newsroom_of(size, tmp_path) as newsroom:
        statements = await statements_of(newsroom, operation, **variables)

    assert len(statements) <= LIMIT, "\n\n".join(statements)


async def test_a_page_costs_the_same_in_a_large_newsroom(tmp_path: Path) -> None:
    counts = set()
    for name, size in (("small", SMALL), ("large", LARGE)):
        (tmp_path / name).mkdir()
        async with newsroom_of(size, tmp_path / name) as newsroom:
            counts.add(len(await statements_of(newsroom, "FrontPage.graphql")))

    assert len(counts) == 1
