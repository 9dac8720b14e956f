"""Widgets on other people's pages, and what any page may expect of them: size, accessibility, nothing that jumps."""

from __future__ import annotations

import asyncio
import gzip
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from newsgraph.web import static
from tests.flows.conftest import token_for
from tests.flows.test_live import REMOVE, RULES
from tests.flows.test_resume import POST
from tests.widgets.conftest import Stage, discussion, said
from tests.widgets.test_comments import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

BUDGET = 30_000  # bytes of the module as it is sent
EMBEDDING = Path(__file__).parents[2] / "docs" / "embedding.md"


async def test_the_module_keeps_to_its_budget() -> None:
    if static.BUILT is None:
        pytest.skip("the frontend is not built here: make frontend")
    module = static.BUILT.files["widgets/newsgraph.js"].path.read_bytes()
    assert len(gzip.compress(module, 9)) < BUDGET


async def test_a_page_of_another_site_says_three_lines(stage: Stage, room: Settings) -> None:
    """Those of docs/embedding.md, on another port. It may read, and with a token write."""
    article = await stage.stand.publish("Foreign")
    lines = re.search(r"```html\n(.*?)```", EMBEDDING.read_text("utf-8"), re.DOTALL)
    assert lines
    assert lines[1].count("\n") == 3
    token = token_for(Role.READER, "Kim")
    text = lines[1].replace("https://news.example", stage.stand.url).replace("QXJ0aWNsZTox", article)
    text = text.replace("<newsgraph-comments", f'<newsgraph-comments loading="eager" token="{token}"')
    page_of = f"<!doctype html><title>Foreign</title>{text}"
    origin = urlsplit(room.allowed_origins)
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse(page_of))])
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=origin.port or 80, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    context = await stage.reader()
    page = await context.new_page()
    await page.goto(room.allowed_origins)
    await page.get_by_role("textbox", name="Your comment").fill("From elsewhere.")
    await page.get_by_role("button", name="Post comment").click()
    await until(page, "From elsewhere.")
    await page.get_by_role("heading", name="[ASIA] Latest Stories").wait_for()
    await stage.live(page)
    await said(stage, article, "Seen elsewhere.")
    await until(page, "Seen elsewhere.")
    await page.close()
    server.should_exit = True
    await serving


async def test_nothing_jumps_when_a_page_loads(stage: Stage) -> None:
    """Cumulative layout shift, of a page whose server has written what is inside."""
    article = await stage.stand.publish("Steady")
    await said(stage, article, "One.", "Two.")
    asked = '{ rankedList(key: "latest/asia") { version } }'
    version = (await stage.stand.client().run(asked))["rankedList"]["version"]
    context = await stage.reader(viewport={"width": 800, "height": 600})
    await context.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const one of list.getEntries())"
        " window.shift += one.value; }).observe({ type: 'layout-shift', buffered: true })"
    )
    paragraphs = "<p>Text of the article, as long as such texts are, and then some.</p>" * 30
    inside = "<h2>Comments 2</h2><ol><li>Two.</li><li>One.</li></ol>"
    shelf = f'<newsgraph-list key="latest/asia" version="{version}"><ol><li>Steady</li></ol></newsgraph-list>'
    body = f'{shelf}{paragraphs}<newsgraph-comments article="{article}">{inside}</newsgraph-comments><p>The end.</p>'
    page = await stage.open(context, body)
    await page.locator("newsgraph-comments section").wait_for()
    await stage.live(page)
    assert await page.evaluate("window.shift") == 0


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ko", "dark"), ("ar", "light")])
async def test_axe_finds_nothing_in_any_state(stage: Stage, axe: str, language: str, scheme: str) -> None:
    """All states on one page, since each page costs a second; that they have one name is this page's own fault."""
    article, empty, closed, held = [await stage.stand.publish(f"Axe {number}") for number in range(4)]
    [first] = await said(stage, article, "<b>Hello.</b>", by="Kim")
    [gone] = await said(stage, article, "A reply.", parentId=first)
    await said(stage, article, "An answer to what is gone.", parentId=gone, by="Kim")
    lee, moderator = stage.stand.client(Role.READER, "Lee"), stage.stand.client(Role.MODERATOR)
    await lee.run(REMOVE, input={"id": gone})
    await moderator.run(RULES, input={"articleId": closed, "open": False})
    await moderator.run(RULES, input={"articleId": held, "mode": "PRE"})
    await lee.run(POST, input={"articleId": held, "body": "May I?"})
    parts = [discussion(one, "Lee") for one in (article, empty, closed, held, "QXJ0aWNsZTo5OTk5OTk=")]
    parts += [discussion(article), '<newsgraph-list key="latest/asia"></newsgraph-list>']
    parts += ['<newsgraph-list key="must-reads"></newsgraph-list>', f"<p>{count(article)}</p>"]

    page = await stage.open(await stage.reader(color_scheme=scheme), "".join(parts), language)
    await page.locator("newsgraph-comments section").nth(4).wait_for()
    await page.locator("newsgraph-comments .problem, newsgraph-list section").nth(2).wait_for()
    mine = page.locator("newsgraph-comments").first
    await mine.locator(".action:nth-of-type(7):visible").first.click()  # a report
    await mine.locator(".action:nth-of-type(4):visible").last.click()  # a reply
    await mine.locator(".submit").first.click()  # of nothing, which is an error
    await page.evaluate(axe)
    found = await page.evaluate("axe.run({ rules: { 'landmark-unique': { enabled: false } } })")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []


def count(article: str) -> str:
    return f'<newsgraph-live-count article="{article}"></newsgraph-live-count>'
