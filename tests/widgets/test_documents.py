"""What the widgets ask for: valid, affordable, and trusted where nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from newsgraph import app
from newsgraph.domain.users import Role
from newsgraph.graph.schema import sdl
from newsgraph.settings import Settings
from newsgraph.web.static import BUILT
from tests.flows.conftest import SECRET, Newsstand, furnish, serving

pytestmark = pytest.mark.skipif(BUILT is None, reason="the frontend is not built here: make frontend")

MOST = 100  # comments that a widget fetches anew at once, after a reset


def test_every_document_fits_the_schema() -> None:
    assert BUILT is not None
    assert {"THREAD", "COMMENT_EVENTS", "POST", "LIST_EVENTS", "COUNTS"} <= BUILT.documents.keys()
    schema = build_schema(sdl())
    for name, text in BUILT.documents.items():
        assert validate(schema, parse(text)) == [], name


async def test_a_server_that_executes_only_what_it_knows_knows_them(tmp_path: Path) -> None:
    """And all of them cost less than may be asked for, at their largest."""
    assert BUILT is not None
    database = f"sqlite:///{tmp_path / 'news.db'}"
    furnished, trusting = (
        Settings(database=database, secret=SECRET, only_trusted_documents=only) for only in (False, True)
    )
    async with app.open_newsroom(furnished) as newsroom:
        await newsroom.store.write(furnish)
    async with serving(furnished) as url:
        desk = Newsstand(url, [])
        article = await desk.publish("Trusted")
        await desk.clients[0].close()
    ids = [article] * 50
    given: dict[str, dict[str, Any]] = {
        "THREAD": {"article": article, "first": MOST, "orderBy": "NEWEST"},
        "REPLIES_OF": {"id": article, "first": 20},
        "OPENED": {"ids": ids[:10]},
        "VIEWER": {"article": article},
        "VIEWER_REACTIONS": {"ids": ids * 2},
        "COUNTS": {"ids": ids},
        "LIST": {"key": "latest"},
        "HEAD": {},
        "POST": {"input": {"articleId": article, "body": "Hello."}},
    }
    async with serving(trusting) as url:
        stand = Newsstand(url, [])
        reader = stand.client(Role.READER)
        for name, variables in given.items():
            await reader.run(BUILT.documents[name], **variables)
        for name in ("COMMENT_EVENTS", "ARTICLE_EVENTS", "COUNT_EVENTS"):
            async with reader.subscribe(BUILT.documents[name], article=article) as stream:
                assert (await stream.next())["__typename"] == "StreamReady"
        assert await reader.refused("{ sections { name } }") == "DOCUMENT_NOT_TRUSTED"
        await reader.close()
