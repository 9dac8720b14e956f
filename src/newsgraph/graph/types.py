"""The types of the public schema, read like its SDL. What a field does is in the module of its noun.

The objects behind these types are the domain's own: a field without a resolver is an attribute of theirs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLResolveInfo

from newsgraph.domain import articles as d_articles
from newsgraph.domain import authors as d_authors
from newsgraph.domain import comments as d_comments
from newsgraph.domain import sections as d_sections
from newsgraph.domain import users as d_users
from newsgraph.domain.articles import ArticleStatus
from newsgraph.domain.comments import CommentStatus, FlagReason, ModerationMode, ReactionKind
from newsgraph.domain.lists import RankKind, RankReason
from newsgraph.domain.users import Role
from newsgraph.domain.views import Window
from newsgraph.graph import articles, authors, comments, lists, sections, users
from newsgraph.graph.directives import PRIVATE, CacheControl, auth, cost, list_of, pages_of
from newsgraph.graph.pages import Connection
from newsgraph.graph.scalars import HTML, URL, StreamCursor

C = TypeVar("C", bound=type)


def by(resolver: Callable[..., Any], description: str | None = None, *directives: object) -> Any:
    """A field that a function resolves."""
    field: Any = strawberry.field(resolver=resolver, description=description, directives=directives)
    return without_null_defaults(field)


def without_null_defaults(field: Any) -> Any:
    """An argument that may be left out is printed as `first: Int`, not as `first: Int = null`."""
    for argument in field.arguments:
        if argument.default is None:
            argument.default = strawberry.UNSET
    return field


def of(description: str, *directives: object) -> Any:
    """A field that is an attribute of the object."""
    return strawberry.field(description=description, directives=directives)


def shows(domain: type) -> Callable[[C], C]:
    """Says which domain class stands behind a type, so that interfaces and unions find it."""

    def is_type_of(obj: object, _info: GraphQLResolveInfo[Any]) -> bool:
        return isinstance(obj, domain)

    is_type_of.shows = domain  # type: ignore[attr-defined] # what compiled operations need not ask about

    def declare(cls: C) -> C:
        cls.is_type_of = staticmethod(is_type_of)  # type: ignore[attr-defined]
        return cls

    return declare


@strawberry.interface(description="Relay: anything that can be refetched by its global id.")
class Node:
    id: strawberry.ID


@strawberry.type(description="Where a page stands in its list (Relay).")
class PageInfo:
    has_next_page: bool = of("Whether there is more after endCursor.")
    has_previous_page: bool = of("Whether there is more before startCursor.")
    start_cursor: str | None = of("Pass it to before; null for an empty page.")
    end_cursor: str | None = of("Pass it to after; null for an empty page.")


def total_count(root: Connection) -> Awaitable[int] | int:
    return root.total()


_TOTAL = "How many there are in all; counted only when asked for."
_NODES = "The edges' nodes, for those who need no cursors."


@strawberry.type(description="An article of the newsroom.", directives=[CacheControl(max_age=60)])
@shows(d_articles.Article)
class Article(Node):
    id: strawberry.ID = by(articles.id_)
    slug: str = of("Unique, for addresses of pages.")
    url: URL = by(articles.url, "Canonical address.")
    headline: str
    standfirst: str | None = of("The line under the headline.")
    body_html: HTML = by(articles.body_html, "The text with its markup, sanitised.", cost(1))
    body_text: str = by(articles.body_text, "The text alone; paragraphs are separated by line ends.", cost(1))
    language: str = of("BCP 47 language tag.")
    lead_image: Image | None
    status: ArticleStatus
    published_at: datetime | None
    updated_at: datetime
    reading_minutes: int = of("At least 1.")
    section: Section = by(articles.section)
    authors: list[Author] = by(articles.authors, "In the order of the byline.", list_of(2))
    tags: list[str] = by(articles.tags)
    view_count: int = by(
        articles.view_count, "Readings in a window up to now. Bots and repeats are not counted.", cost(1)
    )
    you_may_also_like: RankedList = by(lists.related_of, "'You May Also Like'.", cost(5))
    ad_slots: list[AdSlot] = of(
        "Places that the publisher set aside for advertising on this article's page, in page order.",
    )
    comment_policy: CommentPolicy = by(articles.comment_policy)
    comment_count: int = by(articles.comment_count, "Comments that readers can see.")
    comments: CommentConnection = by(
        comments.of_article,
        "Top-level comments. focus: open at this comment's page and return it with its ancestors (permalinks).",
        cost(5),
        pages_of(),
    )


@strawberry.type(description="A picture by its address.")
class Image:
    url: URL
    alt: str | None = of("For those who do not see it.")
    caption: str | None
    credit: str | None
    width: int | None = of("In pixels.")
    height: int | None = of("In pixels.")


@strawberry.type(description="A place set aside for advertising.")
class AdSlot:
    number: int
    position: str = of("Where on the page, in the publisher's words.")


@strawberry.type
class ArticleConnection:
    edges: list[ArticleEdge]
    nodes: list[Article] = of(_NODES)
    page_info: PageInfo
    total_count: int = by(total_count, _TOTAL, cost(5))


@strawberry.type
class ArticleEdge:
    cursor: str
    node: Article


@strawberry.type(description="Articles that match a search, best first.")
class SearchConnection:
    edges: list[SearchEdge]
    nodes: list[Article] = of(_NODES)
    page_info: PageInfo
    total_count: int = by(total_count, _TOTAL, cost(5))


@strawberry.type
class SearchEdge:
    cursor: str
    node: Article
    score: float = of("Higher is better; comparable within one search only.")
    snippet: HTML = of("The matching passage, the matched words in <mark>.")


@strawberry.type(description="A section of the newsroom.", directives=[CacheControl(max_age=300)])
@shows(d_sections.Section)
class Section(Node):
    id: strawberry.ID = by(sections.id_)
    slug: str
    name: str
    articles: ArticleConnection = by(sections.articles, "Newest first.", cost(5), pages_of())
    latest_stories: RankedList = by(sections.latest_stories, "'Latest Stories' of this section.", cost(2))
    popular_now: RankedList = by(sections.popular_now, "'Popular Now' of this section.", cost(2))
    must_reads: RankedList = by(sections.must_reads, "'Must-Reads' of this section.", cost(2))


@strawberry.type(description="Who wrote an article.", directives=[CacheControl(max_age=300)])
@shows(d_authors.Author)
class Author(Node):
    id: strawberry.ID = by(authors.id_)
    slug: str
    name: str
    email: str | None = of("Where readers may write to.")
    bio: str | None
    avatar_url: URL | None
    articles: ArticleConnection = by(authors.articles, "Newest first.", cost(5), pages_of())


@strawberry.type
class AuthorConnection:
    edges: list[AuthorEdge]
    nodes: list[Author] = of(_NODES)
    page_info: PageInfo
    total_count: int = by(total_count, _TOTAL, cost(5))


@strawberry.type
class AuthorEdge:
    cursor: str
    node: Author


@strawberry.type(
    description="Articles in an order that means something: newest, most read, nearest, chosen by editors.",
    directives=[CacheControl(max_age=10)],
)
@shows(lists.Listing)
class RankedList(Node):
    id: strawberry.ID = by(lists.id_)
    key: str = of("Pass it to rankedList and rankedListEvents.")
    title: str = of("As a reader sees it: '[ASIA] Latest Stories', 'You May Also Like', 'Popular Now', 'Must-Reads'.")
    kind: RankKind
    section: Section | None = by(lists.section, "Null for a list of the whole site.")
    window: Window | None = of("Over which views are counted; null for lists that count none.")
    computed_at: datetime
    version: StreamCursor = of("Changes exactly when membership or order changes.")
    items: RankedArticleConnection = by(
        lists.items,
        "Without first: as many as the page shows (6 for latest, 5 for the others).",
        pages_of("first", assumed=6),
    )
    curation: ListCuration = by(
        lists.curation, "What editors decided for it. Editors only.", auth(Role.EDITOR), cost(5), PRIVATE
    )


@strawberry.type(description="What editors decided for a list, beside what its ranking proposes.")
class ListCuration:
    pinned: list[Article] = of(
        "In the order in which they lead the list. One that is not published at present waits for its place.",
        list_of(5),
    )
    excluded: list[Article] = of("Never in the list, whatever the ranking says.", list_of(5))


@strawberry.type
class RankedArticleConnection:
    edges: list[RankedArticleEdge]
    nodes: list[Article] = of(_NODES)
    page_info: PageInfo


@strawberry.type(description="Rank lives on the edge: the same article is first here and seventh there.")
class RankedArticleEdge:
    cursor: str
    node: Article
    rank: int = of("From 1, without gaps.")
    label: str = of("What stands beside the rank: the section's name in capitals ('WORLD').")
    score: float | None = of("What it was ranked by; comparable within one list only.")
    pinned: bool = of("Whether editors put it here.")
    reasons: list[RankReason] = of("Why it stands in this list.")


@strawberry.type(
    description=(
        "Everything that a comment box must know before the reader types. "
        "Lengths are Unicode code points after NFC and trimming."
    )
)
class CommentPolicy:
    open: bool
    closes_at: datetime | None
    mode: ModerationMode
    min_length: int
    max_length: int
    edit_window_seconds: int
    max_depth: int = of("The depth of the deepest reply; a top-level comment has depth 0.")
    viewer_may_post: bool = by(comments.viewer_may_post, "False for anonymous readers.", PRIVATE)
    viewer_wait_until: datetime | None = by(
        comments.viewer_wait_until,
        "The viewer's rate limit or suspension ends then; null when they may post now.",
        PRIVATE,
    )


@strawberry.type(description="A reader's comment. Its text is plain text: never insert it as HTML.")
@shows(d_comments.Comment)
class Comment(Node):
    id: strawberry.ID = by(comments.id_)
    article: Article = by(comments.article)
    body: str | None = by(
        comments.body, "Null once the comment is removed or rejected, so that a thread keeps its shape."
    )
    author: Commenter | None = by(comments.author, "Null where body is.")
    status: CommentStatus
    parent: Comment | None = by(comments.parent)
    depth: int = of("0 for a top-level comment.")
    reply_count: int = of("Direct replies that replies lists.")
    replies: CommentConnection = by(comments.replies, None, cost(5), pages_of("first"))
    reactions: list[ReactionCount] = by(comments.reactions, "Kinds that somebody chose.", list_of(3))
    viewer_reaction: ReactionKind | None = by(comments.viewer_reaction, "The viewer's own.", PRIVATE)
    featured: bool = of("Held up by the newsroom.")
    created_at: datetime
    edited_at: datetime | None
    editable_until: datetime | None = by(comments.editable_until, "Until then its author may edit it.")
    permalink: URL = by(comments.permalink)
    flags: list[Flag] = by(comments.flags, "Moderators only.", auth(Role.MODERATOR), PRIVATE)
    history: list[ModerationAction] = by(
        comments.history, "Moderators only. Oldest first.", auth(Role.MODERATOR), PRIVATE
    )


@strawberry.type(description="Who wrote a comment.")
@shows(d_users.User)
class Commenter(Node):
    id: strawberry.ID = by(users.commenter_id)
    name: str
    badges: list[str] = of("What the newsroom says of them: STAFF, MODERATOR, EDITOR, ADMIN.")
    standing: Standing = by(
        users.standing, "What moderators decided about them. Moderators only.", auth(Role.MODERATOR), PRIVATE
    )


@strawberry.type(description="What a commenter may not do at present.")
class Standing:
    banned: bool
    suspended_until: datetime | None
    premoderated: bool = of("Whatever they write waits for a moderator.")


@strawberry.type(description="Who is asking.", directives=[PRIVATE])
class Viewer:
    id: strawberry.ID = by(users.viewer_id)
    name: str
    role: Role
    suspended_until: datetime | None = of("May not comment before then.")
    banned: bool
    commenter: Commenter = by(users.commenter, "The viewer as others see them: the author of their comments.")
    pending_comments: CommentConnection = by(
        comments.pending_of,
        "The viewer's own comments that wait for a moderator, oldest first.",
        cost(5),
        pages_of("first"),
    )


@strawberry.type
class ReactionCount:
    kind: ReactionKind
    count: int


@strawberry.type(description="A reader's report.")
class Flag:
    reason: FlagReason
    note: str | None
    at: datetime


@strawberry.type(description="by is null and rule names the rule when no person acted.")
class ModerationAction:
    by: Commenter | None = by(comments.acted_by)
    rule: str | None
    before: CommentStatus | None = strawberry.field(name="from")
    after: CommentStatus = strawberry.field(name="to")
    reason: str | None
    at: datetime


@strawberry.type(
    description=(
        "liveCursor: the log position at which this page was read. Pass it to commentEvents(after:) and "
        "continue with no gap."
    )
)
class CommentConnection:
    edges: list[CommentEdge]
    nodes: list[Comment] = of(_NODES)
    page_info: PageInfo
    total_count: int = by(total_count, "What the pages list in all, tombstones included.")
    live_cursor: StreamCursor


@strawberry.type
class CommentEdge:
    cursor: str
    node: Comment
