"""A box of ranked articles that is cut off again and again folds its events to what a fresh query shows."""

from __future__ import annotations

import asyncio
import random

import pytest

from newsgraph import app
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.client import Json
from tests.flows.conftest import Newsstand
from tests.flows.test_live import LATEST, retract

NOW = "{ latestStories { version items(first: 100) { nodes { id } } } }"


class Box:
    """What a page holds of a list: the articles that it was told to put in and take out, and their order."""

    def __init__(self) -> None:
        self.members: set[str] = set()
        self.order: list[str] = []
        self.cursor: str | None = None

    def fold(self, event: Json) -> None:
        self.cursor = event["cursor"]
        if event["__typename"] == "RankedListChanged":
            self.members -= set(event["removedArticleIds"])
            self.members |= {edge["node"]["id"] for edge in event["insertedEdges"]}
            self.order = event["orderedArticleIds"]
            assert self.members == set(self.order)
            assert event["cursor"] == event["list"]["version"]
        else:
            assert event["__typename"] == "StreamReady"


async def edit(stand: Newsstand, plan: random.Random, steps: int) -> None:
    shown: list[str] = []
    for number in range(steps):
        if shown and plan.random() < 0.4:
            await retract(stand, shown.pop(plan.randrange(len(shown))))
        else:
            shown.append(await stand.publish(f"Number {number}"))


async def watch(stand: Newsstand, box: Box, plan: random.Random, done: asyncio.Event) -> None:
    while True:
        finished = done.is_set()
        async with stand.client().subscribe(LATEST, after=box.cursor) as stream:
            box.fold(await stream.next())
            for _ in range(plan.randint(1, 4)):
                try:
                    box.fold(await stream.next(seconds=0.5))
                except TimeoutError:
                    if finished:
                        return
            stream.cut()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_cut_off_over_and_over(stand: Newsstand, seed: int) -> None:
    plan, box, done = random.Random(seed), Box(), asyncio.Event()
    watching = asyncio.create_task(watch(stand, box, plan, done))
    await edit(stand, random.Random(seed), 60)
    done.set()
    async with asyncio.timeout(30):
        await watching
    now = (await stand.client(Role.READER).run(NOW))["latestStories"]

    assert box.order == [node["id"] for node in now["items"]["nodes"]]


async def resumed_at_once(stand: Newsstand) -> list[str]:
    """The order that a box shows which was cut off after StreamReady and came back."""
    box = Box()
    async with stand.client().subscribe(LATEST) as stream:
        box.fold(await stream.next())
        stream.cut()
    async with stand.client().subscribe(LATEST, after=box.cursor) as stream:
        box.fold(await stream.next())
        box.fold(await stream.next())
    return box.order


async def test_cut_off_right_after_the_beginning(stand: Newsstand) -> None:
    """StreamReady's cursor stands for a page that has nothing yet: resumed from there, it gets the whole list."""
    articles = [await stand.publish(f"Number {number}") for number in range(3)]
    await retract(stand, articles.pop(0))

    assert await resumed_at_once(stand) == articles[::-1]


async def test_cut_off_right_after_the_beginning_of_a_log_that_was_trimmed(
    stand: Newsstand, furnished: Settings
) -> None:
    articles = [await stand.publish(f"Number {number}") for number in range(3)]
    async with app.open_newsroom(furnished) as newsroom:
        await newsroom.store.write(lambda session: session.log.trim(session.now, 0))

    assert await resumed_at_once(stand) == articles[::-1]


@pytest.mark.parametrize("after", ["", "nonsense"])
async def test_what_is_no_cursor_is_answered_by_a_reset(stand: Newsstand, after: str) -> None:
    await stand.publish("One")
    async with stand.client().subscribe(LATEST, after=after) as stream:
        told = [await stream.next(), await stream.next()]

    assert [event["__typename"] for event in told] == ["StreamReady", "StreamReset"]
    assert told[1]["reason"] == "INVALID_CURSOR"
