"""Every field that is not for everybody, asked for by everybody. One without a line here fails the test.

They are found in the schema: those with @auth, and those whose answer is of one person alone (@cacheControl PRIVATE).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from graphql import DirectiveNode, EnumValueNode, GraphQLObjectType, build_schema

from newsgraph.graph import schema
from tests.security.hidden import SUSPENDED_SAID, TOMB_REJECTED, WHO, opened_house, signed
from tests.security.site import FLAGGED, PUBLIC, Site

in_module = pytest.mark.asyncio(loop_scope="module")

MODERATORS, EDITORS = {"moderator", "admin"}, {"editor", "admin"}
SIGNED_IN = set(WHO) - {"nobody"}
PAGE = "comments(first: 20) { nodes { id viewerReaction } }"


@dataclass(frozen=True)
class Field:
    """`query` asks for it, `path` leads to it. The others are refused, or told null where `null`."""

    query: str
    path: str
    permitted: set[str]
    null: bool = False


def _of(comment: str, fields: str) -> str:
    return f'{{ node(id: "{comment}") {{ ... on Comment {{ {fields} }} }} }}'


def _policy(field: str) -> Field:
    """What it says is of the viewer; it is asked for by anybody."""
    return Field(f'{{ article(slug: "public") {{ commentPolicy {{ {field} }} }} }}', "article", set(WHO))


def _viewer(field: str, *more: str) -> Field:
    return Field(f"{{ viewer {{ {field} {' '.join(more)} }} }}", "viewer", SIGNED_IN, null=True)


FIELDS: dict[str, Field] = {
    "Comment.flags": Field(_of(FLAGGED, "flags { note }"), "node.flags.0.note", MODERATORS),
    "Comment.history": Field(_of(TOMB_REJECTED, "history { reason }"), "node.history.1.reason", MODERATORS),
    "Comment.viewerReaction": Field(_of(FLAGGED, "id viewerReaction"), "node", set(WHO)),
    "CommentPolicy.viewerMayPost": _policy("viewerMayPost"),
    "CommentPolicy.viewerWaitUntil": _policy("viewerWaitUntil"),
    "Commenter.standing": Field(
        _of(SUSPENDED_SAID, "author { standing { suspendedUntil } }"), "node.author.standing.suspendedUntil", MODERATORS
    ),
    "Query.moderationQueue": Field(
        "{ moderationQueue(queue: PENDING) { totalCount } }", "moderationQueue.totalCount", MODERATORS
    ),
    "Query.viewer": Field("{ viewer { id } }", "viewer", SIGNED_IN, null=True),
    "RankedList.curation": Field(
        '{ rankedList(key: "latest") { curation { pinned { id } } } }', "rankedList.curation", EDITORS
    ),
    "Subscription.moderationEvents": Field(
        "subscription { moderationEvents { __typename } }", "moderationEvents", MODERATORS
    ),
    "Viewer.id": _viewer("id"),
    "Viewer.commenter": _viewer("commenter { id }"),
    "Viewer.name": _viewer("name"),
    "Viewer.role": _viewer("role"),
    "Viewer.suspendedUntil": _viewer("suspendedUntil"),
    "Viewer.banned": _viewer("banned"),
    "Viewer.pendingComments": _viewer("pendingComments { totalCount }"),
}


def _directives() -> Iterator[tuple[str, DirectiveNode]]:
    """Each directive of a field, or of the type that it is of, with the field's name."""
    for kind in build_schema(schema.sdl()).type_map.values():
        if isinstance(kind, GraphQLObjectType) and kind.ast_node is not None:
            for name, field in kind.fields.items():
                nodes = [*(kind.ast_node.directives or ()), *((field.ast_node and field.ast_node.directives) or ())]
                yield from ((f"{kind.name}.{name}", one) for one in nodes)


def _says(directive: DirectiveNode, name: str, value: str = "") -> bool:
    values = {one.value.value for one in directive.arguments or () if isinstance(one.value, EnumValueNode)}
    return directive.name.value == name and (not value or value in values)


def test_every_protected_field_has_a_line() -> None:
    protected = {name for name, one in _directives() if _says(one, "auth") or _says(one, "cacheControl", "PRIVATE")}
    assert set(FIELDS) == protected


def test_the_schema_says_who_is_let_in() -> None:
    for role, permitted in {"MODERATOR": MODERATORS, "EDITOR": EDITORS}.items():
        told = {name for name, one in _directives() if _says(one, "auth", role)}
        assert told == {name for name, field in FIELDS.items() if field.permitted == permitted}
    roles = {name for name, one in _directives() if _says(one, "auth")}
    assert roles == {name for name, field in FIELDS.items() if field.permitted in (MODERATORS, EDITORS)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with opened_house(tmp_path_factory.mktemp("house")) as site:
        yield site


@in_module
@pytest.mark.parametrize("who", WHO)
async def test_every_protected_field_by_everybody(house: Site, who: str) -> None:
    async with house.socket(signed(who)) as opened:
        assert json.loads(await opened.recv()) == {"type": "connection_ack"}
        for number, (name, field) in enumerate(FIELDS.items()):
            await opened.send(json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": field.query}}))
            body = await _first(opened, str(number))
            _check(name, field, who, body)
            if not field.query.startswith("subscription"):
                answer = await house.http.post("/graphql", json={"query": field.query}, headers=signed(who))
                _check(name, field, who, answer.json())


async def _first(opened: Any, name: str) -> Any:
    """What comes of an operation first, as HTTP would have it."""
    while (message := json.loads(await opened.recv()))["id"] != name or message["type"] == "complete":
        pass
    return message["payload"] if message["type"] == "next" else {"data": None, "errors": message["payload"]}


def _check(name: str, field: Field, who: str, body: Any) -> None:
    codes = [error["extensions"]["code"] for error in body.get("errors", ())]
    if who in field.permitted:
        assert codes == [], (name, who, body)
        assert _at(body["data"], field.path) is not None, (name, who, body)
    elif field.null:
        assert (codes, _at(body["data"], field.path)) == ([], None), (name, who, body)
    else:
        assert codes == ["FORBIDDEN"], (name, who, body)
        assert _at(body["data"], field.path) is None, (name, who, body)


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        if data is None:
            return None
        data = data[int(step)] if step.isdigit() else data[step]
    return data


@in_module
async def test_what_is_ones_own_is_of_the_viewer(house: Site) -> None:
    """And not of whoever asked before."""
    react = "mutation ($id: ID!) { reactToComment(input: { id: $id, kind: LIKE }) { userErrors { code } } }"
    await house.http.post("/graphql", json={"query": react, "variables": {"id": FLAGGED}}, headers=signed("stranger"))
    query = f'{{ node(id: "{PUBLIC}") {{ ... on Article {{ {PAGE} }} }} viewer {{ name }} }}'
    for who in [*WHO, *reversed([*WHO])]:
        answer = await house.http.post("/graphql", json={"query": query}, headers=signed(who))
        data = answer.json()["data"]
        seen = {one["viewerReaction"] for one in data["node"]["comments"]["nodes"]}
        assert ("LIKE" in seen) == (who == "stranger"), who
        assert (data["viewer"] or {}).get("name") == (WHO[who] or (None, None))[1]
