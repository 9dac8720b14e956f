"""Resolvers of articles, and of the ways to reach them."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import timedelta
from urllib.parse import quote, unquote

import strawberry

from newsgraph.domain.articles import Article, ArticleFilter
from newsgraph.domain.authors import Author
from newsgraph.domain.comments import CommentPolicy
from newsgraph.domain.cursors import global_id
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.pages import PageArguments, page_of, page_slice
from newsgraph.domain.sections import Section
from newsgraph.engine.loading import Loader
from newsgraph.graph.context import Context, Info
from newsgraph.graph.enums import ArticleOrder, Window
from newsgraph.graph.inputs import ArticleFilterInput
from newsgraph.graph.loaders import Under
from newsgraph.graph.pages import Connection, SearchEdge, article_key, connect, order_name
from newsgraph.graph.scalars import URL
from newsgraph.policies import moderation
from newsgraph.policies.access import article_visible
from newsgraph.ports.articles import SearchHit
from newsgraph.ports.store import Session

_OWN_PATH = "/articles/"
_SEARCH_ORDER = "relevance"
_WINDOW_AGE = timedelta(minutes=1)  # views leave a window as time goes by, without an event
_SEARCH_MAX = 500  # code points: each word costs the database work, and none is left out


async def visible(context: Context, article_id: int) -> Article | None:
    """The article if the viewer may see it: every path to an article comes through here or `_shown`."""
    return _shown(context, await context.loaders.article.load(article_id))


def _shown(context: Context, article: Article | None) -> Article | None:
    return article if article is not None and article_visible(article, context.viewer) else None


def address(context: Context, article: Article) -> str:
    """Canonical URL; that of an article of our own follows from its slug."""
    return article.url or f"{context.settings.address}{_OWN_PATH}{quote(article.slug)}"


async def by_slug(context: Context, slug: str) -> Article | None:
    return _shown(context, await context.loaders.article_by_slug.load(slug))


async def by_url(context: Context, url: str) -> Article | None:
    own = context.settings.address + _OWN_PATH
    if not url.startswith(own):
        return _shown(context, await context.loaders.article_by_url.load(url))
    article = await by_slug(context, unquote(url.removeprefix(own)))
    return article if article is not None and article.url is None else None


# Query fields


async def article(info: Info, slug: str | None = None, url: URL | None = None) -> Article | None:
    if (slug is None) == (url is None):
        raise Fault(FaultCode.BAD_INPUT, "Ask for an article by its slug or by its url.")
    if slug is not None:
        return await by_slug(info.context, slug)
    return await by_url(info.context, str(url))


async def articles(
    info: Info,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    filter: ArticleFilterInput | None = None,
    order_by: ArticleOrder = ArticleOrder.PUBLISHED_DESC,
) -> Connection:
    context, where = info.context, filter.value() if filter else ArticleFilter()
    order = order_name(order_by)
    asked = page_slice(PageArguments(first, after, last, before), order, context.page_limits)
    context.depends.on("articles" if where.section is None else f"articles:{where.section}")
    rows = await context.read(lambda s: s.articles.page(where, order_by, asked))
    context.depends.articles(row.id for row in rows)
    return connect(page_of(rows, asked), order, article_key, lambda: context.read(lambda s: s.articles.count(where)))


async def search(
    info: Info, query: str, section: str | None = None, first: int | None = None, after: str | None = None
) -> Connection:
    context = info.context
    if len(query) > _SEARCH_MAX:
        raise Fault(FaultCode.BAD_INPUT, f"A search has at most {_SEARCH_MAX} characters; {len(query)} were given.")
    asked = page_slice(PageArguments(first, after), _SEARCH_ORDER, context.page_limits)
    found = None if section is None else await section_id(context, section)
    if section is not None and found is None:
        return Connection([], False, False, int)
    context.depends.on("articles")
    hits = await context.read(lambda s: s.articles.search(query, found, asked))
    context.depends.articles(hit.article.id for hit in hits)
    page = page_of(hits, asked)
    return Connection(
        [_search_edge(hit) for hit in page.items],
        page.has_next,
        page.has_previous,
        lambda: context.read(lambda s: s.articles.search_count(query, found)),
    )


def _search_edge(hit: SearchHit) -> SearchEdge:
    return SearchEdge(hit.article, _SEARCH_ORDER, (-hit.score, hit.article.id), hit.score, hit.snippet)


async def section_id(context: Context, slug: str) -> int | None:
    found = await context.loaders.section_by_slug(slug)
    return found.id if found else None


async def below(
    context: Context,
    rows: Loader[Session, Under, Sequence[Article]],
    counts: Loader[Session, int, int],
    parent_id: int,
    page: PageArguments,
) -> Connection:
    """A section's or an author's articles, newest first."""
    order = order_name(ArticleOrder.PUBLISHED_DESC)
    asked = page_slice(page, order, context.page_limits)
    found = await rows.load(Under(parent_id, asked))
    return connect(page_of(found, asked), order, article_key, lambda: counts.load(parent_id))


# Article fields


def id_(root: Article) -> strawberry.ID:
    return strawberry.ID(global_id("Article", root.id))


def url(root: Article, info: Info) -> str:
    return address(info.context, root)


async def body_html(root: Article, info: Info) -> str:
    return await info.context.loaders.html.load(root.id)


async def body_text(root: Article, info: Info) -> str:
    return await info.context.loaders.text.load(root.id)


async def section(root: Article, info: Info) -> Section | None:
    return await info.context.loaders.section(root.section_id)


def authors(root: Article, info: Info) -> Awaitable[Sequence[Author]] | Sequence[Author]:
    return info.context.loaders.authors_of.at_hand(root.id)


async def tags(root: Article, info: Info) -> Sequence[str]:
    return await info.context.loaders.tags.load(root.id)


def comment_count(root: Article, info: Info) -> int:
    info.context.depends.on(f"comments:{root.id}")
    return root.comment_count


async def view_count(root: Article, info: Info, window: Window = Window.ALL_TIME) -> int:
    info.context.depends.on(f"views:{root.id}")
    if window is Window.ALL_TIME:
        return root.view_count
    info.context.depends.ends(info.context.now() + _WINDOW_AGE)
    return await info.context.loaders.views.load((root.id, window))


def comment_policy(root: Article, info: Info) -> CommentPolicy:
    policy = moderation.comment_policy(root, info.context.settings, info.context.now())
    if policy.open and policy.closes_at is not None:
        info.context.depends.ends(policy.closes_at)
    return policy
