"""What is shared between subscribers, and what never is."""

from __future__ import annotations

import asyncio
import gc
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
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
from newsgraph.engine import documents, subscriptions
from newsgraph.engine.documents import Request, RequestError
from newsgraph.engine.fanout import Member, Result
from newsgraph.engine.preparing import Executors
from newsgraph.graph import feeds, schema
from newsgraph.graph.answers import Answers, Asked
from newsgraph.graph.context import Context, Services
from newsgraph.live.hub import Hub
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.observe import Tasks
from newsgraph.settings import Settings
from newsgraph.web.documents import Catalogue
from newsgraph.web.operations import Operations

COMMENTS = """
subscription ($articleId: ID!, $after: StreamCursor) {
  commentEvents(articleId: $articleId, after: $after) {
    __typename ... on CommentAdded { commentEdge { node { body PRIVATE } } }
  }
}
"""


class Widget:
    """What a subscriber has been sent, one after the other."""

    def __init__(self) -> None:
        self._results: asyncio.Queue[str | Exception] = asyncio.Queue()
        self.member: Member

    def write(self, result: Result) -> bool:
        self._results.put_nowait(result.payload.decode())
        return True

    def end(self, failure: Exception) -> None:
        self._results.put_nowait(failure)

    async def next(self) -> str:
        """Raises what has ended the subscription."""
        async with asyncio.timeout(5):
            result = await self._results.get()
        if isinstance(result, Exception):
            raise result
        return result


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
    widgets: list[Widget] = field(default_factory=list)

    def subscribe(self, article: int, viewer: Viewer = ANONYMOUS, private: str = "", **more: Any) -> Widget:
        variables = {"articleId": global_id("Article", article), **more}
        return self.watch(Request(COMMENTS.replace("PRIVATE", private), variables), viewer)

    def watch(self, request: Request, viewer: Viewer = ANONYMOUS, last_id: str | None = None) -> Widget:
        widget, document = Widget(), self.operations.check(request)
        widget.member = self.operations.subscribe(document, request, viewer, widget, last_id)
        self.widgets.append(widget)
        return widget

    async def comment(self, article: int, body: str = "Hello") -> None:
        command = comments.PostComment(article, None, body, None)
        await comments.post(self.newsroom, self.people[Role.READER], command)
        await self.tail.catch_up()


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    settings = Settings(database=f"sqlite:///{tmp_path / 'news.db'}")
    async with app.open_newsroom(settings) as newsroom, Tasks() as tasks:
        people = {role: await person(newsroom, role) for role in (Role.READER, Role.EDITOR, Role.MODERATOR)}
        ids = tuple([await publish(newsroom, people[Role.EDITOR], number) for number in range(2)])
        hub = Hub(settings.mailbox_size)
        tail = Tail(newsroom.store, hub)
        head = await tail.start()
        streams = Streams(newsroom.store, hub, head.epoch, settings.replay_limit)
        services = Services(newsroom, streams, ViewCounter(settings, app.now), tail, app.now)
        executed = counting(monkeypatch)
        built = schema.build()
        operations = Operations(built, services, Answers(built, services, None), Catalogue(built, settings), tasks)
        desk = Desk(newsroom, services, operations, tail, hub, ids, people, executed)
        yield desk
        for widget in desk.widgets:
            widget.member.leave()
        assert (operations.fanout.groups, operations.fanout.members) == (0, 0)
    assert len(hub) == 0


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


async def test_nothing_of_an_answer_waits_for_the_garbage_collector(desk: Desk) -> None:
    """Else each costs a part of a collection, and its memory is cold when it is used again."""
    query = (
        "{ articles { nodes { headline authors { name } comments { nodes { author { name } } } } } mustReads { key } }"
    )
    request = Request(query)
    asked = Asked(desk.operations.check(request), request, ANONYMOUS)
    await desk.operations.run(asked)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await desk.operations.run(asked)
        gc.collect()
        kinds = {type(one).__name__ for one in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert kinds.isdisjoint({"Loaders", "Loader", "Context", "CompilingExecutor"})


async def test_one_event_is_executed_once_for_all(desk: Desk) -> None:
    here, there = desk.articles
    widgets = [desk.subscribe(here) for _ in range(20)] + [desk.subscribe(there) for _ in range(5)]
    for widget in widgets:
        assert "StreamReady" in await widget.next()
    assert (desk.operations.fanout.groups, len(desk.hub)) == (2, 2)
    assert desk.executed == {"StreamReady": 2}

    await desk.comment(here)

    assert len({await widget.next() for widget in widgets[:20]}) == 1
    assert desk.executed["CommentAdded"] == 1


async def test_cursors_do_not_part_a_group(desk: Desk) -> None:
    """Where a client comes from is its own affair; what happens from now on is everybody's."""
    here = desk.articles[0]
    start = await head(desk)
    await desk.comment(here, "Missed")
    fresh, late = desk.subscribe(here), desk.subscribe(here, after=start)
    await fresh.next()
    await late.next()
    assert "Missed" in await late.next()
    assert desk.operations.fanout.groups == 1

    await desk.comment(here, "New")
    assert "New" in (result := await fresh.next())
    assert await late.next() == result


async def head(desk: Desk) -> str:
    return (await desk.newsroom.store.read(lambda session: session.log.head())).position.encode()


LATEST = "latestStories(after: $after) { __typename }"


@pytest.mark.parametrize(
    "selection",
    [
        f"{{ {LATEST} }}",
        f"{{ ... {{ ... on Subscription {{ {LATEST} }} }} }}",
        f"{{ ...F }} fragment F on Subscription {{ ...G }} fragment G on Subscription {{ {LATEST} }}",
    ],
)
async def test_wherever_the_cursor_stands_it_does_not_part_a_group(desk: Desk, selection: str) -> None:
    query = f"subscription ($after: StreamCursor) {selection}"
    cursors = [None, await head(desk), "nonsense"]
    for cursor in cursors:
        desk.watch(Request(query, {"after": cursor, "not declared": cursor}))
    assert desk.operations.fanout.groups == 1

    desk.watch(Request(query + " # another text"))
    assert desk.operations.fanout.groups == 2


async def test_a_cursor_in_the_text_is_a_cursor(desk: Desk) -> None:
    here = desk.articles[0]
    start = await head(desk)
    await desk.comment(here, "Missed")
    given = f'articleId: "{global_id("Article", here)}", after: "{start}"'
    widget = desk.watch(
        Request(f"subscription {{ commentEvents({given}) {{ __typename ... on StreamReady {{ replayed }} }} }}")
    )

    assert '"replayed":1' in await widget.next()
    assert "CommentAdded" in await widget.next()


async def test_the_last_event_that_a_client_has_seen_wins(desk: Desk) -> None:
    """An EventSource comes back with the address that it began with."""
    here = desk.articles[0]
    old = await head(desk)
    await desk.comment(here, "Seen")
    last = await head(desk)
    await desk.comment(here, "Missed")
    variables = {"articleId": global_id("Article", here), "after": old}
    widget = desk.watch(Request(COMMENTS.replace("PRIVATE", ""), variables), last_id=last)
    await widget.next()

    assert "Missed" in await widget.next()


@pytest.mark.parametrize(
    ("variables", "code"),
    [({}, "BAD_INPUT"), ({"articleId": None}, "BAD_INPUT"), ({"articleId": "x", "after": 5}, "BAD_INPUT")],
)
async def test_variables_that_do_not_fit_are_refused_at_once(desk: Desk, variables: Any, code: str) -> None:
    with pytest.raises(RequestError) as refused:
        desk.watch(Request(COMMENTS.replace("PRIVATE", ""), variables))

    assert refused.value.errors[0].extensions == {"code": code}
    assert desk.operations.fanout.groups == 0


async def test_an_article_that_is_not_there_is_refused_soon(desk: Desk) -> None:
    widget = desk.subscribe(99)
    with pytest.raises(RequestError) as refused:
        await widget.next()

    assert refused.value.errors[0].extensions == {"code": "NOT_FOUND"}
    assert desk.operations.fanout.groups == 0


async def test_what_depends_on_the_viewer_is_the_viewers_own(desk: Desk) -> None:
    here = desk.articles[0]
    one, other = desk.people[Role.READER], desk.people[Role.MODERATOR]
    desk.subscribe(here, one, "viewerReaction")
    desk.subscribe(here, one, "viewerReaction")
    desk.subscribe(here, other, "viewerReaction")

    assert desk.operations.fanout.groups == 2


async def test_those_who_see_more_are_among_themselves(desk: Desk) -> None:
    here = desk.articles[0]
    for viewer in (ANONYMOUS, desk.people[Role.READER], desk.people[Role.MODERATOR], desk.people[Role.EDITOR]):
        desk.subscribe(here, viewer)

    assert desk.operations.fanout.groups == 3, "readers share, signed in or not"


async def test_a_query_has_one_result(desk: Desk) -> None:
    request = Request("{ streamHead }")
    found = await desk.operations.run(Asked(desk.operations.check(request), request, ANONYMOUS))

    assert json.loads(found) == {"data": {"streamHead": await head(desk)}}


async def test_a_feed_by_itself_is_the_whole_stream(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """For transports that share nothing: attached, opened and spliced by iterating."""
    monkeypatch.setattr(feeds, "_PAGE", 2)
    here = desk.articles[0]
    start = await head(desk)
    for number in range(5):
        await desk.comment(here, f"Missed {number}")
    request = Request(COMMENTS.replace("PRIVATE", ""), {"articleId": global_id("Article", here), "after": start})
    built = schema.build()
    document = documents.check(built.core, request)
    kind = built.execution_context_class
    executor = Executors(kind, built.core).prepare(document, request, Context(desk.services))
    feed = await subscriptions.source_of(executor)
    async with aclosing(aiter(feed)) as events:
        seen = [type(await anext(events)).__name__ for _ in range(6)]
        assert len(desk.hub) == 1
        await desk.comment(here, "New")
        seen.append(type(await anext(events)).__name__)

    assert seen == ["StreamReady", *["CommentAdded"] * 6]
    assert len(desk.hub) == 0
