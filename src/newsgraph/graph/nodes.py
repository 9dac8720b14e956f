"""Relay's node(id): from a global id to the object, under the same visibility as on every other path."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import strawberry

from newsgraph.domain.cursors import is_number, parse_global_id
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.graph import articles, comments, lists, users
from newsgraph.graph.context import Context, Info


async def _article(context: Context, key: str) -> object:
    return await articles.visible(context, int(key))


async def _comment(context: Context, key: str) -> object:
    return await comments.visible(context, int(key))


async def _section(context: Context, key: str) -> object:
    return await context.loaders.section(int(key))


async def _author(context: Context, key: str) -> object:
    return await context.loaders.author.load(int(key))


async def _commenter(context: Context, key: str) -> object:
    return await users.visible(context, int(key))


async def _ranked_list(context: Context, key: str) -> object:
    name = lists.read_key(key)
    return None if name is None else await lists.listing(context, name)


Find = Callable[[Context, str], Coroutine[Any, Any, Any]]

# Every type that implements Node, by the name in its global ids.
NODES: dict[str, Find] = {
    "Article": _article,
    "Author": _author,
    "Comment": _comment,
    "Commenter": _commenter,
    "RankedList": _ranked_list,
    "Section": _section,
}
_TEXT_KEYS = {"RankedList"}


def _read(global_: str) -> tuple[Find, str]:
    """How to find what has this id, None for what is not there or not for the viewer; INVALID_ID for what is no id."""
    type_name, key = parse_global_id(global_)
    find = NODES.get(type_name)
    if find is None or not (type_name in _TEXT_KEYS or is_number(key)):
        raise Fault(FaultCode.INVALID_ID, "This is not an id of this server.")
    return find, key


async def node(info: Info, id: strawberry.ID) -> Any:
    find, key = _read(id)
    return await find(info.context, key)


async def nodes(info: Info, ids: list[strawberry.ID]) -> list[Any]:
    maximum = info.context.page_limits.maximum
    if len(ids) > maximum:
        raise Fault(FaultCode.PAGE_TOO_LARGE, f"At most {maximum} ids at once; {len(ids)} were given.")
    wanted = [_read(one) for one in ids]
    return await info.context.together([find(info.context, key) for find, key in wanted])
