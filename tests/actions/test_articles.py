"""Articles: publishing, scheduling, changing, retracting, and the rules for their comments."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from newsgraph.actions import articles
from newsgraph.actions.articles import PublishArticle, SetCommentRules, UpdateArticle
from newsgraph.actions.newsroom import Keep
from newsgraph.domain.articles import AdSlot, ArticleStatus, Image
from newsgraph.domain.authors import Author
from newsgraph.domain.comments import CommentRules, ModerationMode
from newsgraph.domain.errors import ArticleErrorCode
from newsgraph.domain.events import ArticleCause, ArticleChanged, ListChanged
from newsgraph.domain.users import Role
from tests.actions.conftest import Desk, problem

IMAGE = Image("https://a.example/i.png", "A ferry")
PUBLISHED, SCHEDULED, RETRACTED = ArticleStatus.PUBLISHED, ArticleStatus.SCHEDULED, ArticleStatus.RETRACTED


async def update(desk: Desk, article: int, **changes: Any) -> int:
    return await articles.update(desk.newsroom, desk.who(Role.EDITOR), UpdateArticle(article, **changes))


async def tags(desk: Desk, article: int) -> list[str]:
    return list((await desk.read(lambda session: session.articles.tags([article]))).get(article, ()))


async def byline(desk: Desk, article: int) -> list[str]:
    found: Sequence[Author] = (await desk.read(lambda s: s.authors.of_articles([article]))).get(article, ())
    return [author.slug for author in found]


# Publishing


async def test_an_article_is_published_with_all_it_says(desk: Desk) -> None:
    article_id = await desk.publish(
        " Ferry  runs\nagain ",
        standfirst=" After\tweeks ",
        body_html="<p>At last.</p><script>x</script>",
        section="asia",
        authors=("bo-scribe", "Ada Writer", "ADA WRITER"),
        tags=("Sea", "sea", "Ferry"),
        language="pt-br",
        lead_image=replace(IMAGE, caption=" c "),
    )
    article = await desk.article(article_id)
    assert (article.slug, article.headline, article.standfirst) == (
        "ferry-runs-again",
        "Ferry runs again",
        "After weeks",
    )
    assert (article.status, article.published_at, article.url) == (PUBLISHED, desk.clock(), None)
    assert (article.language, article.lead_image) == ("pt-BR", replace(IMAGE, caption="c"))
    assert await tags(desk, article_id) == ["Sea", "Ferry"]
    assert await byline(desk, article_id) == ["bo-scribe", "ada-writer"]
    body = (await desk.read(lambda session: session.articles.bodies([article_id])))[article_id]
    assert (body.html, body.text) == ("<p>At last.</p>", "At last.")
    changed, *listed = await desk.events()
    assert changed == ArticleChanged(
        ArticleCause.PUBLISHED, article_id, "ferry-runs-again", "asia", None, ArticleStatus.PUBLISHED
    )
    assert [event.key for event in listed] == ["latest", "latest/asia"]


async def test_slugs_are_made_free(desk: Desk) -> None:
    found = [await desk.article(await desk.publish(headline)) for headline in ("Hm!", "Hm", "hm?", "…", "?")]
    assert [article.slug for article in found] == ["hm", "hm-2", "hm-3", "article", "article-2"]


async def test_the_same_headline_day_after_day_always_finds_a_slug(desk: Desk) -> None:
    headline = "Lottery " + "numbers " * 30
    slugs = {(await desk.article(await desk.publish(headline))).slug for _ in range(25)}
    assert len(slugs) == 25
    assert max(map(len, slugs)) <= 80


async def test_publishing_at_once_with_one_headline_makes_different_slugs(desk: Desk) -> None:
    ids = await asyncio.gather(*(desk.publish("Ferry") for _ in range(5)))
    assert len({(await desk.article(key)).slug for key in ids}) == 5


async def test_a_given_slug_is_kept_or_refused(desk: Desk) -> None:
    assert (await desk.article(await desk.publish(slug="The Ferry"))).slug == "the-ferry"
    found = await problem(desk.publish(slug="the-ferry"))
    assert (found.code, found.field) == (ArticleErrorCode.SLUG_TAKEN, ("input", "slug"))


@pytest.mark.parametrize(
    ("changes", "code", "name"),
    [
        ({"headline": " \n "}, ArticleErrorCode.INVALID, "headline"),
        ({"headline": "x" * 301}, ArticleErrorCode.INVALID, "headline"),
        ({"standfirst": "x" * 1_001}, ArticleErrorCode.INVALID, "standfirst"),
        ({"language": "english language"}, ArticleErrorCode.INVALID, "language"),
        ({"body_html": "<p>a</p>" * 20_001}, ArticleErrorCode.INVALID, "bodyHtml"),
        ({"slug": "!!!"}, ArticleErrorCode.INVALID, "slug"),
        ({"tags": ("x" * 61,)}, ArticleErrorCode.INVALID, "tags"),
        ({"lead_image": Image("/i.png")}, ArticleErrorCode.INVALID, "leadImage"),
        ({"section": "Nowhere"}, ArticleErrorCode.UNKNOWN_SECTION, "section"),
        ({"section": ""}, ArticleErrorCode.UNKNOWN_SECTION, "section"),
        ({"authors": ("Ada Writer", "Nobody")}, ArticleErrorCode.UNKNOWN_AUTHOR, "authors"),
        ({"authors": ("",)}, ArticleErrorCode.UNKNOWN_AUTHOR, "authors"),
    ],
)
async def test_what_is_wrong_is_named_and_leaves_nothing(
    desk: Desk, changes: dict[str, Any], code: ArticleErrorCode, name: str
) -> None:
    found = await problem(desk.publish(**changes))
    assert (found.code, found.field) == (code, ("input", name))
    assert await desk.events() == []


async def test_what_is_as_long_as_may_be_and_a_section_named_as_it_is(
    desk: Desk,
) -> None:
    article = await desk.article(await desk.publish("x" * 300, section=" ASIA ", body_html="<p>a</p>" * 20_000))
    assert len(article.headline) == 300
    assert article.language == "en"


async def test_publishing_with_a_key_happens_once(desk: Desk) -> None:
    command = PublishArticle("Ferry", None, "", "News", key="k")
    ids = {await articles.publish(desk.newsroom, desk.who(Role.EDITOR), command) for _ in range(3)}
    assert len(ids) == 1
    assert len(await desk.events(ArticleChanged)) == 1


# Scheduling


async def test_a_scheduled_article_appears_when_its_time_has_come(desk: Desk) -> None:
    at = desk.clock() + timedelta(minutes=10)
    later = await desk.publish("Later", publish_at=at + timedelta(seconds=1))
    article_id = await desk.publish("Sooner", publish_at=at)
    [_, created] = await desk.events()
    assert (created.cause, created.before, created.after) == (ArticleCause.CREATED, None, SCHEDULED)
    assert (await desk.article(article_id)).published_at == at

    desk.clock.tick(minutes=10, milliseconds=-1)
    assert await articles.publish_due(desk.newsroom) == 0
    assert await desk.events() == []

    desk.clock.tick(milliseconds=1)
    assert await articles.publish_due(desk.newsroom) == 1
    article = await desk.article(article_id)
    assert (article.status, article.published_at) == (PUBLISHED, at)
    changed, *listed = await desk.events()
    assert (changed.cause, changed.before, changed.after) == (ArticleCause.PUBLISHED, SCHEDULED, PUBLISHED)
    assert [event.key for event in listed] == ["latest", "latest/news"]
    assert await desk.ids("latest") == [article_id]

    desk.clock.tick(hours=1)
    assert await articles.publish_due(desk.newsroom) == 1
    assert await desk.ids("latest/news") == [later, article_id]
    assert await articles.publish_due(desk.newsroom) == 0


async def test_what_is_due_together_appears_in_its_order(desk: Desk) -> None:
    ids = [await desk.schedule(minutes=minutes) for minutes in (3, 1, 2)]
    await desk.events()
    desk.clock.tick(hours=1)
    assert await articles.publish_due(desk.newsroom) == 3
    assert [e.article_id for e in await desk.events(ArticleChanged)] == [ids[1], ids[2], ids[0]]
    assert await desk.ids("latest") == [ids[0], ids[2], ids[1]]


async def test_a_moment_that_has_come_is_now(desk: Desk) -> None:
    assert (await desk.article(await desk.publish(publish_at=desk.clock()))).status is PUBLISHED
    past = desk.clock() - timedelta(days=300)
    article = await desk.article(await desk.publish(publish_at=past))
    assert (article.status, article.published_at) == (PUBLISHED, past)


async def test_a_scheduled_article_can_be_retracted(desk: Desk) -> None:
    article = await desk.schedule(minutes=1)
    await desk.retract(article)
    desk.clock.tick(hours=1)
    assert await articles.publish_due(desk.newsroom) == 0
    assert (await desk.article(article)).status is RETRACTED


# Updating


async def test_an_update_changes_what_it_names(desk: Desk) -> None:
    article_id = await desk.publish(standfirst="s", tags=("a",), lead_image=IMAGE)
    before = await desk.article(article_id)
    await desk.events()
    desk.clock.tick(hours=1)
    await update(desk, article_id, headline="Ferry stops", body_html="<p>Again.</p>")
    after = await desk.article(article_id)
    assert after == replace(before, headline="Ferry stops", updated_at=desk.clock())
    assert (await desk.read(lambda session: session.articles.bodies([article_id])))[article_id].text == "Again."
    assert await tags(desk, article_id) == ["a"]
    assert await byline(desk, article_id) == ["ada-writer"]
    [event] = await desk.events()
    assert (event.cause, event.before, event.after) == (ArticleCause.UPDATED, PUBLISHED, PUBLISHED)
    assert event.section_before is None


async def test_none_takes_away_and_keep_keeps(desk: Desk) -> None:
    article_id = await desk.publish(standfirst="s", tags=("a",), lead_image=IMAGE)
    await update(desk, article_id, standfirst=None, lead_image=None, tags=(), authors=())
    article = await desk.article(article_id)
    assert (article.standfirst, article.lead_image) == (None, None)
    assert await tags(desk, article_id) == []
    assert await byline(desk, article_id) == []
    assert article.headline == "Ferry runs again"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"headline": "Ferry runs again", "section": "news", "authors": ("ada-writer",), "tags": ()},
        {"body_html": "<p>Ferry runs again.</p>", "standfirst": Keep.KEEP},
    ],
)
async def test_an_update_that_changes_nothing_is_none(desk: Desk, changes: dict[str, Any]) -> None:
    article_id = await desk.publish()
    before = await desk.article(article_id)
    await desk.events()
    desk.clock.tick(hours=1)
    await update(desk, article_id, **changes)
    assert await desk.article(article_id) == before
    assert await desk.events() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"headline": ""}, ArticleErrorCode.INVALID),
        ({"body_html": "<p>" * 40_002}, ArticleErrorCode.INVALID),
        ({"standfirst": "x" * 1_001}, ArticleErrorCode.INVALID),
        ({"tags": ("x",) * 2 + tuple(f"t{n}" for n in range(50))}, ArticleErrorCode.INVALID),
        ({"lead_image": Image("data:x")}, ArticleErrorCode.INVALID),
        ({"section": "Nowhere"}, ArticleErrorCode.UNKNOWN_SECTION),
        ({"authors": ("Nobody",)}, ArticleErrorCode.UNKNOWN_AUTHOR),
        ({"article_id": 999}, ArticleErrorCode.NOT_FOUND),
    ],
)
async def test_a_wrong_update_is_refused(desk: Desk, changes: dict[str, Any], code: ArticleErrorCode) -> None:
    command = replace(UpdateArticle(await desk.publish()), **changes)
    assert (await problem(articles.update(desk.newsroom, desk.who(Role.EDITOR), command))).code is code


async def test_moving_to_another_section_moves_in_the_lists(desk: Desk) -> None:
    stays, moves = await desk.publish("Stays"), await desk.publish("Moves")
    await desk.curate("must-reads/news")
    await desk.events()
    await update(desk, moves, section="Asia")
    changed, *listed = await desk.events()
    assert (changed.section, changed.section_before) == ("asia", "news")
    assert {event.key for event in listed} == {"latest/asia", "latest/news", "must-reads/news"}
    assert (await desk.ids("latest/asia"), await desk.ids("latest/news")) == ([moves], [stays])


async def test_ad_slots(desk: Desk) -> None:
    article, editor = await desk.publish(), desk.who(Role.EDITOR)
    await desk.events()
    slots = [AdSlot(1, "top"), AdSlot(2, "end")]
    for _ in range(2):
        await articles.set_ad_slots(desk.newsroom, editor, article, slots)
    (found,) = await desk.read(lambda session: session.articles.by_ids([article]))
    assert found.ad_slots == tuple(slots)
    assert [event.cause for event in await desk.events()] == [ArticleCause.UPDATED]
    refused = await problem(articles.set_ad_slots(desk.newsroom, editor, 999, slots))
    assert refused.code is ArticleErrorCode.NOT_FOUND


# Retracting


async def test_a_retracted_article_leaves_every_list(desk: Desk) -> None:
    other, article = await desk.publish("Other"), await desk.publish()
    await desk.curate("must-reads", article)
    await desk.curate("our-choice", article, other)
    await desk.events()
    assert await desk.retract(article) == article
    found = await desk.article(article)
    assert (found.status, found.published_at) == (RETRACTED, desk.clock())
    changed, *listed = await desk.events()
    assert (changed.cause, changed.before, changed.after) == (ArticleCause.RETRACTED, PUBLISHED, RETRACTED)
    assert {event.key for event in listed} == {"latest", "latest/news", "must-reads", "our-choice"}
    assert {event.diff.removed for event in listed} == {(article,)}
    assert await desk.read(lambda session: session.lists.containing(article)) == []
    await desk.retract(article)
    assert await desk.events() == []


async def test_there_must_be_something_to_retract(desk: Desk) -> None:
    assert (await problem(desk.retract(999))).code is ArticleErrorCode.NOT_FOUND


# Rules for comments


async def test_comment_rules_change_as_named(desk: Desk, now: datetime) -> None:
    article = await desk.publish()
    await desk.events()
    later = now + timedelta(days=1)
    await desk.rules(article, open=False, mode=ModerationMode.PRE, max_length=10_000, closes_at=later)
    assert (await desk.article(article)).rules == CommentRules(False, later, ModerationMode.PRE, 10_000)
    [event] = await desk.events()
    assert (event.cause, event.before, event.after) == (ArticleCause.COMMENT_RULES, PUBLISHED, PUBLISHED)
    await desk.rules(article)
    assert await desk.events() == []
    await desk.rules(article, open=True, mode=None, max_length=None, closes_at=None)
    assert (await desk.article(article)).rules == CommentRules()


@pytest.mark.parametrize("length", [0, -1, 10_001])
async def test_a_longest_length_has_bounds(desk: Desk, length: int) -> None:
    found = await problem(desk.rules(await desk.publish(), max_length=length))
    assert (found.code, found.field) == (ArticleErrorCode.INVALID, ("input", "maxLength"))


async def test_moderators_rule_only_what_they_see(desk: Desk) -> None:
    hidden = await desk.schedule(hours=1)
    assert (await problem(desk.rules(hidden, open=False))).code is ArticleErrorCode.NOT_FOUND
    await articles.set_comment_rules(desk.newsroom, desk.who(Role.ADMIN), SetCommentRules(hidden, open=False))
    assert not (await desk.article(hidden)).rules.open


async def test_an_article_without_a_change_of_lists_changes_none(desk: Desk) -> None:
    article = await desk.publish()
    await desk.events()
    await update(desk, article, headline="Other")
    assert await desk.events(ListChanged) == []
