"""A disk that is full, read-only, locked or damaged, for real: nobody loses what was acknowledged to them.

While it lasts, writing says UNAVAILABLE, reading goes on, the log has one line about it; when it is over, the same
process takes comments again.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from newsgraph import app
from newsgraph.domain.users import Role
from newsgraph.settings import Settings, to_environment
from tests.flows import faults
from tests.flows.client import Client
from tests.flows.conftest import SECRET, Newsstand, furnish
from tests.flows.faults import Fault, Place
from tests.flows.processes import server_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: limits and mounts of its own")

WRITERS = 8
NUMBERS = itertools.count()
LONG = "of the many words that people have for it when they want to be heard, and that fill a disk sooner or later"
POST = """
mutation ($input: PostCommentInput!) {
  postComment(input: $input) { commentEdge { node { id } } userErrors { code } }
}
"""
READ = "query ($id: ID!) { node(id: $id) { ... on Article { commentCount comments { totalCount } } } }"
STREAM = """
subscription ($id: ID!) {
  commentEvents(articleId: $id) { __typename ... on CommentAdded { commentEdge { node { id createdAt } } } }
}
"""
VIEW = "mutation ($id: ID!) { recordView(input: { articleId: $id }) { counted } }"


@dataclass
class Room:
    """A server in a process of its own, an article, and people who write below it."""

    place: Place
    url: str
    article: str
    output: Path
    writers: list[Client]
    acknowledged: set[str] = field(default_factory=set)

    async def post(self, writer: Client) -> dict[str, Any] | None:
        """The error, if it was not acknowledged."""
        body = await writer.post(POST, input={"articleId": self.article, "body": f"{next(NUMBERS)} {LONG}"})
        if "errors" in body:
            [error] = body["errors"]
            return dict(error)
        assert body["data"]["postComment"]["userErrors"] == []
        self.acknowledged.add(body["data"]["postComment"]["commentEdge"]["node"]["id"])
        return None

    async def post_all(self) -> list[dict[str, Any] | None]:
        return await asyncio.gather(*map(self.post, self.writers))

    async def until_refused(self) -> dict[str, Any]:
        """What the first is told whose comment is not taken."""
        for _ in range(2_000):
            if refused := [error for error in await self.post_all() if error]:
                return refused[0]
        raise AssertionError("everything was taken")

    async def health(self) -> tuple[int, str]:
        answer = await self.writers[0].http.get("/healthz")
        return answer.status_code, answer.json()["status"]

    def said(self) -> list[str]:
        return [line for line in self.output.read_text().splitlines() if "the database can" in line]

    def kept(self) -> int:
        with closing(sqlite3.connect(self.place.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            [(comments, counted, told)] = connection.execute(
                "SELECT (SELECT count(*) FROM comments), (SELECT comment_count FROM articles),"
                " (SELECT count(*) FROM log WHERE kind LIKE 'comment%')"
            )
        assert comments == counted == told  # nothing is half there
        return int(comments)


@asynccontextmanager
async def room(folder: Path, output: Path, **changes: Any) -> AsyncIterator[Room]:
    database = folder / "news.db"
    settings = Settings(database=f"sqlite:///{database}", secret=SECRET, lock_timeout=0.2, view_flush=0.05, **changes)
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(furnish)
    with output.open("wb") as log:
        async with server_process(settings, log=log) as served:
            stand = Newsstand(served.url, [])
            article = await stand.publish("Breaking")
            writers = [stand.client(Role.READER, f"Writer {n}") for n in range(WRITERS)]
            place = Place(database, served.process.pid)
            yield Room(place, served.url, article, output, writers)
            await asyncio.gather(*(client.close() for client in stand.clients))


FAULTS: dict[str, tuple[Fault, str]] = {
    "locked by another process": (faults.locked, "another process holds its lock"),
    "full": (faults.full, "the disk is full"),
    "a file-size limit": (faults.limited, "the disk refuses it"),
    "immutable": (faults.immutable, "the disk refuses it"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_writing_fails_while_it_lasts_and_reading_goes_on(name: str, tmp_path: Path) -> None:
    fault, reason = FAULTS[name]
    folder = tmp_path / "disk"
    folder.mkdir()
    if fault is faults.immutable:
        faults.needs_chattr(folder)
    disk = faults.tmpfs(folder, 8_000_000) if fault is faults.full else nullcontext()
    with disk:
        async with room(folder, tmp_path / "log") as served:
            assert await served.post_all() == [None] * WRITERS
            with fault(served.place):
                error = await served.until_refused()
                await refuses_and_reads(served, error)
            await takes_again(served)
            assert len(served.said()) == 1, served.said()
            assert reason in served.said()[0]
            assert "Traceback" not in served.output.read_text()
        assert served.kept() == len(served.acknowledged)


async def refuses_and_reads(served: Room, error: dict[str, Any]) -> None:
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["message"] == "Nothing can be written now, and nothing was changed; try again."
    assert error["path"] == ["postComment"]
    assert await served.health() == (200, "degraded")
    reader = served.writers[0]
    shown = (await reader.run(READ, id=served.article))["node"]
    assert shown["commentCount"] == shown["comments"]["totalCount"] == len(served.acknowledged)
    assert await reader.run(VIEW, id=served.article) == {"recordView": {"counted": True}}  # written when it can be
    stranger = Newsstand(served.url, []).client(Role.READER, "Stranger")  # to be known is to be written down
    answer = await stranger.http.post("/graphql", json={"query": "{ streamHead }"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    await stranger.close()


async def takes_again(served: Room) -> None:
    """Without a restart, and the views that were counted meanwhile are there, too."""
    assert await served.post_all() == [None] * WRITERS
    assert await served.health() == (200, "ok")
    query = "query ($id: ID!) { node(id: $id) { ... on Article { commentCount viewCount } } }"
    async with asyncio.timeout(10):
        while (shown := (await served.writers[0].run(query, id=served.article))["node"])["viewCount"] != 1:
            await asyncio.sleep(0.02)
    assert shown["commentCount"] == len(served.acknowledged)


DAY = 86_400


async def test_a_clock_that_jumps_loses_no_acknowledged_comment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own, back and ahead, under a stream: all are told, once and in order, and nobody is locked out."""
    watch = faults.Wristwatch(tmp_path / "time")
    watch.set(0)
    for name, value in watch.environment.items():
        monkeypatch.setenv(name, value)
    async with room(tmp_path, tmp_path / "log") as served:
        reader = served.writers[0]
        async with reader.subscribe(STREAM, id=served.article) as stream:
            await stream.next()
            told = []
            for jump in (0, 0, -DAY, 400 * DAY, 0):
                watch.set(jump)
                await until_ahead(served, jump)
                assert await served.post_all() == [None] * WRITERS
                events = [await stream.next() for _ in range(WRITERS)]
                told += [event["commentEdge"]["node"]["id"] for event in events]
                for event in events:
                    at = datetime.fromisoformat(event["commentEdge"]["node"]["createdAt"])
                    assert abs(ahead(at) - jump) < 600
                shown = (await reader.run(READ, id=served.article))["node"]
                assert shown["commentCount"] == shown["comments"]["totalCount"] == len(told)
        assert len(told) == len(set(told)) == len(served.acknowledged)
        assert set(told) == served.acknowledged
        assert await served.health() == (200, "ok")
        assert "Traceback" not in served.output.read_text()
    assert served.kept() == len(told)


async def until_ahead(served: Room, seconds: int) -> None:
    """The server says what time it has in each answer."""
    async with asyncio.timeout(30):
        while True:
            answer = await served.writers[0].http.get("/healthz")
            if abs(ahead(parsedate_to_datetime(answer.headers["date"])) - seconds) < 600:
                return
            await asyncio.sleep(0.05)


def ahead(at: datetime) -> float:
    """How far a time is ahead of ours, in seconds."""
    return (at - datetime.now(UTC)).total_seconds()


async def test_a_disk_that_fills_up_under_load_loses_no_acknowledged_comment(tmp_path: Path) -> None:
    """Again and again full in the middle of commits and checkpoints, then killed, then opened anew."""
    folder = tmp_path / "disk"
    with faults.tmpfs(folder, 8_000_000):
        async with room(folder, tmp_path / "log") as served:
            for _ in range(5):
                with faults.full(served.place):
                    await served.until_refused()
                assert await served.post_all() == [None] * WRITERS
        assert served.kept() == len(served.acknowledged)


@pytest.mark.parametrize("name", ["comments", "comments_top_created"])
async def test_a_damaged_file_is_told_and_what_is_whole_is_read(name: str, tmp_path: Path) -> None:
    async with room(tmp_path, tmp_path / "log") as served:
        for _ in range(4):
            assert await served.post_all() == [None] * WRITERS
        faults.damage(served.place.database, name)
        error = await served.post(served.writers[0])
        assert error is not None
        assert error["extensions"]["code"] == "UNAVAILABLE"
        headline = "query ($id: ID!) { node(id: $id) { ... on Article { headline } } }"
        assert (await served.writers[0].run(headline, id=served.article))["node"] == {"headline": "Breaking"}
        assert await served.health() == (200, "damaged")
        if name != "comments":  # else they were what is damaged
            assert await asyncio.to_thread(rows_in, served.place.database) == len(served.acknowledged)
        assert "the file is damaged" in served.said()[0]
        assert len(served.said()) <= 2, "one of reading, one of writing"


def rows_in(database: Path) -> int:
    """Comments in the table itself, whatever the indexes say."""
    with closing(sqlite3.connect(database)) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM comments NOT INDEXED")
    return int(count)


@pytest.mark.parametrize("name", ["read-only", "damaged", "no database", "full"])
async def test_what_cannot_be_served_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = faults.tmpfs(folder, 300_000) if name == "full" else nullcontext()
    with disk:
        settings = Settings(database=f"sqlite:///{folder / 'news.db'}", secret=SECRET)
        if name != "full":
            async with app.open_newsroom(settings):
                pass
        if name == "damaged":
            faults.damage(folder / "news.db", "stream")
        if name == "no database":
            (folder / "news.db").write_bytes(b"These are no pages." * 1_000)
        with faults.read_only(folder) if name == "read-only" else nullcontext():
            told = await refused_to_serve(settings)
    assert told[-1].startswith("newsgraph: ")
    assert "Traceback" not in "".join(told)


async def refused_to_serve(settings: Settings) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "newsgraph", "serve", "--port", "0"),
        env=os.environ | to_environment(settings),
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    return errors.decode().splitlines()
