"""What is shared between subscribers, and what never is."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import ExecutionResult

from newsgraph import app
from newsgraph.actions import articles, authors, comments, sections, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.domain.authors import Byline
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import ANONYMOUS, Claims, Role, Viewer
from newsgraph.engine import subscriptions
from newsgraph.engine.subscriptions import Request
from newsgraph.graph import schema
from newsgraph.graph.context import Context, Services
from newsgraph.live.hub import Hub
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.settings import Settings
from newsgraph.web.operations import Operations

COMMENTS = """
subscription ($articleId: ID!, $after: StreamCursor) {
  commentEvents(articleId: $articleId, after: $after) {
    __typename ... on CommentAdded { commentEdge { node { body PRIVATE } } }
  }
}
"""


@dataclass
class Desk:
    """A newsroom with two articles, whose log is read when a test says so."""

    newsroom: Newsroom
    services: Services
    operations: Operations
    tail: Tail
    hub: Hub
    articles: tuple[int, ...]
    people: dict[Role, Viewer]
    executed: Counter[str]

    def subscribe(
        self, article: int, viewer: Viewer = ANONYMOUS, private: str = "", **more: Any
    ) -> AsyncGenerator[str, None]:
        variables = {"articleId": global_id("Article", article), **more}
        request = Request(COMMENTS.replace("PRIVATE", private), variables)
        return self.operations.results(request, Context(self.services, viewer))

    async def comment(self, article: int, body: str = "Hello") -> None:
        command = comments.PostComment(article, None, body, None)
        await comments.post(self.newsroom, self.people[Role.READER], command)
        await self.tail.catch_up()


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    settings = Settings(database=f"sqlite:///{tmp_path / 'news.db'}")
    async with app.open_newsroom(settings) as newsroom:
        people = {role: await person(newsroom, role) for role in (Role.READER, Role.EDITOR, Role.MODERATOR)}
        ids = tuple([await publish(newsroom, people[Role.EDITOR], number) for number in range(2)])
        hub = Hub(settings.mailbox_size)
        tail = Tail(newsroom.store, hub)
        head = await tail.start()
        streams = Streams(newsroom.store, hub, head.epoch, settings.replay_limit)
        services = Services(newsroom, streams, ViewCounter(settings, app.now), app.now)
        executed = counting(monkeypatch)
        operations = Operations(schema.build(), services)
        yield Desk(newsroom, services, operations, tail, hub, ids, people, executed)


def counting(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often an operation is executed on an event, by the event's kind."""
    executed: Counter[str] = Counter()
    sound = subscriptions.execute_event

    async def execute_event(executor: Any, event: object) -> ExecutionResult:
        executed[type(event).__name__] += 1
        return await sound(executor, event)

    monkeypatch.setattr(subscriptions, "execute_event", execute_event)
    return executed


async def person(newsroom: Newsroom, role: Role) -> Viewer:
    return await users.recognise(newsroom, Claims(role.value, role.value, role, datetime.now(UTC), None))


async def publish(newsroom: Newsroom, editor: Viewer, number: int) -> int:
    await newsroom.store.write(lambda session: sections.ensure(session, "Asia"))
    await newsroom.store.write(lambda session: authors.ensure(session, Byline("Ada")))
    command = articles.PublishArticle(
        f"No. {number}", None, "<p>.</p>", "asia", ("Ada",), None, (), None, None, None, None
    )
    return await articles.publish(newsroom, editor, command)


async def test_one_event_is_executed_once_for_all(desk: Desk) -> None:
    here, there = desk.articles
    async with AsyncExitStack() as opened:
        streams = [desk.subscribe(here) for _ in range(20)] + [desk.subscribe(there) for _ in range(5)]
        for stream in streams:
            await opened.enter_async_context(aclosing(stream))
            assert "StreamReady" in await anext(stream)
        assert (desk.operations.fanout.groups, len(desk.hub)) == (2, 2)

        await desk.comment(here)

        assert len({await anext(stream) for stream in streams[:20]}) == 1
        assert desk.executed["CommentAdded"] == 1
    assert (desk.operations.fanout.groups, desk.operations.fanout.members, len(desk.hub)) == (0, 0, 0)


async def test_cursors_do_not_part_a_group(desk: Desk) -> None:
    """Where a client comes from is its own affair; what happens from now on is everybody's."""
    here = desk.articles[0]
    start = (await desk.services.newsroom.store.read(lambda session: session.log.head())).position.encode()
    await desk.comment(here, "Missed")
    async with aclosing(desk.subscribe(here)) as fresh, aclosing(desk.subscribe(here, after=start)) as late:
        await anext(fresh)
        await anext(late)
        assert "Missed" in await anext(late)
        assert desk.operations.fanout.groups == 1

        await desk.comment(here, "New")
        assert "New" in (result := await anext(fresh))
        assert await anext(late) == result


async def test_what_depends_on_the_viewer_is_the_viewers_own(desk: Desk) -> None:
    here = desk.articles[0]
    one, other = desk.people[Role.READER], desk.people[Role.MODERATOR]
    streams = [
        desk.subscribe(here, one, "viewerReaction"),
        desk.subscribe(here, one, "viewerReaction"),
        desk.subscribe(here, other, "viewerReaction"),
    ]
    async with AsyncExitStack() as opened:
        for stream in streams:
            await opened.enter_async_context(aclosing(stream))
            await anext(stream)
        assert desk.operations.fanout.groups == 2


async def test_those_who_see_more_are_among_themselves(desk: Desk) -> None:
    here = desk.articles[0]
    viewers = [ANONYMOUS, desk.people[Role.READER], desk.people[Role.MODERATOR], desk.people[Role.EDITOR]]
    async with AsyncExitStack() as opened:
        for viewer in viewers:
            stream = await opened.enter_async_context(aclosing(desk.subscribe(here, viewer)))
            await anext(stream)
        assert desk.operations.fanout.groups == 3, "readers share, signed in or not"


async def test_documents_are_checked_once_and_remembered_within_bounds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    sound = subscriptions.check

    def check(core: Any, request: Request) -> subscriptions.Document:
        checked.append(request.query)
        return sound(core, request)

    monkeypatch.setattr(subscriptions, "check", check)

    async def ask(query: str) -> None:
        async with aclosing(desk.operations.results(Request(query), Context(desk.services))) as results:
            assert '"data"' in await anext(results)

    for _ in range(3):
        await ask("{ streamHead }")
    assert checked == ["{ streamHead }"]

    for number in range(501):
        await ask(f"{{ a{number}: __typename }}")
    await ask("{ streamHead }")
    assert checked.count("{ streamHead }") == 2, "the longest unused is forgotten"

    long = "{ streamHead } #" + "x" * 10_000
    await ask(long)
    await ask(long)
    assert checked.count(long) == 2


async def test_a_feed_by_itself_is_the_whole_stream(desk: Desk) -> None:
    """For transports that share nothing: attached, opened and spliced by iterating."""
    here = desk.articles[0]
    start = (await desk.newsroom.store.read(lambda session: session.log.head())).position.encode()
    await desk.comment(here, "Missed")
    request = Request(COMMENTS.replace("PRIVATE", ""), {"articleId": global_id("Article", here), "after": start})
    built = schema.build()
    document = subscriptions.check(built.core, request)
    kind = built.execution_context_class
    feed = await subscriptions.source_of(
        subscriptions.prepare(kind, built.core, document, request, Context(desk.services))
    )
    async with aclosing(aiter(feed)) as events:
        seen = [type(await anext(events)).__name__ for _ in range(2)]
        assert len(desk.hub) == 1
        await desk.comment(here, "New")
        seen.append(type(await anext(events)).__name__)

    assert seen == ["StreamReady", "CommentAdded", "CommentAdded"]
    assert len(desk.hub) == 0
