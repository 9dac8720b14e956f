"""Resolvers of sections."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from newsgraph.domain.cursors import global_id
from newsgraph.domain.lists import ListFamily, ListKey
from newsgraph.domain.pages import PageArguments
from newsgraph.domain.sections import Section
from newsgraph.graph import articles as _articles
from newsgraph.graph import lists
from newsgraph.graph.context import Info
from newsgraph.graph.enums import Window
from newsgraph.graph.pages import Connection


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
    context, loaders = info.context, info.context.loaders
    page = PageArguments(first, after, last, before)
    context.depends.on(f"articles:{root.slug}")
    return await _articles.below(context, loaders.articles_of_section, loaders.count_of_section, root.id, page)


async def latest_stories(root: Section, info: Info) -> lists.Listing | None:
    return await lists.listing(info.context, ListKey(ListFamily.LATEST, root.slug))


async def popular_now(root: Section, info: Info, window: Window = Window.DAY) -> lists.Listing | None:
    return await lists.listing(info.context, ListKey(ListFamily.POPULAR, root.slug, window))


async def must_reads(root: Section, info: Info) -> lists.Listing | None:
    return await lists.listing(info.context, ListKey(ListFamily.MUST_READS, root.slug))
