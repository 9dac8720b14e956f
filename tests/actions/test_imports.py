"""Imports: drafts become articles once, however often they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsgraph.actions import articles
from newsgraph.actions.imports import BATCH, ImportReport, Rejection, import_drafts
from newsgraph.domain.articles import Article, ArticleDraft, ArticleStatus, Image
from newsgraph.domain.authors import Byline
from newsgraph.domain.events import ArticleCause, ArticleChanged, AuthorChanged, ListChanged, SectionChanged
from newsgraph.domain.users import Role
from tests.actions.conftest import Desk

DRAFT = ArticleDraft("feed", "1", "Ferry runs again", "<p>At last.</p>", "https://news.example/ferry")


async def bring(desk: Desk, *drafts: ArticleDraft) -> ImportReport:
    return await import_drafts(desk.newsroom, drafts)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, len(report.rejected)


async def only(desk: Desk, *drafts: ArticleDraft) -> Article:
    """The article that the last of the drafts became."""
    report = await bring(desk, *drafts)
    assert report.rejected == ()
    return await desk.article(report.ids[-1])


async def test_a_draft_becomes_an_article_with_all_it_says(desk: Desk, now: datetime) -> None:
    draft = replace(
        DRAFT,
        headline=" Ferry\nruns again ",
        standfirst="After  weeks",
        body_html="<p>At last.<script>x</script></p>",
        language="EN-gb",
        section="Trans­port",
        authors=(Byline("Cy Pen", "cy@news.example"), Byline("…"), Byline("cy pen")),
        tags=("Sea", "sea", "x" * 61),
        lead_image=Image("https://news.example/i.png", " A boat "),
        published_at=now - timedelta(days=2),
    )
    article = await only(desk, draft)
    assert (article.slug, article.headline, article.standfirst) == (
        "ferry-runs-again",
        "Ferry runs again",
        "After weeks",
    )
    assert (article.url, article.language, article.status) == (draft.url, "en-GB", ArticleStatus.PUBLISHED)
    assert article.published_at == draft.published_at
    assert article.lead_image == Image("https://news.example/i.png", "A boat")
    tags = await desk.read(lambda session: session.articles.tags([article.id]))
    assert list(tags[article.id]) == ["Sea"]
    authors = await desk.read(lambda session: session.authors.of_articles([article.id]))
    assert [(author.slug, author.email) for author in authors[article.id]] == [("cy-pen", "cy@news.example")]
    body = await desk.read(lambda session: session.articles.bodies([article.id]))
    assert body[article.id].html == "<p>At last.</p>"
    kinds = [type(event) for event in await desk.events()]
    assert kinds == [SectionChanged, AuthorChanged, ArticleChanged, ListChanged, ListChanged]


async def test_importing_twice_changes_nothing(desk: Desk) -> None:
    drafts = [replace(DRAFT, guid=str(n), url=f"https://news.example/{n}") for n in range(5)]
    first = await bring(desk, *drafts)
    assert counts(first) == (5, 0, 0, 0)
    await desk.events()
    desk.clock.tick(days=1)
    again = await bring(desk, *drafts)
    assert counts(again) == (0, 0, 5, 0)
    assert again.ids == first.ids
    assert await desk.events() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"headline": "Ferry stops"},
        {"body_html": "<p>Again.</p>"},
        {"standfirst": "New"},
        {"tags": ("new",)},
        {"authors": (Byline("Ada Writer"),)},
        {"section": "Asia"},
        {"language": "de"},
        {"lead_image": Image("https://news.example/i.png")},
        {"url": "https://news.example/moved"},
        {"published_at": datetime(2026, 6, 1, tzinfo=UTC)},
    ],
)
async def test_what_changed_is_updated_once(desk: Desk, changes: dict[str, Any]) -> None:
    before = await only(desk, DRAFT)
    await desk.events()
    desk.clock.tick(hours=1)
    report = await bring(desk, replace(DRAFT, **changes))
    assert (counts(report), report.ids) == ((0, 1, 0, 0), (before.id,))
    [event] = await desk.events(ArticleChanged)
    assert (event.cause, event.article_id) == (ArticleCause.UPDATED, before.id)
    after = await desk.article(before.id)
    assert (after.slug, after.updated_at) == (before.slug, desk.clock())
    assert counts(await bring(desk, replace(DRAFT, **changes))) == (0, 0, 1, 0)


async def test_a_change_that_says_nothing_new_is_none(desk: Desk) -> None:
    await bring(desk, DRAFT)
    await desk.events()
    said = replace(DRAFT, headline=" Ferry  runs again", body_html="<p onclick=x()>At last.</p>")
    assert counts(await bring(desk, said)) == (0, 0, 1, 0)
    touched = replace(DRAFT, updated_at=desk.clock())
    assert counts(await bring(desk, touched)) == (0, 0, 1, 0)
    assert await desk.events() == []


async def test_what_a_draft_does_not_say_stays(desk: Desk, now: datetime) -> None:
    full = replace(DRAFT, section="Asia", language="de", published_at=now - timedelta(days=9))
    before = await only(desk, full)
    after = await only(desk, replace(DRAFT, headline="Ferry stops"))
    assert (after.section_id, after.language, after.published_at) == (
        before.section_id,
        before.language,
        before.published_at,
    )


async def test_an_article_that_moves_is_listed_where_it_is(desk: Desk, now: datetime) -> None:
    one = await only(desk, replace(DRAFT, section="Asia", published_at=now))
    two = await only(desk, replace(DRAFT, guid="2", url=None, section="Asia", published_at=now - timedelta(days=1)))
    assert await desk.ids("latest/asia") == [one.id, two.id]
    await bring(desk, replace(DRAFT, section="Asia", published_at=now - timedelta(days=2)))
    assert await desk.ids("latest/asia") == [two.id, one.id]
    await bring(desk, replace(DRAFT, section="News", published_at=now - timedelta(days=2)))
    assert (await desk.ids("latest/asia"), await desk.ids("latest/news")) == ([two.id], [one.id])


# Two sources of one article


async def test_two_sources_of_one_article_do_not_fight(desk: Desk) -> None:
    other = replace(DRAFT, source="other", guid="x", headline="Ferry, again")
    first = await bring(desk, DRAFT)
    assert counts(await bring(desk, other)) == (0, 0, 1, 0)
    await desk.events()
    for _ in range(2):
        for draft in (DRAFT, other):
            report = await bring(desk, draft)
            assert (counts(report), report.ids) == ((0, 0, 1, 0), first.ids)
    assert await desk.events() == []
    assert (await desk.article(first.ids[0])).headline == DRAFT.headline


async def test_a_second_source_that_knows_more_is_believed_once(desk: Desk, now: datetime) -> None:
    article = await only(desk, DRAFT)
    newer = replace(DRAFT, source="other", headline="Ferry stops", updated_at=now + timedelta(minutes=1))
    desk.clock.tick(hours=1)
    assert counts(await bring(desk, newer)) == (0, 1, 0, 0)
    assert (await desk.article(article.id)).headline == "Ferry stops"
    await desk.events()
    for draft in (DRAFT, newer, DRAFT, newer):
        assert counts(await bring(desk, draft)) == (0, 0, 1, 0)
    assert await desk.events() == []


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("https://news.example/other.xml", (0, 1, 0, 0)),
        ("https://www.news.example/feed", (0, 1, 0, 0)),
        ("https://evil.example/feed", (0, 0, 1, 0)),
        ("https://news.example.evil.example/feed", (0, 0, 1, 0)),
        ("/disk/feed.xml", (0, 1, 0, 0)),
    ],
)
async def test_another_host_does_not_write_an_article_anew(
    desk: Desk, now: datetime, source: str, outcome: tuple[int, ...]
) -> None:
    await only(desk, DRAFT)
    newer = replace(DRAFT, source=source, headline="Other", updated_at=now + timedelta(minutes=1))
    assert counts(await bring(desk, newer)) == outcome


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("ada@news.example", "ada@news.example"),
        ("ada+tips@news.example", "ada+tips@news.example"),
        ("ada@news.example?bcc=all@evil.example", None),
        ("ada@news.example,eve@evil.example", None),
        ("javascript:x()//@evil.example", None),
        ('"><script>x()</script>@evil.example', None),
        ("x" * 250 + "@news.example", None),
        ("ada", None),
    ],
)
async def test_an_address_of_an_author_is_one_address(desk: Desk, email: str, kept: str | None) -> None:
    await only(desk, replace(DRAFT, authors=(Byline("Cy Pen", email),)))
    (author,) = await desk.read(lambda session: session.authors.by_slugs(["cy-pen"]))
    assert author.email == kept


async def test_what_stands_beside_an_article_has_an_end(desk: Desk) -> None:
    long = "word " * 1_000
    names = tuple(Byline(f"Author {number}", bio=long) for number in range(200))
    image = Image("https://news.example/i.png", alt=long, caption=long, credit=long)
    article = await only(desk, replace(DRAFT, authors=names, lead_image=image))
    authors = await desk.read(lambda session: session.authors.of_articles([article.id]))
    assert len(authors[article.id]) == 100
    assert len(authors[article.id][0].bio or "") <= 1_000
    assert article.lead_image is not None
    assert len(article.lead_image.caption or "") <= 1_000


async def test_a_headline_is_read_in_its_own_direction(desk: Desk) -> None:
    article = await only(desk, replace(DRAFT, headline="Pay \u202e0001\u202d now\x9b"))
    assert article.headline == "Pay 0001 now"


async def test_an_address_belongs_to_one_article(desk: Desk) -> None:
    one = await only(desk, DRAFT)
    two = await only(desk, replace(DRAFT, guid="2", url="https://news.example/two"))
    moved = await only(desk, replace(DRAFT, guid="2", url=DRAFT.url, headline="Other"))
    assert (moved.id, moved.url, moved.headline) == (two.id, two.url, "Other")
    assert (await desk.article(one.id)).url == DRAFT.url


async def test_the_same_item_twice_in_a_batch_is_one_article(desk: Desk) -> None:
    report = await bring(desk, DRAFT, DRAFT, replace(DRAFT, source="other"))
    assert counts(report) == (1, 0, 2, 0)
    assert len(set(report.ids)) == 1


# What the newsroom decided


async def test_a_retracted_article_stays_so(desk: Desk) -> None:
    article = await only(desk, DRAFT)
    await desk.retract(article.id)
    assert counts(await bring(desk, DRAFT)) == (0, 0, 1, 0)
    assert counts(await bring(desk, replace(DRAFT, headline="Ferry stops"))) == (0, 1, 0, 0)
    assert (await desk.article(article.id)).status is ArticleStatus.RETRACTED
    assert article.id not in await desk.ids("latest")


# Dates


@pytest.mark.parametrize(
    ("published", "updated", "expected"),
    [(None, None, 0), (None, -5, -5), (-9, -5, -9), (None, 5, 0), (-9, None, -9)],
)
async def test_the_date_falls_back(
    desk: Desk, now: datetime, published: int | None, updated: int | None, expected: int
) -> None:
    def at(days: int | None) -> datetime | None:
        return None if days is None else now + timedelta(days=days)

    article = await only(desk, replace(DRAFT, published_at=at(published), updated_at=at(updated)))
    assert article.published_at == at(expected)


async def test_an_article_of_tomorrow_is_published_then(desk: Desk, now: datetime) -> None:
    article = await only(desk, replace(DRAFT, published_at=now + timedelta(days=1)))
    assert article.status is ArticleStatus.SCHEDULED
    assert await desk.ids("latest") == []
    desk.clock.tick(days=1)
    assert await articles.publish_due(desk.newsroom) == 1
    assert await desk.ids("latest") == [article.id]


async def test_a_published_article_is_not_put_off(desk: Desk, now: datetime) -> None:
    await bring(desk, DRAFT)
    article = await only(desk, replace(DRAFT, headline="New", published_at=now + timedelta(days=3)))
    assert (article.status, article.published_at) == (ArticleStatus.PUBLISHED, now)


# Broken ones


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"headline": " ", "body_html": "<p> </p>"}, "has neither headline nor text"),
    ({"url": "ftp://news.example/x"}, "has no http or https address: ftp://news.example/x"),
    ({"url": "not an address"}, "has no http or https address: not an address"),
    ({"published_at": datetime(2026, 6, 1)}, "has a date without a time zone: 2026-06-01T00:00:00"),  # noqa: DTZ001
    ({"published_at": datetime(1, 1, 2, tzinfo=UTC)}, "has a date beyond belief: 0001-01-02T00:00:00+00:00"),
    ({"updated_at": datetime(2099, 1, 1, tzinfo=UTC)}, "has a date beyond belief: 2099-01-01T00:00:00+00:00"),
    ({"body_html": "<p>" * 40_002}, "has more than 20,000 elements (setting article_elements)"),
    ({"source": ""}, "has no identity: source and guid"),
]


@pytest.mark.parametrize(("changes", "reason"), BROKEN)
async def test_a_broken_draft_is_rejected_and_the_rest_goes_in(
    desk: Desk, changes: dict[str, Any], reason: str
) -> None:
    good = replace(DRAFT, guid="good", url="https://news.example/good")
    report = await bring(desk, replace(DRAFT, **changes), good)
    assert report.rejected == (Rejection("1", reason),)
    assert counts(report) == (1, 0, 0, 1)


async def test_without_a_headline_the_text_gives_one(desk: Desk) -> None:
    body = "<h2></h2><p>The ferry <em>runs</em>\nagain.</p><p>" + "It was about time. " * 20
    article = await only(desk, replace(DRAFT, headline="", body_html=body))
    assert article.headline.startswith("The ferry runs again. It was about time.")
    assert len(article.headline) <= 120
    assert article.headline.endswith("…")


async def test_what_is_too_long_is_shortened(desk: Desk) -> None:
    article = await only(desk, replace(DRAFT, headline="word " * 100, standfirst="word " * 400))
    assert len(article.headline) <= 300
    assert len(article.standfirst or "") <= 1_000


async def test_what_is_of_no_use_is_left_out(desk: Desk) -> None:
    odd = replace(
        DRAFT,
        section="!!!",
        language="not a language",
        authors=(Byline("Cy Pen", avatar_url="javascript:x()"),),
        lead_image=Image("data:x"),
    )
    article = await only(desk, odd)
    assert (article.language, article.lead_image) == ("en", None)
    section = await desk.read(lambda session: session.sections.by_slug("news"))
    assert section is not None
    assert section.id == article.section_id
    (author,) = await desk.read(lambda session: session.authors.by_slugs(["cy-pen"]))
    assert author.avatar_url is None


async def test_without_a_section_the_caller_says_where(desk: Desk) -> None:
    report = await import_drafts(desk.newsroom, [DRAFT], default_section="Wires")
    assert await desk.ids("latest/wires") == list(report.ids)


# Batches


async def test_a_batch_ranks_each_list_once(desk: Desk) -> None:
    drafts = [replace(DRAFT, guid=str(n), url=None, section=("News", "Asia")[n % 2]) for n in range(BATCH)]
    report = await bring(desk, *drafts)
    assert len(set(report.ids)) == BATCH
    assert sorted(event.key for event in await desk.events(ListChanged)) == ["latest", "latest/asia", "latest/news"]


async def test_a_batch_has_an_end(desk: Desk) -> None:
    with pytest.raises(ValueError, match="101 drafts"):
        await bring(desk, *many(BATCH + 1))


async def test_nothing_is_nothing(desk: Desk) -> None:
    assert await bring(desk) == ImportReport(0, 0, 0, (), ())
    assert await desk.events() == []


def many(number: int) -> Sequence[ArticleDraft]:
    return [replace(DRAFT, guid=str(n), url=None) for n in range(number)]


async def test_editors_and_feeds_share_what_they_made(desk: Desk) -> None:
    own = await desk.article(await desk.publish("Ferry runs again", authors=("Ada Writer",)))
    article = await only(desk, replace(DRAFT, authors=(Byline("ADA  writer"),), section="news"))
    assert (own.slug, article.slug) == ("ferry-runs-again", "ferry-runs-again-2")
    assert own.section_id == article.section_id
    assert await desk.events(AuthorChanged, SectionChanged) == []
    command = articles.UpdateArticle(article.id, headline="Ours")
    await articles.update(desk.newsroom, desk.who(Role.EDITOR), command)
    assert counts(await bring(desk, replace(DRAFT, authors=(Byline("ADA  writer"),), section="news"))) == (0, 0, 1, 0)
