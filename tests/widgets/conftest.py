"""One server and one browser for all widget tests; each test has an article and a page of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from newsgraph import app
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.conftest import SECRET, Newsstand, furnish, serving, token_for
from tests.flows.test_live import post
from tests.machine import CHROMIUM_OPTIONS, chromium, free_port

# As strict as a page's policy can be: a style or a script that stands in the markup would not run.
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; base-uri 'none'"
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 sans-serif; }
body { max-width: 44rem; margin: 1rem auto; padding: 0 1rem; background: Canvas; color: CanvasText; }
"""
PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>Page</title><link rel="stylesheet" href="/embed/style.css">
<meta name="viewport" content="width=device-width">
<script type="module" src="/widgets/newsgraph.js"></script></head>
<body><main><h1>Page</h1>{body}</main></body></html>"""

VISIBILITY = """
let state = "visible";
Object.defineProperty(Document.prototype, "visibilityState", { get: () => state });
window.turn = (to) => { state = to; document.dispatchEvent(new Event("visibilitychange")); };
"""


@dataclass
class Stage:
    """A newsroom, and browsers that look at pages with widgets in them."""

    stand: Newsstand
    browser: Any
    problems: list[str] = field(default_factory=list)
    _contexts: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def reader(self, url: str | None = None, **options: Any) -> Any:
        """A browser of somebody's own; pages below /embed/ have as their body what `open` gave."""
        context = await self.browser.new_context(**options)
        self._contexts.push_async_callback(context.close)
        context.set_default_timeout(20_000)
        origin = url or self.stand.url
        await context.route(
            f"{origin}/embed/style.css", lambda route: route.fulfill(content_type="text/css", body=STYLE)
        )
        return context

    async def open(self, context: Any, body: str, language: str = "en", url: str | None = None, path: str = "") -> Any:
        """A page with this body, on the newsroom's own site under a strict policy."""
        page = await context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._heard)
        text = PAGE.format(language=language, body=body)
        headers = {"content-security-policy": POLICY, "content-type": "text/html; charset=utf-8"}
        origin = url or self.stand.url
        await page.route(f"{origin}/embed/page*", lambda route: route.fulfill(body=text, headers=headers))
        await page.goto(f"{origin}/embed/page{path}")
        return page

    async def comments(self, article: str, as_: str | None = None, **more: Any) -> Any:
        """A page of its own browser with an article's comments."""
        attributes = more.pop("attributes", "")
        context = more.pop("context", None) or await self.reader(**more.pop("options", {}))
        page = await self.open(context, discussion(article, as_, attributes), **more)
        await page.locator("newsgraph-comments section").wait_for()
        return page

    async def show(self, page: Any, visibility: str) -> None:
        """As if somebody turned to another tab, or to this one; see VISIBILITY."""
        await page.evaluate("(state) => window.turn(state)", visibility)

    async def live(self, *pages: Any) -> None:
        """Until what happens now reaches these pages: each says by an attribute how its line is."""
        for page in pages:
            await page.locator("newsgraph-comments[line=live]").wait_for()

    def _heard(self, message: Any) -> None:
        """A policy that was offended says so on the console."""
        expected = ("ERR_", "WebSocket connection", "401", "404", "503")
        if message.type == "error" and not any(one in message.text for one in expected):
            self.problems.append(message.text)

    async def close(self) -> None:
        await self._contexts.aclose()


def discussion(article: str, as_: str | None = None, attributes: str = "") -> str:
    token = f' token="{escape(token_for(Role.READER, as_))}"' if as_ else ""
    return f'<newsgraph-comments article="{article}" loading="eager"{token} {attributes}></newsgraph-comments>'


async def bodies(page: Any) -> Sequence[str]:
    """The comments that are shown, from above."""
    texts: list[str] = await page.locator("newsgraph-comments .body").all_inner_texts()
    return texts


async def said(stage: Stage, article: str, *texts: str, by: str = "Lee", **more: str) -> list[str]:
    client = stage.stand.client(Role.READER, by)
    return [await post(client, article, text, **more) for text in texts]


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    path = tmp_path_factory.mktemp("widgets") / "news.db"
    database, foreign = f"sqlite:///{path}", f"http://localhost:{free_port()}"
    return Settings(database=database, secret=SECRET, ranking_interval=0.2, list_interval=0.02, allowed_origins=foreign)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def newsroom(room: Settings) -> AsyncIterator[Newsstand]:
    async with app.open_newsroom(room) as opened:
        await opened.store.write(furnish)
    async with serving(room) as url:
        stand = Newsstand(url, [])
        yield stand
        for client in stand.clients:
            await client.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Any]:
    path = chromium()
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    async with playwright.async_playwright() as started:
        # Pages that a test makes up come from no address, so that Chromium would keep them from this machine.
        local = "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"
        options = [*CHROMIUM_OPTIONS, local]
        async with await started.chromium.launch(executable_path=path, args=options) as launched:
            yield launched


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, which looks for what shuts people out (WCAG 2.2 among its rules)."""
    found = Path(__file__).parents[2] / "build" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
    if not found.exists():
        pytest.skip("axe-core is not here: make clients")
    return found.read_text("utf-8")


@pytest_asyncio.fixture(loop_scope="session")
async def stage(newsroom: Newsstand, browser: Any) -> AsyncIterator[Stage]:
    stage = Stage(newsroom, browser)
    yield stage
    await stage.close()
    assert stage.problems == []
