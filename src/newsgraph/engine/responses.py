"""Answers that are kept until something that they depend on changes.

An answer has *tags*, which name what it depended on. Every change in the log drops the tags of what it touched, and
with them the answers. That alone would leave old answers for ever: a read that began before a change may end after it,
and be stored when the drop has been. So each answer also says *as of* which event it was read, noted **before** the
read, and is refused when one of its tags was dropped later than that.

The same holds for those who wait for somebody else's read. Who asks after a change was dropped must not be given what
was read before it, even if they have waited for it; what an answer depends on is known only at its end, so they wait,
look, and where it is too old for them one of them reads anew. That read begins after all of them have asked, so nobody
waits for more than two.

Answers for one person alone do not belong here: a key is all that tells two askers apart.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from newsgraph.engine.bounded import OVERHEAD, Bounded

K = TypeVar("K", bound=Hashable)

_ENTRY = OVERHEAD + 600  # bytes of an entry beside its body, its key and its tags
_TAG = 450  # bytes of each tag: its name, its place in the entry and in the index
_ENCODING = 150  # bytes of each encoding beside its own
_TAGS_DROPPED = 10_000  # of which is known when; some 2 MB, and more than change while an answer is read


@dataclass(frozen=True, slots=True)
class Answer:
    """What a read has found. `as_of`: number of the newest event in the log, noted before anything was read.

    `tags`: all that the answer depends on, also what was looked for and is not there. `max_age`: seconds after which it
    is not given any more, whether anything changed or not; 0 for what is not to be kept. `apart`: people who share the
    key, but would be told something else: whoever serves the answer looks whether it is for who asks.
    """

    body: bytes
    as_of: int
    tags: frozenset[str]
    max_age: float
    apart: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An answer as it is served. `etag` is strong (RFC 9110, 8.8.1), and `expires_at` a time of the cache's clock."""

    body: bytes
    etag: str
    tags: frozenset[str]
    as_of: int
    max_age: float
    expires_at: float
    apart: frozenset[int] = frozenset()
    encodings: dict[str, bytes] = field(default_factory=dict, repr=False)

    def etag_as(self, coding: str) -> str:
        """Of the body in this content coding, which is another representation (RFC 9110, 8.8.3.3)."""
        return f'{self.etag[:-1]}-{coding}"'


@dataclass(frozen=True, slots=True)
class Counts:
    """Since the start; `entries` and `bytes` are now.

    `waits`: for another's read. `refused`: answers that had been overtaken by a change. `dropped`:
    by the tag's class, the part before the colon, or `expired`, `evicted`, `lost`; each entry once.
    """

    hits: int
    misses: int
    waits: int
    stored: int
    refused: int
    too_large: int
    dropped: Mapping[str, int]
    entries: int
    bytes: int


Produce = Callable[[], Awaitable[Answer]]
"""Reads an answer. It notes `as_of` first."""


class _Drops:
    """When each tag was dropped last. What is older than the oldest of them may have concerned any tag."""

    def __init__(self) -> None:
        self.seen = 0
        self._floor = 0
        self._last: OrderedDict[str, int] = OrderedDict()

    def note(self, tags: Collection[str], seq: int) -> None:
        self.seen = max(self.seen, seq)
        for tag in tags:
            self._last[tag] = max(seq, self._last.pop(tag, 0))
        while len(self._last) > _TAGS_DROPPED:
            _, oldest = self._last.popitem(last=False)
            self._floor = max(self._floor, oldest)

    def all(self, seq: int) -> None:
        self.seen = self._floor = max(self.seen, seq)
        self._last.clear()

    def after(self, as_of: int, tags: Collection[str]) -> bool:
        """Whether one of these tags was dropped, or may have been, at a later event than this."""
        return as_of < self._floor or any(self._last.get(tag, 0) > as_of for tag in tags)


class Responses(Generic[K]):
    """Entries of at most `memory` bytes in all, with everything that they cost; none of more than `share` of it.

    `clock`: seconds that never go back. Keys are strings, or flat tuples of what was asked and by whom (the document's
    text, operation name, canonical variables, audience): what is deeper in them is not weighed.
    """

    def __init__(
        self, memory: int = 64_000_000, share: float = 0.05, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._held: Bounded[K, Entry] = Bounded(memory, self._evicted)
        self._largest = min(int(memory * share), self._held.heaviest)
        self._tagged: dict[str, dict[K, Entry]] = {}
        self._drops = _Drops()
        self._flights: dict[K, asyncio.Future[Entry | None]] = {}
        self._hits = self._misses = self._waits = self._stored = self._refused = self._too_large = 0
        self._dropped: Counter[str] = Counter()

    def get(self, key: K) -> Entry | None:
        entry = self._fresh(key)
        if entry is None:
            self._misses += 1
        else:
            self._hits += 1
        return entry

    async def fill(self, key: K, produce: Produce) -> Entry:
        """What `get` has not found: from `produce`, or from another's that is under way.

        The answer has seen every event that was dropped before this was called, where it depends on it. Errors: those
        of the `produce` that was waited for. Where that was cancelled, another takes its place.
        """
        begun = self._drops.seen
        while True:
            entry = self._fresh(key)
            if entry is not None:
                return entry
            flight = self._flights.get(key)
            if flight is None:
                return await self._lead(key, produce)
            self._waits += 1
            entry = await asyncio.shield(flight)
            if entry is not None and (entry.as_of >= begun or not self._drops.after(entry.as_of, entry.tags)):
                return entry

    def under_way(self, key: K) -> bool:
        """Whether it is read already: who asks for it now waits for that."""
        return key in self._flights

    def left(self, entry: Entry) -> float:
        """Seconds until the entry expires."""
        return entry.expires_at - self._clock()

    def drop(self, tags: Collection[str], seq: int) -> None:
        """The event of this number has changed what these tags name. Costs what the entries cost that go.

        Call it for each event, in the order of the log, before anybody is told of the event.
        """
        self._drops.note(tags, seq)
        for tag in sorted(tags):
            for key, entry in tuple(self._tagged.get(tag, {}).items()):
                if entry.as_of < seq:
                    self._remove(key, entry, tag.partition(":")[0])

    def lose(self, seq: int) -> None:
        """Anything may have changed up to the event of this number. Call it when following the log begins, too."""
        self._dropped["lost"] += len(self._held)
        self._held.clear()
        self._tagged.clear()
        self._drops.all(seq)

    def encoded(self, key: K, entry: Entry, coding: str, encode: Callable[[bytes], bytes]) -> bytes:
        """The body in a content coding, made once while the entry is held."""
        body = entry.encodings.get(coding)
        if body is None:
            body = encode(entry.body)
            if self._held.get(key) is entry and self._held.grow(key, len(body) + _ENCODING):
                entry.encodings[coding] = body
        return body

    def counts(self) -> Counts:
        return Counts(
            hits=self._hits,
            misses=self._misses,
            waits=self._waits,
            stored=self._stored,
            refused=self._refused,
            too_large=self._too_large,
            dropped=dict(self._dropped),
            entries=len(self._held),
            bytes=self._held.weight,
        )

    def _fresh(self, key: K) -> Entry | None:
        entry = self._held.get(key)
        if entry is not None and entry.expires_at <= self._clock():
            self._remove(key, entry, "expired")
            return None
        return entry

    async def _lead(self, key: K, produce: Produce) -> Entry:
        flight = self._flights[key] = asyncio.get_running_loop().create_future()
        try:
            entry = self._entry(await produce())
            self._keep(key, entry)
            flight.set_result(entry)
            return entry
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # it is no loss if nobody waits for it
            raise
        finally:
            del self._flights[key]
            if not flight.done():  # cancelled: the first of those who wait takes over
                flight.set_result(None)

    def _entry(self, answer: Answer) -> Entry:
        etag = f'"{hashlib.blake2b(answer.body, digest_size=16).hexdigest()}"'
        expires_at = self._clock() + answer.max_age
        return Entry(answer.body, etag, answer.tags, answer.as_of, answer.max_age, expires_at, answer.apart)

    def _keep(self, key: K, entry: Entry) -> None:
        weight = _ENTRY + len(entry.body) + _size(key) + _TAG * (len(entry.tags) + len(entry.apart))
        if self._drops.after(entry.as_of, entry.tags):
            self._refused += 1
        elif weight > self._largest:
            self._too_large += 1
        elif entry.max_age > 0:
            self._held.put(key, entry, weight)
            self._stored += 1
            for tag in entry.tags:
                self._tagged.setdefault(tag, {})[key] = entry

    def _remove(self, key: K, entry: Entry, reason: str) -> None:
        self._held.pop(key)
        self._forget(key, entry, reason)

    def _evicted(self, key: K, entry: Entry) -> None:
        self._forget(key, entry, "evicted")

    def _forget(self, key: K, entry: Entry, reason: str) -> None:
        self._dropped[reason] += 1
        for tag in entry.tags:
            keys = self._tagged[tag]
            del keys[key]
            if not keys:
                del self._tagged[tag]


def _size(key: Hashable) -> int:
    parts = key if isinstance(key, tuple) else ()
    return sys.getsizeof(key) + sum(map(sys.getsizeof, parts))
