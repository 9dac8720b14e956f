"""The widgets in every rehearsal of ours: in the end they show what a page shows that was opened just then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from newsgraph.rehearsal.player import Player
from newsgraph.web.static import BUILT
from tests.rehearsal.test_playing import BOARDS, playing
from tests.widgets.conftest import Stage, bodies

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(BUILT is None, reason="the frontend has not been built: make frontend"),
]

LISTS = ("latest", "popular", "must-reads")


@pytest.mark.parametrize("name", ["dropped", "rejected", "resets", "restarted", "scripts", "tombstone"])
async def test_comments_end_as_a_fresh_page_shows_them(stage: Stage, tmp_path: Path, name: str) -> None:
    async with playing(BOARDS[name], tmp_path) as (player, _):
        url, article = player.stage.newsroom.settings.address, next(iter(player.stage.ids.values()))

        async def opened() -> Any:
            return await stage.comments(article, context=await stage.reader(url), url=url)

        page = await opened()
        await stage.live(page)
        await play(player)
        await same(page, await opened(), bodies)


async def test_lists_end_as_a_fresh_page_shows_them(stage: Stage, tmp_path: Path) -> None:
    async with playing(BOARDS["list"], tmp_path) as (player, _):
        url = player.stage.newsroom.settings.address
        body = "".join(f'<newsgraph-list key="{key}" loading="eager"></newsgraph-list>' for key in LISTS)

        async def opened() -> Any:
            page = await stage.open(await stage.reader(url), body, url=url)
            await page.locator("newsgraph-list a").first.wait_for()
            return page

        page = await opened()
        await play(player)
        await same(page, await opened(), rows)


async def play(player: Player) -> None:
    async with asyncio.timeout(60):
        while player.state != "over":
            assert player.state != "failed", player.note
            await player.go_on()


async def rows(page: Any) -> Sequence[str]:
    texts: list[str] = await page.locator("newsgraph-list a").all_inner_texts()
    return texts


async def same(page: Any, fresh: Any, shown: Callable[[Any], Any]) -> None:
    async with asyncio.timeout(20):
        while (seen := await shown(page)) != (wanted := await shown(fresh)):
            await asyncio.sleep(0.05)
    assert seen == wanted
