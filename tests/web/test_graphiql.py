"""GraphiQL: the page's own logic without a browser, and the whole of it in a real one that reaches no other host."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import build_schema, parse, validate

from newsgraph import app
from newsgraph.domain.users import Role
from newsgraph.graph.schema import sdl
from newsgraph.settings import Settings
from newsgraph.web.graphiql import example_values, operations_folder, read_operations, render_graphiql, tabs_of
from newsgraph.web.static import BUILT, Built
from tests.flows.conftest import SECRET, Newsstand, furnish, serving, token_for
from tests.flows.test_live import post
from tests.machine import CHROMIUM_OPTIONS, chromium

CONTRACT = Path(__file__).parents[3] / "shared" / "contract"
EXAMPLES = example_values("QXJ0aWNsZTox", "how-to-weigh-a-cloud", "science", "hana-lindqvist")
FILES = Built({}, "/graphiql/main-ABC.js", "/graphiql/main-ABC.css", {})

TWO = """
# First comment.
query One($slug: String!) { article(slug: $slug) { ...Card } }

# Second comment.
mutation Two($input: PostCommentInput!, $other: Int) { postComment(input: $input) { status } }

# The fragment.
fragment Card on Article { headline }
"""


def config_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="config">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_each_operation_is_a_tab_with_its_comment_and_its_fragments() -> None:
    one, two = tabs_of(TWO, {})
    assert one["query"].startswith("# First comment.\nquery One(")
    assert one["query"].endswith("# The fragment.\nfragment Card on Article { headline }")
    assert two["query"].startswith("# Second comment.\nmutation Two(")
    assert "fragment" not in two["query"]


def test_variables_are_filled_by_name_or_by_input_type_and_others_are_left_out() -> None:
    one, two = tabs_of(TWO, EXAMPLES)
    assert json.loads(one["variables"]) == {"slug": "how-to-weigh-a-cloud"}
    assert json.loads(two["variables"]) == {"input": EXAMPLES["PostCommentInput"]}


def test_nothing_known_means_an_empty_variables_editor() -> None:
    assert [tab["variables"] for tab in tabs_of(TWO, {})] == ["", ""]


def test_no_text_can_end_the_script_element() -> None:
    page = render_graphiql(["# </script><script>alert(1)</script>\nquery A { a }"], {}, FILES)
    assert "<script>alert" not in page
    assert "</script><script>alert(1)" in config_of(page)["tabs"][0]["query"]


def test_where_nothing_was_built_the_page_says_what_to_run() -> None:
    page = render_graphiql(read_operations(), {}, None)
    assert "make frontend" in page
    assert "<script" not in page


def test_operations_are_found_and_every_one_parses() -> None:
    texts = read_operations()
    assert len(texts) == len([f for f in operations_folder().iterdir() if f.name.endswith(".graphql")])
    tabs = config_of(render_graphiql(texts, EXAMPLES, FILES))["tabs"]
    assert len(tabs) >= 10
    for tab in tabs:
        parse(tab["query"])


def test_operations_fit_the_schema() -> None:
    schema = build_schema(sdl())
    for text in read_operations():
        assert validate(schema, parse(text)) == []


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this checkout")
def test_operations_ask_for_nothing_but_the_contract() -> None:
    schema = build_schema((CONTRACT / "schema.graphql").read_text("utf-8"))
    for text in read_operations():
        assert validate(schema, parse(text)) == []


# --- in a browser ---

alone = pytest.mark.asyncio(loop_scope="module")
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # as behind a firewall


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def newsstand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Newsstand]:
    """One newsroom for all of them."""
    path = tmp_path_factory.mktemp("graphiql") / "news.db"
    settings = Settings(database=f"sqlite:///{path}", secret=SECRET)
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(furnish)
    async with serving(settings) as url:
        stand = Newsstand(url, [])
        yield stand
        for client in stand.clients:
            await client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    """It knows no host but this one."""
    path = chromium()
    if BUILT is None:
        pytest.skip("the frontend has not been built: make frontend")
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    async with playwright.async_playwright() as started:
        options = [*CHROMIUM_OPTIONS, ALONE]
        async with await started.chromium.launch(executable_path=path, args=options) as launched:
            yield launched


@pytest_asyncio.fixture(loop_scope="module")
async def opened(browser: Any) -> AsyncIterator[Any]:
    """A page of somebody who was never here."""
    context = await browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(30_000)
    yield await context.new_page()
    await context.close()


@alone
async def test_query_and_subscription_with_all_other_hosts_blocked(newsstand: Newsstand, opened: Any) -> None:
    problems, asked = watched(opened)
    article = await newsstand.publish("How to Weigh a Cloud")
    answer = await opened.goto(f"{newsstand.url}/graphql")
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    await opened.locator(".graphiql-tab-active", has_text="ArticlePage").wait_for()

    await open_tab(opened, "Headline")
    assert json.loads(await text_of(opened, ".graphiql-editor-tool")) == {"slug": "how-to-weigh-a-cloud"}
    await execute_until(opened, '"headline": "How to Weigh a Cloud"')

    await open_tab(opened, "CommentWidgetLive")
    await execute_until(opened, '"__typename": "StreamReady"')
    await post(newsstand.client(Role.READER), article, "Lighter than it looks.")
    await answered(opened, "Lighter than it looks.")

    assert problems == []
    assert {one.partition("://")[2].partition("/")[0] for one in asked} == {newsstand.url.removeprefix("http://")}


@alone
async def test_the_headers_editor_takes_a_token_for_requests_and_sockets(newsstand: Newsstand, opened: Any) -> None:
    """An Authorization header that was not filled in is not sent at all."""
    await newsstand.publish("Storm")
    await opened.goto(f"{newsstand.url}/graphql#query=subscription+Queues+{{+moderationEvents+{{+__typename+}}+}}")
    await opened.locator(".graphiql-tab-active", has_text="Queues").wait_for()
    await execute_until(opened, "FORBIDDEN")
    # GraphiQL itself throws what a subscription is refused with, some time after it has shown it: that page is left.
    address = opened.url
    await opened.goto("about:blank")
    problems, _ = watched(opened)
    await opened.goto(address)
    await opened.locator(".graphiql-tab-active", has_text="Queues").wait_for()

    await opened.get_by_role("button", name="Headers").click()
    await opened.locator(".graphiql-editor-tool .monaco-editor >> visible=true").click()
    for key in ("Control+Home", "ArrowDown", "End", "ArrowLeft"):  # behind "Bearer "
        await opened.keyboard.press(key)
    await opened.keyboard.insert_text(token_for(Role.MODERATOR, "Mo"))
    await execute_until(opened, '"__typename": "StreamReady"')
    assert problems == []


@alone
async def test_a_link_may_bring_a_query_and_open_tabs_come_back(newsstand: Newsstand, opened: Any) -> None:
    await opened.goto(f"{newsstand.url}/graphql#query=query+Asked+%7B+__typename+%7D&variables=%7B%22a%22%3A1%7D")
    await opened.locator(".graphiql-tab-active", has_text="Asked").wait_for()
    assert json.loads(await text_of(opened, ".graphiql-editor-tool")) == {"a": 1}
    await open_tab(opened, "Headline")
    kept = """() => localStorage.getItem("graphiql:tabState")?.includes('"activeTabIndex":6')"""
    await opened.wait_for_function(kept)
    await opened.goto(f"{newsstand.url}/graphql")
    await opened.locator(".graphiql-tab-active", has_text="Headline").wait_for()
    assert await opened.locator(".graphiql-tab", has_text="Asked").count() == 1


@alone
async def test_a_query_can_be_put_together_by_clicking(newsstand: Newsstand, opened: Any) -> None:
    problems, _ = watched(opened)
    await opened.goto(f"{newsstand.url}/graphql#query={{+streamHead+}}")
    await opened.get_by_role("button", name="Show GraphiQL Explorer").click()
    await opened.locator(".docExplorerWrap").get_by_text("popularNow").first.click()
    await opened.locator(".graphiql-query-editor").get_by_text("popularNow").wait_for()
    assert problems == []


def watched(page: Any) -> tuple[list[str], list[str]]:
    """What goes wrong in the page or is against its policy, and the addresses that it asks for."""
    problems: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if "Security Policy" in line.text else None)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    return problems, asked


async def text_of(page: Any, place: str) -> str:
    """What is visible of an editor; Monaco writes spaces as such that do not break."""
    lines = page.locator(f"{place} .view-lines >> visible=true").first
    await lines.get_by_text("}").first.wait_for()
    return str(await lines.inner_text()).replace("\xa0", " ")


async def open_tab(page: Any, name: str) -> None:
    await page.locator(".graphiql-tab", has_text=name).locator("button").first.click()
    await page.locator(".graphiql-tab-active", has_text=name).wait_for()


async def answered(page: Any, text: str, timeout: float = 30_000) -> None:
    """Until the answer has this text, in the part of it that is visible."""
    shown = "text => document.querySelector('.result-window')?.innerText.replaceAll('\\u00a0', ' ').includes(text)"
    await page.wait_for_function(shown, arg=text, timeout=timeout)


async def execute_until(page: Any, answer: str) -> None:
    """More than once: after a change the editor takes a moment to know what it would execute."""
    for _ in range(30):
        await page.locator(".graphiql-execute-button").click()
        with suppress(Exception):
            await answered(page, answer, timeout=1_000)
            return
    pytest.fail(f"no {answer} in {await page.locator('.result-window').inner_text()}")
