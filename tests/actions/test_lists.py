"""Ranked lists: their order, their versions, and what editors make of them."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from newsgraph.actions import lists, views
from newsgraph.domain.cursors import Position
from newsgraph.domain.errors import FaultCode, ListErrorCode
from newsgraph.domain.events import ListChanged
from newsgraph.domain.lists import RankReason
from newsgraph.domain.views import ViewCount
from tests.actions.conftest import Desk, fault, problem


async def version(desk: Desk, key: str) -> str:
    head = await desk.read(lambda session: session.log.head())
    return Position(head.epoch, (await desk.listed(key)).list.version).encode()


async def see(desk: Desk, **counts: int) -> None:
    """`see(desk, a1=3)`: article 1 was read three times."""
    await views.add(desk.newsroom, [ViewCount(int(name[1:]), number) for name, number in counts.items()])


async def reasons(desk: Desk, key: str) -> list[tuple[int, bool, RankReason]]:
    return [(item.article_id, item.pinned, item.reasons[0]) for item in (await desk.listed(key)).items]


# Order


async def test_latest_is_newest_first_and_of_its_section(desk: Desk) -> None:
    first = await desk.publish("One")
    desk.clock.tick(minutes=1)
    second = await desk.publish("Two", section="Asia")
    third = await desk.publish("Three", publish_at=desk.clock() - timedelta(days=1))
    assert await desk.ids("latest") == [second, first, third]
    assert await desk.ids("latest/asia") == [second]
    assert await reasons(desk, "latest/asia") == [(second, False, RankReason.RECENT)]


async def test_popular_follows_the_views(desk: Desk) -> None:
    one, two, three = [await desk.publish(name, section="Asia") for name in ("One", "Two", "Three")]
    await see(desk, **{f"a{one}": 3, f"a{two}": 5})
    await lists.rank_popular(desk.newsroom)
    for key in ("popular", "popular/asia", "popular@week", "popular@all_time"):
        assert await desk.ids(key) == [two, one]
    assert await desk.ids("popular/news") == []
    assert await reasons(desk, "popular") == [(i, False, RankReason.MOST_VIEWED) for i in (two, one)]
    assert await desk.ids("must-reads") == [two, one, three]
    assert {reason for *_, reason in await reasons(desk, "must-reads")} == {RankReason.BACKFILL}


async def test_recent_views_weigh_more(desk: Desk) -> None:
    old, new = await desk.publish("Old"), await desk.publish("New")
    await see(desk, **{f"a{old}": 5})
    desk.clock.tick(hours=20)
    await see(desk, **{f"a{new}": 3})
    await lists.rank_popular(desk.newsroom)
    assert await desk.ids("popular") == [new, old]
    assert await desk.ids("popular@hour") == [new]
    assert await desk.ids("popular@all_time") == [old, new]
    desk.clock.tick(days=2)
    await lists.rank_popular(desk.newsroom)
    assert await desk.ids("popular") == []


async def test_what_is_alike_is_found_and_says_why(desk: Desk) -> None:
    ferry = await desk.publish("Ferry runs again to the harbour", authors=(), section="Asia")
    twin = await desk.publish("Harbour ferry stops", authors=(), section="News")
    neighbour = await desk.publish("Rain tomorrow", authors=(), section="Asia")
    await desk.publish("Nothing in common", authors=(), section="News")
    await lists.ensure_related(desk.newsroom, ferry)
    stored = await desk.listed(f"related/{ferry}")
    assert [item.article_id for item in stored.items] == [twin, neighbour]
    assert stored.items[0].reasons == (RankReason.SHARED_TERMS, RankReason.RECENT)
    assert stored.items[1].reasons == (RankReason.RECENT, RankReason.SAME_SECTION)
    assert stored.list.title == "You May Also Like"


async def test_related_lists_are_made_when_asked_for(desk: Desk) -> None:
    article, hidden = await desk.publish(), await desk.schedule(hours=1)
    await desk.publish("Other")
    await desk.events()
    await asyncio.gather(*(lists.ensure_related(desk.newsroom, article) for _ in range(3)))
    assert len(await desk.events(ListChanged)) == 1
    for missing in (hidden, 999):
        await lists.ensure_related(desk.newsroom, missing)
        assert await desk.read(lambda session: session.lists.by_keys([f"related/{hidden}", "related/999"])) == []


async def test_old_related_lists_are_ranked_anew_oldest_first(desk: Desk) -> None:
    articles = [await desk.publish(f"Ferry {n}") for n in range(3)]
    for article in articles:
        await lists.ensure_related(desk.newsroom, article)
        desk.clock.tick(minutes=1)
    new = await desk.publish("Ferry 4")
    desk.clock.tick(minutes=8)
    await lists.refresh_stale_related(desk.newsroom, 5)
    assert [new in await desk.ids(f"related/{article}") for article in articles] == [True, False, False]
    desk.clock.tick(minutes=10)
    await lists.refresh_stale_related(desk.newsroom, 1)
    assert [new in await desk.ids(f"related/{article}") for article in articles] == [True, True, False]


# Versions


async def test_a_version_changes_exactly_with_membership_or_order(desk: Desk) -> None:
    one, two = await desk.publish("One"), await desk.publish("Two")
    await see(desk, **{f"a{one}": 5, f"a{two}": 1})
    await lists.rank_popular(desk.newsroom)
    await desk.events()
    before = await version(desk, "popular")

    await see(desk, **{f"a{one}": 1})
    await lists.rank_popular(desk.newsroom)
    assert await desk.events(ListChanged) == []
    assert await version(desk, "popular") == before
    assert (await desk.listed("popular")).items[0].score == 6.0

    await see(desk, **{f"a{two}": 9})
    await lists.rank_popular(desk.newsroom)
    events = await desk.events(ListChanged)
    [changed] = [event for event in events if event.key == "popular"]
    assert (changed.diff.ordered, changed.diff.inserted, changed.diff.removed) == ((two, one), (), ())
    assert await version(desk, "popular") != before


@pytest.mark.parametrize("seed", range(5))
async def test_the_events_alone_rebuild_every_list(desk: Desk, seed: int) -> None:
    """Each change leads from the members before to those after, and its number is the version."""
    chance = random.Random(seed)
    ids = [await desk.publish(f"No. {n}", section=chance.choice(["News", "Asia"])) for n in range(6)]
    for _ in range(12):
        key = chance.choice(["must-reads", "popular", "our-choice"])
        await desk.curate(key, *chance.sample(ids[:4], 2), excluded_ids=tuple(chance.sample(ids, 1)))
        await see(desk, **{f"a{chance.choice(ids)}": chance.randint(1, 9)})
        await lists.rank_popular(desk.newsroom)
    await desk.retract(ids[0])
    members: dict[str, tuple[int, ...]] = {}
    numbers: dict[str, int] = {}
    for entry in await desk.read(lambda session: session.log.after(0, 10_000)):
        event = entry.event
        if isinstance(event, ListChanged):
            before = members.get(event.key, ())
            assert before != event.diff.ordered
            assert set(event.diff.inserted) == set(event.diff.ordered) - set(before)
            assert set(event.diff.removed) == set(before) - set(event.diff.ordered)
            members[event.key], numbers[event.key] = event.diff.ordered, entry.seq
    for key, ordered in members.items():
        stored = await desk.listed(key)
        assert tuple(await desk.ids(key)) == ordered
        assert stored.list.version == numbers[key]
        assert ids[0] not in ordered


async def test_ranking_writes_nothing_when_nothing_moved(desk: Desk) -> None:
    await desk.publish()
    await lists.rank_popular(desk.newsroom)
    computed = (await desk.listed("must-reads")).list.computed_at
    desk.clock.tick(minutes=1)
    await lists.rank_popular(desk.newsroom)
    assert (await desk.listed("must-reads")).list.computed_at == computed


# Curating


async def test_pins_come_first_and_the_ranking_fills_up(desk: Desk) -> None:
    one, two, three = [await desk.publish(name) for name in ("One", "Two", "Three")]
    assert await desk.curate("must-reads", one, title=" The\nBest ") == "must-reads"
    assert (await desk.listed("must-reads")).list.title == "The Best"
    assert await reasons(desk, "must-reads") == [
        (one, True, RankReason.PINNED),
        (three, False, RankReason.BACKFILL),
        (two, False, RankReason.BACKFILL),
    ]
    await desk.curate("must-reads", two, two, excluded_ids=(three,))
    assert await desk.ids("must-reads") == [two, one]
    await desk.curate("must-reads")
    assert await desk.ids("must-reads") == [two, one]
    await desk.curate("must-reads", excluded_ids=())
    assert await desk.ids("must-reads") == [three, two, one]
    assert (await desk.listed("must-reads")).list.title == "The Best"


async def test_pins_outlast_the_ranking(desk: Desk) -> None:
    one, two = await desk.publish("One"), await desk.publish("Two")
    await desk.curate("latest", one)
    three = await desk.publish("Three")
    assert await desk.ids("latest") == [one, three, two]
    await see(desk, **{f"a{two}": 3})
    await desk.curate("popular", three)
    await lists.rank_popular(desk.newsroom)
    assert await desk.ids("popular") == [three, two]


async def test_a_list_of_ones_own(desk: Desk) -> None:
    one, two = await desk.publish("One"), await desk.publish("Two")
    assert await desk.curate("election-night", two, one) == "election-night"
    stored = await desk.listed("election-night")
    assert stored.list.title == "Election Night"
    assert await reasons(desk, "election-night") == [(two, True, RankReason.CURATED), (one, True, RankReason.CURATED)]
    assert [event.key for event in await desk.events(ListChanged)][-1] == "election-night"


async def test_one_may_curate_what_is_alike(desk: Desk) -> None:
    article, other = await desk.publish("One"), await desk.publish("Two")
    assert await desk.curate(f"related/{article}", other) == f"related/{article}"
    assert await reasons(desk, f"related/{article}") == [(other, True, RankReason.PINNED)]


async def test_keys_are_written_in_one_way(desk: Desk) -> None:
    article = await desk.publish()
    assert await desk.curate("popular@day", article) == "popular"
    assert await desk.ids("popular") == [article]


@pytest.mark.parametrize(
    "key", ["latest/nowhere", "related/999", "Related", "popular@year", "a/b", "", "x" * 121, "-", "related/x"]
)
async def test_what_can_be_no_list_is_not_found(desk: Desk, key: str) -> None:
    found = await problem(desk.curate(key))
    assert (found.code, found.field) == (ListErrorCode.NOT_FOUND, ("input", "key"))


async def test_pins_must_be_published_and_exclusions_exist(desk: Desk) -> None:
    article, hidden = await desk.publish(), await desk.schedule(hours=1)
    for pin in (hidden, 999):
        found = await problem(desk.curate("must-reads", article, pin))
        assert (found.code, found.field) == (ListErrorCode.UNKNOWN_ARTICLE, ("input", "pinnedIds"))
    found = await problem(desk.curate("our-own", article, excluded_ids=(hidden, 999)))
    assert (found.code, found.field) == (ListErrorCode.UNKNOWN_ARTICLE, ("input", "excludedIds"))
    assert await desk.read(lambda session: session.lists.by_keys(["our-own"])) == []


async def test_an_editor_who_saw_another_state_is_told(desk: Desk) -> None:
    one, two = await desk.publish("One"), await desk.publish("Two")
    seen = await version(desk, "must-reads")
    await desk.curate("must-reads", one, if_version=seen)
    for stale in (seen, "nonsense", Position("another", 1).encode()):
        found = await problem(desk.curate("must-reads", two, if_version=stale))
        assert (found.code, found.field) == (ListErrorCode.STALE, ("input", "ifVersion"))
    assert (await problem(desk.curate("not-yet", two, if_version=seen))).code is ListErrorCode.STALE
    await desk.curate("must-reads", two, if_version=await version(desk, "must-reads"))
    assert (await desk.ids("must-reads"))[0] == two


async def test_of_editors_at_once_with_one_version_only_one_has_their_way(desk: Desk) -> None:
    ids = [await desk.publish(f"No. {n}") for n in range(6)]
    seen = await version(desk, "must-reads")
    attempts = [desk.curate("must-reads", article, if_version=seen) for article in ids]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(result == "must-reads" for result in results) == 1


async def test_curating_with_a_key_happens_once(desk: Desk) -> None:
    one, two = await desk.publish("One"), await desk.publish("Two")
    await desk.curate("must-reads", one, mutation_key="k")
    await desk.curate("must-reads", two, mutation_key="k")
    assert (await desk.ids("must-reads"))[0] == one


async def test_curation_has_bounds(desk: Desk) -> None:
    assert await fault(desk.curate("must-reads", *range(1, 102))) is FaultCode.BAD_INPUT
    assert await fault(desk.curate("must-reads", title="x" * 121)) is FaultCode.BAD_INPUT
