"""Whatever happens to the connection: a widget comes back by itself, with no gap and no repeat."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.conftest import Newsstand, serving
from tests.flows.processes import server_process
from tests.widgets.conftest import VISIBILITY, Stage, bodies, said
from tests.widgets.test_comments import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

# As where a proxy lets no upgrade through: the handshake is answered, with 404.
NO_SOCKETS = """
const Real = WebSocket;
window.WebSocket = class extends Real {
  constructor(url, protocols) { super(url.replace("/graphql", "/nowhere"), protocols); }
};
"""
NO_EVENTS = """
const Source = EventSource;
window.EventSource = class extends Source { constructor() { super("/nowhere"); } };
"""


async def hurry(page: Any) -> None:
    """Through its waits, until it is live."""
    async with asyncio.timeout(20):
        while await page.locator("newsgraph-comments[line=live]").count() == 0:
            await page.clock.fast_forward(3_000)
            await asyncio.sleep(0.05)


async def test_a_server_that_is_killed_and_comes_back(stage: Stage, room: Settings) -> None:
    """By kill -9. Meanwhile people write through another process."""
    article = await stage.stand.publish("Killed")
    await said(stage, article, "Before.")
    async with server_process(room) as first:
        context = await stage.reader(first.url)
        page = await stage.comments(article, context=context, url=first.url)
        await stage.live(page)
        await said(stage, article, "Live.")
        await until(page, "Live.")
        await first.kill()
        await page.locator("newsgraph-comments[line=waiting]").wait_for()
        removed, *_ = await said(stage, article, "Never seen.", "Meanwhile 1.", "Meanwhile 2.")
        await stage.stand.client(Role.READER, "Lee").run(REMOVE, input={"id": removed})
    async with server_process(room, port=first.port):
        await until(page, "Meanwhile 2.")
        await said(stage, article, "After.")
        await until(page, "After.")
        assert await bodies(page) == ["After.", "Meanwhile 2.", "Meanwhile 1.", "Live.", "Before."]
        await page.get_by_role("heading", name="Comments 5").wait_for()


AFTER = re.compile(r'"after":"[^"]*"')
REMOVE = "mutation ($input: RemoveCommentInput!) { removeComment(input: $input) { userErrors { code } } }"


@pytest.mark.parametrize(
    ("without", "protocol"), [((NO_SOCKETS,), "text/event-stream"), ((NO_SOCKETS, NO_EVENTS), "NewsgraphHead")]
)
async def test_where_no_socket_gets_through(stage: Stage, without: tuple[str, ...], protocol: str) -> None:
    article = await stage.stand.publish("Fallback")
    await said(stage, article, "Before.")
    context = await stage.reader()
    await context.clock.install()
    for script in without:
        await context.add_init_script(f"(() => {{ {script} }})()")
    asked: list[str] = []
    context.on("request", lambda one: asked.append(f"{one.headers.get('accept')} {one.post_data}"))
    page = await stage.comments(article, context=context)
    await hurry(page)
    await said(stage, article, "Fell through.")
    await page.clock.fast_forward(13_000)
    await until(page, "Fell through.")
    assert any(protocol in one for one in asked)
    assert await bodies(page) == ["Fell through.", "Before."]


async def test_nobody_looks_and_nothing_is_held_open(stage: Stage) -> None:
    article = await stage.stand.publish("Hidden")
    context = await stage.reader()
    await context.clock.install()
    await context.add_init_script(VISIBILITY)
    page = await stage.comments(article, context=context)
    await stage.live(page)
    await stage.show(page, "hidden")
    await said(stage, article, "Just after.")
    await until(page, "Just after.")
    await page.clock.fast_forward(31_000)
    await page.locator("newsgraph-comments[line=asleep]").wait_for()
    await said(stage, article, "While nobody looked.")
    assert await bodies(page) == ["Just after."]
    await stage.show(page, "visible")
    await until(page, "While nobody looked.")
    assert await bodies(page) == ["While nobody looked.", "Just after."]


async def test_a_position_that_is_gone_is_fetched_anew(stage: Stage) -> None:
    """What a reset asks for, with what came before and after it; opened replies stay open."""
    article = await stage.stand.publish("Reset")
    [top] = await said(stage, article, "Top.")
    await said(stage, article, *(f"Reply {number}." for number in range(5)), parentId=top)
    context = await stage.reader()
    await context.add_init_script(VISIBILITY)
    await context.clock.install()
    page = await stage.comments(article, context=context)
    await page.get_by_role("button", name="Show 2 more replies").click()
    await until(page, "Reply 4.")
    await stage.live(page)
    await stage.show(page, "hidden")
    await page.clock.fast_forward(31_000)
    await page.locator("newsgraph-comments[line=asleep]").wait_for()
    await said(stage, article, "Missed.")

    # A cursor of another life of the database: the server answers with StreamReset.
    async def spoil(socket: Any) -> None:
        server = socket.connect_to_server()
        foreign = '"after":"AAAAAAAAAAAAAAAAAAAAAA"'
        socket.on_message(lambda text: server.send(AFTER.sub(foreign, text)))

    await page.route_web_socket("**/graphql", spoil)
    await stage.show(page, "visible")
    await until(page, "Missed.")
    await said(stage, article, "And on.")
    await until(page, "And on.")
    assert await bodies(page) == ["And on.", "Missed.", "Top.", *(f"Reply {number}." for number in range(5))]


async def test_many_widgets_share_one_socket(stage: Stage, newsroom: Newsstand) -> None:
    articles = [await newsroom.publish(f"Shared {number}") for number in range(3)]
    context = await stage.reader()
    sockets: set[int] = set()
    requests: list[str] = []
    body = "".join(f'<newsgraph-live-count article="{one}"></newsgraph-live-count>' for one in articles)
    body += '<newsgraph-list key="latest/asia"></newsgraph-list><newsgraph-list key="latest"></newsgraph-list>'
    context.on("request", lambda one: requests.append(one.post_data or ""))
    context.on("page", lambda page: page.on("websocket", lambda one: sockets.add(id(one))))
    page = await stage.open(context, body)
    await page.get_by_role("heading", name="[ASIA] Latest Stories").wait_for()
    await page.get_by_text("0 comments").nth(2).wait_for()
    assert len(sockets) == 1
    assert len([one for one in requests if "NewsgraphCounts" in one]) == 1
    await said(stage, articles[1], "One.")
    await page.locator("newsgraph-live-count").nth(1).get_by_text("1 comment").wait_for()


async def test_more_widgets_than_a_socket_may_have_operations(stage: Stage, room: Settings) -> None:
    """The rest ask now and then; none disturbs the others."""
    articles = [await stage.stand.publish(f"Crowded {number}") for number in range(4)]
    async with serving(replace(room, socket_operations=2)) as url:
        context = await stage.reader(url)
        await context.clock.install()
        sockets: set[int] = set()
        context.on("page", lambda page: page.on("websocket", lambda one: sockets.add(id(one))))
        counts = "".join(f'<p><newsgraph-live-count article="{one}"></newsgraph-live-count></p>' for one in articles)
        page = await stage.open(context, counts, url=url)
        await page.get_by_text("0 comments").nth(3).wait_for()
        for article in articles:
            await said(stage, article, "Here, too.")
        await page.get_by_text("1 comment").nth(1).wait_for()
        await page.clock.fast_forward(13_000)
        await page.get_by_text("1 comment").nth(3).wait_for()
        assert len(sockets) == 1, "it was never given up"
        await context.close()
