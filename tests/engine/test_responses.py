"""Kept answers: never older than what was dropped before they were asked for, whatever happens in which order."""

from __future__ import annotations

import asyncio
import itertools
import json
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgraph.engine import responses as module
from newsgraph.engine.responses import Answer, Entry, Responses


def answer(body: bytes = b"{}", as_of: int = 0, tags: Sequence[str] = (), max_age: float = 60) -> Answer:
    return Answer(body, as_of, frozenset(tags), max_age)


async def keep(responses: Responses[str], key: str, one: Answer) -> Entry:
    async def produce() -> Answer:
        return one

    return await responses.fill(key, produce)


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def responses() -> Responses[str]:
    return Responses()


# Interleavings: a world in which everything is done by hand


@dataclass(eq=False)
class Asker:
    """One request. `owed`: by tag, the newest event that was dropped before it began."""

    owed: dict[str, int]
    task: asyncio.Task[Entry] | None = None


@dataclass
class World:
    """A log, what each tag was last changed by, a follower that drops, and reads that go on when they are told to.

    A read of key "x" depends on tag "x", and by what it finds there on "even" or "odd": what an answer depends on is
    known when it has been read, and not before.
    """

    responses: Responses[str] = field(default_factory=Responses)
    log: list[str] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)
    followed: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    gates: list[asyncio.Future[None]] = field(default_factory=list)
    askers: list[Asker] = field(default_factory=list)
    reads: int = 0

    def commit(self, tag: str) -> None:
        self.log.append(tag)
        self.changed[tag] = len(self.log)

    def follow(self) -> None:
        if self.followed < len(self.log):
            self.followed += 1
            tag = self.log[self.followed - 1]
            self.dropped[tag] = self.followed
            self.responses.drop([tag], self.followed)

    def lose(self) -> None:
        self.followed = len(self.log)
        self.dropped |= self.changed
        self.responses.lose(self.followed)

    def ask(self, key: str) -> None:
        asker = Asker(dict(self.dropped))
        found = self.responses.get(key)
        if found is not None:
            check(asker, found)
            return
        asker.task = asyncio.ensure_future(self.responses.fill(key, lambda: self.read(key)))
        self.askers.append(asker)

    def go_on(self, which: int) -> None:
        waiting = [gate for gate in self.gates if not gate.done()]
        if waiting:
            waiting[which % len(waiting)].set_result(None)

    def cancel(self, which: int) -> None:
        waiting = [asker.task for asker in self.askers if asker.task and not asker.task.done()]
        if waiting:
            waiting[which % len(waiting)].cancel()

    async def read(self, key: str) -> Answer:
        self.reads += 1
        as_of = len(self.log)
        await self.gate()
        first = self.changed.get(key, 0)
        other = "odd" if first % 2 else "even"
        await self.gate()
        found = {key: first, other: self.changed.get(other, 0)}
        await self.gate()
        return answer(json.dumps(found).encode(), as_of, tuple(found))

    async def gate(self) -> None:
        gate = asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        await gate

    async def end(self) -> None:
        """Everything comes to its end; what was answered was not too old, and what is kept is what there is."""
        while self.followed < len(self.log):
            self.follow()
        while any(asker.task and not asker.task.done() for asker in self.askers):
            self.go_on(0)
            await turns()
        for asker in self.askers:
            assert asker.task
            with suppress(asyncio.CancelledError):
                check(asker, await asker.task)
        for key in "xy":
            entry = self.responses.get(key)
            if entry is not None:
                assert json.loads(entry.body) == {tag: self.changed.get(tag, 0) for tag in entry.tags}, "old for ever"
        assert not self.responses._flights


def check(asker: Asker, entry: Entry) -> None:
    for tag, seen in json.loads(entry.body).items():
        assert seen >= asker.owed.get(tag, 0), "older than what was there when it was asked for"


Step = Callable[[World], None]
STEPS: dict[str, Step] = {
    "commit": lambda world: world.commit("x"),
    "follow": lambda world: world.follow(),
    "ask": lambda world: world.ask("x"),
    "go on": lambda world: world.go_on(0),
    "cancel": lambda world: world.cancel(0),
}


async def play(steps: Sequence[Step]) -> World:
    world = World()
    for step in steps:
        step(world)
        await turns()
    await world.end()
    return world


async def test_every_order_of_changes_drops_reads_joiners_and_cancellations() -> None:
    """A read is begun; then all 15,625 orders of six steps."""
    for names in itertools.product(STEPS, repeat=6):
        try:
            await play([STEPS["ask"], *(STEPS[name] for name in names)])
        except AssertionError as error:
            raise AssertionError(f"{error}: ask, {', '.join(names)}") from None


steps = st.one_of(
    st.sampled_from(["x", "x", "y", "even", "odd", "other"]).map(lambda tag: lambda world: world.commit(tag)),
    st.just(STEPS["follow"]),
    st.sampled_from("xxxy").map(lambda key: lambda world: world.ask(key)),
    st.integers(0, 3).map(lambda which: lambda world: world.go_on(which)),
    st.integers(0, 3).map(lambda which: lambda world: world.go_on(which)),
    st.integers(0, 3).map(lambda which: lambda world: world.cancel(which)),
    st.just(World.lose),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(steps, min_size=5, max_size=60))
def test_long_stories(taken: list[Step]) -> None:
    asyncio.run(play(taken))


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, min_size=5, max_size=40))
def test_long_stories_with_a_short_memory_of_drops(taken: list[Step]) -> None:
    """One tag is remembered: what was dropped before it counts as everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_TAGS_DROPPED", 1)
        asyncio.run(play(taken))


# The stories that matter, one by one


async def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    world = World()
    world.ask("x")
    await turns()
    world.go_on(0)
    await turns()
    world.commit("x")
    world.follow()
    await world.end()

    counts = world.responses.counts()
    assert (counts.stored, counts.refused, counts.entries) == (0, 1, 0)
    assert world.reads == 1, "whoever asked before the change may have what was read before it"


async def test_who_joins_after_a_change_gets_what_is_read_after_it() -> None:
    world = World()
    world.ask("x")
    await turns()
    world.ask("x")
    world.go_on(0)
    await turns()
    world.commit("x")
    world.follow()
    for _ in range(5):
        world.ask("x")
    await world.end()

    bodies = [asker.task.result().body for asker in world.askers if asker.task]
    assert bodies == [b'{"x": 0, "even": 0}'] * 2 + [b'{"x": 1, "odd": 0}'] * 5
    assert world.reads == 2, "one for those who came before, one for all who came after"
    assert world.responses.counts().waits == 6 + 4
    assert world.responses.counts().entries == 1


async def test_who_joins_after_a_change_of_something_else_waits_for_one_read() -> None:
    world = World()
    world.ask("x")
    await turns()
    world.commit("other")
    world.follow()
    world.ask("x")
    await world.end()
    assert world.reads == 1


async def test_what_has_seen_a_change_outlives_its_drop(responses: Responses[str]) -> None:
    """A read may be ahead of the follower."""
    await keep(responses, "k", answer(as_of=7, tags=["a"]))
    responses.drop(["a"], 7)
    assert responses.get("k")
    responses.drop(["a"], 8)
    assert not responses.get("k")


async def test_what_was_read_before_following_began_is_refused(responses: Responses[str]) -> None:
    """Nobody will ever drop the tags of an event between the read and the beginning."""
    responses.lose(7)
    await keep(responses, "old", answer(as_of=6, tags=["a"]))
    await keep(responses, "new", answer(as_of=7, tags=["a"]))
    assert (responses.get("old"), responses.counts().refused) == (None, 1)
    assert responses.get("new")


# One flight


async def test_one_reads_and_the_others_wait() -> None:
    world = World()
    for _ in range(100):
        world.ask("x")
    world.ask("y")
    await turns()
    assert len(world.gates) == 2
    await world.end()

    counts = world.responses.counts()
    assert (world.reads, counts.waits, counts.misses, counts.stored) == (2, 99, 101, 2)


async def test_a_failure_is_everybodys_and_is_not_kept(responses: Responses[str]) -> None:
    reads: list[int] = []

    async def produce() -> Answer:
        reads.append(1)
        await asyncio.sleep(0)
        raise LookupError("no")

    found = await asyncio.gather(*(responses.fill("k", produce) for _ in range(10)), return_exceptions=True)
    assert [repr(one) for one in found] == ["LookupError('no')"] * 10
    assert len(reads) == 1
    assert (await keep(responses, "k", answer(b"later"))).body == b"later"


async def test_a_failure_that_nobody_waits_for_is_no_ones_fault(responses: Responses[str]) -> None:
    """Under pytest, an exception that nobody looks at is an error."""

    async def produce() -> Answer:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await responses.fill("k", produce)


async def test_when_the_reader_is_cancelled_one_of_the_others_takes_over() -> None:
    world = World()
    for _ in range(5):
        world.ask("x")
    await turns()
    world.cancel(0)
    await turns()
    assert world.reads == 2
    await world.end()

    tasks = [asker.task for asker in world.askers if asker.task]
    assert [task.cancelled() for task in tasks] == [True, False, False, False, False]
    assert len({task.result() for task in tasks[1:]}) == 1


async def test_who_waits_may_leave_without_harm() -> None:
    world = World()
    for _ in range(5):
        world.ask("x")
    await turns()
    for _ in range(4):
        world.cancel(1)
        await turns()
    await world.end()

    tasks = [asker.task for asker in world.askers if asker.task]
    assert [task.cancelled() for task in tasks] == [False, True, True, True, True]
    assert (world.reads, world.responses.counts().entries) == (1, 1)


async def test_when_all_are_cancelled_nothing_remains() -> None:
    world = World()
    for _ in range(5):
        world.ask("x")
    await turns()
    for asker in world.askers:
        assert asker.task
        asker.task.cancel()
    await turns(10)
    assert not world.responses._flights
    world.ask("x")
    await world.end()
    assert world.responses.counts().entries == 1


# Dropping


async def test_what_is_dropped_is_what_depends_on_it(responses: Responses[str]) -> None:
    for number in range(10):
        await keep(responses, f"page {number}", answer(tags=[f"article:{number}", f"comments:{number}", "sections"]))
    await keep(responses, "missing", answer(tags=["slug:new"]))
    await keep(responses, "constant", answer())

    responses.drop(["comment:7", "comments:3", "moderation"], 1)
    responses.drop(["article:4", "articles", "slug:new"], 2)
    responses.drop(["article:4", "comments:4"], 3)
    assert responses.counts().dropped == {"comments": 1, "article": 1, "slug": 1}
    kept = [number for number in range(10) if responses.get(f"page {number}")]
    assert kept == [0, 1, 2, 5, 6, 7, 8, 9]

    responses.drop(["sections", "article:1"], 4)
    assert responses.counts().dropped == {"comments": 1, "article": 2, "slug": 1, "sections": 7}, "each entry once"
    assert responses.counts().entries == 1
    assert responses.get("constant")
    assert not responses._tagged


async def test_everything_is_lost(responses: Responses[str]) -> None:
    await keep(responses, "a", answer(tags=["a"]))
    await keep(responses, "b", answer())
    responses.lose(5)
    counts = responses.counts()
    assert (counts.entries, counts.bytes, counts.dropped, responses._tagged) == (0, 0, {"lost": 2}, {})


async def test_memory_of_drops_is_bounded_and_errs_on_the_safe_side(
    responses: Responses[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TAGS_DROPPED", 10)
    for seq in range(1, 101):
        responses.drop([f"article:{seq}"], seq)
    assert len(responses._drops._last) == 10

    for as_of, kept in ((89, False), (90, True), (100, True)):
        await keep(responses, f"{as_of}", answer(as_of=as_of, tags=["never dropped"]))
        assert bool(responses.get(f"{as_of}")) is kept, as_of


async def test_drops_that_come_out_of_order_never_make_anything_younger(responses: Responses[str]) -> None:
    responses.drop(["a"], 9)
    responses.drop(["a"], 4)
    await keep(responses, "k", answer(as_of=8, tags=["a"]))
    assert not responses.get("k")


# Age


async def test_an_answer_has_an_age() -> None:
    clock = Clock()
    responses = Responses[str](clock=clock)
    await keep(responses, "k", answer(max_age=10))
    clock.now += 9.9
    found = responses.get("k")
    assert found
    assert found.max_age == 10
    assert found.expires_at - clock.now == pytest.approx(0.1)
    clock.now += 0.1
    assert not responses.get("k")

    counts = responses.counts()
    assert (counts.hits, counts.misses, counts.entries, counts.dropped) == (1, 1, 0, {"expired": 1})


async def test_what_is_not_to_be_kept_is_shared_with_those_who_wait_and_not_kept(responses: Responses[str]) -> None:
    reads: list[int] = []

    async def produce() -> Answer:
        reads.append(1)
        await asyncio.sleep(0)
        return answer(max_age=0)

    await asyncio.gather(*(responses.fill("k", produce) for _ in range(10)))
    assert (len(reads), responses.get("k")) == (1, None)


# Bodies


async def test_etags_are_strong_and_of_the_body(responses: Responses[str]) -> None:
    one, same, other = [await keep(responses, key, answer(key[:1].encode())) for key in ("a1", "a2", "b1")]
    assert one.etag == same.etag != other.etag
    assert (one.etag[0], one.etag[-1], len(one.etag)) == ('"', '"', 34)
    assert one.etag_as("gzip") == f'{one.etag[:-1]}-gzip"'


async def test_encodings_are_made_once_and_weighed(responses: Responses[str]) -> None:
    made: list[bytes] = []

    def encode(body: bytes) -> bytes:
        made.append(body)
        return b"z" * 1_000

    entry = await keep(responses, "k", answer(b"body"))
    before = responses.counts().bytes
    for _ in range(3):
        assert responses.encoded("k", entry, "gzip", encode) == b"z" * 1_000
    assert made == [b"body"]
    assert 1_000 < responses.counts().bytes - before < 1_300

    responses.lose(1)
    assert responses.encoded("k", entry, "br", encode) == b"z" * 1_000
    assert (responses.counts().bytes, set(entry.encodings)) == (0, {"gzip"}), "it is held no more"


# Memory


async def test_a_flood_of_distinct_queries_costs_hot_pages_nothing() -> None:
    responses = Responses[str](memory=1_000_000)
    hot = [f"hot {number}" for number in range(100)]
    for key in hot:
        await keep(responses, key, answer(b"x" * 2_000, tags=["article:1"]))
        assert responses.get(key)
    for number in range(5_000):
        await keep(responses, f"flood {number}", answer(b"y" * (number % 5_000), tags=[f"article:{number}", "more"]))
        assert responses.get(hot[number % 100])
        assert responses.counts().bytes <= 1_000_000

    counts = responses.counts()
    assert counts.hits == 5_100
    assert counts.dropped == {"evicted": counts.stored - counts.entries}
    assert sum(map(len, responses._tagged.values())) == sum(
        len(slot.value.tags) for queue in (responses._held._kept, responses._held._trial) for slot in queue.values()
    )


@pytest.mark.parametrize("heavy", ["body", "key", "tags"])
async def test_what_is_too_large_is_given_and_not_kept(heavy: str) -> None:
    responses = Responses[tuple[str, str]](memory=1_000_000, share=0.02)
    size = 20_000
    key = ("q", "k" * size if heavy == "key" else "k")
    tags = frozenset(f"article:{number}" for number in range(size // 450 if heavy == "tags" else 1))

    async def produce() -> Answer:
        return Answer(b"x" * (size if heavy == "body" else 1), 0, tags, 60)

    assert (await responses.fill(key, produce)).tags == tags
    assert (responses.get(key), responses.counts().too_large) == (None, 1)


@pytest.mark.parametrize("tags", [0, 3, 40])
async def test_an_entry_weighs_what_it_is_said_to(tags: int) -> None:
    """Each with a key, tags and bodies of its own, and as many keys remembered as are held."""
    responses = Responses[tuple[str, str, None, str]](memory=4_000_000)

    async def fill(number: int) -> None:
        async def produce() -> Answer:
            own = frozenset(f"article:{number}:{tag}" for tag in range(tags))
            return Answer(b"%d" % number * 200, number, own, number + 0.5)

        key = (f"query {number}", f"Name{number}", None, json.dumps({"id": number}))
        responses.encoded(key, await responses.fill(key, produce), f"gzip{number}", lambda body: body[:100])

    await fill(0)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(6_000):
        await fill(1_000_000 + number)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    counts = responses.counts()
    assert counts.entries < 6_000
    assert counts.bytes > 3_900_000
    assert after - before < 4_000_000
