"""What does not concern an answer leaves it where it is; answers that go beside it prove that it could have gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from newsgraph.actions import authors, imports, lists, sections, views
from newsgraph.domain.articles import ArticleDraft
from newsgraph.domain.authors import Byline
from newsgraph.domain.cursors import global_id
from newsgraph.domain.views import ViewCount
from tests.graph.happenings import ARTICLE, ARTICLES, AUTHOR, AUTHORS, NODES, OF_SECTION, SECTION, VIEWS
from tests.graph.newsroom import Question, World, asked

FIRST, SECOND = global_id("Article", 1), global_id("Article", 2)
FRONT, PAGE, OTHER_PAGE = asked("FrontPage"), asked("ArticlePage", slug="ferry"), asked("ArticlePage", slug="harbour")
HEADLINE, OTHER_HEADLINE = asked("Headline", slug="ferry"), asked("Headline", slug="harbour")
WIDGET = asked("CommentWidget", "CommentWidgetPage", articleId=FIRST)
OTHER_WIDGET = asked("CommentWidget", "CommentWidgetPage", articleId=SECOND)
ASIA, NEWS = (asked("Lists", keys=[f"latest/{one}", f"must-reads/{one}"]) for one in ("asia", "news"))
ASIAN, OF_NEWS = (Question(ARTICLES, {"filter": {"section": one}}) for one in ("asia", "news"))
IN_ASIA, IN_NEWS = (Question(OF_SECTION, {"slug": one}) for one in ("asia", "news"))
ASIA_BOXES, NEWS_BOXES = (Question(SECTION, {"slug": one}) for one in ("asia", "news"))
SEARCH, NAMELESS = asked("Search", query="ferry"), asked("Headline", slug="nameless")
SEEN, OTHER_SEEN = (Question(VIEWS, {"slug": one}) for one in ("ferry", "harbour"))
ADA = Question(AUTHOR, {"slug": "ada-writer"})
POPULAR = Question(NODES, {"ids": [global_id("RankedList", "popular")]})


async def publish_in_news(world: World) -> None:
    await world.desk.publish("Market", section="News")


async def publish_storm(world: World) -> None:
    await world.desk.publish("Storm")


async def comment(world: World) -> None:
    await world.desk.say(2, "Fine.")


async def view(world: World) -> None:
    await views.add(world.desk.newsroom, [ViewCount(2, 1)])


async def introduce(world: World) -> None:
    await world.store.write(lambda session: authors.ensure(session, Byline("Cy Late")))


async def arrive(world: World) -> None:
    await world.desk.viewer("Newcomer")


async def curate(world: World) -> None:
    await world.desk.curate("election-night", 1)


async def rank(world: World) -> None:
    """Nothing is read, so that no order changes."""
    await lists.rank_popular(world.desk.newsroom)


async def retract(world: World) -> None:
    await world.desk.retract(2)


@dataclass(frozen=True)
class Case:
    happening: Callable[[World], Awaitable[None]]
    stays: list[Question]
    goes: list[Question]


CASES = [
    Case(
        publish_in_news,
        [ASIA, ASIAN, IN_ASIA, ASIA_BOXES, PAGE, WIDGET, HEADLINE, NAMELESS, POPULAR, SEEN],
        [NEWS, OF_NEWS, IN_NEWS, NEWS_BOXES, FRONT, SEARCH],
    ),
    Case(
        comment,
        [PAGE, WIDGET, HEADLINE, OTHER_HEADLINE, ASIA, NEWS, SEARCH, IN_NEWS, NEWS_BOXES, ADA, ASIAN, SEEN, OTHER_SEEN],
        [OTHER_PAGE, OTHER_WIDGET, FRONT, OF_NEWS],
    ),
    Case(
        view,
        [FRONT, PAGE, WIDGET, OTHER_WIDGET, OTHER_HEADLINE, ASIA, NEWS, SEARCH, OF_NEWS, ADA, POPULAR, SEEN],
        [OTHER_PAGE, OTHER_SEEN],
    ),
    Case(introduce, [FRONT, PAGE, OTHER_PAGE, WIDGET, SEARCH, NEWS, IN_NEWS, HEADLINE, ADA], [Question(AUTHORS)]),
    Case(arrive, [FRONT, PAGE, OTHER_PAGE, WIDGET, OTHER_WIDGET, SEARCH, ADA, NEWS], []),
    Case(curate, [FRONT, PAGE, OTHER_PAGE, WIDGET, SEARCH, ADA, NEWS, POPULAR], []),
    Case(rank, [FRONT, PAGE, OTHER_PAGE, WIDGET, SEARCH, ADA, NEWS, POPULAR], []),
    Case(retract, [WIDGET, HEADLINE, ASIA, ASIAN, IN_ASIA, SEEN], [OTHER_WIDGET, OTHER_HEADLINE, NEWS, IN_NEWS]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.happening.__name__)
async def test_what_goes_and_what_stays(world: World, case: Case) -> None:
    await begin(world)
    for question in [*case.stays, *case.goes]:
        await world.ask(question)
    assert all(map(world.warm, [*case.stays, *case.goes]))
    before = world.responses.counts()

    await case.happening(world)
    await world.settle()

    assert [str(one) for one in case.stays if not world.warm(one)] == []
    assert [str(one) for one in case.goes if world.warm(one)] == []
    after = world.responses.counts()
    assert sum(after.dropped.values()) - sum(before.dropped.values()) == len(case.goes)


async def begin(world: World) -> None:
    """Two articles in two sections, each with a comment and each on the other's page."""
    await world.desk.publish("Ferry", section="Asia")
    await world.desk.publish("Harbour", section="News")
    await lists.rank_popular(world.desk.newsroom)
    for article in (1, 2):
        await world.desk.say(article, "Well.")
        await lists.ensure_related(world.desk.newsroom, article)
    await world.settle()
    assert b"Harbour" in await world.anew(PAGE), "as a card"


# What is not there yet


async def bring(world: World) -> None:
    draft = ArticleDraft("feed", "1", "Storm", "<p>Storm.</p>", "https://news.example/storm", section="Asia")
    await imports.import_drafts(world.desk.newsroom, [draft])


async def take_part(world: World) -> None:
    """People are found by their number when they have said something."""
    await world.desk.say(1, "Hello.", by=await world.desk.viewer("Newcomer"))


async def found(world: World) -> None:
    await world.store.write(lambda session: sections.ensure(session, "Science"))


@pytest.mark.parametrize(
    ("question", "comes"),
    [
        (asked("Headline", slug="market"), publish_in_news),
        (Question(NODES, {"ids": [global_id("Article", 3)]}), publish_in_news),
        (Question(ARTICLE, {"url": "https://news.example/storm"}), bring),
        (Question(ARTICLE, {"url": "http://127.0.0.1:8000/articles/storm"}), publish_storm),
        (Question(NODES, {"ids": [global_id("Comment", 3)]}), comment),
        (Question(NODES, {"ids": [global_id("Author", 3)]}), introduce),
        (Question(AUTHOR, {"slug": "cy-late"}), introduce),
        (Question(NODES, {"ids": [global_id("Commenter", 6)]}), take_part),
        (asked("Lists", keys=["election-night"]), curate),
        (Question(NODES, {"ids": [global_id("RankedList", "election-night")]}), curate),
        (Question(NODES, {"ids": [global_id("Section", 3)]}), found),
        (Question(SECTION, {"slug": "science"}), found),
        (asked("Lists", keys=["latest/science"]), found),
    ],
    ids=lambda part: getattr(part, "__name__", None) or str(part),
)
async def test_what_was_asked_for_too_early_is_there_when_it_comes(
    world: World, question: Question, comes: Callable[[World], Awaitable[None]]
) -> None:
    await begin(world)
    early = await world.ask(question)
    assert world.warm(question)
    await comes(world)
    await world.settle()

    assert await world.ask(question) != early
    await world.compare(question)
