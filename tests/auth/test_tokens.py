"""Tokens: what is issued is verified, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from newsgraph.auth.tokens import Rules, Trust, bearer, issue, rules_of, verify
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Claims, Role
from newsgraph.settings import Settings, SettingsError

SECRET = "a secret that is long enough for every algorithm which a test may try"
TRUST = Trust(SECRET)
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
GOOD: dict[str, Any] = {"sub": "u:1", "name": "Kim", "role": "READER", "iat": SECONDS, "exp": SECONDS + 60}


def signed(algorithm: str = "HS256", secret: str = SECRET, **changes: Any) -> str:
    payload = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return jwt.encode(payload, secret, algorithm=algorithm)


def refusal(token: str) -> str:
    with pytest.raises(Fault) as caught:
        verify(TRUST, token, NOW)
    assert caught.value.code is FaultCode.UNAUTHENTICATED
    return caught.value.message


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("expires_at", [None, NOW + timedelta(hours=1)])
def test_what_is_issued_is_verified(role: Role, expires_at: datetime | None) -> None:
    claims = Claims("u:1", "Zoë 👩‍🚀", role, NOW, expires_at)
    assert verify(TRUST, issue(SECRET, claims), NOW) == claims


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (signed(exp=SECONDS - 60), "The token has expired."),
        (signed(exp=SECONDS - 61), "The token has expired."),
        (signed(iat=SECONDS + 61), "The token was issued in the future."),
        (signed(nbf=4_000_000_000), "The token is not valid yet."),
        (signed(nbf=SECONDS + 61), "The token is not valid yet."),
        (signed(nbf="now"), "The token's nbf must be a number of seconds since 1970."),
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
        (
            jwt.encode(GOOD, SECRET, algorithm="HS256", headers={"crit": ["b64"], "b64": True}),
            "This is not a token.",
        ),
        (signed(name="x" * 8_192), "A token has at most 8192 characters."),
    ],
)
def test_what_does_not_hold_is_named(token: str, message: str) -> None:
    assert refusal(token) == message


def test_a_token_holds_until_the_leeway_after_it_expires_is_over() -> None:
    assert verify(TRUST, signed(), NOW + timedelta(seconds=119.9)).subject == "u:1"


def test_the_issuers_clock_may_be_a_little_ahead() -> None:
    assert verify(TRUST, signed(iat=SECONDS + 60, nbf=SECONDS + 60), NOW).issued_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("changes", [{"iat": SECONDS + 1}, {"nbf": SECONDS + 1}, {"exp": SECONDS}])
def test_without_leeway_every_second_counts(changes: dict[str, Any]) -> None:
    with pytest.raises(Fault):
        verify(Trust(SECRET, rules=Rules(leeway=timedelta(0))), signed(**changes), NOW)


def test_without_a_role_one_is_a_reader() -> None:
    assert verify(TRUST, signed(role=...), NOW).role is Role.READER


def test_names_are_one_short_line() -> None:
    name = verify(TRUST, signed(name="Kim\n\tof\u0000 Korea " + "x" * 200), NOW).name
    assert name.startswith("Kim of Korea")
    assert len(name) <= 80


def test_the_clock_is_the_real_one_when_none_is_given() -> None:
    claims = Claims("u:1", "Kim", Role.READER, datetime.now(UTC) - timedelta(hours=2), None)
    assert verify(TRUST, issue(SECRET, claims)).name == "Kim"
    with pytest.raises(Fault, match="expired"):
        verify(TRUST, signed(iat=1, exp=2))


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


# --- what an identity provider may call and say otherwise ---

OURS = rules_of(
    Settings(
        token_issuer="https://id.example",
        token_audience="news, app",
        token_leeway=0,
        name_claim="nickname,preferred_username",
        role_claim="realm.roles",
        role_map="chiefs=ADMIN, desk=EDITOR, mods = MODERATOR",
    )
)
THEIRS: dict[str, Any] = {
    "iss": "https://id.example",
    "aud": "news",
    "name": ...,
    "role": ...,
    "nickname": "Kim",
    "realm": {"roles": ["desk", "everybody"]},
}


def theirs(**changes: Any) -> Claims:
    return verify(Trust(SECRET, rules=OURS), signed(**(THEIRS | changes)), NOW)


def test_claims_may_have_other_names() -> None:
    claims = theirs()
    assert (claims.subject, claims.name, claims.role) == ("u:1", "Kim", Role.EDITOR)


@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({"realm": {"roles": ["mods", "desk"]}}, Role.EDITOR),  # the map's order decides
        ({"realm": {"roles": "chiefs"}}, Role.ADMIN),
        ({"realm": {"roles": ["ADMIN"]}}, Role.READER),  # our own names are values as any other
        ({"realm": {"roles": [["chiefs"], {"chiefs": 1}, 7]}}, Role.READER),
        ({"realm": {"roles": {}}}, Role.READER),
        ({"realm": ["roles"]}, Role.READER),
        ({"realm": ...}, Role.READER),
        ({"realm": {}, "realm.roles": "mods"}, Role.MODERATOR),  # a claim whose name has a dot
        ({"realm": {}, "role": "ADMIN", "roles": ["chiefs"]}, Role.READER),
    ],
)
def test_roles_may_have_other_names(changes: dict[str, Any], role: Role) -> None:
    assert theirs(**changes).role is role


@pytest.mark.parametrize("aud", ["app", ["app"], ["other", "news"]])
def test_one_audience_of_several_is_enough(aud: object) -> None:
    assert theirs(aud=aud).subject == "u:1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"iss": "https://id.example/"}, "The token is from another issuer."),
        ({"iss": ...}, "The token is from another issuer."),
        ({"aud": "newsletter"}, "The token is for another audience."),
        ({"aud": []}, "The token is for another audience."),
        ({"aud": ["NEWS", 7, None]}, "The token is for another audience."),
        ({"aud": {"news": 1}}, "The token is for another audience."),
        ({"aud": ...}, "The token is for another audience."),
        ({"nickname": ..., "name": "Kim"}, "The token lacks nickname or preferred_username."),
    ],
)
def test_what_the_rules_ask_for_is_asked_for(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Fault) as caught:
        theirs(**changes)
    assert caught.value.message == message


def test_the_first_name_that_is_there_counts() -> None:
    assert theirs(nickname="\u200b", preferred_username="Lee").name == "Lee"


@pytest.mark.parametrize("role", [Role.READER, Role.MODERATOR, Role.EDITOR, Role.ADMIN])
def test_what_is_issued_by_other_rules_is_verified_by_them(role: Role) -> None:
    claims = Claims("u:1", "Kim", role, NOW, None)
    assert verify(Trust(SECRET, rules=OURS), issue(SECRET, claims, OURS), NOW) == claims


def test_a_role_without_a_name_cannot_be_issued() -> None:
    with pytest.raises(ValueError, match="STAFF"):
        issue(SECRET, Claims("u:1", "Kim", Role.STAFF, NOW, None), OURS)


@pytest.mark.parametrize("text", ["ADMIN", "=ADMIN", "x=OWNER", "x=", "x=admin"])
def test_a_map_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="role_map"):
        rules_of(Settings(role_map=text))


def test_the_last_moment_of_all_has_no_leeway() -> None:
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    claims = Claims("u:1", "Kim", Role.READER, NOW, end)
    assert verify(TRUST, issue(SECRET, claims), NOW).expires_at == end
    assert Rules().good_until(claims) == datetime.max.replace(tzinfo=UTC)
