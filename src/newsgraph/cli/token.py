"""`newsgraph token`: sign a token, for trying things out and for scripts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from newsgraph.auth.tokens import Rules, issue, rules_of
from newsgraph.cli.newsroom import in_newsroom
from newsgraph.cli.options import STORE, duration, with_settings
from newsgraph.domain.text import slugify
from newsgraph.domain.users import Claims, Role
from newsgraph.settings import Settings


@click.command(name="token")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What it permits.")
@click.option("--name", required=True, help="How the person is called beside their comments.")
@click.option("--subject", help="Who the person is, whatever they are called.  [default: local: and the name's slug]")
@click.option("--expires", callback=duration, metavar="SPAN", help="For how long: 30m, 12h, 7d. Without it: for ever.")
@with_settings(*STORE, "secret", "jwks", "token_issuer", "token_audience", "name_claim", "role_claim", "role_map")
def token(settings: Settings, role: str, name: str, subject: str | None, expires: timedelta | None) -> None:
    """Print a token on the last line, for Authorization: Bearer TOKEN.

    It is signed with the configured secret, or else with the database's own. Where an identity provider signs tokens,
    and no secret is configured, there is none to sign with: scripts take a key (newsgraph key).
    """
    if settings.jwks and not settings.secret:
        raise click.UsageError("Tokens come from the identity provider here (jwks); make a key: newsgraph key create.")
    now = datetime.now(UTC)
    claims = Claims(subject or _subject(name), name, Role(role), now, now + expires if expires else None)
    signed = _signed(
        settings.secret or in_newsroom(settings, lambda newsroom: newsroom.store.secret()), claims, rules_of(settings)
    )
    until = f"until {claims.expires_at:%Y-%m-%d %H:%M} UTC" if claims.expires_at else "without end"
    click.echo(f"{claims.name} ({claims.subject}), {role}, valid {until}:")
    click.echo(signed)


def _signed(secret: str, claims: Claims, rules: Rules) -> str:
    try:
        return issue(secret, claims, rules)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--role") from None


def _subject(name: str) -> str:
    slug = slugify(name)
    if not slug:
        raise click.BadParameter(f"{name!r} has no letter or digit; name a --subject.", param_hint="--name")
    return f"local:{slug}"
