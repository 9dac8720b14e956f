"""Articles: publishing, changing and retracting them, and the rules for their comments."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from newsgraph.actions import lists
from newsgraph.actions.editions import (
    Edition,
    announce,
    create,
    edition_of,
    free_slug,
    relist,
    rewrite,
    section_of,
    set_status,
)
from newsgraph.actions.newsroom import Call, Keep, Newsroom, kept, once, require
from newsgraph.domain.articles import AdSlot, Article, ArticleRecord, ArticleStatus, Body, Image
from newsgraph.domain.comments import CommentRules, ModerationMode
from newsgraph.domain.errors import ArticleErrorCode, Problem, ProblemDetail
from newsgraph.domain.events import ArticleCause
from newsgraph.domain.sections import Section
from newsgraph.domain.text import elements, one_line, slugify
from newsgraph.domain.users import Role, Viewer
from newsgraph.observe import LOG
from newsgraph.policies import articles as fields
from newsgraph.policies.access import article_visible
from newsgraph.policies.html import Markup, sanitise
from newsgraph.ports.store import Session

COMMENT_LENGTH_MAX = 10_000
_DUE_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class PublishArticle:
    """`section` and `authors` by slug or name; `publish_at` in the future schedules it, None is now."""

    headline: str
    standfirst: str | None
    body_html: str
    section: str
    authors: tuple[str, ...] = ()
    slug: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    lead_image: Image | None = None
    publish_at: datetime | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateArticle:
    article_id: int
    headline: str | Keep = Keep.KEEP
    standfirst: str | Keep | None = Keep.KEEP
    body_html: str | Keep = Keep.KEEP
    section: str | Keep = Keep.KEEP
    authors: tuple[str, ...] | Keep = Keep.KEEP
    tags: tuple[str, ...] | Keep = Keep.KEEP
    lead_image: Image | Keep | None = Keep.KEEP
    key: str | None = None


@dataclass(frozen=True, slots=True)
class RetractArticle:
    article_id: int
    reason: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class SetCommentRules:
    """None leaves `mode` and `max_length` to the site's settings, and never closes at a time."""

    article_id: int
    open: bool | Keep = Keep.KEEP
    mode: ModerationMode | Keep | None = Keep.KEEP
    max_length: int | Keep | None = Keep.KEEP
    closes_at: datetime | Keep | None = Keep.KEEP
    key: str | None = None


async def publish(newsroom: Newsroom, viewer: Viewer, command: PublishArticle) -> int:
    """Errors: INVALID, UNKNOWN_SECTION, UNKNOWN_AUTHOR, SLUG_TAKEN."""
    user_id = require(viewer, Role.EDITOR)
    body = await _body(newsroom, command.body_html)

    async def change(session: Session) -> int:
        edition = await _first_edition(session, command, body)
        article = await create(session, edition)
        if article.published:
            await lists.refresh_latest(session, [edition.section.slug])
        return article.id

    return await once(newsroom, Call(user_id, "publishArticle", command.key), change)


async def update(newsroom: Newsroom, viewer: Viewer, command: UpdateArticle) -> int:
    """Errors: NOT_FOUND, INVALID, UNKNOWN_SECTION, UNKNOWN_AUTHOR."""
    user_id = require(viewer, Role.EDITOR)
    body = html if isinstance(html := command.body_html, Keep) else await _body(newsroom, html)

    async def change(session: Session) -> int:
        before = await edition_of(session, await _article(session, viewer, command.article_id))
        after = await _next_edition(session, before, command, kept(body, before.record.body))
        await rewrite(session, command.article_id, before, after)
        if after.section != before.section:
            await relist(session, command.article_id, [after.section.slug])
        return command.article_id

    return await once(newsroom, Call(user_id, "updateArticle", command.key), change)


async def retract(newsroom: Newsroom, viewer: Viewer, command: RetractArticle) -> int:
    """Takes the article out of every list and page; doing it again changes nothing. Errors: NOT_FOUND."""
    user_id = require(viewer, Role.EDITOR)

    async def change(session: Session) -> int:
        article = await _article(session, viewer, command.article_id)
        if article.status is not ArticleStatus.RETRACTED:
            await set_status(session, article, ArticleStatus.RETRACTED)
            await lists.refresh_containing(session, article.id)
            LOG.info("article %d retracted by user %d: %s", article.id, user_id, one_line(command.reason or "-"))
        return article.id

    return await once(newsroom, Call(user_id, "retractArticle", command.key), change)


async def set_comment_rules(newsroom: Newsroom, viewer: Viewer, command: SetCommentRules) -> int:
    """Errors: NOT_FOUND, INVALID."""
    user_id = require(viewer, Role.MODERATOR)
    length = command.max_length
    if isinstance(length, int) and not 1 <= length <= COMMENT_LENGTH_MAX:
        raise _invalid(f"A comment's longest length is 1 to {COMMENT_LENGTH_MAX}.", "maxLength")

    async def change(session: Session) -> int:
        article = await _article(session, viewer, command.article_id, "articleId")
        rules = CommentRules(
            open=kept(command.open, article.rules.open),
            closes_at=kept(command.closes_at, article.rules.closes_at),
            mode=kept(command.mode, article.rules.mode),
            max_length=kept(command.max_length, article.rules.max_length),
        )
        if rules != article.rules:
            after = await session.articles.set_rules(article.id, rules)
            await announce(session, ArticleCause.COMMENT_RULES, article, after)
        return article.id

    return await once(newsroom, Call(user_id, "setCommentPolicy", command.key), change)


async def set_ad_slots(newsroom: Newsroom, viewer: Viewer, article_id: int, slots: Sequence[AdSlot]) -> None:
    """What is set aside for advertising on the article's page, in page order. Errors: NOT_FOUND."""
    require(viewer, Role.EDITOR)

    async def change(session: Session) -> None:
        article = await _article(session, viewer, article_id)
        if article.ad_slots != tuple(slots):
            await session.articles.set_ad_slots(article_id, slots)
            await announce(session, ArticleCause.UPDATED, article, article)

    await newsroom.store.write(change)


async def publish_due(newsroom: Newsroom) -> int:
    """Publishes the scheduled articles whose time has come, and says how many."""
    due = partial(_due, limit=1)
    if not await newsroom.store.read(due):
        return 0
    return await newsroom.store.write(_publish_due)


# Editions


async def _first_edition(session: Session, command: PublishArticle, body: Body) -> Edition:
    section = await _section(session, command.section)
    scheduled = command.publish_at is not None and command.publish_at > session.now
    record = ArticleRecord(
        slug=await _slug(session, command),
        url=None,
        headline=_headline(command.headline),
        standfirst=_standfirst(command.standfirst),
        language=_language(command.language),
        lead_image=_image(command.lead_image),
        status=ArticleStatus.SCHEDULED if scheduled else ArticleStatus.PUBLISHED,
        published_at=command.publish_at or session.now,
        section_id=section.id,
        body=body,
    )
    return Edition(record, section, await _authors(session, command.authors), _tags(command.tags))


async def _next_edition(session: Session, before: Edition, command: UpdateArticle, body: Body) -> Edition:
    """`before` with everything that the command does not keep."""
    keep, record = Keep.KEEP, before.record
    section = before.section if command.section is keep else await _section(session, command.section)
    after = replace(
        record,
        headline=record.headline if command.headline is keep else _headline(command.headline),
        standfirst=record.standfirst if command.standfirst is keep else _standfirst(command.standfirst),
        lead_image=record.lead_image if command.lead_image is keep else _image(command.lead_image),
        section_id=section.id,
        body=body,
    )
    authors = before.author_ids if command.authors is keep else await _authors(session, command.authors)
    return Edition(after, section, authors, before.tags if command.tags is keep else _tags(command.tags))


async def _slug(session: Session, command: PublishArticle) -> str:
    if command.slug is None:
        return await free_slug(session, command.headline)
    slug = slugify(command.slug)
    if not slug:
        raise _invalid("A slug needs a letter or a digit.", "slug")
    if await session.articles.slug_taken(slug):
        raise _problem(ArticleErrorCode.SLUG_TAKEN, f"Another article has the slug {slug}.", "slug")
    return slug


async def _section(session: Session, name: str) -> Section:
    section = await session.sections.by_slug(slugify(name))
    if section is None:
        raise _problem(ArticleErrorCode.UNKNOWN_SECTION, f"There is no section {one_line(name)}.", "section")
    return section


async def _authors(session: Session, names: Sequence[str]) -> tuple[int, ...]:
    """Their ids in byline order, nobody twice."""
    slugs = {slugify(name): name for name in names}
    found = {author.slug: author.id for author in await session.authors.by_slugs(list(slugs))}
    for slug, name in slugs.items():
        if slug not in found:
            raise _problem(ArticleErrorCode.UNKNOWN_AUTHOR, f"There is no author {one_line(name)}.", "authors")
    return tuple(found[slug] for slug in slugs)


async def _body(newsroom: Newsroom, html: str) -> Body:
    """Long ones take a second, in which others go on."""
    if elements(html) > newsroom.settings.article_elements:
        raise _invalid(f"An article has at most {newsroom.settings.article_elements} elements.", "bodyHtml")
    return await asyncio.to_thread(sanitise, html, Markup.of(newsroom.settings))


def _headline(text: str) -> str:
    headline = one_line(text)
    _check(fields.headline_problem(headline), "headline")
    return headline


def _standfirst(text: str | None) -> str | None:
    standfirst = one_line(text or "")
    _check(fields.standfirst_problem(standfirst), "standfirst")
    return standfirst or None


def _language(text: str | None) -> str:
    language = fields.language_tag(text or fields.LANGUAGE)
    if language is None:
        raise _invalid("The language must be a BCP 47 tag, such as en or pt-BR.", "language")
    return language


def _image(image: Image | None) -> Image | None:
    if image is not None and not fields.web_url(image.url):
        raise _invalid("An image needs an absolute http or https address.", "leadImage")
    return None if image is None else fields.clean_image(image)


def _tags(names: Sequence[str]) -> tuple[str, ...]:
    tags = fields.clean_tags(names)
    _check(fields.tags_problem(tags), "tags")
    return tags


def _check(problem: str | None, name: str) -> None:
    if problem is not None:
        raise _invalid(problem, name)


def _invalid(message: str, name: str) -> Problem:
    return _problem(ArticleErrorCode.INVALID, message, name)


def _problem(code: ArticleErrorCode, message: str, name: str) -> Problem:
    return Problem(ProblemDetail(code, message, ("input", name)))


# What is read and written


async def _article(session: Session, viewer: Viewer, article_id: int, name: str = "id") -> Article:
    found = await session.articles.by_ids([article_id])
    if not found or not article_visible(found[0], viewer):
        raise _problem(ArticleErrorCode.NOT_FOUND, "This article is not here.", name)
    return found[0]


async def _due(session: Session, limit: int = _DUE_AT_ONCE) -> Sequence[Article]:
    return await session.articles.by_ids(await session.articles.due(limit))


async def _publish_due(session: Session) -> int:
    due = sorted(await _due(session), key=lambda article: (article.published_at, article.id))
    for article in due:
        await set_status(session, article, ArticleStatus.PUBLISHED)
    await lists.refresh_latest(session, [(await section_of(session, article)).slug for article in due])
    return len(due)
