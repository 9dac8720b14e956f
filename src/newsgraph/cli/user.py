"""`newsgraph user`: what whoever runs the site does about one person, or about everybody's tokens."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from newsgraph import app
from newsgraph.actions import erasures, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.cli.newsroom import in_newsroom
from newsgraph.cli.options import STORE, with_settings
from newsgraph.domain.cursors import is_number, number
from newsgraph.domain.erasures import Mode
from newsgraph.domain.users import User
from newsgraph.settings import Settings
from newsgraph.storage import traces

_AT_ONCE = 100_000_000  # bytes of a file that is written anew without being asked: less than lock_timeout of waiting
_MOST = 50  # people that are printed
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@click.group(name="user")
def user() -> None:
    """What whoever runs the site does about one person, who is named by the `sub` of their tokens.

    The server may go on running.
    """


@user.command(name="find")
@click.argument("name", required=False)
@click.option("--comment", help="Who wrote it: the number in its address, or its id.")
@with_settings(*STORE)
def find(settings: Settings, name: str | None, comment: str | None) -> None:
    """Print the subjects of people, which other commands take: by a part of their name, or of a comment's author.

    With role, name and what restricts them.
    """
    if (name is None) == (comment is None):
        raise click.UsageError("Say a part of a name, or --comment.")
    found = in_newsroom(settings, lambda room: _found(room, name or "", comment))
    for one in found[:_MOST]:
        click.echo(f"{one.subject}  {one.role.value}  {one.name}{_restricted(one)}")
    if len(found) > _MOST:
        click.echo(f"There are more than {_MOST}: say more of the name.", err=True)


async def _found(newsroom: Newsroom, name: str, comment: str | None) -> Sequence[User]:
    if comment is None:
        return await users.named(newsroom, name, _MOST + 1)
    key = int(comment) if is_number(comment) else number(comment, "Comment")
    if key is None:
        raise click.BadParameter("is neither a number nor the id of a comment.", param_hint="--comment")
    return [await users.author_of(newsroom, key)]


def _restricted(one: User) -> str:
    until = one.suspended_until
    said = ["banned"] if one.banned else []
    said += [f"suspended until {until:%Y-%m-%d %H:%M} UTC"] if until and until > datetime.now(UTC) else []
    said += ["premoderated"] if one.premoderated else []
    return "".join(f"  {word}" for word in said)


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
