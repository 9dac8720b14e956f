"""`newsgraph key`: keys of services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from newsgraph.actions import keys
from newsgraph.cli.newsroom import in_newsroom
from newsgraph.cli.options import STORE, duration, with_settings
from newsgraph.domain.names import clean_name
from newsgraph.domain.users import Role
from newsgraph.settings import Settings


@click.group(name="key")
def key() -> None:
    """Keys of services, to be sent as Authorization: Bearer ngk_...

    The server may go on running.
    """


@key.command(name="create")
@click.option("--name", required=True, help="What the service is called, also beside what it writes.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What it permits.")
@click.option("--expires", callback=duration, metavar="SPAN", help="For how long: 30m, 12h, 7d. Without it: for ever.")
@with_settings(*STORE)
def create(settings: Settings, name: str, role: str, expires: timedelta | None) -> None:
    """Print a new key, which is shown this once: only its hash is kept."""
    called = clean_name(name)
    if not called:
        raise click.BadParameter("has nothing visible in it.", param_hint="--name")
    until = datetime.now(UTC) + expires if expires else None
    click.echo(in_newsroom(settings, lambda newsroom: keys.create(newsroom, called, Role(role), until)))


@key.command(name="list")
@with_settings(*STORE)
def list_(settings: Settings) -> None:
    """Print every key: what it begins with, role, name, until when it holds, and the day when it was last used."""
    for one in in_newsroom(settings, keys.listed):
        ends = "revoked" if one.revoked_at else f"until {_day(one.expires_at)}"
        click.echo(f"{one.start}...  {one.role.value:<10}{one.name}  {ends}  used {_day(one.used_at)}")


def _day(time: datetime | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d}"


@key.command(name="revoke")
@click.argument("start")
@with_settings(*STORE)
def revoke(settings: Settings, start: str) -> None:
    """Refuse a key from now on, by what it begins with, and end its open streams."""
    revoked = in_newsroom(settings, lambda newsroom: keys.revoke(newsroom, start))
    click.echo(f"{revoked.start}... is revoked.")
