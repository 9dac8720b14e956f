"""A gentle life for the demo: readers read and comment, the desk publishes and mends, without end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from newsgraph.actions import articles, comments, views
from newsgraph.actions.newsroom import Keep, Newsroom
from newsgraph.demo.loader import publish
from newsgraph.demo.newsroom import Content, DemoArticle, edition_of, read_content
from newsgraph.demo.people import People, gather
from newsgraph.domain.articles import Article, ArticleFilter, ArticleOrder
from newsgraph.domain.comments import Comment, CommentOrder, CommentStatus, FlagReason, ReactionKind
from newsgraph.domain.errors import Problem
from newsgraph.domain.pages import Slice
from newsgraph.domain.users import Viewer
from newsgraph.domain.views import ViewCount

_LATEST = 12  # the articles that the simulation's readers look at


@dataclass(slots=True)
class _Room:
    newsroom: Newsroom
    content: Content
    people: People
    # Only for show: nothing here is a secret.
    chance: random.Random = field(default_factory=random.Random)

    def reader(self) -> Viewer:
        return self.chance.choice(list(self.people.readers.values()))

    async def latest(self) -> list[Article]:
        order, some = ArticleOrder.PUBLISHED_DESC, Slice(_LATEST - 1)
        return list(await self.newsroom.store.read(lambda s: s.articles.page(ArticleFilter(), order, some)))

    async def newest_comments(self, article: Article) -> list[Comment]:
        order, some = CommentOrder.NEWEST, Slice(9)
        pages = await self.newsroom.store.read(lambda s: s.comments.pages_of_articles([article.id], order, some))
        return [comment for comment in pages.get(article.id, ()) if comment.published]


async def run(newsroom: Newsroom) -> None:
    """Until cancelled."""
    content = await asyncio.to_thread(read_content)
    room = _Room(newsroom, content, await gather(newsroom, content))
    async with asyncio.TaskGroup() as life:
        for seconds, happen in _LIFE:
            life.create_task(_again_and_again(room, seconds, happen))
        life.create_task(_publishing(room))


async def _again_and_again(room: _Room, seconds: float, happen: Callable[[_Room], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds * room.chance.uniform(0.5, 1.5))
        try:
            await happen(room)
        except Problem:
            continue  # somebody removed it or closed it in the meantime, as happens in life


async def _read(room: _Room) -> None:
    latest = await room.latest()
    chosen = room.chance.choices(latest, weights=range(len(latest), 0, -1), k=room.chance.randint(1, 9))
    counted = [ViewCount(article.id, chosen.count(article)) for article in set(chosen)]
    await views.add(room.newsroom, counted)


async def _comment(room: _Room) -> None:
    article = _lean_to_first(room, await room.latest())
    above = await room.newest_comments(article)
    parent = room.chance.choice(above) if above and room.chance.random() < 0.4 else None
    text = room.chance.choice(room.content.answers if parent else room.content.remarks)
    command = comments.PostComment(article.id, parent.id if parent else None, text, None)
    await comments.post(room.newsroom, room.reader(), command)


async def _react(room: _Room) -> None:
    comment = await _some_comment(room)
    if comment:
        command = comments.ReactToComment(comment.id, room.chance.choice(list(ReactionKind)), None)
        await comments.react(room.newsroom, room.chance.choice(room.people.crowd), command)


async def _report(room: _Room) -> None:
    comment = await _some_comment(room)
    if comment:
        command = comments.FlagComment(comment.id, FlagReason.OTHER, "Off topic?", None)
        await comments.flag(room.newsroom, room.chance.choice(room.people.crowd), command)


async def _moderate(room: _Room) -> None:
    comment = await _some_comment(room)
    if comment:
        to = CommentStatus.PUBLISHED if room.chance.random() < 0.8 else CommentStatus.REJECTED
        command = comments.ModerateComment(comment.id, to, None, "Community desk", None)
        await comments.moderate(room.newsroom, room.people.moderator, command)


async def _some_comment(room: _Room) -> Comment | None:
    found = await room.newest_comments(_lean_to_first(room, await room.latest()))
    return room.chance.choice(found) if found else None


def _lean_to_first(room: _Room, latest: list[Article]) -> Article:
    """The newest articles are talked about most, so that whoever looks at one sees movement."""
    return room.chance.choices(latest, weights=[2.0**-place for place in range(len(latest))])[0]


async def _mend(room: _Room) -> None:
    """The desk keeps an article up to date."""
    article = _lean_to_first(room, await room.latest())
    first = (article.standfirst or "").removesuffix(_UPDATED)
    changed = first if (article.standfirst or "").endswith(_UPDATED) else first + _UPDATED
    command = articles.UpdateArticle(
        article_id=article.id,
        headline=Keep.KEEP,
        standfirst=changed,
        body_html=Keep.KEEP,
        section=Keep.KEEP,
        authors=Keep.KEEP,
        tags=Keep.KEEP,
        lead_image=Keep.KEEP,
        key=None,
    )
    await articles.update(room.newsroom, room.people.editor, command)


_UPDATED = " (Updated)"

# What happens, and about how often in seconds.
_LIFE: list[tuple[float, Callable[[_Room], Awaitable[None]]]] = [
    (1.0, _read),
    (3.0, _comment),
    (4.0, _react),
    (15.0, _mend),
    (20.0, _report),
    (12.0, _moderate),
]
_FIRST_STORY, _STORY = 15.0, 60.0


async def _publishing(room: _Room) -> None:
    """A new article every minute; once all were told, they come again as later editions."""
    await asyncio.sleep(_FIRST_STORY)
    for edition in count(1):
        for article in room.content.upcoming:
            await _publish_edition(room, article, edition)
            await asyncio.sleep(_STORY)


async def _publish_edition(room: _Room, article: DemoArticle, edition: int) -> None:
    try:
        await publish(room.newsroom, room.people, edition_of(article, edition))
    except Problem:
        return  # a demo on a database that is kept has published it already
