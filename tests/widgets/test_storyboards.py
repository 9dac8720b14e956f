"""After each storyboard in which much happens, a page that saw it all shows what one shows that is opened then."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsgraph.cli.replay import Manner, _own, rehearsing
from newsgraph.rehearsal.storyboard import read_storyboard
from newsgraph.settings import Settings
from tests.flows.conftest import SECRET
from tests.widgets.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAST = Manner(speed=200.0, steps=True, once=True, stage_port=0)
LISTS = ("latest", "popular", "must-reads")
NAMES = ("resets", "dropped", "restarted", "live", "tombstone", "list")
BOARDS = {name: read_storyboard(_own()[name]) for name in NAMES}
# What a page shows, once everything is opened that can be.
SEEN = """() => {
  const depth = (item) => { let n = 0; for (let e = item; (e = e.parentElement?.closest("li")); ) n += 1; return n; };
  const root = document.querySelector("newsgraph-comments").shadowRoot;
  for (const more of root.querySelectorAll(".more:not([hidden]):enabled")) more.click();
  const comments = [...root.querySelectorAll("li")].map(
    (one) => [depth(one), ...[".author", ".body"].map((part) => one.querySelector(part)?.textContent)]);
  const lists = [...document.querySelectorAll("newsgraph-list")].map((one) => one.shadowRoot.textContent);
  const box = root.querySelector(".notice:not([hidden])")?.textContent;
  return JSON.stringify([root.querySelector(".count")?.textContent ?? root.textContent, box, comments, lists]);
}"""


async def test_each_ends_as_it_is(stage: Stage, tmp_path: Path) -> None:
    """Three at a time, since they mostly wait."""
    turn = asyncio.Semaphore(3)

    async def played(name: str) -> tuple[str, str]:
        async with turn, asyncio.timeout(60):
            return await play(stage, name, tmp_path / f"{name}.db")

    ends = dict(zip(BOARDS, await asyncio.gather(*map(played, BOARDS)), strict=True))
    assert {name: end for name, end in ends.items() if end[0] != end[1]} == {}


async def play(stage: Stage, name: str, database: Path) -> tuple[str, str]:
    """What the page shows that was there all the time, and what one that is opened at the end."""
    board = BOARDS[name]
    settings = Settings(database=f"sqlite:///{database}", secret=SECRET, port=0, **board.settings)
    settings = replace(settings, allowed_origins="*", reconnect_spread=0.1, list_interval=0.02, token_leeway=0.0)
    async with rehearsing(board, settings, FAST) as (player, _):
        url = player.stage.newsroom.settings.address
        article = next((one for one in player.stage.ids.values() if one.startswith("QXJ0aWNsZ")), "")
        body = "".join(f'<newsgraph-list key="{key}"></newsgraph-list>' for key in LISTS)
        body = f'<newsgraph-comments article="{article}" loading="eager"></newsgraph-comments>{body}'
        there = await opened(stage, url, body)
        while player.state not in ("over", "failed"):
            await player.go_on()
        assert player.state == "over", player.note
        new = await opened(stage, url, body)
        found = wanted = ""
        for _ in range(200):
            found, wanted = await there.evaluate(SEEN), await new.evaluate(SEEN)
            if found == wanted:
                break
            await asyncio.sleep(0.05)
        await there.context.close()
        await new.context.close()
        return found, wanted


async def opened(stage: Stage, url: str, body: str) -> Any:
    page = await stage.open(await stage.reader(url), body, url=url)
    await page.locator("newsgraph-comments section, newsgraph-comments .problem").first.wait_for()
    for number in range(len(LISTS)):
        await page.locator("newsgraph-list section").nth(number).wait_for()
    return page
