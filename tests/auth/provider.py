"""An identity provider as far as tokens go: keys of every kind, their public set, and what is signed with them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

_WRITERS: dict[str, Any] = {"RS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}


@cache
def private(algorithm: str, number: int = 1) -> Any:
    """A key pair; `number` tells those of one algorithm apart."""
    match algorithm:
        case "RS256":
            return rsa.generate_private_key(65_537, 2_048)
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case _:
            return ed25519.Ed25519PrivateKey.generate()


def jwk(algorithm: str, kid: str | None, number: int = 1, **more: Any) -> dict[str, Any]:
    """The public half, as a provider publishes it."""
    written = _WRITERS[algorithm[:2]].to_jwk(private(algorithm, number).public_key(), as_dict=True)
    named = {} if kid is None else {"kid": kid}
    return {name: value for name, value in written.items() if name != "key_ops"} | named | more


def jwks(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def pem(algorithm: str) -> bytes:
    """The public half as text."""
    public = private(algorithm).public_key()
    found: bytes = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return found


def claims(**changes: Any) -> dict[str, Any]:
    """Those of a good token; `...` takes one out."""
    now = int(time.time())
    good = {"sub": "idp:1", "name": "Kim", "iat": now, "exp": now + 3_600}
    return {name: value for name, value in (good | changes).items() if value is not ...}


def signed(
    algorithm: str, kid: str | None, number: int = 1, header: Mapping[str, Any] | None = None, **changes: Any
) -> str:
    named = {} if kid is None else {"kid": kid}
    return jwt.encode(
        claims(**changes), private(algorithm, number), algorithm=algorithm, headers=named | dict(header or {})
    )
