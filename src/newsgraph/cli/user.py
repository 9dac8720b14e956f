"""`newsgraph user`: what whoever runs the site does about one person."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import click

from newsgraph import app
from newsgraph.actions import erasure, users
from newsgraph.actions.erasure import Mode
from newsgraph.cli.newsroom import in_newsroom
from newsgraph.cli.options import STORE, with_settings
from newsgraph.settings import Settings

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@click.group(name="user")
def user() -> None:
    """What whoever runs the site does about one person, who is named by the `sub` of their tokens.

    The server may go on running.
    """


@user.command(name="revoke")
@click.argument("subject")
@click.option("--before", type=click.DateTime(_FORMATS), help="Those issued before this time (UTC).  [default: now]")
@with_settings(*STORE)
def revoke(settings: Settings, subject: str, before: datetime | None) -> None:
    """Refuse a person's tokens that were issued before a time, and end their open streams.

    Every process on the database does so within `poll_interval`. Who signs in anew gets a later token, which holds. It
    cannot be taken back: a time before one that was given already changes nothing.
    """
    now = datetime.now(UTC)
    moment = now if before is None else before.replace(tzinfo=UTC)
    if moment > now:
        raise click.BadParameter("is still to come; new tokens would be refused, too.", param_hint="--before")
    since = in_newsroom(settings, lambda newsroom: users.revoke(newsroom, subject, moment))
    click.echo(f"{subject}: tokens issued before {since:%Y-%m-%d %H:%M:%S} UTC are refused.")


@user.command(name="export")
@click.argument("subject")
@with_settings(*STORE)
def export(settings: Settings, subject: str) -> None:
    """Print all that is held on a person as one JSON object; times are in milliseconds since 1970."""
    held = in_newsroom(settings, lambda newsroom: erasure.export(newsroom, subject))
    click.echo(json.dumps(held, ensure_ascii=False, indent=2))


@user.command(name="erase")
@click.argument("subject")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.TOMBSTONE.value,
    show_default=True,
    help="Comments become tombstones, or stay under the name Anonymous.",
)
@click.option("--vacuum/--no-vacuum", default=True, show_default=True, help="Write the file anew, without traces.")
@with_settings(*STORE)
def erase(settings: Settings, subject: str, mode: str, vacuum: bool) -> None:
    """Erase a person: account, reactions, reports, receipts, and what was said in the history of comments.

    Streams and kept answers follow at once. SQLite may leave copies of erased text in unused parts of its pages; so the
    file is written anew, for which it needs as much room again, and writing waits meanwhile. It cannot be taken back.
    """
    count = in_newsroom(settings, lambda newsroom: erasure.erase(newsroom, subject, Mode(mode)))
    if vacuum:
        _write_anew(app.database_path(settings))
    click.echo(f"{subject} is erased, with {count} comments.")


def _write_anew(path: str) -> None:
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
