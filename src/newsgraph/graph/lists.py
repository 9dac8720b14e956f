"""Resolvers of ranked lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import strawberry

from newsgraph.actions import lists as actions
from newsgraph.domain.articles import Article
from newsgraph.domain.cursors import Key, encode_key, global_id, parse_global_id
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.lists import (
    KEY_MAX,
    SHOWN,
    ListFamily,
    ListKey,
    RankedItem,
    RankedList,
    list_title,
    parse_list_key,
)
from newsgraph.domain.pages import PageArguments, Slice, page_of, page_slice
from newsgraph.domain.sections import Section
from newsgraph.domain.users import Role
from newsgraph.engine.execution import WayBack
from newsgraph.graph import articles
from newsgraph.graph.context import Context, Info
from newsgraph.graph.enums import RankKind, RankReason, Window
from newsgraph.graph.pages import Connection
from newsgraph.ports.lists import StoredList

_ORDER = "rank"
_RECKONED = frozenset({"computedAt", "score", "reasons"})  # may change with each ranking, though the order does not


class Listing(NamedTuple):
    """A list as the schema shows it: what is stored, its key taken apart, its version as a cursor."""

    stored: RankedList
    name: ListKey
    ranked: Sequence[RankedItem]
    version: str

    @property
    def key(self) -> str:
        return self.stored.key

    @property
    def title(self) -> str:
        return self.stored.title

    @property
    def computed_at(self) -> datetime:
        return self.stored.computed_at

    @property
    def kind(self) -> RankKind:
        return self.name.kind

    @property
    def window(self) -> Window | None:
        return self.name.window


class RankedEdge(NamedTuple):
    """Made in half the time of a dataclass, and a page has 25."""

    node: Article
    rank: int
    label: str
    item: RankedItem

    @property
    def key(self) -> Key:
        return self.rank, self.item.article_id

    @property
    def cursor(self) -> str:
        return encode_key(_ORDER, self.key)

    @property
    def score(self) -> float | None:
        return self.item.score

    @property
    def pinned(self) -> bool:
        return self.item.pinned

    @property
    def reasons(self) -> Sequence[RankReason]:
        return self.item.reasons


async def listing(context: Context, key: ListKey) -> Listing | None:
    """The list if it exists; "You May Also Like" comes into being when it is first asked for."""
    text = _text_of(key) if key.scope is None or len(key.scope) <= KEY_MAX else None
    if text is None:
        return None
    stored = await context.loaders.ranked_list.load(text)
    if stored is None and key.family is ListFamily.RELATED:
        return await _first_related(context, key)
    return None if stored is None else _listing(context, key, stored)


@lru_cache(maxsize=1_024)
def _text_of(key: ListKey) -> str | None:
    """None for one whose section is called like nothing or like another list: "", "asia@week"."""
    text = str(key)
    return text if parse_list_key(text) == key else None


def _listing(context: Context, key: ListKey, stored: StoredList) -> Listing:
    if context.depends.selects(_RECKONED):
        context.depends.ends(context.now() + timedelta(seconds=context.settings.ranking_interval))
    version = context.services.streams.position(stored.list.version).encode()
    return Listing(stored.list, key, stored.items, version)


async def _first_related(context: Context, key: ListKey) -> Listing | None:
    article = await articles.visible(context, int(key.scope or 0))
    if article is None or not article.published:
        return None
    if context.session is not None:
        raise WayBack  # to where there is more than one snapshot
    context.depends.on(f"list:{key}")
    await actions.ensure_related(context.newsroom, article.id)
    found = await context.read(lambda s: s.lists.by_keys([str(key)]))
    return _listing(context, key, found[0]) if found else None


def read_key(text: str) -> ListKey | None:
    """A key as clients write it: `related/` takes an article's global id as well as the number that we print."""
    family, slash, scope = text.partition("/")
    if family == ListFamily.RELATED.value and slash and not scope.isdecimal():
        try:
            type_name, number = parse_global_id(scope)
        except Fault:
            return None
        text = f"{family}/{number}" if type_name == "Article" else ""
    return parse_list_key(text)


# Query fields


async def latest_stories(info: Info, section: str | None = None) -> Listing | None:
    return await listing(info.context, ListKey(ListFamily.LATEST, section))


async def popular_now(info: Info, section: str | None = None, window: Window = Window.DAY) -> Listing | None:
    return await listing(info.context, ListKey(ListFamily.POPULAR, section, window))


async def must_reads(info: Info, section: str | None = None) -> Listing | None:
    return await listing(info.context, ListKey(ListFamily.MUST_READS, section))


async def ranked_list(info: Info, key: str) -> Listing | None:
    name = read_key(key)
    return None if name is None else await listing(info.context, name)


async def ranked_lists(info: Info, keys: list[str], dedupe: bool = False) -> list[Listing]:
    maximum = info.context.page_limits.maximum
    if len(keys) > maximum:
        raise Fault(FaultCode.PAGE_TOO_LARGE, f"At most {maximum} lists at once; {len(keys)} were asked for.")
    names = [name for key in keys if (name := read_key(key)) is not None]
    listings = await info.context.together([listing(info.context, name) for name in names])
    found = [one for one in listings if one is not None]
    return _deduped(found, _asked_items(info)) if dedupe else found


def _asked_items(info: Info) -> int | None:
    """How many items the operation shows of each list; None for each list's own number."""
    asked = [
        selection.arguments.get("first") for field in info.selected_fields for selection in _selections(field, "items")
    ]
    numbers = [int(first) for first in asked if first is not None]  # a literal comes as its text
    return max(numbers) if len(numbers) == len(asked) and numbers else None


def _selections(node: Any, name: str) -> list[Any]:
    """Fields of this name at the next level, inside fragments too."""
    found = []
    for selection in node.selections:
        if hasattr(selection, "arguments"):
            found += [selection] if selection.name == name else []
        else:
            found += _selections(selection, name)
    return found


def _deduped(found: Sequence[Listing], asked: int | None) -> list[Listing]:
    """What an earlier list shows is left out of the later ones, and ranks close up."""
    shown: set[int] = set()
    result = []
    for one in found:
        kept = [item for item in one.ranked if item.article_id not in shown]
        count = SHOWN[one.name.family] if asked is None else asked
        shown.update(item.article_id for item in kept[:count])
        ranked = [replace(item, rank=rank) for rank, item in enumerate(kept, 1)]
        result.append(one._replace(ranked=ranked))
    return result


async def related_of(root: Article, info: Info) -> Listing | None:
    """An article's "You May Also Like"; empty for one that is not published."""
    key = ListKey(ListFamily.RELATED, str(root.id))
    found = await listing(info.context, key)
    return found or _empty(info.context, key, root.updated_at)


def _empty(context: Context, key: ListKey, at: datetime) -> Listing:
    stored = RankedList(str(key), list_title(key, None), None, at, version=0)
    return _listing(context, key, StoredList(stored, ()))


# RankedList fields


def id_(root: Listing) -> strawberry.ID:
    return strawberry.ID(global_id("RankedList", root.key))


async def section(root: Listing, info: Info) -> Section | None:
    section_id = root.stored.section_id
    return None if section_id is None else await info.context.loaders.section(section_id)


@dataclass(frozen=True, slots=True)
class Curated:
    """Articles that editors put first, in order, and those that they keep out."""

    pinned: Sequence[Article]
    excluded: Sequence[Article]


async def curation(root: Listing, info: Info) -> Curated:
    context = info.context
    if not context.viewer.has(Role.EDITOR):
        raise Fault(FaultCode.FORBIDDEN, "Only editors may see this.")
    context.depends.on(f"list:{root.key}")
    chosen = await context.read(lambda s: s.lists.curation(root.key))
    found = await context.loaders.article.load_many([*chosen.pinned, *chosen.excluded])
    known = {article.id: article for article in found if article is not None}
    return Curated(*([known[i] for i in ids if i in known] for ids in (chosen.pinned, chosen.excluded)))


async def items(root: Listing, info: Info, first: int | None = None, after: str | None = None) -> Connection:
    shown = SHOWN[root.name.family] if first is None else first
    asked = page_slice(PageArguments(shown, after), _ORDER, info.context.page_limits)
    rows = _following(root.ranked, asked)
    page = page_of(rows, asked)
    edges: Sequence[Any] = await edges_of(info.context, page.items)
    return Connection(edges, page.has_next, page.has_previous, lambda: len(root.ranked))


def _following(ranked: Sequence[RankedItem], asked: Slice) -> Sequence[RankedItem]:
    """After the cursor's article where that stands now; after its old rank when it left the list."""
    if asked.after is None:
        return ranked[: asked.limit + 1]
    match asked.after:
        case (int(rank), int(article_id)) if rank > 0:
            places = (place for place, item in enumerate(ranked, 1) if item.article_id == article_id)
            start = next(places, rank)
            return ranked[start : start + asked.limit + 1]
        case _:
            raise Fault(FaultCode.INVALID_CURSOR, "This cursor does not belong to this list and order.")


async def edges_of(context: Context, ranked: Sequence[RankedItem]) -> list[RankedEdge]:
    """Edges in rank order; an article that readers may no longer see is left out."""
    loaded = await context.loaders.article.load_many([item.article_id for item in ranked])
    pairs = [(item, found) for item, found in zip(ranked, loaded, strict=True) if found and found.published]
    sections = await context.loaders.sections_by_id([found.section_id for _, found in pairs])
    return [RankedEdge(found, item.rank, sections[found.section_id].label, item) for item, found in pairs]
