"""Read your own writes: what a mutation has answered is in every answer that is asked for after it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Role
from newsgraph.graph import schema
from newsgraph.settings import Settings
from tests.flows.client import Client
from tests.flows.conftest import Newsstand, token_for
from tests.flows.processes import server_process

ARTICLE, COMMENT, KIM = global_id("Article", 1), global_id("Comment", 1), global_id("Commenter", 2)
PAGE = f"""
query Page {{
  article: node(id: "{ARTICLE}") {{
    ... on Article {{
      headline
      commentPolicy {{ open }}
      comments(first: 100) {{ nodes {{ body featured reactions {{ kind }} author {{ name }} }} }}
    }}
  }}
  latestStories {{ title items {{ nodes {{ headline }} }} }}
}}
"""
QUEUE = "query Queue { moderationQueue(queue: REPORTED) { nodes { flags { reason } } } }"
VIEWER = "query Viewer { viewer { banned } }"

Ask = Callable[[Client, str, Any], Awaitable[str]]


async def over_http(client: Client, text: str, variables: Any = None) -> str:
    return json.dumps(await client.post(text, **(variables or {})))


async def over_a_socket(client: Client, text: str, variables: Any = None) -> str:
    async with client.subscribe(text, **(variables or {})) as answers:
        return json.dumps((await answers.message())["payload"])


@dataclass(frozen=True)
class Case:
    """`says`: what the page says from then on; None is somebody without a token."""

    mutation: str
    by: Role
    given: dict[str, Any]
    says: str
    page: str = PAGE
    seen_by: Sequence[Role | None] = (None, Role.READER, Role.EDITOR)


CASES = [
    Case("postComment", Role.READER, {"articleId": ARTICLE, "body": "A new one."}, "A new one."),
    Case("editComment", Role.READER, {"id": COMMENT, "body": "Another text."}, "Another text."),
    Case("removeComment", Role.READER, {"id": COMMENT}, '"nodes": []}}'),
    Case("reactToComment", Role.READER, {"id": COMMENT, "kind": "LIKE"}, "LIKE"),
    Case("moderateComment", Role.MODERATOR, {"id": COMMENT, "featured": True}, '"featured": true'),
    Case("setCommentPolicy", Role.MODERATOR, {"articleId": ARTICLE, "open": False}, '"open": false'),
    Case("updateArticle", Role.EDITOR, {"id": ARTICLE, "headline": "Mended"}, "Mended"),
    Case("retractArticle", Role.EDITOR, {"id": ARTICLE}, '"items": {"nodes": []}'),
    Case(
        "publishArticle",
        Role.EDITOR,
        {"headline": "Second", "bodyHtml": "<p>.</p>", "section": "asia", "authors": ["Ada Writer"]},
        "Second",
    ),
    Case("curateList", Role.EDITOR, {"key": "latest", "title": "Fresh", "pinnedIds": []}, "Fresh"),
    Case("flagComment", Role.READER, {"id": COMMENT, "reason": "SPAM"}, "SPAM", QUEUE, [Role.MODERATOR]),
    Case("restrictUser", Role.MODERATOR, {"userId": KIM, "banned": True}, '"banned": true', VIEWER, [Role.READER]),
]
NEVER_AT_ONCE = {"recordView"}  # counted views are written together


def test_every_mutation_has_a_case() -> None:
    mutations = schema.build().core.mutation_type
    assert mutations is not None
    assert {case.mutation for case in CASES} == set(mutations.fields) - NEVER_AT_ONCE


def mutation(name: str) -> str:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation Change($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"


@pytest.fixture
async def discussed(stand: Newsstand) -> Newsstand:
    """An article with Kim's comment."""
    assert await stand.publish("First") == ARTICLE
    await change(stand.client(Role.READER), "postComment", articleId=ARTICLE, body="At last.")
    return stand


async def change(client: Client, name: str, ask: Ask = over_http, **given: Any) -> None:
    answer = await ask(client, mutation(name), {"input": given})
    assert json.loads(answer) == {"data": {name: {"userErrors": []}}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.mutation)
async def test_what_was_changed_is_seen_at_once(discussed: Newsstand, case: Case) -> None:
    """By its author and by others, over HTTP and sockets, each of which has the page already."""
    author = discussed.client(case.by)
    readings = [(ask, discussed.client(role)) for role in case.seen_by for ask in (over_http, over_a_socket)]
    for ask, reader in readings:
        assert case.says not in await ask(reader, case.page, None)

    await change(author, case.mutation, **case.given)

    for ask, reader in [*readings, *readings]:
        assert case.says in await ask(reader, case.page, None)


async def test_what_was_changed_over_a_socket_is_seen_at_once(discussed: Newsstand) -> None:
    author, anonymous = discussed.client(Role.READER), discussed.client()
    for number in range(10):
        await change(author, "postComment", over_a_socket, articleId=ARTICLE, body=f"Number {number}.")
        for ask, reader in ((over_http, anonymous), (over_a_socket, author)):
            assert f"Number {number}." in await ask(reader, PAGE, None)


async def test_fifty_posts_are_each_seen_at_once(discussed: Newsstand) -> None:
    """Whoever has posted reads at once, and so does somebody without a name; others post meanwhile."""
    anonymous = discussed.client()

    async def write(number: int) -> None:
        author = discussed.client(Role.READER, f"Reader {number}")
        for turn in range(5):
            body = f"Number {number}, {turn}."
            await change(author, "postComment", articleId=ARTICLE, body=body)
            for reader in (author, anonymous):
                assert body in await over_http(reader, PAGE)

    await asyncio.gather(*map(write, range(10)))


async def test_what_one_process_was_told_the_other_shows_soon(furnished: Settings) -> None:
    settings = replace(furnished, graphiql=False)
    async with server_process(settings) as one, server_process(settings) as other:
        editor, reader = (Client(one.url, role, token_for(role, "Kim")) for role in (Role.EDITOR, Role.READER))
        elsewhere = Client(other.url)
        given: dict[str, Any] = {"headline": "First", "bodyHtml": "<p>.</p>", "section": "asia", "authors": []}
        assert '"article": null' in await over_http(elsewhere, PAGE)
        await change(editor, "publishArticle", **given)
        await _until_seen(elsewhere, "First")
        for number in range(5):
            await change(reader, "postComment", articleId=ARTICLE, body=f"Number {number}.")
            await _until_seen(elsewhere, f"Number {number}.")
        for client in (editor, reader, elsewhere):
            await client.close()


async def _until_seen(client: Client, words: str) -> None:
    async with asyncio.timeout(5):
        while words not in await over_http(client, PAGE):
            await asyncio.sleep(0.01)
