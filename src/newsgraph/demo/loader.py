"""Fills a fresh newsroom with the demo's content, by the same actions that anybody uses, one after another in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from newsgraph.actions import articles, authors, comments, lists, sections, views
from newsgraph.actions.newsroom import Newsroom
from newsgraph.demo.newsroom import IMAGES, Content, DemoArticle, DemoComment, read_content
from newsgraph.demo.people import People, gather
from newsgraph.domain.articles import AdSlot, ArticleFilter, Image
from newsgraph.domain.authors import Byline
from newsgraph.domain.comments import CommentStatus, ReactionKind
from newsgraph.domain.views import ViewCount
from newsgraph.ports.store import Session

_VIEW_MOMENTS = 8  # in how many portions an article's views arrive over its life
_AD_SLOTS = (AdSlot(1, "below the headline"), AdSlot(2, "after the comments"))


class DemoClock:
    """The newsroom's clock while its past is told; afterwards the real one."""

    def __init__(self) -> None:
        self._ago: timedelta | None = None

    def __call__(self) -> datetime:
        now = datetime.now(UTC)
        return now if self._ago is None else now - self._ago

    def set(self, minutes_ago: float | None) -> None:
        self._ago = None if minutes_ago is None else timedelta(minutes=minutes_ago)


@dataclass(slots=True)
class _Telling:
    """What is known while the past is told: ids of what was published and posted so far."""

    newsroom: Newsroom
    people: People
    articles: dict[str, int] = field(default_factory=dict)
    comments: dict[int, int] = field(default_factory=dict)


Moment = tuple[float, Callable[[_Telling], Awaitable[None]]]
"""How many minutes ago, and what happened."""


async def load(newsroom: Newsroom, clock: DemoClock) -> None:
    """Does nothing when the newsroom has articles already."""
    if await newsroom.store.read(lambda s: s.articles.count(ArticleFilter())):
        return
    content = await asyncio.to_thread(read_content)
    await newsroom.store.write(lambda session: _furnish(session, content))
    telling = _Telling(newsroom, await gather(newsroom, content))
    for minutes_ago, happen in sorted(_moments(content), key=lambda moment: -moment[0]):
        clock.set(minutes_ago)
        await happen(telling)
    clock.set(None)
    await _curate(telling, content)


async def _furnish(session: Session, content: Content) -> None:
    for name in content.sections:
        await sections.ensure(session, name)
    for author in content.authors:
        await authors.ensure(session, Byline(author["name"], author.get("email"), author.get("bio")))


def _moments(content: Content) -> Iterator[Moment]:
    for article in content.articles:
        yield article.minutes_ago, _publishing(article)
        yield from _readings(article)
        for comment in article.comments:
            yield from _discussion(article, comment, None)


def _publishing(article: DemoArticle) -> Callable[[_Telling], Awaitable[None]]:
    async def happen(telling: _Telling) -> None:
        telling.articles[article.slug] = await publish(telling.newsroom, telling.people, article)

    return happen


async def publish(newsroom: Newsroom, people: People, article: DemoArticle) -> int:
    image = dict(article.image)
    image["url"] = f"{newsroom.settings.address}{IMAGES}{image.pop('file')}"
    command = articles.PublishArticle(
        headline=article.headline,
        standfirst=article.standfirst,
        body_html=article.body_html,
        section=article.section,
        authors=article.authors,
        slug=article.slug,
        tags=article.tags,
        language=article.language,
        lead_image=Image(width=1200, height=675, **image),
        publish_at=None,
        key=None,
    )
    article_id = await articles.publish(newsroom, people.editor, command)
    await articles.set_ad_slots(newsroom, people.editor, article_id, _AD_SLOTS)
    return article_id


def _readings(article: DemoArticle) -> Iterator[Moment]:
    """Most readers come early: each portion of the views is smaller than the one before."""
    weights = [1 / (place + 1) for place in range(_VIEW_MOMENTS)]
    for place, weight in enumerate(weights):
        portion = round(article.views * weight / sum(weights))
        if portion:
            yield article.minutes_ago * (1 - (place + 1) / (_VIEW_MOMENTS + 1)), _reading(article, portion)


def _reading(article: DemoArticle, portion: int) -> Callable[[_Telling], Awaitable[None]]:
    async def happen(telling: _Telling) -> None:
        await views.add(telling.newsroom, [ViewCount(telling.articles[article.slug], portion)])

    return happen


def _discussion(article: DemoArticle, comment: DemoComment, parent: DemoComment | None) -> Iterator[Moment]:
    yield comment.minutes_ago, _posting(article, comment, parent)
    for reply in comment.replies:
        yield from _discussion(article, reply, comment)


def _posting(
    article: DemoArticle, comment: DemoComment, parent: DemoComment | None
) -> Callable[[_Telling], Awaitable[None]]:
    async def happen(telling: _Telling) -> None:
        parent_id = None if parent is None else telling.comments[id(parent)]
        command = comments.PostComment(telling.articles[article.slug], parent_id, comment.text, None)
        posted = await comments.post(telling.newsroom, telling.people.readers[comment.by], command)
        telling.comments[id(comment)] = posted.comment_id
        if posted.status is CommentStatus.PENDING:
            await _approve(telling, posted.comment_id)
        await _react(telling, comment, posted.comment_id)

    return happen


async def _approve(telling: _Telling, comment_id: int) -> None:
    command = comments.ModerateComment(comment_id, CommentStatus.PUBLISHED, None, None, None)
    await comments.moderate(telling.newsroom, telling.people.moderator, command)


async def _react(telling: _Telling, comment: DemoComment, comment_id: int) -> None:
    kinds = (
        [ReactionKind.LIKE] * comment.likes
        + [ReactionKind.INSIGHTFUL] * comment.insightful
        + [ReactionKind.DISAGREE] * comment.disagree
    )
    commands = (comments.ReactToComment(comment_id, kind, None) for kind in kinds)
    reacting = (
        comments.react(telling.newsroom, viewer, command)
        for viewer, command in zip(telling.people.crowd, commands, strict=False)
    )
    await asyncio.gather(*islice(reacting, len(kinds)))


async def _curate(telling: _Telling, content: Content) -> None:
    """Pins, and every list ranked as it will be seen."""
    for key, slugs in content.pins.items():
        pinned = tuple(telling.articles[slug] for slug in slugs)
        command = lists.CurateList(key, None, pinned, None, None, None)
        await lists.curate(telling.newsroom, telling.people.editor, command)
    await lists.rank_popular(telling.newsroom)
    for article_id in telling.articles.values():
        await lists.ensure_related(telling.newsroom, article_id)
