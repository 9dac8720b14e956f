"""The article page's shape on a Strawberry schema whose resolvers do nothing but hand out what is there.

Field by field, async where newsgraph's are: what remains is the executor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import strawberry

_AT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
_COMMENTS = 20
_LISTED = 5


@strawberry.enum
class Status(Enum):
    APPROVED = "APPROVED"


@strawberry.enum
class Kind(Enum):
    LIKE = "LIKE"


def field(name: str) -> Any:
    """An async field that is an attribute of the object."""

    async def read(root: Any) -> Any:
        return getattr(root, name)

    return strawberry.field(resolver=read)


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class Image:
    url: str = "https://images.example/1.jpg"
    alt: str | None = "A harbour"
    caption: str | None = None
    credit: str | None = "Staff"


@strawberry.type
class Link(Node):
    headline: str
    slug: str


@strawberry.type
class RankedEdge:
    rank: int
    label: str
    node: Link


@strawberry.type
class Ranked:
    edges: list[RankedEdge]


@strawberry.type
class RankedList:
    key: str
    title: str
    version: str
    items: Ranked = field("kept")
    kept: strawberry.Private[Any] = None


@strawberry.type
class Section:
    slug: str
    name: str
    latest_stories: RankedList = field("kept")
    kept: strawberry.Private[Any] = None


@strawberry.type
class Author:
    name: str
    slug: str
    email: str | None


@strawberry.type
class AdSlot:
    number: int
    position: str


@strawberry.type
class Policy:
    open: bool = True
    min_length: int = 1
    max_length: int = 2_000
    mode: Status = Status.APPROVED


@strawberry.type
class Commenter:
    name: str


@strawberry.type
class Reaction:
    kind: Kind
    count: int


@strawberry.type
class Comment(Node):
    body: str | None
    status: Status
    created_at: datetime
    edited_at: datetime | None
    reply_count: int
    author: Commenter | None = field("kept")
    reactions: list[Reaction]
    kept: strawberry.Private[Any] = None


@strawberry.type
class CommentEdge:
    cursor: str
    node: Comment


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Comments:
    total_count: int = field("total")
    live_cursor: str
    page_info: PageInfo
    edges: list[CommentEdge]
    total: strawberry.Private[int] = 0


@dataclass
class Kept:
    """What an article's async fields hand out."""

    body: str
    section: Section
    authors: list[Author]
    slots: list[AdSlot]
    comments: Comments
    related: RankedList
    views: int = 12_345


def kept(name: str, type_: Any, **arguments: Any) -> Any:
    async def read(root: Any) -> Any:
        return getattr(root.kept, name)

    async def read_page(root: Any, first: int | None = None) -> Any:
        return getattr(root.kept, name)

    return strawberry.field(resolver=read_page if name == "comments" else read, graphql_type=type_)


@strawberry.type
class Article(Node):
    slug: str
    url: str
    headline: str
    standfirst: str | None
    body_html: str = kept("body", str)
    published_at: datetime | None
    updated_at: datetime
    reading_minutes: int
    view_count: int = kept("views", int)
    lead_image: Image | None
    section: Section = kept("section", Section)
    authors: list[Author] = kept("authors", list[Author])
    ad_slots: list[AdSlot] = kept("slots", list[AdSlot])
    comment_count: int
    comment_policy: Policy
    comments: Comments = kept("comments", Comments)
    you_may_also_like: RankedList = kept("related", RankedList)
    kept: strawberry.Private[Any] = None


@strawberry.type
class Query:
    @strawberry.field
    async def article(self, info: strawberry.Info, slug: str) -> Article | None:
        article: Article | None = info.context if info.context.slug == slug else None
        return article

    @strawberry.field
    async def popular_now(self, info: strawberry.Info) -> RankedList:
        related: RankedList = info.context.kept.related
        return related

    @strawberry.field
    async def must_reads(self, info: strawberry.Info) -> RankedList:
        related: RankedList = info.context.kept.related
        return related


def listed(title: str) -> RankedList:
    links = [Link(id=strawberry.ID(str(n)), headline=f"Headline {n}", slug=f"headline-{n}") for n in range(_LISTED)]
    edges = [RankedEdge(rank=rank, label="ASIA", node=link) for rank, link in enumerate(links, 1)]
    return RankedList(key=title, title=title, version="v1", kept=Ranked(edges=edges))


def comment(number: int) -> Comment:
    return Comment(
        id=strawberry.ID(str(number)),
        body="What a reader has to say, in a sentence or two." * 3,
        status=Status.APPROVED,
        created_at=_AT,
        edited_at=None,
        reply_count=number % 3,
        reactions=[Reaction(kind=Kind.LIKE, count=number)],
        kept=Commenter(name=f"Reader {number}"),
    )


def page() -> Article:
    edges = [CommentEdge(cursor=f"c{number}", node=comment(number)) for number in range(_COMMENTS)]
    comments = Comments(
        live_cursor="c", page_info=PageInfo(has_next_page=True, end_cursor="c19"), edges=edges, total=_COMMENTS
    )
    return Article(
        id=strawberry.ID("1"),
        slug="a-slug",
        url="https://news.example/a-slug",
        headline="A headline",
        standfirst="The line under it",
        published_at=_AT,
        updated_at=_AT,
        reading_minutes=4,
        lead_image=Image(),
        comment_count=_COMMENTS,
        comment_policy=Policy(),
        kept=Kept(
            body="<p>Text.</p>" * 100,
            section=Section(slug="asia", name="Asia", kept=listed("latest")),
            authors=[Author(name="Ada Writer", slug="ada-writer", email=None)],
            slots=[AdSlot(number=1, position="top"), AdSlot(number=2, position="end")],
            comments=comments,
            related=listed("related"),
        ),
    )


SCHEMA = strawberry.Schema(Query)
