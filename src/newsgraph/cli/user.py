"""`newsgraph user`: what whoever runs the site does about one person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import click

from newsgraph import app
from newsgraph.actions import users
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
    since = asyncio.run(_revoked(settings, subject, moment))
    click.echo(f"{subject}: tokens issued before {since:%Y-%m-%d %H:%M:%S} UTC are refused.")


async def _revoked(settings: Settings, subject: str, before: datetime) -> datetime:
    async with app.open_newsroom(settings) as newsroom:
        return await users.revoke(newsroom, subject, before)
