"""Bearer tokens: JSON Web Tokens (RFC 7519), carried as RFC 6750 says and checked as RFC 8725 advises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from newsgraph.auth.keys import ASYMMETRIC, KeySet, PublicKey
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.names import clean_name
from newsgraph.domain.text import one_line
from newsgraph.domain.users import Claims, Role
from newsgraph.settings import Settings, SettingsError

_SHARED = "HS256"
_TOKEN_MAX = 8_192  # characters; those of identity providers with many groups have some 4,000
_SUBJECT_MAX = 255
_KEYS_TRIED = 4  # for a token that names none; a provider has two while it rotates them


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token must say besides being signed; `roles`: from the values of its role claim, empty: their own names.

    `names`: claims for the name, the first that is there counts. `role`: a claim, or a path with dots into one.
    """

    issuer: str = ""
    audience: frozenset[str] = frozenset()
    leeway: timedelta = timedelta(minutes=1)
    names: tuple[str, ...] = ("name",)
    role: str = "role"
    roles: Mapping[str, Role] = field(default_factory=dict)

    def good_until(self, claims: Claims) -> datetime | None:
        """With the leeway; as late as a time can be, rather than an error in the year 9999."""
        if claims.expires_at is None:
            return None
        return claims.expires_at + min(self.leeway, datetime.max.replace(tzinfo=UTC) - claims.expires_at)


PLAIN = Rules()


def rules_of(settings: Settings) -> Rules:
    """Errors: SettingsError for a `role_map` that makes no sense."""
    return Rules(
        issuer=settings.token_issuer,
        audience=frozenset(_listed(settings.token_audience)),
        leeway=timedelta(seconds=settings.token_leeway),
        names=tuple(_listed(settings.name_claim)) or ("name",),
        role=settings.role_claim.strip() or "role",
        roles=dict(_mapped(entry) for entry in _listed(settings.role_map)),
    )


def _listed(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _mapped(entry: str) -> tuple[str, Role]:
    value, _, role = (part.strip() for part in entry.rpartition("="))
    if not value or role not in Role.__members__:
        raise SettingsError(f"role_map: {entry!r} is not VALUE=ROLE, with one of {', '.join(Role.__members__)}.")
    return value, Role[role]


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures are believed: of whoever knows `secret` (HS256), and of the holders of these keys."""

    secret: str = ""
    keys: KeySet = ()
    rules: Rules = PLAIN


class UnknownKey(Fault):
    """The token is signed with a key that is not known, or not yet."""


def issue(secret: str, claims: Claims, rules: Rules = PLAIN) -> str:
    """A token signed with HS256. Times are whole seconds; without `expires_at` it never expires.

    Errors: ValueError for a role that no value of the rules' stands for.
    """
    payload: dict[str, Any] = {
        "sub": claims.subject,
        rules.names[0]: claims.name,
        "iat": int(claims.issued_at.timestamp()),
    }
    _set_role(payload, rules, claims.role)
    if claims.expires_at is not None:
        payload["exp"] = int(claims.expires_at.timestamp())
    if rules.issuer:
        payload["iss"] = rules.issuer
    if rules.audience:
        payload["aud"] = sorted(rules.audience)
    return jwt.encode(payload, secret, algorithm=_SHARED)


def _set_role(payload: dict[str, Any], rules: Rules, role: Role) -> None:
    values = [value for value, given in rules.roles.items() if given is role] if rules.roles else [role.value]
    if not values and role is not Role.READER:
        raise ValueError(f"role_map has nothing for {role.value}.")
    *path, last = rules.role.split(".")
    for name in path:
        payload = payload.setdefault(name, {})
    payload[last] = values[0] if values else role.value


def verify(trust: Trust, token: str, now: datetime | None = None) -> Claims:
    """What the token says, once its signature and all that the rules ask for hold at `now`.

    `sub`, a name and `iat` are required; without a role the person is a READER. Errors: Fault(UNAUTHENTICATED) says
    what does not hold; it is an UnknownKey when that may be for want of a key.
    """
    payload = _payload(trust, token)
    claims = _claims(trust.rules, payload)
    _check_times(trust.rules, claims, _time(payload, "nbf") if "nbf" in payload else None, now or datetime.now(UTC))
    _check_parties(trust.rules, payload)
    return claims


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header; None without one. UNAUTHENTICATED for anything but one bearer token."""
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or len(token.split()) != 1:
        raise _refused("Send the token as Authorization: Bearer TOKEN.")
    return token.strip()


# --- the signature ---


def _payload(trust: Trust, token: str) -> dict[str, Any]:
    algorithm, kid = _header(token)
    if algorithm == _SHARED and trust.secret:
        return _decoded(token, trust.secret, _SHARED)
    if algorithm in ASYMMETRIC and trust.keys:
        return _signed_by_one(token, _candidates(trust.keys, algorithm, kid))
    known = [*([_SHARED] if trust.secret else []), *sorted({key.algorithm for key in trust.keys})]
    raise _refused(f"The token must be signed with {' or '.join(known) or 'a key that is known here'}.")


def _header(token: str) -> tuple[str, Any]:
    """Algorithm and key id. Keys and addresses of keys in the header (`jwk`, `jku`, `x5c`, `x5u`) count for nothing."""
    if len(token) > _TOKEN_MAX:
        raise _refused(f"A token has at most {_TOKEN_MAX} characters.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("This is not a token.") from None
    if "crit" in header:  # RFC 7515, 4.1.11: we understand no extension; PyJWT before 2.12 does not ask
        raise _refused("This is not a token.")
    algorithm = header.get("alg")
    return algorithm if isinstance(algorithm, str) else "", header.get("kid")


def _candidates(keys: KeySet, algorithm: str, kid: object) -> list[PublicKey]:
    fitting = [key for key in keys if key.algorithm == algorithm and (kid is None or key.kid == kid)]
    if not fitting:
        raise UnknownKey(FaultCode.UNAUTHENTICATED, "The token is signed with a key that is not known here.")
    return fitting[:_KEYS_TRIED]


def _signed_by_one(token: str, candidates: list[PublicKey]) -> dict[str, Any]:
    *others, last = candidates
    for key in others:
        try:
            return _decoded(token, key.jwk, key.algorithm)
        except Fault:
            continue
    return _decoded(token, last.jwk, last.algorithm)


def _decoded(token: str, key: str | jwt.PyJWK, algorithm: str) -> dict[str, Any]:
    """Only the signature is PyJWT's: what the token says is checked here, against the clock that was given."""
    checks = ("exp", "iat", "nbf", "sub", "aud", "iss", "jti")
    options: Any = {f"verify_{name}": False for name in checks}
    try:
        return jwt.decode(token, key, algorithms=[algorithm], options=options)
    except jwt.InvalidSignatureError:
        raise _refused("The token's signature does not match.") from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("This is not a token.") from None


# --- what it says ---


def _check_times(rules: Rules, claims: Claims, not_before: datetime | None, now: datetime) -> None:
    """Each with the leeway, by which the issuer's clock and ours may differ."""
    good_until = rules.good_until(claims)
    if good_until is not None and good_until <= now:
        raise _refused("The token has expired.")
    if claims.issued_at > now + rules.leeway:
        raise _refused("The token was issued in the future.")
    if not_before is not None and not_before > now + rules.leeway:
        raise _refused("The token is not valid yet.")


def _check_parties(rules: Rules, payload: dict[str, Any]) -> None:
    if rules.issuer and payload.get("iss") != rules.issuer:
        raise _refused("The token is from another issuer.")
    if rules.audience and rules.audience.isdisjoint(_texts(payload.get("aud"))):
        raise _refused("The token is for another audience.")


def _texts(value: Any) -> list[str]:
    """Of a claim that is a text or a list of them."""
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, str)]


def _claims(rules: Rules, payload: dict[str, Any]) -> Claims:
    return Claims(
        subject=_subject(payload),
        name=_name(rules, payload),
        role=_role(rules, payload),
        issued_at=_time(payload, "iat"),
        expires_at=_time(payload, "exp") if "exp" in payload else None,
    )


def _subject(payload: dict[str, Any]) -> str:
    value = payload.get("sub")
    subject = one_line(value) if isinstance(value, str) else ""
    if not subject:
        raise _refused("The token lacks sub.")
    if len(subject) > _SUBJECT_MAX:
        raise _refused(f"The token's sub is longer than {_SUBJECT_MAX} characters.")
    return subject


def _name(rules: Rules, payload: dict[str, Any]) -> str:
    given = (payload.get(claim) for claim in rules.names)
    name = next((name for value in given if isinstance(value, str) and (name := clean_name(value))), "")
    if not name:
        raise _refused(f"The token lacks {' or '.join(rules.names)}.")
    return name


def _role(rules: Rules, payload: dict[str, Any]) -> Role:
    """With a map the first entry of it that the token has; what it does not name gives no right."""
    value = _at(payload, rules.role)
    if rules.roles:
        held = set(_texts(value))
        return next((role for name, role in rules.roles.items() if name in held), Role.READER)
    if value is _ABSENT:
        return Role.READER
    if not isinstance(value, str) or value not in Role.__members__:
        raise _refused(f"The token's role is none of {', '.join(Role.__members__)}.")
    return Role[value]


_ABSENT = object()


def _at(payload: Any, path: str) -> Any:
    """The claim of that very name, which may have dots as addresses do, or what the path leads to."""
    if path in payload:
        return payload[path]
    for name in path.split("."):
        payload = payload.get(name, _ABSENT) if isinstance(payload, dict) else _ABSENT
    return payload


def _time(payload: dict[str, Any], claim: str) -> datetime:
    value = payload.get(claim)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _refused(f"The token's {claim} must be a number of seconds since 1970.")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise _refused(f"The token's {claim} is no time.") from None


def _refused(message: str) -> Fault:
    return Fault(FaultCode.UNAUTHENTICATED, message)
