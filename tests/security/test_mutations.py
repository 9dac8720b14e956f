"""Every mutation by everybody. A mutation without a line here fails the test."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLObjectType, build_schema

from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Role
from newsgraph.graph import schema
from tests.security.cases import Sent
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


@pytest.mark.parametrize("role", [None, *Role])
async def test_every_mutation_by_everybody(site: Site, role: Role | None) -> None:
    fields = _fields()
    for name, (permitted, given) in MUTATIONS.items():
        kind = fields[name].args["input"].type
        query = f"mutation ($input: {kind}) {{ {name}(input: $input) {{ clientMutationId }} }}"
        body = (await site.send(Sent(query, {"input": given}, by=role))).json()
        codes = [error["extensions"]["code"] for error in body.get("errors", ())]
        refusal = [] if role in permitted else ["UNAUTHENTICATED" if role is None else "FORBIDDEN"]
        assert codes == refusal, (name, body)
