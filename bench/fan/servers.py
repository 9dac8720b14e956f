"""The servers that are compared, and how each is started."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fan.dialects import COMMENTER
from newsgraph import app
from newsgraph.actions import articles, authors, sections, users
from newsgraph.actions.articles import PublishArticle
from newsgraph.auth import tokens
from newsgraph.domain.authors import Byline
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Claims, Role
from newsgraph.ports.store import Session
from newsgraph.settings import Settings, to_environment

OURS, REFERENCE = "newsgraph", "bare-sansio"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A server that can be started. `articles`: the ids under which comments are posted and followed."""

    command: list[str]
    environment: dict[str, str]
    dialect: str
    articles: list[str]
    token: str | None = None


def _newsgraph(folder: Path, count: int) -> Prepared:
    """A new database with that many articles."""
    settings = Settings(
        database=f"sqlite:///{folder / 'news.db'}",
        secret=secrets.token_hex(32),
        port=0,
        connections=0,
        connections_per_address=0,
        socket_send_timeout=3_600.0,  # who is stuck stays so, instead of being cut off before anything is measured
    )
    ids = asyncio.run(_furnish(settings, count))
    environment = os.environ | to_environment(settings)
    token = tokens.issue(settings.secret, _claims(COMMENTER, Role.READER))
    return Prepared([sys.executable, "-m", "newsgraph", "serve"], environment, "graphql", ids, token)


async def _furnish(settings: Settings, count: int) -> list[str]:
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(_section_and_author)
        editor = await users.recognise(newsroom, _claims("Ed Itor", Role.EDITOR))
        commands = [
            PublishArticle(f"Headline {n}", None, "<p>Text.</p>", "world", ("Ada Writer",)) for n in range(count)
        ]
        return [global_id("Article", await articles.publish(newsroom, editor, command)) for command in commands]


async def _section_and_author(session: Session) -> None:
    await sections.ensure(session, "World")
    await authors.ensure(session, Byline("Ada Writer"))


def _claims(name: str, role: Role) -> Claims:
    return Claims(f"bench:{role.value}", name, role, datetime.now(UTC), None)


def _module(dialect: str, command: list[str], _folder: Path, count: int) -> Prepared:
    return Prepared([sys.executable, "-m", *command], dict(os.environ), dialect, [f"article-{n}" for n in range(count)])


SERVERS: dict[str, Callable[[Path, int], Prepared]] = {
    OURS: _newsgraph,
    REFERENCE: partial(_module, "bare", ["fan.bare", "websockets-sansio"]),
    "bare-websockets": partial(_module, "bare", ["fan.bare", "websockets"]),
    "strawberry": partial(_module, "graphql", ["fan.idiomatic"]),
}
