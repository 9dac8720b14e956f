"""The demo newsroom: what it holds, and that everything in it moves."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from newsgraph import app
from newsgraph.actions.newsroom import Newsroom
from newsgraph.demo import loader, simulation
from newsgraph.demo.newsroom import Content, DemoComment, read_content
from newsgraph.domain.articles import ArticleFilter
from newsgraph.domain.events import ArticleChanged, CommentChanged, Entry, ViewsCounted
from newsgraph.ports.store import Session
from newsgraph.settings import Settings


@pytest.fixture(scope="module")
def content() -> Content:
    return read_content()


@pytest.fixture
async def newsroom(copied: Path) -> AsyncIterator[Newsroom]:
    async with app.open_newsroom(Settings(database=f"sqlite:///{copied}")) as newsroom:
        yield newsroom


def test_the_content_is_a_newsroom(content: Content) -> None:
    assert len(content.articles) >= 40
    assert {"Asia", "World", "Debate", "Lifestyle"} <= set(content.sections)
    assert len(content.sections) >= 6
    assert len({article.slug for article in (*content.articles, *content.upcoming)}) == len(content.articles) + len(
        content.upcoming
    )


def test_its_readers_write_in_several_scripts(content: Content) -> None:
    said = "".join(text for article in content.articles for comment in article.comments for text in texts(comment))
    scripts = {unicodedata.name(letter, "").split()[0] for letter in said if letter.isalpha()}

    assert {"LATIN", "HANGUL", "CJK", "ARABIC", "CYRILLIC", "DEVANAGARI", "HIRAGANA"} <= scripts


def texts(comment: DemoComment) -> list[str]:
    return [comment.text, *(text for reply in comment.replies for text in texts(reply))]


async def test_everything_of_the_content_is_there(newsroom: Newsroom, content: Content) -> None:
    async def look(session: Session) -> tuple[int, int, int]:
        articles = await session.articles.by_slugs([article.slug for article in content.articles])
        comments = sum(article.comment_count for article in articles)
        return await session.articles.count(ArticleFilter()), comments, sum(a.view_count for a in articles)

    articles, comments, views = await newsroom.store.read(look)

    assert articles == len(content.articles)
    assert comments == sum(len(texts(comment)) for article in content.articles for comment in article.comments)
    assert views == pytest.approx(sum(article.views for article in content.articles), rel=0.01)


async def test_editors_pins_lead_the_must_reads(newsroom: Newsroom, content: Content) -> None:
    async def look(session: Session) -> list[str]:
        [stored] = await session.lists.by_keys(["must-reads"])
        ids = [item.article_id for item in stored.items if item.pinned]
        slugs = {article.id: article.slug for article in await session.articles.by_ids(ids)}
        return [slugs[one] for one in ids]

    assert await newsroom.store.read(look) == list(content.pins["must-reads"])


async def test_loading_twice_changes_nothing(newsroom: Newsroom) -> None:
    before = await newsroom.store.read(lambda session: session.log.head())
    await loader.load(newsroom, loader.DemoClock())

    assert await newsroom.store.read(lambda session: session.log.head()) == before


async def test_within_seconds_something_of_everything_happens(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At fifty times the speed: readers read and comment, the desk publishes, mends and moderates."""
    monkeypatch.setattr(simulation, "_LIFE", [(seconds / 50, happen) for seconds, happen in simulation._LIFE])
    monkeypatch.setattr(simulation, "_FIRST_STORY", 0.2)
    before = await newsroom.store.read(lambda session: session.log.head())
    with suppress(TimeoutError):
        await asyncio.wait_for(simulation.run(newsroom), timeout=3)

    entries = await newsroom.store.read(lambda session: session.log.after(before.last_seq, 10_000))
    assert {"POSTED", "REACTED", "MODERATED", "FLAGGED"} <= comment_causes(entries)
    assert {"PUBLISHED", "UPDATED"} <= article_causes(entries)
    assert any(isinstance(entry.event, ViewsCounted) for entry in entries)


def comment_causes(entries: Sequence[Entry]) -> set[str]:
    return {entry.event.cause.value for entry in entries if isinstance(entry.event, CommentChanged)}


def article_causes(entries: Sequence[Entry]) -> set[str]:
    return {entry.event.cause.value for entry in entries if isinstance(entry.event, ArticleChanged)}
