"""`newsgraph user`: what whoever runs the site does about one person, or about everybody's tokens."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import click

from newsgraph import app
from newsgraph.actions import erasures, users
from newsgraph.cli.newsroom import in_newsroom
from newsgraph.cli.options import STORE, with_settings
from newsgraph.domain.erasures import Mode
from newsgraph.settings import Settings
from newsgraph.storage import traces

_AT_ONCE = 100_000_000  # bytes of a file that is written anew without being asked: less than lock_timeout of waiting
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@click.group(name="user")
def user() -> None:
    """What whoever runs the site does about one person, who is named by the `sub` of their tokens.

    The server may go on running.
    """


@user.command(name="revoke")
@click.argument("subject", required=False)
@click.option("--all", "everybody", is_flag=True, help="Everybody's tokens, also of people who were never here.")
@click.option("--before", type=click.DateTime(_FORMATS), help="Those issued before this time (UTC).  [default: now]")
@with_settings(*STORE)
def revoke(settings: Settings, subject: str | None, everybody: bool, before: datetime | None) -> None:
    """Refuse a person's tokens that were issued before a time, or everybody's, and end their open streams.

    Every process on the database does so within `poll_interval`. Who signs in anew gets a later token, which holds. It
    cannot be taken back: a time before one that was given already changes nothing. Keys of services are no tokens:
    newsgraph key revoke.
    """
    if everybody == (subject is not None):
        raise click.UsageError("Name a person, or say --all.")
    moment = _past(before)
    since = in_newsroom(
        settings,
        lambda room: users.revoke_all(room, moment) if subject is None else users.revoke(room, subject, moment),
    )
    click.echo(f"{subject or 'Everybody'}: tokens issued before {since:%Y-%m-%d %H:%M:%S} UTC are refused.")


def _past(given: datetime | None) -> datetime:
    now = datetime.now(UTC)
    moment = now if given is None else given.replace(tzinfo=UTC)
    if moment > now:
        raise click.BadParameter("is still to come; new tokens would be refused, too.", param_hint="--before")
    return moment


@user.command(name="export")
@click.argument("subject")
@with_settings(*STORE)
def export(settings: Settings, subject: str) -> None:
    """Print all that is held on a person as one JSON object; times are in milliseconds since 1970."""
    held = in_newsroom(settings, lambda newsroom: erasures.export(newsroom, subject))
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
@click.option(
    "--vacuum/--no-vacuum",
    default=None,
    help=f"Write the file anew, without traces.  [default: if it has at most {_AT_ONCE // 1_000_000} MB]",
)
@with_settings(*STORE)
def erase(settings: Settings, subject: str, mode: str, vacuum: bool | None) -> None:
    """Erase a person: account, reactions, reports, receipts, and what was said in the history of comments.

    The account goes at once, the rest in small parts between which others write, some 1,000 comments a second. If it is
    stopped, say it again; or a server goes on by itself after a minute. It cannot be taken back.

    SQLite may leave copies of erased text in unused parts of its pages, until the file is written anew (newsgraph
    vacuum), for which changes wait.
    """
    count = in_newsroom(settings, lambda newsroom: erasures.erase(newsroom, subject, Mode(mode)))
    path = app.database_path(settings)
    anew = os.path.getsize(path) <= _AT_ONCE if vacuum is None else vacuum
    (traces.write_anew if anew else traces.cut_log)(path)
    click.echo(f"{subject} is erased, with {count} comments.")
    if not anew:
        click.echo("Copies may be left in unused parts of the file: say newsgraph vacuum at a quiet hour.", err=True)
