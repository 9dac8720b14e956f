"""The same part of the schema as Strawberry's documentation teaches it. `python -m read.idiomatic DATABASE`.

Asynchronous resolvers, a DataLoader for each relation, aiosqlite, Strawberry's own ASGI view; parsed and validated
documents are kept. Times and statuses are plain strings, which costs less than scalars and enumerations would.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import aiosqlite
import orjson
import strawberry
from fan.uvicorns import serve
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from read.forms import counted, cursor, global_id, is_open, longest, position, shown, written
from read.loaders import Loaders, Row

Info = strawberry.Info[Loaders, None]


@strawberry.type
class Image:
    url: str
    alt: str | None
    caption: str | None
    credit: str | None


@strawberry.type
class AdSlot:
    number: int
    position: str


@strawberry.type
class Author:
    slug: str
    name: str
    email: str | None


@strawberry.type
class CommentPolicy:
    open: bool
    min_length: int
    max_length: int
    mode: str


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Commenter:
    name: str


@strawberry.type
class ReactionCount:
    kind: str
    count: int


@strawberry.type
class Comment:
    row: strawberry.Private[Row]
    id: strawberry.ID
    status: str
    created_at: str
    edited_at: str | None
    reply_count: int

    @classmethod
    def of(cls, row: Row) -> Comment:
        return cls(
            row=row,
            id=strawberry.ID(global_id("Comment", row["id"])),
            status=row["status"],
            created_at=written(row["created_at"]),
            edited_at=row["edited_at"] and written(row["edited_at"]),
            reply_count=row["reply_count"],
        )

    @strawberry.field
    def body(self) -> str | None:
        return self.row["body"] if self.status == "PUBLISHED" else None

    @strawberry.field
    async def author(self, info: Info) -> Commenter | None:
        if self.status != "PUBLISHED":
            return None
        return Commenter(name=(await info.context.users.load(self.row["user_id"]))["name"])

    @strawberry.field
    def reactions(self) -> list[ReactionCount]:
        counts = [self.row[name] for name in ("likes", "insightfuls", "disagrees")]
        return [ReactionCount(kind=kind, count=count) for kind, count in counted(counts)]


@strawberry.type
class CommentEdge:
    cursor: str
    node: Comment

    @classmethod
    def of(cls, row: Row) -> CommentEdge:
        return cls(cursor=cursor(row["created_at"], row["id"]), node=Comment.of(row))


@strawberry.type
class CommentConnection:
    edges: list[CommentEdge]
    page_info: PageInfo
    total_count: int
    live_cursor: str


@strawberry.type
class RankedArticleEdge:
    rank: int
    label: str
    pinned: bool
    node: Article


@strawberry.type
class RankedArticleConnection:
    edges: list[RankedArticleEdge]


@strawberry.type
class RankedList:
    key: str
    title: str
    version: str
    ranked: strawberry.Private[list[Any]]

    @strawberry.field
    async def items(self, info: Info, first: int | None = None) -> RankedArticleConnection:
        top = self.ranked[: shown(self.key) if first is None else first]
        found = await info.context.articles.load_many([key for key, *_ in top])
        pairs = [(rank, bool(item[2]), row) for rank, (item, row) in enumerate(zip(top, found, strict=True), 1) if row]
        sections = await info.context.sections.load_many([row["section_id"] for _, _, row in pairs])
        return RankedArticleConnection(
            edges=[
                RankedArticleEdge(rank=rank, label=section["name"].upper(), pinned=pinned, node=Article.of(row))
                for (rank, pinned, row), section in zip(pairs, sections, strict=True)
            ]
        )


async def ranked_list(info: Info, key: str) -> RankedList | None:
    row, head = await info.context.lists.load(key), await info.context.head.load(None)
    if row is None:
        return None
    version = position(head["epoch"], row["version"])
    return RankedList(key=key, title=row["title"], version=version, ranked=orjson.loads(row["items"]))


@strawberry.type
class Section:
    slug: str
    name: str

    @strawberry.field
    async def latest_stories(self, info: Info) -> RankedList | None:
        return await ranked_list(info, f"latest/{self.slug}")


@strawberry.type
class Article:
    row: strawberry.Private[Row]
    id: strawberry.ID
    slug: str
    url: str
    headline: str
    standfirst: str | None
    published_at: str
    updated_at: str
    reading_minutes: int
    view_count: int
    comment_count: int

    @classmethod
    def of(cls, row: Row) -> Article:
        return cls(
            row=row,
            id=strawberry.ID(global_id("Article", row["id"])),
            slug=row["slug"],
            url=row["url"],
            headline=row["headline"],
            standfirst=row["standfirst"],
            published_at=written(row["published_at"]),
            updated_at=written(row["updated_at"]),
            reading_minutes=row["reading_minutes"],
            view_count=row["view_count"],
            comment_count=row["comment_count"],
        )

    @strawberry.field
    def lead_image(self) -> Image | None:
        if self.row["lead_image"] is None:
            return None
        url, alt, caption, credit, *_ = json.loads(self.row["lead_image"])
        return Image(url=url, alt=alt, caption=caption, credit=credit)

    @strawberry.field
    def ad_slots(self) -> list[AdSlot]:
        return [AdSlot(number=number, position=place) for number, place in json.loads(self.row["ad_slots"])]

    @strawberry.field
    def comment_policy(self) -> CommentPolicy:
        row = self.row
        return CommentPolicy(
            open=is_open(row["comments_open"], row["comments_close_at"]),
            min_length=1,
            max_length=longest(row["comment_max_length"]),
            mode=row["comment_mode"] or "POST",
        )

    @strawberry.field
    async def body_html(self, info: Info) -> str:
        html: str = (await info.context.bodies.load(self.row["id"]))["html"]
        return html

    @strawberry.field
    async def section(self, info: Info) -> Section:
        row = await info.context.sections.load(self.row["section_id"])
        return Section(slug=row["slug"], name=row["name"])

    @strawberry.field
    async def authors(self, info: Info) -> list[Author]:
        rows = await info.context.authors.load(self.row["id"])
        return [Author(slug=row["slug"], name=row["name"], email=row["email"]) for row in rows]

    @strawberry.field
    async def comments(self, info: Info, first: int = 20) -> CommentConnection:
        rows: Sequence[Row] = await info.context.comments.load((self.row["id"], first + 1))
        head, edges = await info.context.head.load(None), [CommentEdge.of(row) for row in rows[:first]]
        return CommentConnection(
            edges=edges,
            page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=edges[-1].cursor if edges else None),
            total_count=self.row["thread_count"],
            live_cursor=position(head["epoch"], head["last_seq"]),
        )

    @strawberry.field
    async def you_may_also_like(self, info: Info) -> RankedList | None:
        return await ranked_list(info, f"related/{self.row['id']}")


@strawberry.type
class Query:
    @strawberry.field
    async def article(self, info: Info, slug: str) -> Article | None:
        row = await info.context.by_slug.load(slug)
        return row and Article.of(row)

    @strawberry.field
    async def sections(self, info: Info) -> list[Section]:
        return [Section(slug=row["slug"], name=row["name"]) for row in await info.context.all_sections()]

    @strawberry.field
    async def popular_now(self, info: Info) -> RankedList | None:
        return await ranked_list(info, "popular")

    @strawberry.field
    async def must_reads(self, info: Info) -> RankedList | None:
        return await ranked_list(info, "must-reads")


class View(GraphQL[Loaders, None]):
    """Opens the database with the first request: its connection belongs to the loop."""

    def __init__(self, schema: strawberry.Schema, path: str) -> None:
        super().__init__(schema)
        self._path = path
        self._db: aiosqlite.Connection | None = None

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Loaders:
        if self._db is None:
            self._db = await aiosqlite.connect(self._path, isolation_level=None, cached_statements=512)
            self._db.row_factory = aiosqlite.Row
            await self._db.executescript("PRAGMA query_only = ON; PRAGMA cache_size = -16000;")
        return Loaders(self._db)


def application(path: str) -> View:
    extensions: Any = [ParserCache(), ValidationCache()]
    return View(strawberry.Schema(Query, extensions=extensions), path)


if __name__ == "__main__":
    serve(application(sys.argv[1]), "websockets-sansio")
