"""Bearer tokens: JSON Web Tokens (RFC 7519) signed with HS256, carried as RFC 6750 says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.names import clean_name
from newsgraph.domain.text import one_line
from newsgraph.domain.users import Claims, Role

_ALGORITHM = "HS256"
_SKEW = timedelta(minutes=1)  # how far the issuer's clock may be ahead of ours
_SUBJECT_MAX = 255


def issue(secret: str, claims: Claims) -> str:
    """A signed token. Times are whole seconds; without `expires_at` it never expires."""
    payload: dict[str, Any] = {
        "sub": claims.subject,
        "name": claims.name,
        "role": claims.role.value,
        "iat": int(claims.issued_at.timestamp()),
    }
    if claims.expires_at is not None:
        payload["exp"] = int(claims.expires_at.timestamp())
    return jwt.encode(payload, secret, algorithm=_ALGORITHM)


def verify(secret: str, token: str, now: datetime | None = None) -> Claims:
    """What the token says, once its signature and times hold at `now`; UNAUTHENTICATED says what does not.

    `sub`, `name` and `iat` are required. Without `role` the person is a READER.
    """
    claims = _claims(_payload(secret, token))
    moment = now or datetime.now(UTC)
    if claims.expires_at is not None and claims.expires_at <= moment:
        raise _refused("The token has expired.")
    if claims.issued_at > moment + _SKEW:
        raise _refused("The token was issued in the future.")
    return claims


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header; None without one. UNAUTHENTICATED for anything but one bearer token."""
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or len(token.split()) != 1:
        raise _refused("Send the token as Authorization: Bearer TOKEN.")
    return token.strip()


def _payload(secret: str, token: str) -> dict[str, Any]:
    # The times are compared by `verify` itself, against the clock that it was given.
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_sub": False, "verify_aud": False}
    try:
        return jwt.decode(token, secret, algorithms=[_ALGORITHM], options=options)
    except jwt.ImmatureSignatureError:
        raise _refused("The token is not valid yet.") from None
    except jwt.InvalidAlgorithmError:
        raise _refused(f"The token must be signed with {_ALGORITHM}.") from None
    except jwt.InvalidSignatureError:
        raise _refused("The token's signature does not match.") from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("This is not a token.") from None


def _claims(payload: dict[str, Any]) -> Claims:
    return Claims(
        subject=_text(payload, "sub", _SUBJECT_MAX),
        name=_name(payload),
        role=_role(payload.get("role", Role.READER.value)),
        issued_at=_time(payload, "iat"),
        expires_at=_time(payload, "exp") if "exp" in payload else None,
    )


def _text(payload: dict[str, Any], claim: str, limit: int | None = None) -> str:
    value = payload.get(claim)
    text = one_line(value) if isinstance(value, str) else ""
    if not text:
        raise _refused(f"The token lacks {claim}.")
    if limit is not None and len(text) > limit:
        raise _refused(f"The token's {claim} is longer than {limit} characters.")
    return text


def _name(payload: dict[str, Any]) -> str:
    value = payload.get("name")
    name = clean_name(value) if isinstance(value, str) else ""
    if not name:
        raise _refused("The token lacks name.")
    return name


def _role(value: Any) -> Role:
    if not isinstance(value, str) or value not in Role.__members__:
        raise _refused(f"The token's role is none of {', '.join(Role.__members__)}.")
    return Role[value]


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
