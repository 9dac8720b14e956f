"""What is kept is what would be read now, whatever happens; and what is not concerned stays."""

from __future__ import annotations

import inspect
import json
import random
from types import ModuleType

import pytest

from newsgraph.actions import articles, authors, comments, erasures, imports, lists, sections, upkeep, users, views
from newsgraph.domain.comments import ModerationMode
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import ANONYMOUS, Role
from newsgraph.live.streams import Channel
from tests.graph.happenings import HAPPENINGS, Happenings, questions
from tests.graph.newsroom import Question, World, asked

ACTIONS: tuple[ModuleType, ...] = (
    articles,
    authors,
    comments,
    erasures,
    imports,
    lists,
    sections,
    upkeep,
    users,
    views,
)
READING = {comments.wait_until, erasures.export, lists.misranked, users.named, users.author_of}
AT_THE_START = {sections.prepare}
WITHIN = {lists.refresh, lists.refresh_latest, lists.refresh_containing, lists.rerank}  # other actions' transactions


def test_every_action_happens() -> None:
    public = {
        function
        for module in ACTIONS
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }

    assert public - READING - AT_THE_START - WITHIN - {action for action, _ in HAPPENINGS.values()} == set()


async def begin(world: World, seed: int) -> Happenings:
    """A discussion of the first of two articles, and a third that comes later."""
    happenings = Happenings(world, random.Random(seed))
    await world.desk.publish("Ferry ferry", section="Asia")
    await world.desk.publish("Harbour news", section="News")
    first = await world.desk.say(1, "First.")
    await world.desk.say(1, "Second.", first)
    await world.desk.say(2, "Third.")
    await happenings.schedule()
    return happenings


@pytest.mark.parametrize("seed", range(2))
async def test_what_is_kept_is_what_would_be_read_now(world: World, seed: int) -> None:
    happenings, wanted = await begin(world, seed), questions()
    for name in happenings.plan.sample([*HAPPENINGS], len(HAPPENINGS)):
        await happenings.surely(name)
        await world.settle()
        for question in wanted:
            await world.compare(question, at_rest=name == "time")

    counts = world.responses.counts()
    assert counts.hits > counts.stored, "most of what happens concerns little"


_BODY = "query ($id: ID!) { node(id: $id) { ... on Comment { body } } }"


async def test_who_waits_for_approval_sees_their_own_comment_and_nobody_else_does(world: World) -> None:
    """Whoever asks first: what its author may see is not what is kept for the others."""
    article = await world.desk.publish()
    await world.desk.rules(article, mode=ModerationMode.PRE)
    author, other = world.desk.who(Role.READER), world.desk.who(Role.STAFF)
    for number, order in enumerate(([author, other, ANONYMOUS], [other, ANONYMOUS, author]), 1):
        await world.desk.say(article, "Wait for me.", by=author)
        question = Question(_BODY, {"id": global_id("Comment", number)})
        for viewer in [*order, *order]:
            assert (b"Wait for me." in await world.ask(question, viewer)) == (viewer is author)


async def test_a_section_that_is_not_heard_of_yet_has_its_articles(world: World) -> None:
    """Another process made both; this one still keeps the sections that it knew."""
    await world.ask(asked("FrontPage"))
    assert world.services.sections.get()
    await world.store.write(lambda session: sections.ensure(session, "Science"))
    await world.desk.publish("Comet", section="Science")

    for question in (asked("Lists", keys=["latest"]), asked("ArticlePage", slug="comet"), Question(_ALL)):
        answer = await world.ask(question)
        assert b"errors" not in answer
        assert b"Comet" in answer
        await world.compare(question)


async def test_a_page_that_is_kept_never_leads_to_where_the_log_is_gone(world: World) -> None:
    """Else whoever goes on from it is told to read it again, and gets it again."""
    await begin(world, 0)
    await world.settle()
    page = asked("CommentWidget", "CommentWidgetPage", articleId=global_id("Article", 1))
    other = asked("Headline", slug="ferry-ferry")
    for question in (page, other):
        await world.ask(question)
    for _ in range(3):
        await world.desk.say(2, "Elsewhere.")
    await world.settle()
    await world.store.write(lambda session: session.log.trim(session.now, 1))
    await world.settle()

    assert world.warm(other), "it has no cursor"
    cursor = json.loads(await world.ask(page))["data"]["node"]["comments"]["liveCursor"]
    _, opened = await world.services.streams.open(Channel("comments:1"), [cursor], 10)
    assert opened[cursor].resumed


_ALL = "{ articles { nodes { headline section { name } } } }"
