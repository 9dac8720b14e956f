"""The public keys of an identity provider: a JSON Web Key Set (RFC 7517), and keeping it up to date."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import jwt

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.text import one_line
from newsgraph.observe import LOG

MOST_KEYS = 100
_RSA_BITS = range(2_048, 8_193)  # RFC 7518, 3.3; beyond, a verification takes milliseconds

# The one algorithm that a kind of key is for here. HS256 is none of them: a public key is nobody's secret.
_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_SAID = {"RS256": ("RS256",), "ES256": ("ES256",), "EdDSA": ("EdDSA", "Ed25519")}
ASYMMETRIC = frozenset(_ALGORITHMS.values())


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`jwk` verifies with `algorithm` alone, whatever a token says."""

    kid: str | None
    algorithm: str
    jwk: jwt.PyJWK


KeySet = tuple[PublicKey, ...]


def read_keys(data: bytes) -> KeySet:
    """The keys of a set that can verify tokens; others in it are left out. Errors: ValueError, when there is none."""
    try:
        listed = json.loads(data)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("is no JSON Web Key Set") from None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"has no list of keys, or more than {MOST_KEYS} in it")
    keys = tuple(key for entry in listed if (key := _key(entry)) is not None)
    if not keys:
        raise ValueError(f"has no key for {', '.join(sorted(ASYMMETRIC))}")
    return keys


def _key(entry: Any) -> PublicKey | None:
    if not isinstance(entry, dict) or not _for_signatures(entry):
        return None
    algorithm = _algorithm(entry)
    if algorithm is None or entry.get("alg", algorithm) not in _SAID[algorithm]:
        return None
    with suppress(jwt.PyJWTError, ValueError, TypeError):
        jwk = jwt.PyJWK(entry, algorithm)
        if algorithm != "RS256" or jwk.key.key_size in _RSA_BITS:
            return PublicKey(entry.get("kid"), algorithm, jwk)
    return None


def _for_signatures(entry: dict[str, Any]) -> bool:
    """Also not a private key, which somebody has published by mistake."""
    operations = entry.get("key_ops", ["verify"])
    verifies = isinstance(operations, list) and "verify" in operations
    return verifies and entry.get("use", "sig") == "sig" and "d" not in entry


def _algorithm(entry: dict[str, Any]) -> str | None:
    kind, curve = entry.get("kty"), entry.get("crv")
    named = isinstance(kind, str) and (curve is None or isinstance(curve, str))
    return _ALGORITHMS.get((kind, curve)) if named else None  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Ages:
    """In seconds: when a set is loaded anew, how soon again for an unknown key, how long it is good for without."""

    refresh: float
    cooldown: float
    keep: float


class Keyring:
    """The provider's keys as they were last loaded. `load` gives the set's bytes, or raises OSError.

    `changed` is called when a set with other keys has come, or when the last one has lapsed: what was verified with
    the keys before is to be verified anew.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[bytes]],
        ages: Ages,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._ages = ages
        self._changed = changed
        self._clock = clock
        self._data = b""
        self._keys: KeySet = ()
        self._loaded_at = self._tried_at = -float("inf")
        self._loading: asyncio.Task[None] | None = None

    def current(self) -> KeySet:
        """Errors: Fault(UNAVAILABLE) when there are none, or they are too old to be believed."""
        if self._clock() - self._loaded_at > self._ages.keep:
            self._lapse()
        if not self._keys:
            raise Fault(FaultCode.UNAVAILABLE, "Tokens cannot be verified now; try again.")
        return self._keys

    async def look_again(self) -> None:
        """For a key that is not known: loads the set, unless that was done just now. All who ask meanwhile wait for
        the same load.
        """
        if self._loading is None and self._clock() - self._tried_at < self._ages.cooldown:
            return
        await self.refresh()

    async def refresh(self) -> None:
        """Loads the set; when that fails, the last one stays. Whoever waits may be cancelled, the load goes on."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._refresh())
        await asyncio.shield(self._loading)

    async def run(self) -> None:
        """Loads the set again and again, until cancelled; sooner after a failure."""
        try:
            while True:
                good = self._loaded_at == self._tried_at
                await asyncio.sleep(self._ages.refresh if good else min(self._ages.refresh, self._ages.cooldown))
                await self.refresh()
        finally:
            if self._loading is not None:
                self._loading.cancel()

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            data = await self._load()
            keys = read_keys(data)
        except (OSError, ValueError) as error:
            LOG.warning("the keys that tokens are verified with cannot be loaded: %s", one_line(str(error)))
        else:
            self._loaded_at = self._tried_at
            self._take(data, keys)
        finally:
            self._loading = None

    def _take(self, data: bytes, keys: KeySet) -> None:
        if data != self._data:
            self._data, self._keys = data, keys
            self._changed()

    def _lapse(self) -> None:
        if self._keys:
            LOG.warning("the keys that tokens are verified with are too old to be believed")
        self._take(b"", ())
