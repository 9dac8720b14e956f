"""Three hundred pages that are cut off twenty times each while 2,000 comments are written: none loses or repeats any.

Afterwards the server is as it was: nothing open, no more memory.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import pytest

from newsgraph.domain.cursors import decode_position
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows import raw
from tests.flows.client import Client, Json
from tests.flows.conftest import Newsstand
from tests.flows.processes import Served, connections, files, memory, needs_proc, server_process, until
from tests.flows.test_live import EDIT, REMOVE, post
from tests.flows.test_resume import MODERATE, STREAM, Widget, read_page

ARTICLES = 4
PAGES = 300
CUTS = 20
COMMENTS = 2_000
WRITERS = 8
READERS = 4  # people who are signed in
REPLAYED = 60  # events; whoever was away for longer has to ask anew
KEPT = 2_000_000  # bytes of answers, so that what grows is not them
GROWTH = 30.0  # MiB, mostly what SQLite keeps of a larger database; 9 to 25 were measured
PAUSE = 0.1  # seconds between two comments of a writer
PATIENCE = 60.0


# A page and its connections


class Stream(Protocol):
    async def next(self, seconds: float) -> Json: ...


Line = Callable[[Client, str, str | None], AbstractAsyncContextManager[Stream]]
"""Opens a stream of an article's comments from a cursor on; at the end it is cut off, wherever it is."""


@asynccontextmanager
async def over_socket(client: Client, article: str, cursor: str | None) -> AsyncIterator[Stream]:
    async with client.subscribe(STREAM, articleId=article, after=cursor) as stream:
        try:
            yield stream
        finally:
            stream.cut()


@asynccontextmanager
async def over_http(method: str, client: Client, article: str, cursor: str | None) -> AsyncIterator[Stream]:
    """Server-sent events. The cursor travels in `id:` and `Last-Event-ID:`, and nowhere else."""
    reader, writer = await connect(client)
    try:
        writer.write(_asked(method, client, article, cursor))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        yield EventSource(reader)
    finally:
        writer.transport.abort()


async def connect(client: Client) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(client.url)
    return await asyncio.open_connection(address.hostname, address.port)


def _asked(method: str, client: Client, article: str, cursor: str | None) -> bytes:
    headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {client.token}"} if client.token else {}
    headers |= {"Last-Event-ID": cursor} if cursor else {}
    variables = {"articleId": article}
    if method == "GET":
        asked = urlencode({"query": STREAM, "variables": json.dumps(variables)})
        return raw.request("GET", f"/graphql?{asked}", headers)
    return raw.request("POST", "/graphql", headers, json.dumps({"query": STREAM, "variables": variables}).encode())


class EventSource:
    """A chunked response (RFC 9112, 7.1) of server-sent events, as far as this server uses either."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._events: deque[dict[str, str]] = deque()
        self._rest = b""

    async def next(self, seconds: float) -> Json:
        async with asyncio.timeout(seconds):
            while not self._events:
                await self._hear()
        event = self._events.popleft()
        payload = json.loads(event["data"])
        assert "errors" not in payload, payload
        (told,) = payload["data"].values()
        assert told["cursor"] == event["id"]
        return dict(told)

    async def _hear(self) -> None:
        size = int(await self._reader.readuntil(b"\r\n"), 16)
        if not size:
            raise EOFError("the server has ended the response")
        chunk = (await self._reader.readexactly(size + 2))[:size]
        *whole, self._rest = (self._rest + chunk).split(b"\n\n")
        for event in whole:
            fields = dict(line.split(": ", 1) for line in event.decode().split("\n") if ": " in line)
            if fields.get("event") == "next":
                self._events.append(fields)


OVER: tuple[Line, ...] = (over_socket, partial(over_http, "GET"), over_socket, partial(over_http, "POST"))


class Page(Widget):
    """A widget that does what docs/live-streams.md says, and notices an event that comes twice."""

    def __init__(self, client: Client, article: str, line: Line, cursor: str) -> None:
        super().__init__()
        self.article = article
        self.cursor = cursor
        self.count = 0
        self.resumed = 0
        self._client = client
        self._line = line
        self._seen = 0  # position of the last event
        self._loaded = 0  # position up to which a query may have shown more than the events did

    async def follow(self, last: str = "") -> None:
        """Until the connection is lost, or the comment `last` is shown."""
        async with self._line(self._client, self.article, self.cursor) as stream:
            while last not in self.shown:
                await self._take(await stream.next(PATIENCE))

    async def _take(self, event: Json) -> None:
        kind = event["__typename"]
        if kind == "StreamReady":
            self._begin(event)
        elif kind == "StreamReset":
            await self._reload(event)
        else:
            self._once(event)
            self.fold(event)
            self.count = event.get("commentCount", self.count)

    def _begin(self, ready: Json) -> None:
        assert ready["cursor"] == self.cursor or not ready["resumed"]
        self.resumed += ready["resumed"]
        self.cursor = ready["cursor"]

    async def _reload(self, reset: Json) -> None:
        """The stream goes on from the reset, and so tells of changes that the query has shown already."""
        page = await read_page(self._client, self.article)
        self._loaded = position((await self._client.run("{ streamHead }"))["streamHead"])
        self.shown, self.count = page["shown"], page["count"]
        self.fold(reset)

    def _once(self, event: Json) -> None:
        seen, self._seen = self._seen, position(event["cursor"])
        assert seen < self._seen, f"came twice or too late: {event}"
        if event["__typename"] == "CommentAdded" and self._seen <= self._loaded:
            self.shown.pop(event["commentEdge"]["node"]["id"], None)

    def _advance(self, cursor: str) -> None:
        self.cursor = cursor


def position(cursor: str) -> int:
    found = decode_position(cursor)
    assert found is not None
    return found.seq


# A storm


class Storm:
    """Breaks off what goes on when so many comments were posted."""

    def __init__(self) -> None:
        self.posted = 0
        self._waiting: dict[int, list[asyncio.Timeout]] = {}

    def tick(self) -> None:
        self.posted += 1
        for life in self._waiting.pop(self.posted, ()):
            life.reschedule(0)

    @asynccontextmanager
    async def before(self, number: int) -> AsyncIterator[None]:
        life = asyncio.timeout(0 if self.posted >= number else None)
        self._waiting.setdefault(number, []).append(life)
        with suppress(TimeoutError):
            async with life:
                yield
        assert life.expired()


async def live(page: Page, storm: Storm, plan: random.Random, cuts: int, comments: int) -> None:
    """Cut off so many times, and away for a while each time, or not at all."""
    moments = sorted(plan.randint(1, comments) for _ in range(cuts))
    for cut, following in zip(moments, [*moments[1:], comments], strict=True):
        async with storm.before(cut):
            await page.follow()
        async with storm.before(plan.choice([cut, plan.randint(cut, following)])):
            await asyncio.Event().wait()


@dataclass
class Writer:
    """Writes, changes and takes back comments of its own, which a moderator looks at."""

    author: Client
    moderator: Client
    article: str
    plan: random.Random
    shown: list[str] = field(default_factory=list)

    async def write(self, comments: int, tick: Callable[[], None]) -> None:
        for number in range(comments):
            self.shown.append(await post(self.author, self.article, f"{number} {self.plan.random()}"))
            tick()
            if self.plan.random() < 0.4:
                await self.plan.choice([self._edit, self._flip, self._reject, self._remove])()
            await asyncio.sleep(self.plan.uniform(0, 2 * PAUSE))

    async def _edit(self) -> None:
        await self._change(self.author, EDIT, id=self.plan.choice(self.shown), body=f"Edited {self.plan.random()}")

    async def _flip(self) -> None:
        comment = self.plan.choice(self.shown)
        await self._change(self.moderator, MODERATE, id=comment, to="REJECTED")
        await self._change(self.moderator, MODERATE, id=comment, to="PUBLISHED")

    async def _reject(self) -> None:
        await self._change(self.moderator, MODERATE, id=self._pick(), to="REJECTED")

    async def _remove(self) -> None:
        await self._change(self.author, REMOVE, id=self._pick())

    def _pick(self) -> str:
        return self.shown.pop(self.plan.randrange(len(self.shown)))

    async def _change(self, client: Client, mutation: str, **given: str) -> None:
        (answer,) = (await client.run(mutation, input=given)).values()
        assert answer["userErrors"] == []


@needs_proc
async def test_nothing_is_lost_or_repeated_in_a_storm(furnished: Settings, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as errors:
        async with server_process(replace(furnished, replay_limit=REPLAYED, response_cache=KEPT), log=errors) as served:
            await weather(served, seed=1, cuts=CUTS // 5, comments=COMMENTS // 5)
            before, opened_before = memory(served.process.pid), len(files(served.process.pid))
            pages = await weather(served, seed=2, cuts=CUTS, comments=COMMENTS)
            growth, opened_after = memory(served.process.pid) - before, len(files(served.process.pid))

    assert opened_after == opened_before
    assert growth < GROWTH
    assert log.read_text() == ""
    assert sum(page.resumed for page in pages) > PAGES * CUTS / 2, "or it was no storm"
    assert "TRIMMED" in {reason for page in pages for reason in page.resets}


async def weather(served: Served, seed: int, cuts: int, comments: int) -> list[Page]:
    """A storm over new articles, whatever is shown after it looked at, and nobody connected any more."""
    async with newsstand(served.url) as stand:
        articles = [await stand.publish(f"Storm {seed}, {number}") for number in range(ARTICLES)]
        pages = await drenched(stand, articles, random.Random(seed), cuts, comments)
        fresh = {article: await read_page(stand.client(), article) for article in articles}
    await until(lambda: not connections(served.port))
    for page in pages:
        assert page.shown == fresh[page.article]["shown"]
        assert page.count == fresh[page.article]["count"] == len(page.shown)
    return pages


@asynccontextmanager
async def newsstand(url: str) -> AsyncIterator[Newsstand]:
    """Its clients are closed at the end."""
    stand = Newsstand(url, [])
    try:
        yield stand
    finally:
        await asyncio.gather(*(client.close() for client in stand.clients))


async def drenched(
    stand: Newsstand, articles: Sequence[str], plan: random.Random, cuts: int, comments: int
) -> list[Page]:
    """All pages, once everything is over and each has seen the end of it."""
    storm, pages = Storm(), await opened(stand, articles)
    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(live(page, storm, random.Random(plan.random()), cuts, comments))
        for writer in writers(stand, articles, plan):
            group.create_task(writer.write(comments // WRITERS, storm.tick))
    last = {article: await post(stand.client(Role.READER), article, "The end.") for article in articles}
    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(page.follow(last[page.article]))
    return pages


async def opened(stand: Newsstand, articles: Sequence[str]) -> list[Page]:
    """Over every kind of connection to every article, by readers who are signed in and by others."""
    head = (await stand.client().run("{ streamHead }"))["streamHead"]
    clients = [stand.client(), *(stand.client(Role.READER, f"Reader {number}") for number in range(READERS))]
    kinds = itertools.cycle(itertools.product(clients, articles, OVER))
    return [Page(*kind, head) for kind in itertools.islice(kinds, PAGES)]


def writers(stand: Newsstand, articles: Sequence[str], plan: random.Random) -> list[Writer]:
    return [
        Writer(
            stand.client(Role.READER, f"Writer {number}"),
            stand.client(Role.MODERATOR, f"Moderator {number}"),
            articles[number % len(articles)],
            random.Random(plan.random()),
        )
        for number in range(WRITERS)
    ]


# What storms have shown


ELSEWHERE = "b3RoZXIuMQ"  # a cursor of another database


@pytest.mark.parametrize("line", [over_socket, partial(over_http, "GET")], ids=["socket", "events"])
async def test_a_reset_that_did_not_arrive_is_said_again(stand: Newsstand, line: Line) -> None:
    """The connection broke after StreamReady, and the client goes on from the cursor that it has."""
    article, client = await stand.publish("Storm"), stand.client()
    async with line(client, article, ELSEWHERE) as stream:
        ready = await stream.next(PATIENCE)
    async with line(client, article, ready["cursor"]) as stream:
        again = await stream.next(PATIENCE)
        assert not again["resumed"], "so that it never hears of what it has lost"
        assert (await stream.next(PATIENCE))["__typename"] == "StreamReset"


async def test_a_request_that_breaks_off_is_no_error_of_ours(
    stand: Newsstand, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await connect(stand.client())
    writer.write(raw.request("POST", "/graphql", {"Content-Type": "application/json"}, b"{}")[:-1])
    await until(lambda: "RequestResponseCycle.run_asgi" in running())
    writer.transport.abort()
    await until(lambda: "RequestResponseCycle.run_asgi" not in running())

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def running() -> list[str]:
    return [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
