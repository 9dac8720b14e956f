"""Tokens: what is issued is verified, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from newsgraph.auth.tokens import bearer, issue, verify
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Claims, Role

SECRET = "a secret that is long enough for every algorithm which a test may try"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
GOOD: dict[str, Any] = {"sub": "u:1", "name": "Kim", "role": "READER", "iat": SECONDS, "exp": SECONDS + 60}


def signed(algorithm: str = "HS256", secret: str = SECRET, **changes: Any) -> str:
    payload = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return jwt.encode(payload, secret, algorithm=algorithm)


def refusal(token: str) -> str:
    with pytest.raises(Fault) as caught:
        verify(SECRET, token, NOW)
    assert caught.value.code is FaultCode.UNAUTHENTICATED
    return caught.value.message


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("expires_at", [None, NOW + timedelta(hours=1)])
def test_what_is_issued_is_verified(role: Role, expires_at: datetime | None) -> None:
    claims = Claims("u:1", "Zoë 👩‍🚀", role, NOW, expires_at)
    assert verify(SECRET, issue(SECRET, claims), NOW) == claims


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (signed(exp=SECONDS), "The token has expired."),
        (signed(exp=SECONDS - 1), "The token has expired."),
        (signed(iat=SECONDS + 61), "The token was issued in the future."),
        (signed(nbf=4_000_000_000), "The token is not valid yet."),
        (signed(secret=SECRET[::-1]), "The token's signature does not match."),
        (signed(algorithm="HS512"), "The token must be signed with HS256."),
        (signed(algorithm="none", secret=""), "The token must be signed with HS256."),
        (signed(sub=...), "The token lacks sub."),
        (signed(sub="  "), "The token lacks sub."),
        (signed(sub="x" * 256), "The token's sub is longer than 255 characters."),
        (signed(name=...), "The token lacks name."),
        (signed(name=["Kim"]), "The token lacks name."),
        (signed(role="OWNER"), "The token's role is none of READER, STAFF, MODERATOR, EDITOR, ADMIN."),
        (signed(role="admin"), "The token's role is none of READER, STAFF, MODERATOR, EDITOR, ADMIN."),
        (signed(role=["ADMIN"]), "The token's role is none of READER, STAFF, MODERATOR, EDITOR, ADMIN."),
        (signed(role=None), "The token's role is none of READER, STAFF, MODERATOR, EDITOR, ADMIN."),
        (signed(iat=...), "The token's iat must be a number of seconds since 1970."),
        (signed(exp="tomorrow"), "The token's exp must be a number of seconds since 1970."),
        (signed(exp=True), "The token's exp must be a number of seconds since 1970."),
        (signed(exp=None), "The token's exp must be a number of seconds since 1970."),
        (signed(exp=1e300), "The token's exp is no time."),
        (signed(exp=float("nan")), "The token's exp is no time."),
        ("", "This is not a token."),
        ("abc", "This is not a token."),
        ("a.b.c", "This is not a token."),
        ("é.ü.ß", "This is not a token."),
        (signed() + "x", "The token's signature does not match."),
        (signed().rpartition(".")[0] + ".", "The token's signature does not match."),
        (jwt.encode({}, SECRET, algorithm="HS256", headers={"crit": ["x"], "x": 1}), "This is not a token."),
    ],
)
def test_what_does_not_hold_is_named(token: str, message: str) -> None:
    assert refusal(token) == message


def test_a_token_holds_until_the_moment_it_expires() -> None:
    assert verify(SECRET, signed(), NOW + timedelta(seconds=59.9)).subject == "u:1"


def test_the_issuers_clock_may_be_a_little_ahead() -> None:
    assert verify(SECRET, signed(iat=SECONDS + 60), NOW).issued_at == NOW + timedelta(minutes=1)


def test_without_a_role_one_is_a_reader() -> None:
    assert verify(SECRET, signed(role=...), NOW).role is Role.READER


def test_names_are_one_short_line() -> None:
    name = verify(SECRET, signed(name="Kim\n\tof\u0000 Korea " + "x" * 200), NOW).name
    assert name.startswith("Kim of Korea")
    assert len(name) <= 80


def test_the_clock_is_the_real_one_when_none_is_given() -> None:
    claims = Claims("u:1", "Kim", Role.READER, datetime.now(UTC) - timedelta(hours=2), None)
    assert verify(SECRET, issue(SECRET, claims)).name == "Kim"
    with pytest.raises(Fault, match="expired"):
        verify(SECRET, signed(iat=1, exp=2))


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER   abc ", "abc"),
        ("  Bearer abc", "abc"),
    ],
)
def test_bearer_takes_the_token_out(header: str | None, token: str | None) -> None:
    assert bearer(header) == token


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b", "Bearerabc"])
def test_any_other_header_is_refused(header: str) -> None:
    with pytest.raises(Fault) as caught:
        bearer(header)
    assert caught.value.code is FaultCode.UNAUTHENTICATED
