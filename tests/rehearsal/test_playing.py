"""Rehearsals as a frontend's tests see them: a page that listens, and comes back by itself."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from websockets.exceptions import WebSocketException

from newsgraph.cli import cli
from newsgraph.cli.replay import Manner, rehearsing
from newsgraph.rehearsal.player import Player, RehearsalFailed
from newsgraph.rehearsal.storyboard import Storyboard, read_storyboard
from newsgraph.settings import Settings
from tests.flows.client import Client, Json
from tests.flows.test_resume import STREAM
from tests.rehearsal.test_storyboard import OURS

BOARDS = {name.removesuffix(".yml"): read_storyboard(one.read_text("utf-8")) for name, one in OURS.items()}
QUICKLY = 1_000.0
LIST = """
subscription ($key: String!) {
  rankedListEvents(key: $key) { ... on RankedListChanged { list { items { nodes { headline } } } } }
}
"""


class Page:
    """What a page has been told of one article's comments; it comes back from where it was."""

    def __init__(self, url: str, article: str) -> None:
        self._client = Client(url)
        self._variables: Json = {"articleId": article, "after": None}
        self.events: list[Json] = []
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        while True:
            with suppress(OSError, WebSocketException, AssertionError, EOFError):
                async with self._client.subscribe(STREAM, **self._variables) as stream:
                    while True:
                        await self._take(await stream.next(60))
            await asyncio.sleep(0.01)

    async def _take(self, event: Json) -> None:
        self._variables["after"] = event["cursor"]
        async with self._news:
            self.events.append(event)
            self._news.notify_all()

    async def until(self, *kinds: str) -> list[str]:
        """Until it has been told of things of these kinds, in this order."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: is_within(kinds, self.kinds))
        return self.kinds

    @property
    def kinds(self) -> list[str]:
        return [event.get("reason") or event["__typename"] for event in self.events]

    @property
    def bodies(self) -> list[str]:
        return [event["commentEdge"]["node"]["body"] for event in self.events if "commentEdge" in event]


def is_within(wanted: tuple[str, ...], found: list[str]) -> bool:
    rest = iter(found)
    return all(one in rest for one in wanted)


@asynccontextmanager
async def playing(board: Storyboard, folder: Path, **manner: Any) -> AsyncIterator[tuple[Player, str]]:
    """And the address of the stage door."""
    settings = Settings(
        **board.settings,
        database=f"sqlite:///{folder / 'replay.db'}",
        port=0,
        allowed_origins="*",
        reconnect_spread=0.0,
        drain_timeout=1.0,
    )
    given = Manner(**({"speed": QUICKLY, "steps": False, "once": True, "stage_port": 0} | manner))
    async with rehearsing(board, settings, given) as (player, stage_door):
        yield player, stage_door


@asynccontextmanager
async def reading(player: Player) -> AsyncIterator[Page]:
    page = Page(player.stage.newsroom.settings.address, next(iter(player.stage.ids.values())))
    listening = asyncio.create_task(page.listen())
    try:
        yield page
    finally:
        listening.cancel()
        await page._client.close()


@pytest.mark.parametrize("name", sorted(BOARDS.keys() - {"dropped", "held", "list", "resets"}))  # have their own tests
async def test_each_can_be_played_to_its_end(tmp_path: Path, name: str) -> None:
    async with playing(BOARDS[name], tmp_path) as (player, _), reading(player) as page:
        await page.until("StreamReady")
        async with asyncio.timeout(20):
            while player.state != "over":
                await player.go_on()
            await player.perform()


async def test_a_page_that_breaks_off_catches_up(tmp_path: Path) -> None:
    async with playing(BOARDS["dropped"], tmp_path) as (player, _), reading(player) as page:
        await page.until("StreamReady")
        await player.perform()
        await page.until(*["CommentAdded"] * 4)
        await page.until(*["StreamReady"] * 3)  # the last comment may be among what was missed, which comes before it
    assert page.bodies == ["Before the line goes dead.", "While nobody listens.", "And on we go.", "Back again."]
    assert page.kinds.count("StreamReady") == 3
    assert page.kinds.count("CommentRemoved") == 1


async def test_a_page_is_told_each_reset(tmp_path: Path) -> None:
    async with playing(BOARDS["resets"], tmp_path, steps=True) as (player, _), reading(player) as page:
        await page.until("StreamReady")
        seen: list[str] = []
        for scene in player.scenes:
            await player.go_on()
            expected = scene.given.get("reason") or ("CommentAdded" if scene.action == "comment" else None)
            seen += [expected] if expected else []
            await page.until(*seen)
    assert [kind for kind in page.kinds if kind.isupper()] == ["SLOW_CONSUMER", "TRIMMED", "EPOCH_CHANGED"]
    assert page.bodies == ["All is well.", "After the first.", "After the second.", "After the third."]


async def test_steps_are_taken_through_the_stage_door(tmp_path: Path) -> None:
    """Each POST is answered when its scene has been played: no test has to wait for anything but the page."""
    async with playing(BOARDS["list"], tmp_path, steps=True) as (player, stage_door), httpx.AsyncClient() as director:
        first = (await director.get(stage_door)).json()
        assert (first["state"], first["played"], first["scenes"]) == ("waiting", 0, 7)
        client = Client(player.stage.newsroom.settings.address)
        for number in range(7):
            status = (await director.post(stage_door)).json()
            assert (status["state"], status["played"]) == ("over" if number == 6 else "paused", number + 1)
        async with client.subscribe(LIST, key="must-reads") as stream:
            await stream.next()  # StreamReady
            nodes = (await stream.next())["list"]["items"]["nodes"]
        await client.close()
    assert [node["headline"].split()[1] for node in nodes[:3]] == ["Storm", "Bakery", "Ferry"]
    assert status["ids"]["storm"] == player.stage.ids["storm"]


POST = "mutation ($input: PostCommentInput!) { postComment(input: $input) { status } }"


async def test_a_persons_own_comment_is_approved_when_the_rehearsal_goes_on(tmp_path: Path) -> None:
    async with playing(BOARDS["held"], tmp_path) as (player, stage_door), reading(player) as page:
        await page.until("StreamReady")
        async with httpx.AsyncClient() as director:
            status = (await director.post(stage_door)).json()
            assert (status["state"], status["note"]) == ("paused", "Post a comment, and go on.")
            lena = Client(player.stage.newsroom.settings.address, token=status["tokens"]["Lena"])
            data = await lena.run(POST, input={"articleId": status["ids"]["storm"], "body": "Mine."})
            assert data["postComment"]["status"] == "PENDING"
            assert (await director.post(stage_door)).json()["state"] == "over"
            await lena.close()
        await page.until("CommentAdded", "CommentAdded")
    assert page.bodies == ["Our roof is in the neighbours' garden.", "Mine."]


IMPOSSIBLE = """
title: Twice
articles: [{id: storm, headline: Storm, comments: [{id: first, by: Kim, text: "Hello."}]}]
scenes:
  - reject: first
  - withhold: first
"""


async def test_a_scene_that_cannot_be_played_ends_it_with_its_line(tmp_path: Path) -> None:
    async with (
        playing(read_storyboard(IMPOSSIBLE), tmp_path, steps=True) as (player, stage_door),
        httpx.AsyncClient() as director,
    ):
        await director.post(stage_door)
        answer = await director.post(stage_door)
        assert (answer.status_code, answer.json()["state"]) == (500, "failed")
        with pytest.raises(RehearsalFailed, match="line 6: withhold: "):
            await player.perform()


async def test_the_newest_comment_has_to_be_there(tmp_path: Path) -> None:
    board = read_storyboard("title: T\nscenes: [{approve: newest}]")
    async with playing(board, tmp_path) as (player, _):
        await player.go_on()
    assert player.note == "line 2: approve: Nothing has happened to any comment yet."


async def test_the_command_plays_one_and_ends() -> None:
    command = ("-m", "newsgraph", "replay", "tombstone", "--steps", "--once", "--port", "0", "--stage-port", "0")
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(30), httpx.AsyncClient() as director:
        while not (line := (await process.stdout.readline()).decode()).startswith("Stage"):
            assert line
        answers = [(await director.post(line.split()[1])).json()["state"] for _ in range(3)]
        await process.communicate()
    assert (answers, process.returncode) == (["paused", "paused", "over"], 0)


def test_the_command_names_its_storyboards() -> None:
    said = CliRunner().invoke(cli, ["replay", "--list"], standalone_mode=False)
    assert all(name in said.output for name in BOARDS)


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text("title: T\nscenes: [{explode: storm}]", "utf-8")
    with pytest.raises(SystemExit) as exit_:
        cli.main(["replay", str(tmp_path / "wrong.yml")])
    assert exit_.value.code == 2
