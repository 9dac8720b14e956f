"""`newsgraph serve`: serve a database over HTTP and WebSocket."""

from __future__ import annotations

import asyncio

import click

from newsgraph import app
from newsgraph.cli.options import with_settings
from newsgraph.cli.serving import announce, check_documents, listen, serve_many, serve_one
from newsgraph.settings import Settings
from newsgraph.web import recognition


@click.command(name="serve")
@with_settings()
def serve(settings: Settings) -> int:
    """Serve the database over HTTP and WebSocket.

    A database that does not exist is made; one from an earlier version is brought up to date first.
    """
    opened, settings = listen(settings)
    asyncio.run(_try(settings))
    announce(settings)
    if settings.workers > 1:
        return serve_many(settings, opened)
    return serve_one(app.build(settings, [app.spare_collector]), opened, settings)


async def _try(settings: Settings) -> None:
    """Opens everything once before anything is served, so that what is wrong with it is said in one line."""
    await check_documents(settings)
    await recognition.check(settings)
    async with app.open_newsroom(settings):
        pass
