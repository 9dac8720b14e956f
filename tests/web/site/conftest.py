"""A newsroom's site on a socket, once for all tests of a module, and people who look at it without any script."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx
import pytest

from newsgraph import app
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.conftest import PUBLISH, SECRET, furnish, serving, token_for

IMAGE = {
    "url": "https://pictures.example/ferry.jpg",
    "alt": "A ferry",
    "caption": "The morning boat.",
    "credit": "Kim",
    "width": 1200,
    "height": 675,
}
BODY = "<p>The first paragraph.</p><p>The second, with <em>stress</em>.</p>"
STORY = {
    "headline": "Ferry & <Harbour> </script> again",
    "standfirst": 'It runs "again".',
    "bodyHtml": BODY,
    "section": "asia",
    "authors": ["Ada Writer"],
    "slug": "ferry",
    "tags": ["sea", "boats"],
    "leadImage": IMAGE,
}


class Reader:
    """A browser without scripts: follows links, keeps cookies, sends forms as they stand in the page."""

    def __init__(self, url: str) -> None:
        self.url = url
        once = httpx.Limits(max_keepalive_connections=0)  # nothing stays open that somebody would have to close
        agent = {"user-agent": "Mozilla/5.0 (test)"}
        self.http = httpx.Client(base_url=url, headers=agent, timeout=30, limits=once)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def sign_in(self, role: Role, name: str) -> Reader:
        answer = self.http.post("/sign-in", data={"token": token_for(role, name), "next": "/"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        return self

    def send(
        self, page: httpx.Response, action: str, button: tuple[str, str] | None = None, **fields: str
    ) -> httpx.Response:
        """The form of this page with this action, with its hidden fields, and what is typed into the others."""
        form = next(
            one for one in forms(page.text) if one.action == action and (button is None or button in one.fields)
        )
        data = [pair for pair in form.fields if pair[0] in form.hidden] + list(fields.items())
        body = urlencode(data + ([button] if button else []))
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self.http.post(urljoin(str(page.url), action), content=body, headers=kind)

    def run(self, role: Role, query: str, **variables: Any) -> Any:
        """An operation of somebody else."""
        headers = {"authorization": f"Bearer {token_for(role, role.value.title())}"}
        answer = httpx.post(f"{self.url}/graphql", json={"query": query, "variables": variables}, headers=headers)
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]


@dataclass
class Form:
    action: str
    fields: list[tuple[str, str]]
    hidden: set[str]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), [], set()))
        elif tag in ("input", "button") and given.get("name") and self.found:
            self.found[-1].fields.append((given["name"], given.get("value", "")))
            if given.get("type") == "hidden":
                self.found[-1].hidden.add(given["name"])


def forms(html: str) -> list[Form]:
    parser = _Forms()
    parser.feed(html)
    return parser.found


def text_of(html: str) -> str:
    """Words of the page's main part, without markup."""
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


async def _furnished(settings: Settings) -> None:
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(furnish)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a newsroom that serves on a thread of its own."""
    database = tmp_path_factory.mktemp("site") / "news.db"
    yield from served(
        Settings(database=f"sqlite:///{database}", secret=SECRET, site_name="Harbour <News>", view_flush=0.05),
        STORY,
    )


def served(settings: Settings, *stories: dict[str, Any]) -> Iterator[str]:
    started, ended, addresses = threading.Event(), threading.Event(), list[str]()

    async def serve() -> None:
        await _furnished(settings)
        async with serving(settings) as url:
            addresses.append(url)
            started.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    while not started.wait(0.05):
        assert thread.is_alive()
    try:
        for story in stories:
            publish(addresses[0], **story)
        yield addresses[0]
    finally:
        ended.set()
        thread.join()


def publish(url: str, **given: Any) -> str:
    made = Reader(url).run(Role.EDITOR, PUBLISH, input=given)["publishArticle"]
    assert made["userErrors"] == []
    return str(made["article"]["id"])


@pytest.fixture
def reader(site: str) -> Reader:
    return Reader(site)
