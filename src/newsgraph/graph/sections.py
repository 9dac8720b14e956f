"""Resolvers of sections."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from newsgraph.domain.cursors import global_id
from newsgraph.domain.lists import ListFamily, ListKey
from newsgraph.domain.pages import PageArguments, page_of, page_slice
from newsgraph.domain.sections import Section
from newsgraph.graph import lists
from newsgraph.graph.context import Info
from newsgraph.graph.enums import ArticleOrder, Window
from newsgraph.graph.loaders import Under
from newsgraph.graph.pages import Connection, article_key, connect, order_name

_ORDER = order_name(ArticleOrder.PUBLISHED_DESC)


async def section(info: Info, slug: str) -> Section | None:
    return await info.context.loaders.section_by_slug(slug)


async def sections(info: Info) -> Sequence[Section]:
    return await info.context.loaders.sections()


def id_(root: Section) -> strawberry.ID:
    return strawberry.ID(global_id("Section", root.id))


async def articles(
    root: Section,
    info: Info,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection:
    loaders = info.context.loaders
    asked = page_slice(PageArguments(first, after, last, before), _ORDER, info.context.page_limits)
    rows = await loaders.articles_of_section.load(Under(root.id, asked))
    return connect(page_of(rows, asked), _ORDER, article_key, lambda: loaders.count_of_section.load(root.id))


async def latest_stories(root: Section, info: Info) -> lists.Listing | None:
    return await lists.listing(info.context, ListKey(ListFamily.LATEST, root.slug))


async def popular_now(root: Section, info: Info, window: Window = Window.DAY) -> lists.Listing | None:
    return await lists.listing(info.context, ListKey(ListFamily.POPULAR, root.slug, window))


async def must_reads(root: Section, info: Info) -> lists.Listing | None:
    return await lists.listing(info.context, ListKey(ListFamily.MUST_READS, root.slug))
