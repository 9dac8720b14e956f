"""Importing drafts: each is found again by its origin, so that importing the same thing twice changes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import blake2b

from newsgraph.actions import authors, editions, lists, sections
from newsgraph.actions.editions import Edition
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.articles import Article, ArticleDraft, ArticleRecord, ArticleStatus, Body, Image, Origin
from newsgraph.domain.authors import Byline
from newsgraph.domain.text import elements, one_line, shorten, slugify
from newsgraph.policies import articles as fields
from newsgraph.policies.html import Markup, sanitise
from newsgraph.ports.store import Session

BATCH = 100  # drafts of one transaction: more would keep other writers waiting
_DERIVED_MAX = 120
_NAME_MAX = 80
_TEXT_MAX = 1_000  # a caption, or who an author is
_AUTHORS_MAX = 100
_OLDEST = datetime(1700, 1, 1, tzinfo=UTC)  # newspapers are hardly older: whatever says so has a broken clock
_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Rejection:
    """`where` is the draft's own identity, as its source gives it."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`ids` are the articles of all drafts that were not rejected, in the order of the drafts."""

    created: int
    updated: int
    unchanged: int
    rejected: tuple[Rejection, ...]
    ids: tuple[int, ...]


class _Outcome(Enum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class _UnfitError(Exception):
    """The draft cannot become an article; nothing was written of it."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A draft in normal form with its sanitised body, and the digest of both."""

    draft: ArticleDraft
    body: Body
    digest: str


@dataclass(slots=True)
class _Batch:
    """What one transaction has done so far."""

    session: Session
    default_section: str
    done: list[tuple[_Outcome, int]] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)  # slugs of sections whose newest articles may be others now
    moved: set[int] = field(default_factory=set)  # articles that may no longer belong where they are listed

    def report(self) -> ImportReport:
        counts = {outcome.value: sum(one is outcome for one, _ in self.done) for outcome in _Outcome}
        return ImportReport(**counts, rejected=tuple(self.rejected), ids=tuple(key for _, key in self.done))


async def import_drafts(
    newsroom: Newsroom, drafts: Sequence[ArticleDraft], default_section: str = "News"
) -> ImportReport:
    """Imports up to BATCH drafts in one transaction; broken ones are rejected and the others go in.

    An article from elsewhere is known again by (source, guid), or else by its canonical URL: then the draft only
    changes it when it says that it is newer, and comes from that host or a file. What the newsroom decided since
    (slug, retraction) stays.
    """
    if len(drafts) > BATCH:
        raise ValueError(f"{len(drafts)} drafts are more than the {BATCH} of one batch")
    allowed = Markup.of(newsroom.settings)
    prepared = await asyncio.to_thread(lambda: [_prepared(draft, allowed) for draft in drafts])

    async def change(session: Session) -> ImportReport:
        batch = _Batch(session, default_section)
        for one in prepared:
            await _attempt(batch, one)
        if batch.touched:
            await lists.refresh_latest(session, batch.touched)
        for article_id in sorted(batch.moved):
            await lists.refresh_containing(session, article_id)
        return batch.report()

    return await newsroom.store.write(change)


async def _attempt(batch: _Batch, prepared: _Prepared | Rejection) -> None:
    if isinstance(prepared, Rejection):
        batch.rejected.append(prepared)
        return
    try:
        batch.done.append(await _import(batch, prepared))
    except _UnfitError as error:
        batch.rejected.append(Rejection(prepared.draft.guid, str(error)))


async def _import(batch: _Batch, prepared: _Prepared) -> tuple[_Outcome, int]:
    draft, session = prepared.draft, batch.session
    published_at = _published_at(draft, session.now)
    origin = await session.articles.origin(draft.source, draft.guid)
    if origin is not None and origin.digest == prepared.digest:
        return _Outcome.UNCHANGED, origin.article_id
    article = await _known(session, origin, draft)
    if article is None:
        outcome, article_id = _Outcome.CREATED, await _create(batch, prepared, published_at)
    elif origin is None and not (_newer(draft, article) and _speaks_for(draft.source, draft.url)):
        outcome, article_id = _Outcome.UNCHANGED, article.id
    else:
        outcome, article_id = await _rewrite(batch, prepared, article), article.id
    await session.articles.remember(draft.source, draft.guid, Origin(article_id, prepared.digest))
    return outcome, article_id


async def _known(session: Session, origin: Origin | None, draft: ArticleDraft) -> Article | None:
    if origin is not None:
        return (await session.articles.by_ids([origin.article_id]))[0]
    found = await session.articles.by_urls([draft.url]) if draft.url else ()
    return found[0] if found else None


def _newer(draft: ArticleDraft, article: Article) -> bool:
    return draft.updated_at is not None and draft.updated_at > article.updated_at


def _speaks_for(source: str, url: str | None) -> bool:
    """Whether a source may change what others have imported from an address: it is on that host, or a file of ours."""
    host = fields.host_of(source)
    return not host or host == fields.host_of(url or "")


async def _create(batch: _Batch, prepared: _Prepared, published_at: datetime) -> int:
    draft, session = prepared.draft, batch.session
    section = await sections.ensure(session, draft.section or batch.default_section)
    record = ArticleRecord(
        slug=await editions.free_slug(session, draft.headline),
        url=draft.url,
        headline=draft.headline,
        standfirst=draft.standfirst,
        language=draft.language or fields.LANGUAGE,
        lead_image=draft.lead_image,
        status=ArticleStatus.PUBLISHED if published_at <= session.now else ArticleStatus.SCHEDULED,
        published_at=published_at,
        section_id=section.id,
        body=prepared.body,
    )
    article = await editions.create(session, Edition(record, section, await _authors(session, draft), draft.tags))
    batch.touched.add(section.slug)
    return article.id


async def _rewrite(batch: _Batch, prepared: _Prepared, article: Article) -> _Outcome:
    """What the draft does not say stays as it is: section, language and date."""
    draft, session = prepared.draft, batch.session
    before = await editions.edition_of(session, article)
    section = await sections.ensure(session, draft.section) if draft.section else before.section
    record = replace(
        before.record,
        url=await _url(session, draft, article),
        headline=draft.headline,
        standfirst=draft.standfirst,
        language=draft.language or article.language,
        lead_image=draft.lead_image,
        published_at=_redated(draft, article, session.now),
        section_id=section.id,
        body=prepared.body,
    )
    after = Edition(record, section, await _authors(session, draft), draft.tags)
    if not await editions.rewrite(session, article.id, before, after):
        return _Outcome.UNCHANGED
    if section != before.section or record.published_at != article.published_at:
        batch.touched.add(section.slug)
        batch.moved.add(article.id)
    return _Outcome.UPDATED


async def _authors(session: Session, draft: ArticleDraft) -> tuple[int, ...]:
    """Their ids in byline order, nobody twice."""
    named = [await authors.ensure(session, byline) for byline in draft.authors]
    return tuple(dict.fromkeys(author.id for author in named))


async def _url(session: Session, draft: ArticleDraft, article: Article) -> str | None:
    """The draft's canonical URL, unless it has none or another article has it."""
    if draft.url is None or draft.url == article.url or await session.articles.by_urls([draft.url]):
        return article.url
    return draft.url


def _published_at(draft: ArticleDraft, now: datetime) -> datetime:
    for moment in filter(None, (draft.published_at, draft.updated_at)):
        if moment.tzinfo is None:
            raise _UnfitError(f"has a date without a time zone: {moment.isoformat()}")
        if not _OLDEST <= moment <= now + _AHEAD:
            raise _UnfitError(f"has a date beyond belief: {moment.isoformat()}")
    return draft.published_at or min(draft.updated_at or now, now)


def _redated(draft: ArticleDraft, article: Article, now: datetime) -> datetime | None:
    """A published article stays published, whatever date it is given later."""
    if draft.published_at is None or (article.published and draft.published_at > now):
        return article.published_at
    return draft.published_at


# Normal form


def _prepared(draft: ArticleDraft, allowed: Markup) -> _Prepared | Rejection:
    try:
        return _normalised(draft, allowed)
    except _UnfitError as error:
        return Rejection(draft.guid or draft.url or one_line(draft.headline), str(error))


def _normalised(draft: ArticleDraft, allowed: Markup) -> _Prepared:
    if elements(draft.body_html) > allowed.elements:
        raise _UnfitError(f"has more than {allowed.elements:,} elements (setting article_elements)")
    body = sanitise(draft.body_html, allowed)
    headline = one_line(draft.headline)
    normal = replace(
        draft,
        headline=shorten(headline, fields.HEADLINE_MAX) or shorten(body.text, _DERIVED_MAX),
        body_html=body.html,
        standfirst=shorten(draft.standfirst or "", fields.STANDFIRST_MAX) or None,
        language=fields.language_tag(draft.language or ""),
        section=_name(draft.section),
        authors=tuple(_byline(byline) for byline in draft.authors[:_AUTHORS_MAX] if slugify(byline.name)),
        tags=tuple(tag for tag in fields.clean_tags(draft.tags) if len(tag) <= fields.TAG_MAX)[: fields.TAGS_MAX],
        lead_image=_image(draft.lead_image),
    )
    _check(normal)
    return _Prepared(normal, body, _digest(normal))


def _check(draft: ArticleDraft) -> None:
    if not (draft.source and draft.guid):
        raise _UnfitError("has no identity: source and guid")
    if not draft.headline:
        raise _UnfitError("has neither headline nor text")
    if draft.url is not None and not fields.web_url(draft.url):
        raise _UnfitError(f"has no http or https address: {shorten(draft.url, _DERIVED_MAX)}")


def _name(name: str | None) -> str | None:
    """None for a section without any letter or digit, which is as good as none."""
    return shorten(name, _NAME_MAX) if name and slugify(name) else None


def _byline(byline: Byline) -> Byline:
    avatar = byline.avatar_url if byline.avatar_url and fields.web_url(byline.avatar_url) else None
    email = one_line(byline.email or "")
    bio = shorten(byline.bio or "", _TEXT_MAX) or None
    return Byline(shorten(byline.name, _NAME_MAX), email if fields.email_address(email) else None, bio, avatar)


def _image(image: Image | None) -> Image | None:
    if image is None or not fields.web_url(image.url):
        return None
    alt, caption, credit = (shorten(text or "", _TEXT_MAX) for text in (image.alt, image.caption, image.credit))
    return fields.clean_image(replace(image, alt=alt, caption=caption, credit=credit))


def _digest(draft: ArticleDraft) -> str:
    said = {name: value for name, value in asdict(draft).items() if name not in ("source", "guid")}
    return blake2b(json.dumps(said, default=str, sort_keys=True).encode(), digest_size=16).hexdigest()
