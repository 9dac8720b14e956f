"""GraphiQL: the page's own logic without a browser, and once in a real one with GraphiQL's real files."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import strawberry
import uvicorn
from graphql import build_schema, parse, validate
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from strawberry.asgi import GraphQL

from newsgraph.graph.schema import sdl
from newsgraph.web.graphiql import example_values, operations_folder, read_operations, render_graphiql, tabs_of

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "build" / "browser" / "node_modules"
CONTRACT = ROOT.parent / "shared" / "contract"
EXAMPLES = example_values("QXJ0aWNsZTox", "how-to-weigh-a-cloud", "science", "hana-lindqvist")

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
    page = render_graphiql(["query A { a } # </script><script>alert(1)</script>"], "/</script>", {})
    assert "<script>alert" not in page
    assert config_of(page)["endpoint"] == "/</script>"


def test_operations_are_found_and_every_one_parses() -> None:
    texts = read_operations()
    assert len(texts) == len([f for f in operations_folder().iterdir() if f.name.endswith(".graphql")])
    tabs = config_of(render_graphiql(texts, "/graphql", EXAMPLES))["tabs"]
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


def remote_files() -> list[tuple[str, str, str]]:
    """(package and version, path, integrity) of all that the page loads from elsewhere."""
    page = render_graphiql([], "/graphql", {})
    found = re.findall(r'"https://unpkg\.com/([^/"]+)/([^"]+)"[^>]*integrity="sha384-([^"]+)"', page)
    assert len(found) == page.count("https://unpkg.com/") == 4
    return found


def needs_packages() -> None:
    absent = [path for package, path, _ in remote_files() if not packaged(package, path).exists()]
    if absent:
        pytest.skip("GraphiQL's packages are not here: make browser")


def packaged(package: str, path: str) -> Path:
    return PACKAGES / package.rpartition("@")[0] / path


def test_integrity_is_that_of_the_published_files() -> None:
    needs_packages()
    for package, path, integrity in remote_files():
        name, _, version = package.rpartition("@")
        assert json.loads((PACKAGES / name / "package.json").read_text("utf-8"))["version"] == version
        digest = hashlib.sha384(packaged(package, path).read_bytes()).digest()
        assert base64.b64encode(digest).decode() == integrity


# --- in a browser ---


@strawberry.type
class Article:
    headline: str


@strawberry.type
class Query:
    @strawberry.field
    def article(self, slug: str) -> Article | None:
        return Article(headline=f"About {slug}")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def token(self, info: strawberry.Info) -> AsyncIterator[str]:
        yield str((info.context["connection_params"] or {}).get("Authorization"))


@pytest.fixture
def address() -> Iterator[str]:
    """A small GraphQL server and the page, on a thread of its own."""
    schema = strawberry.Schema(Query, subscription=Subscription)
    protocols = ["graphql-transport-ws"]
    api: Any = GraphQL(schema, graphql_ide=None, subscription_protocols=protocols)
    page = render_graphiql([*read_operations(), "subscription Token { token }"], "/graphql/", EXAMPLES)
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse(page)), Mount("/graphql", api)])
    options: dict[str, Any] = {"port": 0, "log_config": None, "ws": "websockets-sansio"}
    server = uvicorn.Server(uvicorn.Config(app, **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def browser_page() -> Iterator[Any]:
    needs_packages()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        with started.chromium.launch(executable_path=chromium, args=options) as browser:
            opened = browser.new_page(viewport={"width": 1400, "height": 900})
            opened.set_default_timeout(30_000)
            opened.route("https://unpkg.com/**", from_packages)
            yield opened


def from_packages(route: Any) -> None:
    package, _, path = route.request.url.removeprefix("https://unpkg.com/").partition("/")
    route.fulfill(path=packaged(package, path), headers={"access-control-allow-origin": "*"})


def test_tabs_query_and_subscription_work_in_a_browser(address: str, browser_page: Any) -> None:
    problems: list[str] = []
    browser_page.on("pageerror", lambda error: problems.append(str(error)))
    browser_page.goto(address)
    assert browser_page.title() == "newsgraph · GraphiQL"
    assert json.loads(variables(browser_page)) == {"slug": "how-to-weigh-a-cloud"}

    open_tab(browser_page, "Headline")
    execute_until(browser_page, "About how-to-weigh-a-cloud")

    open_tab(browser_page, "Token")  # an Authorization header that was not filled in is not sent at all
    execute_until(browser_page, '"None"')

    browser_page.get_by_role("button", name="Headers").click()
    editor = browser_page.locator(".graphiql-editor-tool .CodeMirror").last
    editor.evaluate("""(e) => e.CodeMirror.setValue('{"Authorization": "Bearer abc"}')""")
    execute_until(browser_page, "Bearer abc")
    assert problems == []


def test_a_link_may_bring_a_query_and_open_tabs_come_back(address: str, browser_page: Any) -> None:
    browser_page.goto(f"{address}/?query=query+Asked+%7B+__typename+%7D&variables=%7B%22a%22%3A1%7D")
    browser_page.locator(".graphiql-tab-active", has_text="Asked").wait_for()
    assert json.loads(variables(browser_page)) == {"a": 1}
    open_tab(browser_page, "Headline")
    browser_page.wait_for_function("""localStorage.getItem("graphiql:tabState")?.includes('"activeTabIndex":6')""")
    browser_page.goto(address)
    browser_page.locator(".graphiql-tab-active", has_text="Headline").wait_for()
    assert browser_page.locator(".graphiql-tab", has_text="Asked").count() == 1


def variables(page: Any) -> str:
    editor = page.locator(".graphiql-editor-tool .CodeMirror").first
    return str(editor.evaluate("(e) => e.CodeMirror.getValue()"))


def open_tab(page: Any, name: str) -> None:
    page.locator(".graphiql-tab", has_text=name).locator("button").first.click()
    page.locator(".graphiql-tab-active", has_text=name).wait_for()


def execute_until(page: Any, answer: str) -> None:
    """More than once: after a change the editor takes a moment to know what it would execute."""
    for _ in range(30):
        page.locator(".graphiql-execute-button").click()
        with suppress(Exception):
            page.locator(".result-window").get_by_text(answer).wait_for(timeout=1_000)
            return
    pytest.fail(f"no {answer} in {page.locator('.result-window').inner_text()}")
