"""Fifty thousand connections in fast motion, however they end: afterwards nothing is left of any of them.

NEWSGRAPH_SOAK=500000 makes it half a million.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.server import ServerState

from newsgraph.app import build
from newsgraph.cli.serving import announce, listen, serve_one
from newsgraph.domain.users import Role
from newsgraph.engine.fanout import Fanout
from newsgraph.live.callers import _Caller
from newsgraph.live.hub import Hub
from newsgraph.live.sessions import Sessions
from newsgraph.observe import configure
from newsgraph.settings import Settings, from_environment
from newsgraph.web.admission import Admission
from newsgraph.web.framing import EventStream, Multipart
from newsgraph.web.graphql import Known
from newsgraph.web.rates import _Bucket
from newsgraph.web.requests import Wanted
from tests.flows.client import Json
from tests.flows.conftest import Newsstand, token_for
from tests.flows.processes import Served, connections, memory, needs_proc, server_process, until
from tests.flows.raw import CLOSE, Link, Script, Visit, crowd, message, request, upgrade
from tests.flows.test_kill import begin
from tests.flows.test_live import LATEST
from tests.flows.test_resume import POST, STREAM

CONNECTIONS = int(os.environ.get("NEWSGRAPH_SOAK", "50000"))
WARM_UP = 5_000
TOGETHER = 300
GROWTH = 20.0  # MiB; 7 were measured
NOTHING = {"groups": 0, "members": 0, "mailboxes": 0, "sessions": 0, "admitted": 0}
OURS = ("newsgraph.web.", "newsgraph.live.", "newsgraph.engine.fanout", "uvicorn.protocols.", "websockets.")

REMEMBERED = (Known, Wanted, EventStream, Multipart, _Bucket, _Caller)  # of requests and their senders, within bounds
PASSING = ("Reads.", "Writes.")  # tasks of the database, for periodic work too

_INIT = message(type="connection_init")
_SIGN_IN = message(type="connection_init", payload={"Authorization": f"Bearer {token_for(Role.READER, 'Kim')}"})
_LATEST = message(id="l", type="subscribe", payload={"query": LATEST})
_QUERY = message(id="q", type="subscribe", payload={"query": "{ sections { id name } }"})


class Visits:
    """What visitors of an article do. Each sees to it that it gets as far as it means to."""

    def __init__(self, article: str, cursor: str) -> None:
        self.article = article
        self.cursor = cursor  # after which something has happened, or soon will

    def drawn(self, number: int, seed: int) -> Iterator[Script]:
        """So many of them, most with a stream."""
        rare: list[Script] = [
            self.knocks,
            self.stammers,
            self.fades,
            self.turns,
            self.silent,
            self.breaks,
            self.mumbles,
        ]
        sockets: list[Script] = [self.hurries, self.reads, self.resumes, self.listens, self.leaves, self.asks]
        responses: list[Script] = [self.streams, self.posts, self.rushes]
        plan, kinds = random.Random(seed), rare + 2 * sockets + 2 * responses
        return (plan.choice(kinds) for _ in range(number))

    def _comments(self) -> bytes:
        payload = {"query": STREAM, "variables": {"articleId": self.article}}
        return message(id="c", type="subscribe", payload=payload)

    def _resumed(self) -> bytes:
        payload = {"query": STREAM, "variables": {"articleId": self.article, "after": self.cursor}}
        return message(id="r", type="subscribe", payload=payload)

    # Those who never get to a socket

    def knocks(self, link: Link) -> Visit:
        link.reset()
        yield from ()

    def stammers(self, link: Link) -> Visit:
        link.say(upgrade()[:100])
        link.reset()
        yield from ()

    def fades(self, link: Link) -> Visit:
        """Says goodbye in the middle of the handshake."""
        link.say(upgrade()[:100])
        yield from ()

    def turns(self, link: Link) -> Visit:
        link.say(upgrade())
        link.reset()
        yield from ()

    # Those who do

    def silent(self, link: Link) -> Visit:
        yield from self._open(link)
        link.reset()

    def hurries(self, link: Link) -> Visit:
        """Says everything at once and does not wait for an answer."""
        yield from self._open(link)
        link.say(_SIGN_IN, self._comments(), self._resumed())
        link.reset()

    def reads(self, link: Link) -> Visit:
        yield from self._open(link, _INIT)
        link.say(self._comments())
        yield from link.until(b'"resumed":false')
        link.reset()

    def resumes(self, link: Link) -> Visit:
        yield from self._open(link, _SIGN_IN)
        link.say(self._resumed())
        yield from link.until(b'"resumed":true')
        yield from link.until(b'"CommentAdded"')
        link.reset()

    def listens(self, link: Link) -> Visit:
        """Until somebody says something; then it is gone without the protocol's goodbye."""
        yield from self._open(link, _INIT)
        link.say(_LATEST, self._comments())
        yield from link.until(b'"CommentAdded"')

    def leaves(self, link: Link) -> Visit:
        """Two streams, one of which it stops, a query, and a polite end."""
        yield from self._open(link, _INIT)
        link.say(self._resumed(), _LATEST, _QUERY)
        yield from link.until(b'"id":"q","type":"complete"')
        link.say(message(id="r", type="complete"), CLOSE)
        yield from link.end()

    def asks(self, link: Link) -> Visit:
        """Gone while its query runs."""
        yield from self._open(link, _SIGN_IN)
        link.say(_QUERY, _LATEST)
        link.reset()

    def _open(self, link: Link, greeting: bytes = b"") -> Visit:
        link.say(upgrade())
        yield from link.until(b"\r\n\r\n")
        if greeting:
            link.say(greeting)
            yield from link.until(b'"connection_ack"')

    # Those who want a response that does not end

    def streams(self, link: Link) -> Visit:
        link.say(self._get())
        yield from link.until(b'"resumed":true')
        yield from link.until(b'"CommentAdded"')
        link.reset()

    def posts(self, link: Link) -> Visit:
        link.say(self._post("text/event-stream"))
        yield from link.until(b'"resumed":false')

    def rushes(self, link: Link) -> Visit:
        link.say(self._get())
        link.reset()
        yield from ()

    def breaks(self, link: Link) -> Visit:
        """Gone in the middle of its request."""
        link.say(self._post("text/event-stream")[:-10])
        link.reset()
        yield from ()

    def mumbles(self, link: Link) -> Visit:
        """The same, of one that wants no stream."""
        link.say(self._post("application/json")[:-10])
        link.reset()
        yield from ()

    def _get(self) -> bytes:
        asked = {"query": STREAM, "variables": json.dumps({"articleId": self.article})}
        headers = {"Accept": "text/event-stream", "Last-Event-ID": self.cursor}
        return request("GET", f"/graphql?{urlencode(asked)}", headers)

    def _post(self, accept: str) -> bytes:
        body = json.dumps({"query": STREAM, "variables": {"articleId": self.article}}).encode()
        return request("POST", "/graphql", {"Accept": accept, "Content-Type": "application/json"}, body)


@needs_proc
async def test_nothing_is_left_of_fifty_thousand_connections(furnished: Settings, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as errors:
        chosen = replace(
            furnished, comment_repeat_window=0, rate_changes=0, rate_viewer=0, rate_address=0
        )  # one reader says all
        async with server_process(chosen, log=errors, program=("-m", __name__)) as served:
            visits = Visits(*await begin(Newsstand(served.url, [])))
            await until(lambda: not connections(served.port))
            clean = await census(served)
            assert clean | NOTHING == clean
            await come_and_go(served, visits, visits.drawn(WARM_UP, seed=1))
            await settled(served, clean)
            before = memory(served.process.pid)
            await come_and_go(served, visits, visits.drawn(CONNECTIONS, seed=2))
            await settled(served, clean)
            growth = memory(served.process.pid) - before

    assert growth < GROWTH
    assert log.read_text() == ""


async def come_and_go(served: Served, visits: Visits, scripts: Iterator[Script]) -> None:
    """While comments are posted."""
    reader = Newsstand(served.url, []).client(Role.READER)
    coming = asyncio.create_task(asyncio.to_thread(crowd, served.port, scripts, TOGETHER))
    while not coming.done():
        visits.cursor = (await reader.run("{ streamHead }"))["streamHead"]
        await reader.run(POST, input={"articleId": visits.article, "body": "Busy here."})
        await asyncio.sleep(0.05)
    await coming
    await reader.close()


async def settled(served: Served, clean: Json) -> None:
    """What is left is what there was before."""
    found: Json = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while (found := await census(served)) != clean:
                await asyncio.sleep(0.1)
    assert different(found, clean) == {}


def different(found: Json, clean: Json) -> Json:
    """What there is more or less of, by name."""
    flat = [{**one, **one["objects"], "objects": None} for one in (found, clean)]
    return {
        name: [one.get(name) for one in flat] for name in flat[0] | flat[1] if flat[0].get(name) != flat[1].get(name)
    }


async def census(served: Served) -> Json:
    async with httpx.AsyncClient() as client:
        return dict((await client.get(f"{served.url}/census", headers={"connection": "close"})).json())


# The server, in a process of its own


async def count(_request: Request) -> JSONResponse:
    """Everything that a connection may leave behind."""
    gc.collect()
    things = gc.get_objects()
    fanout = only(Fanout, things)
    kinds = (kind for kind in map(type, things) if kind not in REMEMBERED)
    return JSONResponse(
        {
            "groups": fanout.groups,
            "members": fanout.members,
            "mailboxes": len(only(Hub, things)),
            "sessions": len(only(Sessions, things)),
            "admitted": len(only(Admission, things)),
            "connections": len(only(ServerState, things).connections),
            "files": len(os.listdir("/proc/self/fd")),
            "tasks": Counter(name for name in map(name_of, asyncio.all_tasks()) if not name.startswith(PASSING)),
            "objects": Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith(OURS)),
        }
    )


def name_of(task: asyncio.Task[Any]) -> str:
    """Of its coroutine, or of what runs in that (observe.Tasks)."""
    given, coroutine = task.get_name(), getattr(task.get_coro(), "__qualname__", "")
    return coroutine if given.startswith("Task-") else given


def only(kind: type[Any], things: list[Any]) -> Any:
    (found,) = (thing for thing in things if type(thing) is kind)
    return found


def serve() -> int:
    """As `newsgraph serve` does."""
    settings = from_environment()
    configure(settings.log_level)
    opened, settings = listen(settings)
    announce(settings)
    return serve_one(build(settings, routes=[Route("/census", count)]), opened, settings)


if __name__ == "__main__":
    sys.exit(serve())
