"""Every mutation by everybody. A mutation without a line here fails the test."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLObjectType, build_schema

from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Role
from newsgraph.graph import schema
from tests.security.hidden import opened_house, signed
from tests.security.site import DRAFT, FLAGGED, PUBLIC, Site

ANYBODY = {None, *Role}
SIGNED_IN = set(Role)
MODERATORS, EDITORS = {Role.MODERATOR, Role.ADMIN}, {Role.EDITOR, Role.ADMIN}
SOMEBODY = global_id("Commenter", 1)

# Who may, and an input that is theirs to send. What is wrong with it besides comes back in userErrors.
MUTATIONS: dict[str, tuple[set[Any], dict[str, Any]]] = {
    "postComment": (SIGNED_IN, {"articleId": PUBLIC, "body": "A quiet word."}),
    "editComment": (SIGNED_IN, {"id": "Q29tbWVudDo5OTk5", "body": "Another."}),
    "removeComment": (SIGNED_IN, {"id": "Q29tbWVudDo5OTk5"}),
    "reactToComment": (SIGNED_IN, {"id": FLAGGED, "kind": "LIKE"}),
    "flagComment": (SIGNED_IN, {"id": FLAGGED, "reason": "SPAM"}),
    "moderateComment": (MODERATORS, {"id": FLAGGED, "to": "WITHHELD"}),
    "setCommentPolicy": (MODERATORS, {"articleId": PUBLIC, "open": False}),
    "restrictUser": (MODERATORS, {"userId": SOMEBODY, "banned": False}),
    "publishArticle": (
        EDITORS,
        {"headline": "New", "bodyHtml": "<p>.</p>", "section": "asia", "authors": ["ada-writer"]},
    ),
    "updateArticle": (EDITORS, {"id": DRAFT, "headline": "Newer"}),
    "retractArticle": (EDITORS, {"id": DRAFT}),
    "curateList": (EDITORS, {"key": "must-reads", "pinnedIds": [PUBLIC]}),
    "recordView": (ANYBODY, {"articleId": PUBLIC}),
}


def _fields() -> dict[str, Any]:
    kind = build_schema(schema.sdl()).mutation_type
    assert isinstance(kind, GraphQLObjectType)
    return dict(kind.fields)


def test_every_mutation_has_a_line() -> None:
    assert set(MUTATIONS) == set(_fields())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with opened_house(tmp_path_factory.mktemp("house")) as site:
        yield site


WHO: dict[Role | None, str] = {role: role.value.lower() for role in Role}
WHO |= {None: "nobody", Role.READER: "stranger"}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("role", WHO)
async def test_every_mutation_by_everybody(house: Site, role: Role | None) -> None:
    for name, (permitted, given) in MUTATIONS.items():
        refusal = [] if role in permitted else ["UNAUTHENTICATED" if role is None else "FORBIDDEN"]
        assert await codes(house, WHO[role], name, given) == refusal, name


@pytest.mark.asyncio(loop_scope="module")
async def test_every_mutation_by_a_moderator_who_is_banned(house: Site) -> None:
    """They may not more than any reader, and of that they are told in userErrors that they may not."""
    for name, (permitted, given) in MUTATIONS.items():
        refusal = [] if Role.READER in permitted else ["FORBIDDEN"]
        assert await codes(house, "banned", name, given) == refusal, name


async def codes(house: Site, who: str, name: str, given: dict[str, Any]) -> list[str]:
    """Of the faults, over HTTP and over a socket alike."""
    kind = _fields()[name].args["input"].type
    query = f"mutation ($input: {kind}) {{ {name}(input: $input) {{ clientMutationId }} }}"
    payload = {"query": query, "variables": {"input": given}}
    answer = (await house.http.post("/graphql", json=payload, headers=signed(who))).json()
    async with house.socket(signed(who)) as opened:
        assert json.loads(await opened.recv()) == {"type": "connection_ack"}
        await opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        message = json.loads(await opened.recv())
    by_socket = message["payload"] if message["type"] == "next" else {"errors": message["payload"]}
    found = [[error["extensions"]["code"] for error in body.get("errors", ())] for body in (answer, by_socket)]
    assert found[0] == found[1], (answer, by_socket)
    return found[0]
