"""An article as a writer sets it, in its place: what publishing, updating and importing have in common.

Lists are not touched here: whoever writes several articles at once ranks them once, with `relist` or actions.lists.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from newsgraph.actions import lists
from newsgraph.domain.articles import Article, ArticleRecord, ArticleStatus
from newsgraph.domain.events import ArticleCause, ArticleChanged
from newsgraph.domain.sections import Section
from newsgraph.domain.text import SLUG_MAX, slugify
from newsgraph.ports.store import Session

_SLUG_TRIES = 20


@dataclass(frozen=True, slots=True)
class Edition:
    """All that a writer sets of an article, in its place."""

    record: ArticleRecord
    section: Section
    author_ids: tuple[int, ...]
    tags: tuple[str, ...]


async def create(session: Session, edition: Edition) -> Article:
    """A new article with its event."""
    article = await session.articles.insert(edition.record)
    await session.articles.set_authors(article.id, edition.author_ids)
    await session.articles.set_tags(article.id, edition.tags)
    cause = ArticleCause.PUBLISHED if article.published else ArticleCause.CREATED
    session.log.append(ArticleChanged(cause, article.id, article.slug, edition.section.slug, None, article.status))
    return article


async def rewrite(session: Session, article_id: int, before: Edition, after: Edition) -> bool:
    """Writes what differs, with its event; False when nothing does."""
    if after == before:
        return False
    article = await session.articles.update(article_id, after.record)
    await session.articles.set_authors(article_id, after.author_ids)
    await session.articles.set_tags(article_id, after.tags)
    event = ArticleChanged(
        cause=ArticleCause.UPDATED,
        article_id=article_id,
        slug=article.slug,
        section=after.section.slug,
        before=before.record.status,
        after=article.status,
        section_before=before.section.slug if before.section != after.section else None,
    )
    session.log.append(event)
    return True


async def relist(session: Session, article_id: int, sections: Sequence[str]) -> None:
    """Puts a moved article into the "Latest Stories" of these sections, and out of the lists of its old one."""
    await lists.refresh_latest(session, sections)
    await lists.refresh_containing(session, article_id)


async def edition_of(session: Session, article: Article) -> Edition:
    ids = [article.id]
    authors = (await session.authors.of_articles(ids)).get(article.id, ())
    record = ArticleRecord(
        slug=article.slug,
        url=article.url,
        headline=article.headline,
        standfirst=article.standfirst,
        language=article.language,
        lead_image=article.lead_image,
        status=article.status,
        published_at=article.published_at,
        section_id=article.section_id,
        body=(await session.articles.bodies(ids))[article.id],
    )
    tags = (await session.articles.tags(ids)).get(article.id, ())
    return Edition(record, await section_of(session, article), tuple(author.id for author in authors), tuple(tags))


async def free_slug(session: Session, text: str) -> str:
    """A slug that nobody has, made from the text: with -2, -3 and so on where it is taken."""
    slug = slugify(text) or "article"
    if not await session.articles.slug_taken(slug):
        return slug
    stem = slug[: SLUG_MAX - 8].rstrip("-")
    for number in range(2, _SLUG_TRIES):
        if not await session.articles.slug_taken(f"{stem}-{number}"):
            return f"{stem}-{number}"
    return f"{stem}-{secrets.token_hex(3)}"  # a headline of every day: counting on would take ever longer


async def section_of(session: Session, article: Article) -> Section:
    return next(section for section in await session.sections.all() if section.id == article.section_id)


async def announce(session: Session, cause: ArticleCause, before: Article, after: Article) -> None:
    section = await section_of(session, after)
    session.log.append(ArticleChanged(cause, after.id, after.slug, section.slug, before.status, after.status))


_CAUSES = {ArticleStatus.PUBLISHED: ArticleCause.PUBLISHED, ArticleStatus.RETRACTED: ArticleCause.RETRACTED}


async def set_status(session: Session, article: Article, status: ArticleStatus) -> None:
    after = await session.articles.set_status(article.id, status, article.published_at)
    await announce(session, _CAUSES[status], article, after)
