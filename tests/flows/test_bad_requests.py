"""Whatever a client sends, it hears what is wrong with it, with a code; nothing of it is a defect of ours."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from newsgraph.domain.users import Role
from tests.flows.conftest import Newsstand

FOCUS = "query ($id: ID!, $focus: ID!) { node(id: $id) { ... on Article { comments(focus: $focus) { totalCount } } } }"
QUEUE = "query ($id: ID!) { moderationQueue(queue: PENDING, articleId: $id) { totalCount } }"
NUMBERS = ["9" * 19, "9" * 30, "9" * 5_000, "-1", "٤٢", "²", "1e3"]


def global_id(type_name: str, key: str) -> str:
    return b64encode(f"{type_name}:{key}".encode()).decode()


@pytest.mark.parametrize("number", NUMBERS)
async def test_ids_that_no_row_can_have(stand: Newsstand, number: str) -> None:
    article, moderator = await stand.publish("Storm"), stand.client(Role.MODERATOR)

    assert await moderator.refused(FOCUS, id=article, focus=global_id("Comment", number)) == "NOT_FOUND"
    assert await moderator.refused(QUEUE, id=global_id("Article", number)) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('{ articles(filter: { publishedAfter: "soon" }) { totalCount } }', "GRAPHQL_VALIDATION_FAILED"),
        ("{ articles(filter: { publishedAfter: 5 }) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ article(url: "nowhere") { id } }', "GRAPHQL_VALIDATION_FAILED"),
        ("{ articles(orderBy: NONE) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ articles(first: 99999999999) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { latestStories { __typename } }", "BAD_INPUT"),
        ("{ a", "GRAPHQL_PARSE_FAILED"),
        ("{" * 5_000, "GRAPHQL_PARSE_FAILED"),
        ("{ a" * 5_000 + "}" * 5_000, "DOCUMENT_TOO_DEEP"),
    ],
)
async def test_operations_that_cannot_be_run(stand: Newsstand, query: str, code: str) -> None:
    assert await stand.client().refused(query) == code


async def test_lists_are_asked_for_by_the_page(stand: Newsstand) -> None:
    query = "query ($keys: [String!]!) { rankedLists(keys: $keys) { key } }"

    assert await stand.client().refused(query, keys=["latest"] * 101) == "PAGE_TOO_LARGE"


async def test_a_search_is_no_book(stand: Newsstand) -> None:
    """A word said 100,000 times kept a reader's connection busy for minutes."""
    await stand.publish("Storm")
    query = "query ($text: String!) { search(query: $text) { totalCount } }"

    assert await stand.client().refused(query, text="storm " * 80_000) == "BAD_INPUT"
    assert await stand.client().run(query, text="storm " * 80) == {"search": {"totalCount": 1}}


async def test_half_a_character_comes_back_as_it_was_sent(stand: Newsstand) -> None:
    """Valid in JSON, and no text that can be sent as UTF-8."""
    article, key = await stand.publish("Storm"), "\ud800"
    query = "mutation ($input: RecordViewInput!) { recordView(input: $input) { clientMutationId } }"
    body: Any = {"query": query, "variables": {"input": {"articleId": article, "clientMutationId": key}}}
    answer = await stand.client().http.post(
        "/graphql", content=json.dumps(body), headers={"content-type": "application/json"}
    )

    assert answer.json() == {"data": {"recordView": {"clientMutationId": key}}}
