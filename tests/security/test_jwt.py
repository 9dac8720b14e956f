"""Tokens that must not be taken, where both a secret and an identity provider's keys are trusted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from newsgraph.settings import Settings
from tests.auth.provider import claims, jwk, jwks, pem, private, signed
from tests.flows.conftest import SECRET
from tests.security.cases import Back, Case, Sent, each
from tests.security.site import Site

RSA, EC, ED = "RS256", "ES256", "EdDSA"
ISSUER, AUDIENCE = "https://id.example", "news"
RIGHT: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "role": "ADMIN"}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    keys = tmp_path / "jwks.json"
    keys.write_bytes(jwks(jwk(RSA, "rsa"), jwk(EC, "ec"), jwk(ED, "ed")))
    return replace(settings, jwks=str(keys), token_issuer=ISSUER, token_audience=AUDIENCE)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict[str, Any], signature: bytes = b"", **changes: Any) -> str:
    """Any header before good claims, and any signature after them."""
    return f"{_unsigned(header, changes)}.{b64(signature)}"


def _unsigned(header: dict[str, Any], changes: dict[str, Any]) -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims(**(RIGHT | changes))).encode())}"


def keyed(key: bytes, digest: str = "sha256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A MAC with anything as its key, as no library would make it."""
    begun = _unsigned({"alg": "HS256", "typ": "JWT"} | (header or {}), changes)
    return f"{begun}.{b64(hmac.new(key, begun.encode(), digest).digest())}"


def spliced(**changes: Any) -> str:
    """Another payload under a good signature."""
    head, _, signature = signed(RSA, "rsa", **RIGHT).split(".")
    return f"{head}.{b64(json.dumps(claims(**(RIGHT | changes))).encode())}.{signature}"


def embedded() -> str:
    """Signed with the attacker's key, which the token brings along."""
    return jwt.encode(claims(**RIGHT), private(RSA, 9), RSA, {"kid": "rsa", "jwk": jwk(RSA, "rsa", 9)})


def hs(secret: str = SECRET, **changes: Any) -> str:
    return jwt.encode(claims(**(RIGHT | changes)), secret, "HS256")


ATTACKS = {
    "alg none": forged({"alg": "none"}),
    "alg None": forged({"alg": "None"}),
    "alg nOnE with a kid": forged({"alg": "nOnE", "kid": "rsa"}),
    "alg none with a real signature": forged({"alg": "none"}, b"x" * 256),
    "no alg": forged({"typ": "JWT"}),
    "alg null": forged({"alg": None}),
    "alg is a list": forged({"alg": ["HS256"]}),
    "alg is empty": forged({"alg": ""}),
    "alg in small letters": keyed(SECRET.encode(), header={"alg": "hs256"}),
    "HS256 with the public RSA key as secret": keyed(pem(RSA)),
    "HS256 with the public RSA key, without the last line end": keyed(pem(RSA).rstrip()),
    "HS256 with the public EC key as secret": keyed(pem(EC), header={"kid": "ec"}),
    "HS256 with the RSA modulus as secret": keyed(jwk(RSA, "rsa")["n"].encode(), header={"kid": "rsa"}),
    "HS256 with the published key set as secret": keyed(jwks(jwk(RSA, "rsa"))),
    "HS256 with an empty secret": keyed(b""),
    "HS256 with the secret's hash": keyed(hashlib.sha256(SECRET.encode()).digest()),
    "HS384 with the secret": keyed(SECRET.encode(), "sha384", {"alg": "HS384"}),
    "HS512 with the secret": keyed(SECRET.encode(), "sha512", {"alg": "HS512"}),
    "RS256 header over a MAC": keyed(SECRET.encode(), header={"alg": RSA, "kid": "rsa"}),
    "RS512 with the right key": jwt.encode(claims(**RIGHT), private(RSA), "RS512", {"kid": "rsa"}),
    "PS256 with the right key": jwt.encode(claims(**RIGHT), private(RSA), "PS256", {"kid": "rsa"}),
    "ES256 header with the RSA key's id": jwt.encode(claims(**RIGHT), private(EC), EC, {"kid": "rsa"}),
    "another RSA key under a known id": signed(RSA, "rsa", 9, **RIGHT),
    "another RSA key without an id": signed(RSA, None, 9, **RIGHT),
    "another EC key under a known id": signed(EC, "ec", 9, **RIGHT),
    "another Ed25519 key under a known id": signed(ED, "ed", 9, **RIGHT),
    "an unknown key": signed(RSA, "evil", 9, **RIGHT),
    "kid is a path": signed(RSA, "../../../../dev/null", 9, **RIGHT),
    "kid is a file with known bytes": keyed(b"", header={"kid": "/dev/null"}),
    "kid is SQL": signed(RSA, "x' UNION SELECT 'AAAA' --", 9, **RIGHT),
    "kid is an address": signed(RSA, "http://127.0.0.1:9/key", 9, **RIGHT),
    "kid is a list": forged({"alg": RSA, "kid": ["rsa"]}, b"x" * 256),
    "kid is a number": forged({"alg": RSA, "kid": 7}, b"x" * 256),
    "kid is very long": signed(RSA, "k" * 5_000, 9, **RIGHT),
    "a key in the header (jwk)": embedded(),
    "an address of keys in the header (jku)": signed(RSA, "evil", 9, {"jku": "http://127.0.0.1:9/jwks"}, **RIGHT),
    "an address of a certificate (x5u)": signed(RSA, "rsa", 9, {"x5u": "http://127.0.0.1:9/cert"}, **RIGHT),
    "a certificate in the header (x5c)": signed(RSA, "rsa", 9, {"x5c": ["AAAA"]}, **RIGHT),
    "an extension that must be understood (crit)": signed(RSA, "rsa", 1, {"crit": ["exp"]}, **RIGHT),
    "an empty crit": signed(RSA, "rsa", 1, {"crit": []}, **RIGHT),
    "b64 false": signed(RSA, "rsa", 1, {"crit": ["b64"], "b64": False}, **RIGHT),
    "another payload under a good signature": spliced(role="ADMIN", sub="test:ADMIN:Admin"),
    "no signature": signed(RSA, "rsa", **RIGHT).rpartition(".")[0] + ".",
    "a signature cut short": signed(RSA, "rsa", **RIGHT)[:-8],
    "an ECDSA signature of zeros": forged({"alg": EC, "kid": "ec"}, bytes(64)),
    "an empty ECDSA signature": forged({"alg": EC, "kid": "ec"}),
    "an ECDSA signature in DER": forged({"alg": EC, "kid": "ec"}, b"\x30\x06\x02\x01\x00\x02\x01\x00"),
    "an encrypted token's five parts": "e30.e30.e30.e30.e30",
    "one part": "e30",
    "header is a list": f"{b64(b'[]')}.{b64(b'{}')}.",
    "payload is a list": jwt.api_jws.PyJWS().encode(b"[]", SECRET, "HS256"),
    "payload is no JSON": jwt.api_jws.PyJWS().encode(b"{", SECRET, "HS256"),
    "nesting without end": f"{b64(b'[' * 3_000)}.e30.",
    "too long": hs(name="x" * 8_192),
    "expired": hs(exp=1, iat=0),
    "expired, from the provider": signed(RSA, "rsa", **(RIGHT | {"exp": 1, "iat": 0})),
    "expiry as text": hs(exp="9999999999"),
    "expiry without end": hs(exp=float("inf")),
    "not valid yet": hs(nbf=9_999_999_999),
    "issued in the future": hs(iat=9_999_999_999, exp=...),
    "never issued": hs(iat=...),
    "another issuer": signed(RSA, "rsa", **(RIGHT | {"iss": "https://id.example.evil"})),
    "no issuer": hs(iss=...),
    "another audience": signed(RSA, "rsa", **(RIGHT | {"aud": ["newsletter"]})),
    "no audience": hs(aud=...),
    "nobody": hs(sub=...),
    "nobody, out of blanks": hs(sub=" \x00\n"),
    "a subject that is a number": hs(sub=7),
    "a role that is a list": hs(role=["ADMIN"]),
    "a role of other letters": hs(role="АDMIN"),  # the first one is Cyrillic
    "a name of nothing": hs(name="\u200b\u202e"),
}

GOOD = {
    "HS256": hs(),
    "RS256": signed(RSA, "rsa", **RIGHT),
    "ES256": signed(EC, "ec", **RIGHT),
    "EdDSA": signed(ED, "ed", **RIGHT),
    "an audience among others": hs(aud=["other", AUDIENCE]),
    "with a certificate that counts for nothing": signed(RSA, "rsa", 1, {"x5u": "http://127.0.0.1:9/"}, **RIGHT),
}

_WHO = "{ viewer { name role } moderationQueue(queue: PENDING) { totalCount } }"


def case(name: str, token: str, back: Back) -> Case:
    return Case(name, Sent(_WHO, headers={"authorization": f"Bearer {token}"}), back)


REFUSED = [case(name, token, Back(401, "UNAUTHENTICATED", data=None)) for name, token in ATTACKS.items()]
_KIM = {"viewer": {"name": "Kim", "role": "ADMIN"}, "moderationQueue": {"totalCount": 2}}


async def test_what_is_not_to_be_taken_is_refused(site: Site) -> None:
    """All at one site, for one start of it: whatever a token does must not help the next one either."""
    for each_case in REFUSED:
        await site.keeps(each_case)
    await site.keeps(case("afterwards", GOOD["RS256"], Back(data=_KIM)))


async def test_nor_is_it_over_a_websocket(site: Site) -> None:
    for each_case in REFUSED:
        await site.refuses_by_socket(each_case)


@each([case(name, token, Back(data=_KIM)) for name, token in GOOD.items()])
async def test_what_is_right_is_taken(site: Site, case: Case) -> None:
    await site.keeps(case)
    await site.keeps_by_socket(case)


HEADERS = {
    "no scheme": hs(),
    "another scheme": f"Basic {hs()}",
    "two tokens": f"Bearer {hs()} {hs()}",
    "nothing": "",
    "the scheme alone": "Bearer",
    "bytes beyond ASCII": "Bearer \xe9\xff",
}


@each(
    Case(name, Sent(_WHO, headers={"authorization": header}), Back(401, "UNAUTHENTICATED", data=None))
    for name, header in HEADERS.items()
)
async def test_a_header_that_is_no_bearer_token_is_refused(site: Site, case: Case) -> None:
    await site.keeps(case)
