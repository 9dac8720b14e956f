"""`newsgraph vacuum`: the database file, written anew."""

from __future__ import annotations

import os

import click

from newsgraph import app
from newsgraph.cli.options import STORE, with_settings
from newsgraph.settings import Settings
from newsgraph.storage import migrations, traces


@click.command(name="vacuum")
@with_settings(*STORE)
def vacuum(settings: Settings) -> None:
    """Write the database file anew: smaller, and without traces of what was deleted.

    The server may go on running: reading goes on, and changes wait, a second for some 40 MB; those that would wait for
    longer than `lock_timeout` are refused. It takes as much room on the disk again.
    """
    path = app.database_path(settings)
    migrations.migrate(path)
    before = os.path.getsize(path)
    traces.write_anew(path)
    click.echo(f"{path}: {before / 1e6:.1f} MB before, {os.path.getsize(path) / 1e6:.1f} MB now")
