"""What ports.articles promises."""

# ruff: noqa: B023 -- each lambda is used up before its loop goes on

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from newsgraph.domain.articles import (
    AdSlot,
    Article,
    ArticleFilter,
    ArticleOrder,
    ArticleStatus,
    Body,
    Image,
    Origin,
)
from newsgraph.domain.comments import CommentRules, ModerationMode
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.pages import Slice
from newsgraph.ports.articles import SearchHit
from newsgraph.ports.store import Refused
from tests.conftest import Clock
from tests.contract.room import Key, Room, milliseconds, walk

ALL = ArticleFilter()
NEWEST = ArticleOrder.PUBLISHED_DESC


def key_of(article: Article) -> Key:
    return milliseconds(article.published_at), article.id


def slugs(articles: object) -> list[str]:
    return [article.slug for article in articles]  # type: ignore[attr-defined]


# --- one by one ----------------------------------------------------------------------------------------------------


async def test_an_inserted_article_is_found_as_it_was_given(room: Room) -> None:
    image = Image("https://img.example/1.jpg", "Alt", None, "Kim", 800, 600)
    record = await room.record(
        url="https://news.example/1", standfirst="Why.", language="zh-Hans", lead_image=image, headline="海"
    )
    article = await room.write(lambda s: s.articles.insert(record))

    for found in (
        await room.read(lambda s: s.articles.by_ids([article.id])),
        await room.read(lambda s: s.articles.by_slugs([article.slug])),
        await room.read(lambda s: s.articles.by_urls(["https://news.example/1"])),
    ):
        assert list(found) == [article]
    assert article == Article(
        id=article.id,
        slug=record.slug,
        url=record.url,
        headline="海",
        standfirst="Why.",
        language="zh-Hans",
        lead_image=image,
        status=ArticleStatus.PUBLISHED,
        published_at=room.clock(),
        updated_at=room.clock(),
        reading_minutes=1,
        section_id=record.section_id,
        view_count=0,
        comment_count=0,
        thread_count=0,
        rules=CommentRules(),
    )


async def test_articles_of_every_status_are_found_by_id_and_slug(room: Room) -> None:
    for status in ArticleStatus:
        article = await room.article(status=status)
        assert slugs(await room.read(lambda s: s.articles.by_ids([article.id]))) == [article.slug]


async def test_what_does_not_exist_is_left_out(room: Room) -> None:
    article = await room.article()
    found = await room.read(lambda s: s.articles.by_ids([article.id, 999, -1, 2**70]))
    assert slugs(found) == [article.slug]
    assert await room.read(lambda s: s.articles.by_ids([])) == []
    assert await room.read(lambda s: s.articles.by_slugs(["nothing", "\ud800", "'; --"])) == []
    assert await room.read(lambda s: s.articles.by_urls(["https://elsewhere.example"])) == []


async def test_reading_time_follows_from_the_body(room: Room) -> None:
    article = await room.article(body=Body("<p></p>", "word " * 1_000))
    assert article.reading_minutes == 4


async def test_bodies(room: Room) -> None:
    article = await room.article(body=Body("<p>A&amp;B</p>", "A&B"))
    assert await room.read(lambda s: s.articles.bodies([article.id, 999])) == {
        article.id: Body("<p>A&amp;B</p>", "A&B")
    }
    assert await room.read(lambda s: s.articles.html([article.id, 999])) == {article.id: "<p>A&amp;B</p>"}
    assert await room.read(lambda s: s.articles.texts([article.id, 999])) == {article.id: "A&B"}


async def test_tags_keep_the_order_in_which_they_were_set(room: Room) -> None:
    article = await room.article(tags=["zoo", "animals", "zoo", "cities"])
    assert (await room.read(lambda s: s.articles.tags([article.id])))[article.id] == ["zoo", "animals", "cities"]
    await room.write(lambda s: s.articles.set_tags(article.id, ["cities"]))
    assert (await room.read(lambda s: s.articles.tags([article.id])))[article.id] == ["cities"]
    await room.write(lambda s: s.articles.set_tags(article.id, []))
    assert not (await room.read(lambda s: s.articles.tags([article.id]))).get(article.id)


async def test_ad_slots_are_in_page_order(room: Room) -> None:
    article = await room.article()
    slots = [AdSlot(2, "SIDEBAR"), AdSlot(1, "AFTER_PARAGRAPH_3")]
    await room.write(lambda s: s.articles.set_ad_slots(article.id, slots))
    (found,) = await room.read(lambda s: s.articles.by_ids([article.id]))
    assert (article.ad_slots, found.ad_slots) == ((), tuple(slots))


async def test_slug_taken_by_an_article_of_any_status(room: Room) -> None:
    article = await room.article(status=ArticleStatus.DRAFT)
    assert await room.read(lambda s: s.articles.slug_taken(article.slug))
    assert not await room.read(lambda s: s.articles.slug_taken("free"))


@pytest.mark.parametrize("given", [{"slug": "same"}, {"url": "https://news.example/same"}])
async def test_slug_and_url_are_unique(room: Room, given: dict[str, Any]) -> None:
    await room.article(**given)
    with pytest.raises(Refused):
        await room.article(**given)


async def test_any_number_of_articles_have_no_url(room: Room) -> None:
    first, second = await room.article(), await room.article()
    assert first.url is second.url is None


# --- changes -------------------------------------------------------------------------------------------------------


async def test_update_replaces_what_a_writer_sets_and_nothing_else(room: Room) -> None:
    article = await room.article(headline="Before")
    rules = CommentRules(False, room.clock(), ModerationMode.PRE, 80)
    await room.write(lambda s: s.articles.set_rules(article.id, rules))
    await room.write(lambda s: s.articles.add_comments(article.id, 3, 2))
    room.clock.tick(minutes=1)
    record = await room.record(headline="After", slug="after", body=Body("<p>new</p>", "new"))
    updated = await room.write(lambda s: s.articles.update(article.id, record))

    assert (updated.headline, updated.slug, updated.updated_at) == ("After", "after", room.clock())
    assert (updated.comment_count, updated.thread_count, updated.rules) == (3, 2, rules)
    assert list(await room.read(lambda s: s.articles.by_ids([article.id]))) == [updated]
    assert (await room.read(lambda s: s.articles.bodies([article.id])))[article.id].text == "new"


async def test_set_status_moves_an_article_in_and_out_of_every_page(room: Room) -> None:
    author = await room.author()
    article = await room.article([author.id], ["tag"], status=ArticleStatus.DRAFT, published_at=None)
    places = [ALL, ArticleFilter(author="ada"), ArticleFilter(tag="tag"), ArticleFilter(section="asia")]

    async def counts() -> list[int]:
        return [await room.read(lambda s: s.articles.count(where)) for where in places]

    assert await counts() == [0, 0, 0, 0]
    at = room.clock() - timedelta(days=1)
    published = await room.write(lambda s: s.articles.set_status(article.id, ArticleStatus.PUBLISHED, at))
    assert (published.status, published.published_at) == (ArticleStatus.PUBLISHED, at)
    assert await counts() == [1, 1, 1, 1]
    await room.write(lambda s: s.articles.set_status(article.id, ArticleStatus.RETRACTED, at))
    assert await counts() == [0, 0, 0, 0]


async def test_update_moves_an_article_in_the_pages_of_author_and_tag(room: Room) -> None:
    author = await room.author()
    article = await room.article([author.id], ["tag"])
    other = await room.article([author.id], ["tag"])
    later = room.clock() + timedelta(hours=1)
    record = await room.record(slug=article.slug, published_at=later)
    await room.write(lambda s: s.articles.update(article.id, record))
    for where in (ArticleFilter(author="ada"), ArticleFilter(tag="tag"), ALL):
        page = await room.read(lambda s: s.articles.page(where, NEWEST, Slice(5)))
        assert slugs(page) == [article.slug, other.slug]


async def test_counters_refuse_to_go_below_zero(room: Room) -> None:
    article = await room.article()
    await room.write(lambda s: s.articles.add_comments(article.id, 2, 1))
    await room.write(lambda s: s.articles.add_comments(article.id, -1, -1))
    for change in ((-2, 0), (0, -1)):
        with pytest.raises(Refused):
            await room.write(lambda s: s.articles.add_comments(article.id, *change))
    (found,) = await room.read(lambda s: s.articles.by_ids([article.id]))
    assert (found.comment_count, found.thread_count) == (1, 0)


async def test_due_are_scheduled_articles_whose_time_has_come(room: Room) -> None:
    now = room.clock()
    late = await room.article(status=ArticleStatus.SCHEDULED, published_at=now + timedelta(hours=2))
    soon = await room.article(status=ArticleStatus.SCHEDULED, published_at=now + timedelta(hours=1))
    await room.article(published_at=now - timedelta(hours=1))
    assert await room.read(lambda s: s.articles.due(5)) == []
    room.clock.tick(hours=1)
    assert await room.read(lambda s: s.articles.due(5)) == [soon.id]
    room.clock.tick(hours=1)
    assert await room.read(lambda s: s.articles.due(5)) == [soon.id, late.id]
    assert await room.read(lambda s: s.articles.due(1)) == [soon.id]


async def test_origins_are_set_and_replaced(room: Room) -> None:
    first, second = await room.article(), await room.article()
    assert await room.read(lambda s: s.articles.origin("feed", "1")) is None
    await room.write(lambda s: s.articles.remember("feed", "1", Origin(first.id, "x")))
    await room.write(lambda s: s.articles.remember("feed", "1", Origin(second.id, "y")))
    assert await room.read(lambda s: s.articles.origin("feed", "1")) == Origin(second.id, "y")
    assert await room.read(lambda s: s.articles.origin("other", "1")) is None


# --- pages ---------------------------------------------------------------------------------------------------------


async def many(room: Room) -> list[Article]:
    """Seven published articles, several at the same time; newest first by (published_at, id). Two are hidden."""
    author = await room.author()
    found = []
    for minute in (0, 5, 5, 5, 2, 9, 9):
        at = room.clock() + timedelta(minutes=minute)
        found.append(await room.article([author.id], ["tag"], published_at=at))
    await room.article([author.id], ["tag"], status=ArticleStatus.DRAFT)
    await room.article([author.id], ["tag"], status=ArticleStatus.RETRACTED)
    return sorted(found, key=key_of, reverse=True)


PLACES = [ALL, ArticleFilter(section="asia"), ArticleFilter(author="ada"), ArticleFilter(tag="tag")]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("order", ArticleOrder)
@pytest.mark.parametrize("backward", [False, True])
async def test_pages_hold_everything_once_in_both_directions(
    room: Room, where: ArticleFilter, order: ArticleOrder, backward: bool
) -> None:
    articles = await many(room)
    expected = articles if order is NEWEST else articles[::-1]
    for size in (1, 2, 3, 7, 50):
        found = await walk(
            lambda asked: room.read(lambda s: s.articles.page(where, order, asked)), key_of, size, backward
        )
        assert slugs(found) == slugs(expected)
    assert await room.read(lambda s: s.articles.count(where)) == len(articles)


async def test_a_page_between_two_cursors(room: Room) -> None:
    articles = await many(room)
    for order, rows in ((NEWEST, articles), (ArticleOrder.PUBLISHED_ASC, articles[::-1])):
        asked = Slice(10, after=key_of(rows[1]), before=key_of(rows[5]))
        page = await room.read(lambda s: s.articles.page(ALL, order, asked))
        assert slugs(page) == slugs(rows[2:5])
        page = await room.read(lambda s: s.articles.page(ALL, order, asked._replace(limit=1, backward=True)))
        assert slugs(page) == slugs([rows[4], rows[3]])


@pytest.mark.parametrize("where", PLACES)
async def test_pages_are_stable_under_inserts_between_them(room: Room, where: ArticleFilter) -> None:
    articles = await many(room)
    first = await room.read(lambda s: s.articles.page(where, NEWEST, Slice(3)))
    for minute in (0, 5, 9, 20):
        author = await room.author()
        await room.article([author.id], ["tag"], published_at=room.clock() + timedelta(minutes=minute))
    after = key_of(first[2])
    rest = await room.read(lambda s: s.articles.page(where, NEWEST, Slice(50, after=after)))
    old = {article.slug for article in articles}
    assert [slug for slug in slugs(rest) if slug in old] == slugs(articles[3:])


async def test_filters_are_all_applied(room: Room) -> None:
    ada, bob = await room.author("ada"), await room.author("bob")
    sport = await room.section("sport")
    noon = room.clock()
    wanted = await room.article([ada.id, bob.id], ["cup", "final"], section_id=sport.id, published_at=noon)
    await room.article([bob.id], ["cup"], section_id=sport.id, published_at=noon)
    await room.article([ada.id], ["final"], section_id=sport.id, published_at=noon)
    await room.article([ada.id], ["cup"], published_at=noon)
    await room.article([ada.id], ["cup"], section_id=sport.id, published_at=noon - timedelta(days=1))
    await room.article([ada.id], ["cup"], section_id=sport.id, published_at=noon + timedelta(days=1))
    where = ArticleFilter("sport", "ada", "cup", noon - timedelta(hours=1), noon + timedelta(hours=1))
    assert slugs(await room.read(lambda s: s.articles.page(where, NEWEST, Slice(9)))) == [wanted.slug]
    assert await room.read(lambda s: s.articles.count(where)) == 1


async def test_the_time_range_holds_its_beginning_and_not_its_end(room: Room) -> None:
    article, at = await room.article(), room.clock()
    assert await room.read(lambda s: s.articles.count(ArticleFilter(published_after=at))) == 1
    assert await room.read(lambda s: s.articles.count(ArticleFilter(published_before=at))) == 0
    assert article.published_at == at


@pytest.mark.parametrize("where", [ArticleFilter(section="x"), ArticleFilter(author="x"), ArticleFilter(tag="x")])
async def test_an_unknown_section_author_or_tag_gives_no_rows(room: Room, where: ArticleFilter) -> None:
    await many(room)
    assert await room.read(lambda s: s.articles.page(where, NEWEST, Slice(5))) == []
    assert await room.read(lambda s: s.articles.count(where)) == 0


@pytest.mark.parametrize("key", [(1,), (1, 2, 3), ("1", 2), (1.5, 2), (1, "' OR 1=1 --"), (True, 1)])
async def test_a_cursor_made_by_hand_is_refused(room: Room, key: Key) -> None:
    with pytest.raises(Fault) as caught:
        await room.read(lambda s: s.articles.page(ALL, NEWEST, Slice(5, after=key)))
    assert caught.value.code is FaultCode.INVALID_CURSOR


async def test_a_cursor_with_a_giant_number_is_refused(room: Room) -> None:
    with pytest.raises(Fault) as caught:
        await room.read(lambda s: s.articles.page(ALL, NEWEST, Slice(5, after=(10**30, 1))))
    assert caught.value.code in {FaultCode.INVALID_CURSOR, FaultCode.BAD_INPUT}


@pytest.mark.parametrize("backward", [False, True])
async def test_pages_of_sections_are_the_same_pages(room: Room, backward: bool) -> None:
    articles = await many(room)
    sport = await room.section("sport")
    lone = await room.article(section_id=sport.id)
    asia, empty = await room.section("asia"), await room.section("empty")
    ids = [asia.id, sport.id, empty.id, 999]
    pages = await room.read(lambda s: s.articles.pages_of_sections(ids, Slice(3, backward=backward)))
    ordered = articles[::-1] if backward else articles
    assert slugs(pages[asia.id]) == slugs(ordered[:4])
    assert slugs(pages[sport.id]) == [lone.slug]
    assert not pages.get(empty.id)
    asked = Slice(3, after=key_of(articles[1]), before=key_of(articles[6]), backward=backward)
    pages = await room.read(lambda s: s.articles.pages_of_sections([asia.id], asked))
    assert slugs(pages[asia.id]) == slugs(articles[2:6][::-1] if backward else articles[2:6])
    counts = await room.read(lambda s: s.articles.counts_of_sections(ids))
    assert {key: count for key, count in counts.items() if count} == {asia.id: 7, sport.id: 1}


@pytest.mark.parametrize("backward", [False, True])
async def test_pages_of_authors_are_the_same_pages(room: Room, backward: bool) -> None:
    articles = await many(room)
    ada, bob, eve = await room.author("ada"), await room.author("bob"), await room.author("eve")
    shared = await room.article([bob.id, ada.id], published_at=room.clock() + timedelta(days=1))
    pages = await room.read(
        lambda s: s.articles.pages_of_authors([ada.id, bob.id, eve.id], Slice(3, backward=backward))
    )
    everything = [shared, *articles]
    assert slugs(pages[ada.id]) == slugs((everything[::-1] if backward else everything)[:4])
    assert slugs(pages[bob.id]) == [shared.slug]
    assert not pages.get(eve.id)
    asked = Slice(9, after=key_of(articles[0]), before=key_of(articles[3]), backward=backward)
    pages = await room.read(lambda s: s.articles.pages_of_authors([ada.id], asked))
    assert slugs(pages[ada.id]) == slugs(articles[1:3][::-1] if backward else articles[1:3])
    counts = await room.read(lambda s: s.articles.counts_of_authors([ada.id, bob.id, eve.id]))
    assert {key: count for key, count in counts.items() if count} == {ada.id: 8, bob.id: 1}


async def test_random_walks_agree_with_a_sorted_list(room: Room) -> None:
    chance = random.Random(7)
    start: datetime = room.clock()
    articles = [await room.article(published_at=start + timedelta(milliseconds=chance.randrange(4))) for _ in range(30)]
    articles.sort(key=key_of, reverse=True)
    for _ in range(60):
        low, high = sorted((chance.randrange(-1, 30), chance.randrange(1, 31)))
        limit, backward = chance.randrange(1, 12), chance.random() < 0.5
        after = key_of(articles[low]) if low >= 0 else None
        before = key_of(articles[high]) if high < 30 else None
        within = articles[low + 1 : max(high, low + 1)]
        asked = Slice(limit, after, before, backward)
        page = await room.read(lambda s: s.articles.page(ALL, NEWEST, asked))
        assert slugs(page) == slugs((within[::-1] if backward else within)[: limit + 1])


_TEN = Slice(10)

# --- search --------------------------------------------------------------------------------------------------------


async def search(room: Room, query: str, section_id: int | None = None, asked: Slice = _TEN) -> list[SearchHit]:
    hits = await room.read(lambda s: s.articles.search(query, section_id, asked))
    return list(hits)


async def found(room: Room, query: str, section_id: int | None = None) -> list[str]:
    hits = await search(room, query, section_id)
    assert await room.read(lambda s: s.articles.search_count(query, section_id)) == len(hits)
    return [hit.article.slug for hit in hits]


async def test_search_finds_articles_with_all_the_words(room: Room) -> None:
    await room.article(slug="a", headline="Floods in the delta", body=Body("", "Rice fields under water"))
    await room.article(slug="b", headline="Rice prices", standfirst="Floods feared")
    await room.article(slug="c", headline="Rice")
    assert sorted(await found(room, "floods rice")) == ["a", "b"]
    assert await found(room, "floods rice nowhere") == []
    assert await found(room, "water") == ["a"]


async def test_a_headline_weighs_more_than_a_body(room: Room) -> None:
    await room.article(slug="body", headline="Something", body=Body("", "typhoon and other words of the same length"))
    await room.article(slug="standfirst", headline="Something", standfirst="typhoon", body=Body("", "words"))
    await room.article(slug="headline", headline="typhoon", body=Body("", "other words of the same length"))
    hits = await search(room, "typhoon")
    assert [hit.article.slug for hit in hits] == ["headline", "standfirst", "body"]
    assert hits[0].score > hits[1].score > hits[2].score


@pytest.mark.parametrize("query", ["NAIVE cafe", "naïve CAFÉ", "Naïve  café", "naive, cafe!", '"naive" - (cafe)'])
async def test_search_minds_neither_case_nor_diacritics(room: Room, query: str) -> None:
    await room.article(slug="a", headline="Naïve Café")
    assert await found(room, query) == ["a"]


HOSTILE = [
    '"',
    '""',
    "'",
    "\\",
    "rice AND",
    "NOT rice",
    "rice OR",
    "NEAR(rice, 2)",
    "headline:rice",
    "{headline} : rice",
    "rice*",
    "^rice",
    "(rice",
    "rice\0rice",
    "\ud800",
    "\ue000rice\ue001",
    "rice; DROP TABLE articles",
    "-- rice",
    "+ rice",
    "%",
    "$1",
    "?1",
    "ids($1)",
    "\u200d",
    "𝓻𝓲𝓬𝓮",
    "x" * 10_000,
    "rice " * 2_000,
]


@pytest.mark.parametrize("query", HOSTILE)
async def test_any_text_is_a_safe_query(room: Room, query: str) -> None:
    await room.article(headline="Rice")
    hits = await search(room, query)
    assert await room.read(lambda s: s.articles.search_count(query, None)) == len(hits)


@pytest.mark.parametrize("query", ["", "  ", "--- !!", '"', "_", "\0"])
async def test_no_word_no_hit(room: Room, query: str) -> None:
    await room.article()
    assert await found(room, query) == []


async def test_operators_are_words(room: Room) -> None:
    await room.article(slug="a", headline="Rice")
    await room.article(slug="b", headline="Rice or wheat")
    assert await found(room, "rice OR") == ["b"]


async def test_only_published_articles_are_found(room: Room) -> None:
    article = await room.article(slug="a", headline="Rice", status=ArticleStatus.DRAFT)
    assert await found(room, "rice") == []
    await room.write(lambda s: s.articles.set_status(article.id, ArticleStatus.PUBLISHED, room.clock()))
    assert await found(room, "rice") == ["a"]


async def test_search_in_a_section(room: Room) -> None:
    sport, asia = await room.section("sport"), await room.section("asia")
    await room.article(slug="a", headline="Rice")
    await room.article(slug="b", headline="Rice", section_id=sport.id)
    assert await found(room, "rice", sport.id) == ["b"]
    assert await found(room, "rice", asia.id) == ["a"]


async def test_search_follows_updates_and_tags(room: Room) -> None:
    article = await room.article(slug="a", headline="Rice", tags=["harvest festival"])
    assert await found(room, "festival harvest") == ["a"]
    record = await room.record(slug="a", headline="Wheat")
    await room.write(lambda s: s.articles.update(article.id, record))
    assert await found(room, "rice") == []
    assert await found(room, "wheat harvest") == ["a"]
    await room.write(lambda s: s.articles.set_tags(article.id, ["bread"]))
    assert await found(room, "harvest") == []
    assert await found(room, "bread wheat") == ["a"]


@pytest.mark.parametrize("size", [1, 3, 7, 20])
async def test_pages_of_hits_hold_each_once_ties_in_order_of_id(room: Room, size: int) -> None:
    for number in range(4):
        await room.article(slug=f"a{number}", headline="Rice", body=Body("", "x"))
        await room.article(slug=f"b{number}", headline="Rice and other words", body=Body("", "x"))
    hits = await walk(lambda asked: search(room, "rice", asked=asked), lambda hit: (-hit.score, hit.article.id), size)
    assert [hit.article.slug for hit in hits] == [f"{kind}{number}" for kind in "ab" for number in range(4)]


async def test_snippets_are_safe_html_with_the_words_marked(room: Room) -> None:
    text = "Before. <script>alert('x')</script> & the \ue000rice\ue001 harvest, Rice again."
    await room.article(headline="Other", body=Body("", text))
    (hit,) = await search(room, "rice")
    assert "<mark>rice</mark>" in hit.snippet
    assert "<mark>Rice</mark>" in hit.snippet
    assert "&lt;script&gt;" in hit.snippet
    assert "&amp;" in hit.snippet
    rest = hit.snippet.replace("<mark>", "").replace("</mark>", "")
    assert not set("<>\ue000\ue001'\"") & set(rest)


async def test_a_snippet_without_the_words_in_the_body_is_from_where_they_are(room: Room) -> None:
    await room.article(headline="Rice", body=Body("", "Nothing of it here"))
    (hit,) = await search(room, "rice")
    assert hit.snippet == "<mark>Rice</mark>"


async def test_a_snippet_is_a_passage_not_the_whole(room: Room, clock: Clock) -> None:
    await room.article(headline="Other", body=Body("", "word " * 500 + "rice " + "word " * 500))
    (hit,) = await search(room, "rice")
    assert "<mark>rice</mark>" in hit.snippet
    assert len(hit.snippet) < 400
