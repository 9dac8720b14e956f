"""Keys of an identity provider: which of a set are believed, and when the set is loaded anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from newsgraph.auth.keys import MOST_KEYS, Ages, Keyring, read_keys
from newsgraph.auth.tokens import Trust, UnknownKey, verify
from newsgraph.domain.errors import Fault, FaultCode
from tests.auth.provider import jwk, jwks, signed

ALGORITHMS = ["RS256", "ES256", "EdDSA"]


def holds(keys: bytes, token: str) -> bool:
    with suppress(Fault):
        return verify(Trust(keys=read_keys(keys)), token, datetime.now(UTC)).subject == "idp:1"
    return False


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kid", ["a", None])
def test_what_the_provider_signs_is_verified(algorithm: str, kid: str | None) -> None:
    assert holds(jwks(jwk(algorithm, kid)), signed(algorithm, kid))
    assert holds(jwks(jwk(algorithm, "a")), signed(algorithm, None)), "a token need not name its key"
    assert not holds(jwks(jwk(algorithm, "a")), signed(algorithm, "a", 2))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_while_keys_are_rotated_both_hold(algorithm: str) -> None:
    both = jwks(jwk(algorithm, "old", 1), jwk(algorithm, "new", 2))
    assert holds(both, signed(algorithm, "old", 1))
    assert holds(both, signed(algorithm, "new", 2))
    assert holds(both, signed(algorithm, None, 2))
    assert not holds(both, signed(algorithm, "old", 2)), "a token's key is the one that it names"


def test_one_id_may_stand_for_keys_of_two_kinds() -> None:
    both = jwks(jwk("RS256", "a"), jwk("ES256", "a"))
    assert holds(both, signed("RS256", "a"))
    assert holds(both, signed("ES256", "a"))


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": ["RS256"]},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC"},
        {"kty": ["RSA"]},
        {"kty": None},
        {"d": "AQAB"},  # a private key
        {"n": "AQAB"},
        {"n": 7},
        {"n": "8" * 342, "e": "AQAB", "crv": "P-256"},
        {"n": "_" * 1_600},  # 9,600 bits
    ],
    ids=str,
)
def test_a_key_that_is_for_something_else_is_left_out(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has no key for"):
        read_keys(jwks(jwk("RS256", "a") | changes))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_may_say_what_it_is_for(algorithm: str) -> None:
    assert holds(jwks(jwk(algorithm, "a", use="sig", key_ops=["verify"], alg=algorithm)), signed(algorithm, "a"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no",
        b"[]",
        b"{}",
        b"null",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [1, null, []]}',
        b"\xff",
        b"[" * 9_999,
    ],
)
def test_what_is_no_set_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"is no|has no"):
        read_keys(data)


def test_a_set_has_so_many_keys_at_most() -> None:
    assert len(read_keys(jwks(*[jwk("EdDSA", str(n)) for n in range(MOST_KEYS)]))) == MOST_KEYS
    with pytest.raises(ValueError, match="more than 100"):
        read_keys(jwks(*[jwk("EdDSA", str(n)) for n in range(MOST_KEYS + 1)]))


# --- loading anew ---


class Provider:
    """Counts how often its set is asked for; `fails` says why it cannot be had."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.asked = 0
        self.changed = 0
        self.data = jwks(jwk("EdDSA", "a"))
        self.fails = ""
        self.gate = asyncio.Event()
        self.gate.set()
        self.ring = Keyring(self._load, Ages(600, 10, 3_600), self._change, lambda: self.now)

    async def _load(self) -> bytes:
        self.asked += 1
        await self.gate.wait()
        if self.fails:
            raise OSError(self.fails)
        return self.data

    def _change(self) -> None:
        self.changed += 1

    def kids(self) -> list[str | None]:
        return [key.kid for key in self.ring.current()]


@pytest.fixture
async def provider() -> Provider:
    return Provider()


def unavailable(ask: Callable[[], object]) -> bool:
    with pytest.raises(Fault) as caught:
        ask()
    return caught.value.code is FaultCode.UNAVAILABLE and not isinstance(caught.value, UnknownKey)


async def test_before_the_first_set_nothing_can_be_verified(provider: Provider) -> None:
    assert unavailable(provider.kids)
    await provider.ring.refresh()
    assert provider.kids() == ["a"]
    assert provider.changed == 1


async def test_an_unknown_key_is_looked_for_once_in_a_while(provider: Provider) -> None:
    await provider.ring.refresh()
    provider.data = jwks(jwk("EdDSA", "b", 2))
    provider.now += 9.9
    for _ in range(100):
        await provider.ring.look_again()
    assert (provider.asked, provider.kids()) == (1, ["a"])
    provider.now += 0.1
    for _ in range(100):
        await provider.ring.look_again()
    assert (provider.asked, provider.kids()) == (2, ["b"])


async def test_all_who_ask_at_once_wait_for_one_load(provider: Provider) -> None:
    provider.gate.clear()
    waiting = [asyncio.create_task(provider.ring.look_again()) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    provider.gate.set()
    await asyncio.gather(*waiting[1:])
    assert (provider.asked, provider.kids()) == (1, ["a"])


async def test_when_the_load_fails_the_last_set_stays_for_a_time(provider: Provider) -> None:
    await provider.ring.refresh()
    provider.fails = "gone"
    provider.now += 3_600
    await provider.ring.refresh()
    assert provider.kids() == ["a"]
    provider.now += 0.1
    assert unavailable(provider.kids)
    assert provider.changed == 2, "what was verified with the old keys is forgotten"
    provider.fails = ""
    await provider.ring.refresh()
    assert provider.kids() == ["a"]


@pytest.mark.parametrize("data", [b"<html>", b'{"keys": []}'])
async def test_a_set_without_keys_replaces_nothing(provider: Provider, data: bytes) -> None:
    await provider.ring.refresh()
    provider.data = data
    await provider.ring.refresh()
    assert provider.kids() == ["a"]


async def test_the_same_set_again_changes_nothing(provider: Provider) -> None:
    await provider.ring.refresh()
    await provider.ring.refresh()
    assert (provider.asked, provider.changed) == (2, 1)


async def test_a_key_that_was_taken_away_is_gone_with_the_next_load(provider: Provider) -> None:
    provider.data = jwks(jwk("EdDSA", "a"), jwk("EdDSA", "b", 2))
    await provider.ring.refresh()
    provider.data = jwks(jwk("EdDSA", "b", 2))
    await provider.ring.refresh()
    assert (provider.kids(), provider.changed) == (["b"], 2)


async def test_it_loads_by_itself_until_it_is_cancelled() -> None:
    loads: asyncio.Queue[int] = asyncio.Queue()

    async def load() -> bytes:
        loads.put_nowait(1)
        return jwks(jwk("EdDSA", "a"))

    task = asyncio.create_task(Keyring(load, Ages(0.001, 0.001, 60), lambda: None).run())
    async with asyncio.timeout(5):
        for _ in range(3):
            await loads.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
