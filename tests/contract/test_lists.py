"""What ports.lists promises."""

# ruff: noqa: B023 -- each lambda is used up before its loop goes on

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from newsgraph.domain.articles import Article, ArticleStatus, Body
from newsgraph.domain.lists import Curation, ListDiff, RankedItem, RankedList, RankReason, diff
from newsgraph.domain.views import SHAPES, ViewCount, Window
from newsgraph.ports.lists import Likeness, StoredList
from tests.contract.room import Room


def item(article: Article, rank: int, score: float | None = None, pinned: bool = False) -> RankedItem:
    return RankedItem(article.id, rank, score, pinned, (RankReason.RECENT, RankReason.SAME_AUTHOR))


async def stored(room: Room, key: str = "latest") -> StoredList:
    (found,) = await room.read(lambda s: s.lists.by_keys([key]))
    return found


async def create(room: Room, *keys: str) -> None:
    for key in keys:
        await room.write(lambda s: s.lists.create(key, key.title(), None))


async def test_a_new_list_is_empty(room: Room) -> None:
    asia = await room.section()
    await room.write(lambda s: s.lists.create("latest/asia", "[ASIA] Latest Stories", asia.id))
    listed = RankedList("latest/asia", "[ASIA] Latest Stories", asia.id, room.clock(), 0)
    assert await stored(room, "latest/asia") == StoredList(listed, ())
    room.clock.tick(hours=1)
    await room.write(lambda s: s.lists.create("latest/asia", "Another title", None))
    assert await stored(room, "latest/asia") == StoredList(listed, ())


async def test_lists_that_do_not_exist_are_left_out(room: Room) -> None:
    await create(room, "a", "b")
    found = await room.read(lambda s: s.lists.by_keys(["b", "nothing", "a"]))
    assert sorted(entry.list.key for entry in found) == ["a", "b"]


async def test_save_replaces_the_items(room: Room) -> None:
    await create(room, "latest")
    first, second, third = [await room.article() for _ in range(3)]
    items = (item(first, 1, 2.5, True), item(second, 2))
    room.clock.tick(minutes=1)
    before: tuple[int, ...] = ()
    after = (first.id, second.id)
    await room.write(lambda s: s.lists.save("latest", items, diff(before, after)))
    found = await stored(room)
    assert found.items == items
    assert found.list.computed_at == room.clock()

    changed = diff(after, (third.id, first.id))
    await room.write(lambda s: s.lists.save("latest", [item(third, 1), item(first, 2)], changed))
    assert [entry.article_id for entry in (await stored(room)).items] == [third.id, first.id]
    membership = [await room.read(lambda s: s.lists.containing(a.id)) for a in (first, second, third)]
    assert membership == [["latest"], [], ["latest"]]


async def test_save_without_a_diff_leaves_membership(room: Room) -> None:
    await create(room, "latest")
    article = await room.article()
    await room.write(lambda s: s.lists.save("latest", [item(article, 1, 1.0)], diff((), (article.id,))))
    await room.write(lambda s: s.lists.save("latest", [item(article, 1, 9.0)], None))
    assert (await stored(room)).items[0].score == 9.0
    assert list(await room.read(lambda s: s.lists.containing(article.id))) == ["latest"]
    assert (await stored(room)).list.version == 0


async def test_a_list_that_does_not_exist_cannot_be_saved(room: Room) -> None:
    with pytest.raises(LookupError):
        await room.write(lambda s: s.lists.save("nothing", [], ListDiff((), (), ())))


async def test_set_title(room: Room) -> None:
    await create(room, "a", "b")
    await room.write(lambda s: s.lists.set_title("a", "New"))
    assert (await stored(room, "a")).list.title == "New"
    assert (await stored(room, "b")).list.title == "B"


async def test_curation(room: Room) -> None:
    await create(room, "a", "b")
    articles = [(await room.article()).id for _ in range(4)]
    assert await room.read(lambda s: s.lists.curation("a")) == Curation()
    first = Curation((articles[2], articles[0]), (articles[3],))
    await room.write(lambda s: s.lists.set_curation("a", first))
    assert await room.read(lambda s: s.lists.curation("a")) == first
    assert await room.read(lambda s: s.lists.curation("b")) == Curation()
    second = Curation((articles[0],), (articles[2], articles[1]))
    await room.write(lambda s: s.lists.set_curation("a", second))
    assert await room.read(lambda s: s.lists.curation("a")) == second


async def test_latest(room: Room) -> None:
    asia, sport = await room.section("asia"), await room.section("sport")
    noon = room.clock()
    old = await room.article(published_at=noon - timedelta(days=1))
    first, second = await room.article(), await room.article()
    other = await room.article(section_id=sport.id, published_at=noon + timedelta(days=1))
    await room.article(status=ArticleStatus.DRAFT)
    assert await room.read(lambda s: s.lists.latest(None, 9)) == [other.id, second.id, first.id, old.id]
    assert await room.read(lambda s: s.lists.latest(asia.id, 2)) == [second.id, first.id]
    assert await room.read(lambda s: s.lists.latest(999, 2)) == []


async def test_stale_lists_longest_ago_first(room: Room) -> None:
    start = room.clock()
    for key in ("related/2", "related/1", "latest", "relatedness", "related/3"):
        await create(room, key)
        room.clock.tick(minutes=1)
    await room.write(lambda s: s.lists.save("related/2", [], None))
    room.clock.tick(minutes=1)
    later = room.clock()
    assert await room.read(lambda s: s.lists.stale("related/", later, 9)) == ["related/1", "related/3", "related/2"]
    assert await room.read(lambda s: s.lists.stale("related/", later, 1)) == ["related/1"]
    assert await room.read(lambda s: s.lists.stale("related/", start + timedelta(minutes=2), 9)) == ["related/1"]
    assert await room.read(lambda s: s.lists.stale("%", later, 9)) == []


# --- popular -------------------------------------------------------------------------------------------------------


async def view(room: Room, *views: tuple[Article, int]) -> None:
    await room.write(lambda s: s.views.add([ViewCount(article.id, count) for article, count in views]))


async def popular(room: Room, window: Window, section_id: int | None = None, limit: int = 9) -> dict[int, float]:
    rows: Sequence[tuple[int, float]] = await room.read(lambda s: s.lists.popular(section_id, window, limit))
    assert [score for _, score in rows] == sorted((score for _, score in rows), reverse=True)
    return dict(rows)


@pytest.mark.parametrize("window", [window for window in Window if window is not Window.ALL_TIME])
async def test_views_halve_in_weight_each_half_life(room: Room, window: Window) -> None:
    """The clock stands at the beginning of a bucket of every width, and is moved by whole buckets."""
    room.clock.now = room.clock.now.replace(hour=0)
    shape = SHAPES[window]
    first, second = await room.article(), await room.article()
    await view(room, (first, 8), (second, 1))
    assert await popular(room, window) == pytest.approx({first.id: 8, second.id: 1})

    steps = max(1, shape.half_life // shape.bucket)
    room.clock.tick(seconds=steps * shape.bucket)
    weight = 0.5 ** (steps * shape.bucket / shape.half_life)
    await view(room, (second, 3))
    assert await popular(room, window) == pytest.approx({first.id: 8 * weight, second.id: 3 + weight})


@pytest.mark.parametrize("window", [window for window in Window if window is not Window.ALL_TIME])
async def test_a_view_leaves_the_window_at_its_end(room: Room, window: Window) -> None:
    room.clock.now = room.clock.now.replace(hour=0)
    article = await room.article()
    await view(room, (article, 5))
    room.clock.tick(seconds=SHAPES[window].length - 1)
    assert list(await popular(room, window)) == [article.id]
    room.clock.tick(seconds=1)
    assert await popular(room, window) == {}


async def test_an_old_hit_falls_behind_a_new_one(room: Room) -> None:
    old, new = await room.article(), await room.article()
    await view(room, (old, 100))
    room.clock.tick(hours=20)
    await view(room, (new, 20))
    assert list(await popular(room, Window.DAY)) == [new.id, old.id]
    assert list(await popular(room, Window.ALL_TIME)) == [old.id, new.id]


async def test_all_time_is_the_plain_count(room: Room) -> None:
    first, second, third, never = [await room.article() for _ in range(4)]
    await view(room, (first, 2), (second, 5), (third, 2))
    room.clock.tick(days=400)
    assert list((await popular(room, Window.ALL_TIME)).items()) == [(second.id, 5.0), (third.id, 2.0), (first.id, 2.0)]
    assert never.id not in await popular(room, Window.ALL_TIME)
    assert list(await popular(room, Window.ALL_TIME, limit=1)) == [second.id]


@pytest.mark.parametrize("window", Window)
async def test_popular_is_of_published_articles_of_the_section_with_ties_by_id(room: Room, window: Window) -> None:
    sport = await room.section("sport")
    articles = [await room.article() for _ in range(3)]
    other = await room.article(section_id=sport.id)
    hidden = await room.article(status=ArticleStatus.RETRACTED)
    await view(room, *((article, 2) for article in [*articles, other, hidden]))
    asia = articles[0].section_id
    newest_first = [article.id for article in articles[::-1]]
    assert list(await popular(room, window, asia)) == newest_first
    assert list(await popular(room, window, asia, 2)) == newest_first[:2]
    assert list(await popular(room, window, sport.id)) == [other.id]
    assert list(await popular(room, window)) == [other.id, *newest_first]


# --- likenesses ----------------------------------------------------------------------------------------------------


async def likenesses(room: Room, article: Article, limit: int = 5) -> dict[int, Likeness]:
    found = await room.read(lambda s: s.lists.likenesses(article.id, limit))
    assert len({entry.article_id for entry in found}) == len(found)
    return {entry.article_id: entry for entry in found}


async def test_shared_words_of_headline_standfirst_and_tags(room: Room) -> None:
    sections = [(await room.section(slug)).id for slug in ("a", "b", "c", "d", "e")]
    mine = await room.article(
        headline="Élections delayed", standfirst="Monsoon rain", tags=["voting"], section_id=sections[0]
    )
    near = await room.article(headline="elections in the monsoon", tags=["voting"], section_id=sections[1])
    far = await room.article(headline="A question of Voting", section_id=sections[2])
    body_only = await room.article(headline="Nothing", body=Body("", "elections voting"), section_id=sections[3])
    await room.article(headline="elections monsoon voting", section_id=sections[4], status=ArticleStatus.DRAFT)
    found = await likenesses(room, mine)
    assert set(found) == {near.id, far.id}
    assert found[near.id].terms > found[far.id].terms > 0
    assert body_only.id not in found
    assert found[near.id] == Likeness(near.id, found[near.id].terms, False, False, room.clock())


async def test_the_newest_of_the_section_and_of_the_authors(room: Room) -> None:
    ada, bob = await room.author("ada"), await room.author("bob")
    sport = await room.section("sport")
    noon = room.clock()
    mine = await room.article([ada.id, bob.id], headline="Alpha")
    sectional = [await room.article(headline=f"Beta{n}", published_at=noon - timedelta(hours=n)) for n in range(1, 5)]
    written = [
        await room.article([bob.id], headline=f"Gamma{n}", section_id=sport.id, published_at=noon + timedelta(hours=n))
        for n in range(1, 5)
    ]
    await room.article(headline="Delta", section_id=sport.id)
    found = await likenesses(room, mine, 2)
    assert set(found) == {a.id for a in sectional[:2] + written[:1:-1]}
    assert all(found[a.id].same_section and not found[a.id].same_author for a in sectional[:2])
    assert all(found[a.id].same_author and not found[a.id].same_section for a in written[2:])
    assert {entry.terms for entry in found.values()} == {0.0}


async def test_one_candidate_may_be_near_in_every_way(room: Room) -> None:
    ada = await room.author()
    mine, other = [await room.article([ada.id], headline="Monsoon") for _ in range(2)]
    (entry,) = (await likenesses(room, mine)).values()
    assert (entry.article_id, entry.same_section, entry.same_author) == (other.id, True, True)
    assert entry.terms > 0


async def test_never_the_article_itself_nor_what_is_hidden(room: Room) -> None:
    ada = await room.author()
    mine = await room.article([ada.id], headline="Monsoon")
    await room.article([ada.id], headline="Monsoon", status=ArticleStatus.SCHEDULED)
    assert await likenesses(room, mine) == {}
    assert await room.read(lambda s: s.lists.likenesses(999, 5)) == []


@pytest.mark.parametrize("headline", ['"Quoted" AND (', "OR NOT NEAR", "x" * 5_000, "— … !", "𝓶𝓸𝓷 ꙮ ß İ"])
async def test_any_headline_can_be_compared(room: Room, headline: str) -> None:
    first, second = await room.article(headline=headline), await room.article(headline=headline)
    assert set(await likenesses(room, first)) == {second.id}


async def test_the_best_of_many_shared_words(room: Room) -> None:
    sections = [(await room.section(f"s{n}")).id for n in range(9)]
    mine = await room.article(headline="alpha beta gamma", section_id=sections[0])
    await room.article(headline="alpha and other words", section_id=sections[1])
    two = await room.article(headline="alpha beta and words", section_id=sections[2])
    three = await room.article(headline="alpha beta gamma words", section_id=sections[3])
    found = await likenesses(room, mine, 2)
    assert set(found) == {two.id, three.id}
    assert found[three.id].terms > found[two.id].terms
