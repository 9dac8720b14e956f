"""Reading, changing and following the log in any order: no old answer stays, and a page with its stream is whole."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from newsgraph.actions import comments
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Role
from newsgraph.live.streams import Opened
from tests.graph.newsroom import Question, World, asked
from tests.live.test_streams import HERE, entries_of, follow

ARTICLE = global_id("Article", 1)
PAGE = asked("CommentWidget", "CommentWidgetPage", articleId=ARTICLE, first=100)


@dataclass
class Discussion:
    """Comments that come between any two reads, and a log that is followed whenever it happens to be."""

    world: World
    plan: random.Random
    posted: list[int] = field(default_factory=list)
    told: int = 0  # of those posted: all that readers must see who ask from now on

    async def move(self) -> None:
        for _ in range(self.plan.randint(0, 2)):
            if self.plan.random() < 0.5:
                self.posted.append(await self.world.desk.say(1, "And?"))
            else:
                count = len(self.posted)
                await self.world.settle()
                self.told = max(self.told, count)

    async def read(self, world: World) -> list[int]:
        """The page's comments; all are there that its reader may know of."""
        told = self.told
        shown = _shown(await world.ask(PAGE))
        assert set(self.posted[:told]) <= set(shown)
        return shown


def _page(answer: bytes) -> Any:
    return json.loads(answer)["data"]["node"]["comments"]


def _shown(answer: bytes) -> list[int]:
    numbers = {global_id("Comment", number): number for number in range(1, 200)}
    return [numbers[edge["node"]["id"]] for edge in _page(answer)["edges"]]


AT_ONCE_OR_NOT = pytest.mark.parametrize("compiled", [True, False], ids=["at once", "a level at a time"])


async def discussion_of(world: World, seed: int) -> Discussion:
    await world.desk.publish()
    await world.settle()
    return Discussion(world, random.Random(seed))


@pytest.mark.parametrize("seed", range(15))
@AT_ONCE_OR_NOT
async def test_nobody_is_given_what_is_older_than_they_know(world: World, compiled: bool, seed: int) -> None:
    discussion = await discussion_of(world, seed)
    between = world.interleaved(discussion.move, compiled)
    for _ in range(4):
        await asyncio.gather(*(discussion.read(between) for _ in range(3)))
        await discussion.move()
    await world.settle()

    assert sorted(await discussion.read(world)) == discussion.posted
    await world.compare(PAGE)


@AT_ONCE_OR_NOT
async def test_what_was_overtaken_while_it_was_read_is_refused(world: World, compiled: bool) -> None:
    """A comment is posted and told of after the page was read, before it is kept."""
    discussion = await discussion_of(world, 0)
    reads = 0

    async def meanwhile() -> None:
        nonlocal reads
        reads += 1
        if reads == (2 if compiled else 4):  # after the only read, or the second, which is that of the comments
            discussion.posted.append(await world.desk.say(1, "And?"))
            await world.settle()

    assert _shown(await world.interleaved(meanwhile, compiled).ask(PAGE)) == []
    assert not world.warm(PAGE)
    assert world.responses.counts().refused == 1
    assert _shown(await world.ask(PAGE)) == discussion.posted


async def test_who_asks_after_a_change_waits_for_no_older_read(world: World) -> None:
    """The fill that is under way began before the change; the reader who comes after it gets one of their own."""
    await discussion_of(world, 0)
    stopped, go_on = asyncio.Event(), asyncio.Event()

    async def meanwhile() -> None:
        stopped.set()
        await go_on.wait()

    early = asyncio.create_task(world.interleaved(meanwhile).ask(PAGE))
    await stopped.wait()
    before = _shown(await world.anew(PAGE))
    posted = await world.desk.say(1, "And?")
    await world.settle()
    late = asyncio.create_task(world.ask(PAGE))
    await asyncio.sleep(0)
    go_on.set()

    assert (before, _shown(await late)) == ([], [posted])
    await early
    assert _shown(await world.ask(PAGE)) == [posted]


@pytest.mark.parametrize("seed", range(15))
@AT_ONCE_OR_NOT
async def test_a_page_and_the_stream_from_its_cursor_have_each_comment_once(
    world: World, compiled: bool, seed: int
) -> None:
    discussion = await discussion_of(world, seed)
    between = world.interleaved(discussion.move, compiled)
    for _ in range(3):
        await discussion.read(between)
        await discussion.move()
    answer = await between.ask(PAGE)
    for _ in range(3):
        await discussion.move()
    missed = await _replayed(world, _page(answer)["liveCursor"])

    assert sorted([*_shown(answer), *missed]) == discussion.posted


async def _replayed(world: World, cursor: str) -> Sequence[int]:
    async with aclosing(follow(world.services.streams, HERE, cursor)) as stream:
        opened = await anext(stream)
    assert isinstance(opened, Opened)
    assert opened.resumed
    return [entry.event.comment_id for entry in entries_of(opened)]  # type: ignore[union-attr]


_FOCUS = """
query ($focus: ID!) {
  node(id: "ARTICLE") { ... on Article { comments(focus: $focus, first: 5) { liveCursor edges { node { id body } } } } }
}
""".replace("ARTICLE", ARTICLE)


@pytest.mark.parametrize("place", range(1, 9))
async def test_a_focused_page_shows_nothing_that_its_stream_does_not_take_back(world: World, place: int) -> None:
    """The comment is taken away at any place between the page's reads."""
    await discussion_of(world, 0)
    top = await world.desk.say(1, "Top.")
    below = await world.desk.say(1, "Gone.", top)
    reads = 0

    async def meanwhile() -> None:
        nonlocal reads
        reads += 1
        if reads == place:
            await _take_back(world, below)

    answer = await world.interleaved(meanwhile).ask(Question(_FOCUS, {"focus": global_id("Comment", below)}))
    if b"Gone." in answer and reads >= place:
        assert below in await _replayed(world, _page(answer)["liveCursor"])


async def _take_back(world: World, comment: int) -> None:
    reader = world.desk.who(Role.READER)
    await comments.remove(world.desk.newsroom, reader, comments.RemoveComment(comment))
