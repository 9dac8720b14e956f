"""Resolvers of authors."""

from __future__ import annotations

import strawberry

from newsgraph.domain.authors import Author
from newsgraph.domain.cursors import global_id
from newsgraph.domain.pages import PageArguments, page_of, page_slice
from newsgraph.graph import articles as _articles
from newsgraph.graph.context import Info
from newsgraph.graph.pages import Connection, author_key, connect

_BY_NAME = "name"


async def author(info: Info, slug: str) -> Author | None:
    return await info.context.loaders.author_by_slug.load(slug)


async def authors(
    info: Info,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection:
    context = info.context
    asked = page_slice(PageArguments(first, after, last, before), _BY_NAME, context.page_limits)
    context.depends.on("authors")
    rows = await context.read(lambda s: s.authors.page(asked))
    return connect(page_of(rows, asked), _BY_NAME, author_key, lambda: context.read(lambda s: s.authors.count()))


def id_(root: Author) -> strawberry.ID:
    return strawberry.ID(global_id("Author", root.id))


async def articles(
    root: Author,
    info: Info,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection:
    context, loaders = info.context, info.context.loaders
    page = PageArguments(first, after, last, before)
    context.depends.on("articles")
    return await _articles.below(context, loaders.articles_of_author, loaders.count_of_author, root.id, page)
