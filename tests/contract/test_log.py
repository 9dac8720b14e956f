"""What ports.log promises."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from newsgraph.domain.articles import ArticleStatus
from newsgraph.domain.comments import CommentStatus, ModerationQueueName
from newsgraph.domain.cursors import Position
from newsgraph.domain.events import (
    EVENTS,
    ArticleCause,
    ArticleChanged,
    AuthorChanged,
    CommentCause,
    CommentChanged,
    Entry,
    Event,
    ListChanged,
    ListCurated,
    SectionChanged,
    TokensRevoked,
    UserChanged,
    ViewsCounted,
)
from newsgraph.domain.lists import ListDiff
from newsgraph.ports.log import Head
from newsgraph.ports.store import Session
from tests.contract.room import Room

EVERY_KIND: list[Event] = [
    CommentChanged(CommentCause.POSTED, 1, 42, None, None, CommentStatus.PUBLISHED),
    CommentChanged(
        CommentCause.MODERATED,
        2,
        42,
        1,
        CommentStatus.PENDING,
        CommentStatus.PUBLISHED,
        frozenset({ModerationQueueName.PENDING}),
        frozenset({ModerationQueueName.REPORTED, ModerationQueueName.UNMODERATED}),
    ),
    ArticleChanged(ArticleCause.CREATED, 42, "größe", "asia", None, ArticleStatus.DRAFT),
    ArticleChanged(ArticleCause.PUBLISHED, 42, "a", "asia", ArticleStatus.DRAFT, ArticleStatus.PUBLISHED),
    ListChanged("latest/asia", ListDiff((3, 1), (3,), (2,))),
    ListCurated("must-reads"),
    ViewsCounted((1, 2)),
    SectionChanged("asia"),
    AuthorChanged("ada"),
    UserChanged(7),
    TokensRevoked(),
]


class Undone(Exception):
    """What a change raises to be undone."""


async def append(room: Room, *events: Event, fail: bool = False) -> None:
    async def change(session: Session) -> None:
        for event in events:
            session.log.append(event)
        if fail:
            raise Undone

    await room.write(change)


async def entries(room: Room, after: int = 0, limit: int = 100_000) -> list[Entry]:
    return list(await room.read(lambda s: s.log.after(after, limit)))


async def head(room: Room) -> Head:
    return await room.read(lambda s: s.log.head())


async def test_every_kind_of_event_comes_back_as_it_was(room: Room) -> None:
    assert {event.kind for event in EVERY_KIND} == set(EVENTS)
    await append(room, *EVERY_KIND)
    assert await entries(room) == [Entry(seq, room.clock(), event) for seq, event in enumerate(EVERY_KIND, start=1)]


async def test_an_empty_log(room: Room) -> None:
    empty = await head(room)
    assert (empty.last_seq, empty.trimmed_seq) == (0, 0)
    assert empty.epoch
    assert empty.position == Position(empty.epoch, 0)
    assert await entries(room) == []


async def test_after_is_ascending_and_bounded(room: Room) -> None:
    for _ in range(10):
        await append(room, SectionChanged("asia"))
    assert [entry.seq for entry in await entries(room, 3, 4)] == [4, 5, 6, 7]
    assert [entry.seq for entry in await entries(room, 8, 4)] == [9, 10]
    assert await entries(room, 10, 4) == []
    assert await entries(room, 99, 4) == []
    assert (await head(room)).last_seq == 10


async def test_of_topic_and_of_kind(room: Room) -> None:
    for number in range(12):
        await append(room, SectionChanged("asia" if number % 3 else "world"), UserChanged(number))
    asia = await room.read(lambda s: s.log.of_topic("section:asia", 4, 3))
    assert [(entry.seq, entry.event) for entry in asia] == [(n, SectionChanged("asia")) for n in (5, 9, 11)]
    users = await room.read(lambda s: s.log.of_kind("user", 20, 9))
    assert [(entry.seq, entry.event) for entry in users] == [(22, UserChanged(10)), (24, UserChanged(11))]
    assert await room.read(lambda s: s.log.of_topic("section:nowhere", 0, 9)) == []
    assert await room.read(lambda s: s.log.of_kind("nothing", 0, 9)) == []


@pytest.mark.parametrize(("after", "limit"), [(0, 3), (0, 100), (9, 2), (23, 5), (24, 5)])
async def test_the_newest_are_the_last_of_the_same_in_the_same_order(room: Room, after: int, limit: int) -> None:
    for number in range(12):
        await append(room, SectionChanged("asia" if number % 3 else "world"), UserChanged(number))
    topic = await room.read(lambda s: s.log.of_topic("section:asia", after, 100))
    kind = await room.read(lambda s: s.log.of_kind("user", after, 100))

    assert (
        await room.read(lambda s: s.log.newest_of_topic("section:asia", after, limit))
        == [one.seq for one in topic][-limit:]
    )
    assert await room.read(lambda s: s.log.newest_of_kind("user", after, limit)) == [one.seq for one in kind][-limit:]


async def test_events_of_an_undone_change_are_never_numbered(room: Room) -> None:
    await append(room, SectionChanged("a"))
    with pytest.raises(Undone):
        await append(room, SectionChanged("b"), SectionChanged("c"), fail=True)
    await append(room, SectionChanged("d"))
    assert [(entry.seq, entry.event) for entry in await entries(room)] == [
        (1, SectionChanged("a")),
        (2, SectionChanged("d")),
    ]


async def test_gapless_under_many_writers_of_which_some_fail(room: Room) -> None:
    chance = random.Random(5)

    async def writer(name: int) -> list[str]:
        kept = []
        for number in range(20):
            slugs = [f"{name}-{number}-{n}" for n in range(chance.randrange(4))]
            fail = chance.random() < 0.3
            try:
                await append(room, *map(SectionChanged, slugs), fail=fail)
                kept += slugs
            except Undone:
                assert fail
            await asyncio.sleep(0)
        return kept

    kept = await asyncio.gather(*map(writer, range(12)))
    log = await entries(room)
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    slugs = [entry.event.slug for entry in log if isinstance(entry.event, SectionChanged)]
    assert sorted(slugs) == sorted(slug for mine in kept for slug in mine)
    for name, mine in enumerate(kept):
        assert [slug for slug in slugs if slug.startswith(f"{name}-")] == mine
    assert (await head(room)).last_seq == len(log)


async def test_a_tailing_reader_misses_nothing(room: Room) -> None:
    """What is seen at one moment is a beginning of what is seen later: no number appears before a smaller one."""
    seen: list[int] = []
    done = asyncio.Event()

    async def tail() -> None:
        while not done.is_set() or len(seen) < 200:
            seen.extend([entry.seq for entry in await entries(room, seen[-1] if seen else 0)])
            await asyncio.sleep(0)

    async def writer() -> None:
        for _ in range(20):
            await append(room, SectionChanged("a"))

    tailing = asyncio.create_task(tail())
    await asyncio.gather(*(writer() for _ in range(10)))
    done.set()
    await tailing
    assert seen == list(range(1, 201))


async def test_a_list_change_sets_its_lists_version(room: Room) -> None:
    await append(room, SectionChanged("a"), SectionChanged("b"))
    await room.write(lambda s: s.lists.create("latest", "Latest", None))

    async def version() -> int:
        (stored,) = await room.read(lambda s: s.lists.by_keys(["latest"]))
        return stored.list.version

    assert await version() == 2
    change = ListChanged("latest", ListDiff((), (), ()))
    await append(room, change, SectionChanged("c"), change, SectionChanged("d"))
    assert await version() == 5
    with pytest.raises(Undone):
        await append(room, change, fail=True)
    await append(room, replace(change, key="other"))
    assert await version() == 5


async def test_trim_by_age(room: Room) -> None:
    for _ in range(6):
        await append(room, SectionChanged("a"))
        room.clock.tick(hours=1)
    before = room.clock() - timedelta(hours=3)
    assert await room.write(lambda s: s.log.trim(before, 100)) == 3
    trimmed = await head(room)
    assert (trimmed.trimmed_seq, trimmed.last_seq) == (3, 6)
    assert [entry.seq for entry in await entries(room)] == [4, 5, 6]
    assert await room.write(lambda s: s.log.trim(before, 100)) == 0


async def test_trim_by_count(room: Room) -> None:
    for _ in range(6):
        await append(room, SectionChanged("a"))
    long_ago = room.clock() - timedelta(days=9)
    assert await room.write(lambda s: s.log.trim(long_ago, 4)) == 2
    assert await room.write(lambda s: s.log.trim(long_ago, 5)) == 0
    trimmed = await head(room)
    assert (trimmed.trimmed_seq, trimmed.last_seq) == (2, 6)


async def test_after_trimming_everything_numbers_go_on(room: Room) -> None:
    await append(room, *EVERY_KIND)
    assert await room.write(lambda s: s.log.trim(room.clock() + timedelta(days=1), 100)) == len(EVERY_KIND)
    trimmed = await head(room)
    assert trimmed.trimmed_seq == trimmed.last_seq == len(EVERY_KIND)
    await append(room, SectionChanged("next"))
    assert [entry.seq for entry in await entries(room)] == [len(EVERY_KIND) + 1]


async def test_trim_keeps_everything_after_the_first_young_event(room: Room) -> None:
    """A clock that was set back does not tear a hole: what is dropped is always the log's beginning."""
    for hours in (0, 5, -3, 1):
        room.clock.tick(hours=hours)
        await append(room, SectionChanged("a"))
    before = room.clock() - timedelta(hours=2)
    await room.write(lambda s: s.log.trim(before, 100))
    trimmed = await head(room)
    assert [entry.seq for entry in await entries(room)] == list(range(trimmed.trimmed_seq + 1, 5))


async def test_a_read_cannot_append(room: Room) -> None:
    async def query(session: Session) -> None:
        session.log.append(SectionChanged("a"))

    with pytest.raises(RuntimeError, match=r"Store\.write"):
        await room.read(query)
