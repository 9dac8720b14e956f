"""`newsgraph demo`: a newsroom full of invented news, alive."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from click.core import ParameterSource

from newsgraph import app
from newsgraph.auth.tokens import issue, rules_of
from newsgraph.cli.options import with_settings
from newsgraph.cli.serving import announce, check_documents, listen, serve_one
from newsgraph.demo import loader, simulation
from newsgraph.demo.newsroom import images
from newsgraph.domain.users import Claims, Role
from newsgraph.settings import Settings


@click.command(name="demo")
@click.option("--still", is_flag=True, help="Let nothing happen by itself: no readers, no comments, no news.")
@with_settings(without=("workers",))  # one process, because the simulation must run once
def demo(settings: Settings, still: bool) -> int:
    """Serve an invented newsroom in which something happens all the time.

    It lives in a temporary file that is deleted at the end, unless a database is named.
    """
    opened, settings = listen(replace(settings, workers=1, jwks=""))  # it signs its own tokens
    asyncio.run(check_documents(settings))
    with _database(settings) as chosen:
        tokens = asyncio.run(_furnish(chosen))
        announce(chosen)
        click.echo(
            f"\nSign in as one of these at {chosen.address}/sign-in, or send a token as Authorization: Bearer TOKEN:"
        )
        for role, token in tokens.items():
            click.echo(f"{role.value:<10}{token}")
        background = [app.spare_collector, *([] if still else [simulation.run])]
        accounts = {f"Demo {role.value.title()}": token for role, token in tokens.items()}
        return serve_one(app.build(chosen, background, [images()], accounts), opened, chosen)


@contextmanager
def _database(settings: Settings) -> Iterator[Settings]:
    """The settings as given when they name a database, else with a fresh one that is deleted afterwards."""
    typed = click.get_current_context().get_parameter_source("database") is ParameterSource.COMMANDLINE
    if typed or settings.database != Settings().database:
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="newsgraph-demo-") as folder:
        yield replace(settings, database=f"sqlite:///{Path(folder) / 'demo.db'}")


async def _furnish(settings: Settings) -> dict[Role, str]:
    """Loads the demo's content; returns a token for each role, valid as long as the database is."""
    clock = loader.DemoClock()
    async with app.open_newsroom(settings, clock=clock) as newsroom:
        await loader.load(newsroom, clock)
        secret = settings.secret or await newsroom.store.secret()
    now, rules = datetime.now(UTC), rules_of(settings)
    return {
        role: issue(secret, Claims(f"demo:{role.value.lower()}", f"Demo {role.value.title()}", role, now, None), rules)
        for role in Role
    }
