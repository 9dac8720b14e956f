"""`kill -9` again and again while people write and read: of a worker, and of the whole server.

Nobody who resumes misses or repeats anything, whatever was acknowledged is there, and asking again makes nothing twice.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import socket
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import httpx
import pytest
from websockets.exceptions import WebSocketException

from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.client import Client, Socket
from tests.flows.conftest import Newsstand, serving
from tests.flows.processes import Served, children, connections, files, kill, needs_proc, server_process, until
from tests.flows.test_kill import begin
from tests.flows.test_live import post
from tests.flows.test_resume import POST, STREAM, read_page
from tests.flows.test_storms import OVER, Page, newsstand

KILLS = 20
BURST = 30  # acknowledged comments between two kills
WRITERS = 4
PAGES = 8
AT_ONCE = 0.1  # seconds
LOST = (OSError, EOFError, WebSocketException)


@dataclass
class Author:
    """Writes until told to stop, and asks again, with the same key, until there is an answer."""

    client: Client
    article: str
    name: str
    acknowledged: dict[str, str] = field(default_factory=dict)  # ids by key
    doubtful: set[str] = field(default_factory=set)  # keys that were not acknowledged the first time

    async def write(self, enough: asyncio.Event) -> None:
        for number in itertools.count():
            if enough.is_set():
                return
            await self.post(f"{self.name}-{number}")

    async def post(self, key: str) -> None:
        while key not in self.acknowledged:
            with suppress(httpx.TransportError):
                self.acknowledged[key] = await self.ask(key)
                return
            self.doubtful.add(key)
            await asyncio.sleep(0.05)

    async def ask(self, key: str) -> str:
        """The id of the comment with this key."""
        return await post(self.client, self.article, key, clientMutationId=key)


@dataclass
class Crowd:
    """People who write, people who read, all of them through whatever happens to the server."""

    stand: Newsstand
    article: str
    authors: list[Author]
    pages: list[Page]

    @property
    def acknowledged(self) -> int:
        return sum(len(author.acknowledged) for author in self.authors)

    async def burst(self) -> None:
        wanted = self.acknowledged + BURST
        await until(lambda: self.acknowledged >= wanted)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """While this lasts. Afterwards everybody has their last answer; the pages are cut off."""
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(persist(page)) for page in self.pages]
            writing = [group.create_task(author.write(enough)) for author in self.authors]
            yield
            enough.set()
            await asyncio.wait(writing)
            for task in reading:
                task.cancel()

    async def check(self) -> None:
        """On a server that stays."""
        await asyncio.gather(*(self._ask_again(author) for author in self.authors))
        last = await post(self.stand.client(Role.READER), self.article, "The end.")
        await asyncio.gather(*(page.follow(last) for page in self.pages))
        fresh = await read_page(self.stand.client(), self.article)

        written = {comment: key for author in self.authors for key, comment in author.acknowledged.items()}
        assert fresh["shown"] == written | {last: "The end."}
        assert fresh["count"] == self.acknowledged + 1
        for page in self.pages:
            assert (page.shown, page.count, page.resets) == (fresh["shown"], fresh["count"], [])
            assert page.resumed > KILLS / 2, "or nothing was cut"

    async def _ask_again(self, author: Author) -> None:
        """What was perhaps written twice was not."""
        assert author.doubtful, "or nothing was killed"
        for key in author.doubtful:
            assert await author.ask(key) == author.acknowledged[key]


async def persist(page: Page) -> None:
    """As docs/live-streams.md says: on a lost socket wait, with some jitter, and go on from the cursor."""
    while True:
        with suppress(*LOST):
            await page.follow()
        await asyncio.sleep(random.uniform(0.02, 0.1))


@asynccontextmanager
async def crowd(settings: Settings, port: int) -> AsyncIterator[Crowd]:
    async with serving(settings) as url:
        article, head = await begin(Newsstand(url, []))
    async with newsstand(f"http://127.0.0.1:{port}") as stand:
        names = [f"Writer {number}" for number in range(WRITERS)]
        authors = [Author(stand.client(Role.READER, name), article, name) for name in names]
        lines = itertools.islice(itertools.cycle(OVER), PAGES)
        yield Crowd(stand, article, authors, [Page(stand.client(), article, line, head) for line in lines])


def quiet_port() -> int:
    """One that is free and that no client is given: a client might else connect to itself while nobody listens."""
    for port in random.sample(range(20_000, 32_768), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("all ports are taken")


@needs_proc
async def test_killing_one_worker_after_the_other(furnished: Settings) -> None:
    port = quiet_port()
    async with crowd(furnished, port) as people, server_process(replace(furnished, workers=2), port) as served:
        async with people.busy():
            for _ in range(KILLS):
                await people.burst()
                await kill(at_work(served)[0])
                await until(lambda: len(at_work(served)) == 2)
            await people.burst()
        await people.check()


@needs_proc
async def test_killing_the_whole_server(furnished: Settings) -> None:
    port, settings = quiet_port(), replace(furnished, workers=2)
    async with crowd(furnished, port) as people, AsyncExitStack() as staying:
        async with people.busy():
            for _ in range(KILLS):
                async with server_process(settings, port) as served:
                    await people.burst()
                    await served.kill()
            await staying.enter_async_context(server_process(settings, port))
            await people.burst()
        await people.check()


@needs_proc
@pytest.mark.parametrize("open_first", [True, False])
async def test_workers_do_not_outlive_their_supervisor(furnished: Settings, open_first: bool) -> None:
    """Else they would hold the port, and a new server could not have it. It may go while they are starting."""
    port = quiet_port()
    async with server_process(replace(furnished, workers=2), port) as served:
        await until(lambda: len(at_work(served)) >= (2 if open_first else 1))
        workers = children(served.process.pid)
        await kill(served.process.pid)
        await until(lambda: not any(files(pid) for pid in workers))
    async with server_process(furnished, port) as again:
        assert again.port == port


def at_work(served: Served) -> list[int]:
    """Workers that have opened the database, the eldest first: it is the one that everybody is connected to."""
    return [pid for pid in children(served.process.pid) if any(name.endswith("news.db") for name in files(pid))]


@needs_proc
async def test_a_comment_reaches_the_other_worker_at_once(furnished: Settings) -> None:
    async with server_process(replace(furnished, workers=2)) as served, AsyncExitStack() as opened:
        article, _ = await begin(Newsstand(served.url, []))
        await until(lambda: len(at_work(served)) == 2)
        here, there = at_work(served)
        delays = []
        for writes, reads in ((here, there), (there, here)):
            writer, reader = [await opened.enter_async_context(socket_on(served, pid)) for pid in (writes, reads)]
            delays += await delays_between(writer, reader, article)

    assert statistics.median(delays) < AT_ONCE, delays


@asynccontextmanager
async def socket_on(served: Served, pid: int) -> AsyncIterator[Socket]:
    """A reader's socket on this worker: the others are held still until it is open."""
    others = [other for other in at_work(served) if other != pid]
    async with newsstand(served.url) as stand:
        for other in others:
            os.kill(other, signal.SIGSTOP)
        async with stand.client(Role.READER, f"Reader {pid}").socket() as opened:
            for other in others:
                os.kill(other, signal.SIGCONT)
            assert connections(served.port)[opened.connection.local_address[1]] in files(pid)
            yield opened


async def delays_between(writer: Socket, reader: Socket, article: str) -> list[float]:
    """Seconds from a comment's being sent on one socket to its event on the other."""
    events, delays = await reader.subscribe(STREAM, articleId=article), []
    await events.until("StreamReady")
    for number in range(20):
        began = time.perf_counter()
        answer = await writer.subscribe(POST, input={"articleId": article, "body": f"Hello {number}"})
        await events.until("CommentAdded")
        delays.append(time.perf_counter() - began)
        assert (await answer.next())["userErrors"] == []
        assert (await answer.message())["type"] == "complete"
    return delays
