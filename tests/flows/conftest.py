"""A whole newsroom on a real socket, with an article to read and people to read it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from newsgraph import app
from newsgraph.actions import authors, sections
from newsgraph.auth import tokens
from newsgraph.cli.serving import server_options
from newsgraph.domain.authors import Byline
from newsgraph.domain.users import Claims, Role
from newsgraph.ports.store import Session
from newsgraph.settings import Settings
from tests.flows.client import Client

SECRET = "a secret of more than thirty-two bytes, for tests"
SECTIONS = ("Asia", "World", "Debate", "Lifestyle")


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """The application on a free port of its own; the address."""
    opened = socket.create_server(("127.0.0.1", 0), backlog=1024)
    # Left to itself the kernel holds an answer's second part back for 40 ms, since asyncio does not know a socket
    # that it did not open for one of TCP; uvloop does.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    settings = replace(settings, port=opened.getsockname()[1])
    config = uvicorn.Config(app.build(settings), **(server_options(settings) | {"timeout_graceful_shutdown": 2}))
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[opened]))
    while not server.started and not running.done():
        await asyncio.sleep(0.005)
    try:
        yield settings.address
    finally:
        server.should_exit = True
        await running
        opened.close()


@dataclass
class Newsstand:
    """The address of a newsroom, and clients of it for any role."""

    url: str
    clients: list[Client]

    def client(self, role: Role | None = None, name: str = "Kim") -> Client:
        token = None if role is None else token_for(role, name)
        client = Client(self.url, role, token)
        self.clients.append(client)
        return client

    async def publish(self, headline: str, section: str = "asia", **more: object) -> str:
        """The id of a new article."""
        given = {"headline": headline, "bodyHtml": "<p>Text.</p>", "section": section, "authors": ["Ada Writer"]}
        data = await self.client(Role.EDITOR, "Ed").run(PUBLISH, input=given | more)
        assert data["publishArticle"]["userErrors"] == []
        return str(data["publishArticle"]["article"]["id"])


PUBLISH = """
mutation ($input: PublishArticleInput!) {
  publishArticle(input: $input) { article { id slug status } userErrors { code message field } }
}
"""


def token_for(role: Role, name: str, expires_at: datetime | None = None) -> str:
    claims = Claims(f"test:{role.value}:{name}", name, role, datetime.now(UTC), expires_at)
    return tokens.issue(SECRET, claims)


async def furnish(session: Session) -> None:
    for name in SECTIONS:
        await sections.ensure(session, name)
    await authors.ensure(session, Byline("Ada Writer", "ada@newsroom.example"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database=f"sqlite:///{tmp_path / 'news.db'}",
        secret=SECRET,
        ranking_interval=0.2,
        view_flush=0.05,
        list_interval=0.05,
    )


@pytest.fixture
async def furnished(settings: Settings) -> Settings:
    """The settings of a newsroom that has sections and an author."""
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(furnish)
    return settings


@pytest.fixture
async def stand(furnished: Settings) -> AsyncIterator[Newsstand]:
    async with serving(furnished) as url:
        stand = Newsstand(url, [])
        yield stand
        for client in stand.clients:
            await client.close()
