"""Resolvers of authors."""

from __future__ import annotations

import strawberry

from newsgraph.domain.articles import ArticleOrder
from newsgraph.domain.authors import Author
from newsgraph.domain.cursors import global_id
from newsgraph.domain.pages import PageArguments, page_of, page_slice
from newsgraph.graph.context import Info
from newsgraph.graph.loaders import Under
from newsgraph.graph.pages import Connection, article_key, author_key, connect, order_name

_ORDER = order_name(ArticleOrder.PUBLISHED_DESC)
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
    loaders = info.context.loaders
    asked = page_slice(PageArguments(first, after, last, before), _ORDER, info.context.page_limits)
    rows = await loaders.articles_of_author.load(Under(root.id, asked))
    return connect(page_of(rows, asked), _ORDER, article_key, lambda: loaders.count_of_author.load(root.id))
