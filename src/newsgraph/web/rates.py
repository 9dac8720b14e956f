"""How much one viewer, and one address, may ask for in a while: requests by what they cost, changes by their kind.

Buckets that drain at an even rate, told as the time at which they will be empty (the generic cell rate algorithm of
ITU-T I.371): one number for each, and no timer. They are kept in bounded memory; those that are asked for again and
again are not the ones that are let go.

Several processes settle once a second, through the database, for those alone that have spent an eighth of what they may
spend at once: a site that nobody floods writes nothing. So n processes together give at most n times what one of them
gives in a second, and n eighths of a bucket, more than one process would.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_network

from newsgraph.domain.errors import RateLimited
from newsgraph.domain.users import Role, Viewer
from newsgraph.engine.bounded import OVERHEAD, Bounded
from newsgraph.settings import Settings
from newsgraph.web.addresses import read_address

BASE = 10  # points of a request, whatever it asks for: some 40 microseconds, where an object of an answer takes 1 to 10
_CROWD = 10  # times what one viewer may change is what all may who have not signed in, from one address
_CHANGES = 300.0  # seconds' worth of changes at once
_ARRIVALS = 60.0  # seconds' worth of new connections at once
_MEMORY = 8_000_000  # bytes of each kind of bucket: some 13,000
_BUCKET = OVERHEAD + 200
_HEAVY = 8  # one part in so many of a bucket is worth telling other processes
_IPV6_PREFIX = 64  # what one customer of a provider has is one address to us (RFC 6177)

Clock = Callable[[], float]


@lru_cache(maxsize=10_000)
def place_of(address: str) -> str:
    """What is one address to us; empty for this machine, behind which anybody may be."""
    found = read_address(address)
    if found is None:
        return address
    if found.is_loopback:
        return ""
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found)


class _Bucket:
    __slots__ = ("spent", "until")

    def __init__(self) -> None:
        self.until = 0.0  # when it is empty
        self.spent = 0.0  # seconds' worth that no other process knows of


class Buckets:
    """One for each key: `rate` points a second drain, and `room` seconds' worth of them fit in. `rate` 0: no limit."""

    def __init__(self, rate: float, room: float, clock: Clock = time.monotonic) -> None:
        self._second = 1 / rate if rate else 0.0
        self._room = room
        self._clock = clock
        self._held: Bounded[Hashable, _Bucket] = Bounded(_MEMORY)
        self._heavy: set[Hashable] = set()

    def take(self, key: Hashable, points: float) -> float:
        """Seconds after which there is room for so much; 0: it was taken."""
        if not self._second:
            return 0.0
        bucket = self._held.get(key)
        if bucket is None:
            bucket = _Bucket()
            self._held.put(key, bucket, _BUCKET)
        now, worth = self._clock(), points * self._second
        until = (max(now, bucket.until)) + worth
        if until - now > self._room:
            return until - now - self._room
        bucket.until = until
        bucket.spent += worth
        if bucket.spent * _HEAVY > self._room:
            self._heavy.add(key)
        return 0.0

    # Other processes

    def spent(self) -> Mapping[Hashable, float]:
        """Seconds' worth that was taken by those who take much, since this was asked."""
        found = {}
        for key in self._heavy:
            bucket = self._held.get(key)
            if bucket is not None:
                found[key], bucket.spent = bucket.spent, 0.0
        self._heavy.clear()
        return found

    def learn(self, key: Hashable, left: float) -> None:
        """All processes together have taken so many seconds' worth that has not drained yet."""
        bucket = self._held.get(key)
        if bucket is not None:
            bucket.until = max(bucket.until, self._clock() + left)


class Rates:
    """Of one process. `clock`: seconds that never go back."""

    def __init__(self, settings: Settings, clock: Clock = time.monotonic) -> None:
        self._addresses = Buckets(settings.rate_address, settings.rate_burst, clock)
        self._viewers = Buckets(settings.rate_viewer, settings.rate_burst, clock)
        self._changes = Buckets(settings.rate_changes / 60, _CHANGES, clock)
        self.arrivals = Buckets(settings.rate_connections, _ARRIVALS, clock)

    def pay(self, viewer: Viewer, address: str, points: float = BASE) -> None:
        """The newsroom's own people pay for themselves alone: they may all sit behind one address.

        Errors: RateLimited.
        """
        wait = 0.0
        if viewer.user_id is not None:
            wait = self._viewers.take(viewer.user_id, points)
        if not wait and not _is_staff(viewer):
            place = place_of(address)
            wait = self._addresses.take(place, points) if place else 0.0
        if wait:
            raise limited(wait)

    def change(self, viewer: Viewer, address: str, kind: str) -> None:
        """A mutation of this name. Errors: RateLimited."""
        if _is_staff(viewer):
            return
        if viewer.user_id is not None:
            wait = self._changes.take((viewer.user_id, kind), 1)
        else:
            place = place_of(address)
            wait = self._changes.take((place, kind), 1 / _CROWD) if place else 0.0
        if wait:
            raise limited(wait)

    # Other processes

    def spent(self, secret: bytes) -> Mapping[int, float]:
        """What is worth telling, by numbers that say nothing of whose they are."""
        self._told = {
            _number(secret, index, key): (buckets, key, worth)
            for index, buckets in enumerate(self._all)
            for key, worth in buckets.spent().items()
        }
        return {number: worth for number, (_, _, worth) in self._told.items()}

    def learn(self, left: Mapping[int, float]) -> None:
        for number, seconds in left.items():
            buckets, key, _ = self._told[number]
            buckets.learn(key, seconds)

    @property
    def _all(self) -> tuple[Buckets, ...]:
        return self._addresses, self._viewers, self._changes, self.arrivals

    _told: Mapping[int, tuple[Buckets, Hashable, float]] = {}


def limited(wait: float) -> RateLimited:
    seconds = math.ceil(wait)
    retry_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds + 1)
    return RateLimited(seconds, retry_at)


def _is_staff(viewer: Viewer) -> bool:
    return viewer.user_id is not None and viewer.role is not Role.READER


def _number(secret: bytes, index: int, key: Hashable) -> int:
    """Addresses are nobody's business, also in the database."""
    digest = blake2b(f"{index} {key!r}".encode(), key=secret[:64], digest_size=7).digest()
    return int.from_bytes(digest, "big")
