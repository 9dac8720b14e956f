"""Inputs of queries and mutations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from newsgraph.domain.articles import ArticleFilter, Image
from newsgraph.graph.enums import CommentStatus, FlagReason, ModerationMode, ReactionKind
from newsgraph.graph.scalars import HTML, URL, StreamCursor

UNSET: Any = strawberry.UNSET
_KEY = "Idempotency key: repeating it returns the first result and changes nothing."


def _described(description: str, **options: Any) -> Any:
    return strawberry.field(description=description, **options)


def _optional(description: str = "") -> Any:
    return strawberry.field(description=description or None, default=UNSET)


@strawberry.input(name="ArticleFilter", description="Narrows a list of articles; conditions add up.")
class ArticleFilterInput:
    section: str | None = _optional("Slug of a section.")
    author: str | None = _optional("Slug of an author.")
    tag: str | None = _optional("A tag, exactly.")
    published_after: datetime | None = _optional("Published at or after this time.")
    published_before: datetime | None = _optional("Published before this time.")

    def value(self) -> ArticleFilter:
        names = ("section", "author", "tag", "published_after", "published_before")
        given = {name: getattr(self, name) for name in names}
        return ArticleFilter(**{name: value for name, value in given.items() if value is not UNSET})


@strawberry.input(description="A comment to post.")
class PostCommentInput:
    article_id: strawberry.ID
    parent_id: strawberry.ID | None = _optional("The comment that this one answers.")
    body: str = _described("Plain text, kept as typed. Its length is counted in code points after NFC and trimming.")
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="A new text for one's own comment, within the edit window.")
class EditCommentInput:
    id: strawberry.ID
    body: str
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="One's own comment to take back, for good.")
class RemoveCommentInput:
    id: strawberry.ID
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="One's reaction to a comment.")
class ReactToCommentInput:
    id: strawberry.ID
    kind: ReactionKind | None = _optional("Null takes the reaction back.")
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="A report of a comment to the moderators.")
class FlagCommentInput:
    id: strawberry.ID
    reason: FlagReason
    note: str | None = _optional("What the moderators should know.")
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="A moderator's decision.")
class ModerateCommentInput:
    id: strawberry.ID
    to: CommentStatus | None = _optional("The new status; the present one confirms it.")
    featured: bool | None = _optional("Whether the newsroom holds it up.")
    reason: str | None = _optional("Kept in the comment's history.")
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="Rules for one article's comments. Fields left out stay as they are.")
class SetCommentPolicyInput:
    article_id: strawberry.ID
    open: bool | None = UNSET
    mode: ModerationMode | None = _optional("Null follows the site.")
    max_length: int | None = _optional("Null follows the site.")
    closes_at: datetime | None = _optional("Null follows the site.")
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(
    description="Suspend until a time, ban, hold what they write, or lift it. Fields left out stay as they are."
)
class RestrictUserInput:
    user_id: strawberry.ID
    suspended_until: datetime | None = _optional("Null lifts a suspension.")
    banned: bool | None = UNSET
    premoderated: bool | None = _optional("Whether all that they write waits for a moderator.")
    reason: str | None = UNSET
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="An image by its address.")
class ImageInput:
    url: URL
    alt: str | None = UNSET
    caption: str | None = UNSET
    credit: str | None = UNSET
    width: int | None = UNSET
    height: int | None = UNSET

    def value(self) -> Image:
        names = ("url", "alt", "caption", "credit", "width", "height")
        given = {name: getattr(self, name) for name in names}
        return Image(**{name: value for name, value in given.items() if value is not UNSET})


@strawberry.input(description="An article to publish now or at a later time.")
class PublishArticleInput:
    headline: str
    standfirst: str | None = UNSET
    body_html: HTML = _described("Sanitised before it is kept.")
    section: str = _described("Slug or name of a section that exists.")
    authors: list[str] = _described("Slugs or names of authors that exist, in byline order.")
    slug: str | None = _optional("Made from the headline when left out.")
    tags: list[str] | None = UNSET
    language: str | None = _optional("BCP 47 language tag; en when left out.")
    lead_image: ImageInput | None = UNSET
    publish_at: datetime | None = _optional("In the future: the article is SCHEDULED and appears then.")
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="Changes to an article. Fields left out stay as they are.")
class UpdateArticleInput:
    id: strawberry.ID
    headline: str | None = UNSET
    standfirst: str | None = UNSET
    body_html: HTML | None = UNSET
    section: str | None = UNSET
    authors: list[str] | None = UNSET
    tags: list[str] | None = UNSET
    lead_image: ImageInput | None = UNSET
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="An article to take back.")
class RetractArticleInput:
    id: strawberry.ID
    reason: str | None = UNSET
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="What editors decide for a list: pins in order, and what must not appear.")
class CurateListInput:
    key: str
    title: str | None = UNSET
    pinned_ids: list[strawberry.ID]
    excluded_ids: list[strawberry.ID] | None = _optional("Left out: stays as it is.")
    if_version: StreamCursor | None = _optional("STALE unless this is the list's version.")
    client_mutation_id: str | None = _optional(_KEY)


@strawberry.input(description="One reading of an article.")
class RecordViewInput:
    article_id: strawberry.ID
    client_mutation_id: str | None = _optional(_KEY)
