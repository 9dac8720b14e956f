"""`newsgraph migrate`: bring a database up to date."""

from __future__ import annotations

import click

from newsgraph import app
from newsgraph.cli.options import STORE, with_settings
from newsgraph.settings import Settings
from newsgraph.storage import migrations


@click.command(name="migrate")
@with_settings(*STORE)
def migrate(settings: Settings) -> None:
    """Bring the database up to date, creating it when there is none, and list its migrations.

    `serve` does the same when it starts. It is safe to do it twice, or in two places at once.
    """
    applied = migrations.migrate(app.database_path(settings))
    for step in migrations.known():
        click.echo(f"{step.name}  {'applied now' if step.name in applied else 'was there'}")
