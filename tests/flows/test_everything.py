"""Every field of the public contract is answered with a value by a running newsroom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, get_named_type, is_leaf_type

from newsgraph import app
from newsgraph.actions import articles, authors, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.articles import AdSlot
from newsgraph.domain.authors import Byline
from newsgraph.domain.cursors import Position, decode_position
from newsgraph.domain.users import Claims, Role, Viewer
from newsgraph.graph import schema
from newsgraph.settings import Settings
from tests.flows.client import Client, Json
from tests.flows.conftest import Newsstand
from tests.flows.coverage import Selector, Tally, coordinates
from tests.graph.test_sdl import CONTRACT


@pytest.fixture(scope="module")
def described() -> GraphQLSchema:
    return build_schema(schema.sdl())


class Visitor:
    """Runs operations that select everything, and keeps the tally."""

    def __init__(self, described: GraphQLSchema) -> None:
        self.schema = described
        self.tally = Tally(described)

    async def ask(self, client: Client, call: str, depth: int = 3) -> Any:
        """A query field with its arguments, `article(slug: "x")`; the value."""
        return await self._run(client, "query", call, depth, {})

    async def change(self, client: Client, name: str, /, depth: int = 2, **given: Any) -> Json:
        assert self.schema.mutation_type
        argument = get_named_type(self.schema.mutation_type.fields[name].args["input"].type).name
        head = f"mutation ($input: {argument}!)"
        payload = await self._run(client, head, f"{name}(input: $input)", depth, {"input": given})
        return dict(payload)

    async def _run(self, client: Client, head: str, call: str, depth: int, variables: Json) -> Any:
        root = self.schema.mutation_type if head.startswith("mutation") else self.schema.query_type
        query = f"{head} {{ {call} {self.selection(client, root, call, depth)} }}"
        data = await client.run(query, **variables)
        self.tally.count(query, data)
        (value,) = data.values()
        return value

    def selection(self, client: Client, root: Any, call: str, depth: int) -> str:
        kind = get_named_type(root.fields[call.split("(", maxsplit=1)[0]].type)
        return "" if is_leaf_type(kind) else Selector(self.schema, client.role).of(kind.name, depth)


async def enrich(newsroom: Newsroom, article: int) -> None:
    """What editors set up outside GraphQL: an author's page, and places for advertising."""
    byline = Byline("Grace Full", "grace@newsroom.example", "Writes.", "https://newsroom.example/grace.jpg")
    await newsroom.store.write(lambda session: authors.ensure(session, byline))
    await articles.set_ad_slots(newsroom, await _editor(newsroom), article, [AdSlot(1, "top")])


async def _editor(newsroom: Newsroom) -> Viewer:
    return await users.recognise(newsroom, Claims("test:editor", "Ed", Role.EDITOR, datetime.now(UTC), None))


@pytest.mark.skipif(not CONTRACT.is_dir(), reason="the public contract lies beside the repository")
async def test_every_field_of_the_contract_has_a_value(
    furnished: Settings, stand: Newsstand, described: GraphQLSchema
) -> None:
    visitor = Visitor(described)
    people = {role: stand.client(role, f"The {role.value.lower()}") for role in Role}
    first = await _publish(visitor, people[Role.EDITOR])
    async with app.open_newsroom(furnished) as newsroom:
        await enrich(newsroom, 1)
    await visitor.change(people[Role.READER], "recordView", articleId=first, clientMutationId="v")
    comment = await _discuss(visitor, people, first)
    await _listen(visitor, people, first)
    await _curate(visitor, people, first)
    await _ask_everything(visitor, people, first, comment)

    contract = build_schema((CONTRACT / "schema.graphql").read_text("utf-8"))
    assert sorted(coordinates(contract) - visitor.tally.seen) == []


async def _publish(visitor: Visitor, editor: Client) -> str:
    image = {
        "url": "https://newsroom.example/a.jpg",
        "alt": "A",
        "caption": "C",
        "credit": "B",
        "width": 4,
        "height": 3,
    }
    given: dict[str, Any] = {"bodyHtml": "<p>Wind over the water.</p>", "section": "asia", "authors": ["Ada Writer"]}
    first = await visitor.change(
        editor, "publishArticle", headline="Wind", standfirst="A line.", tags=["sea"], leadImage=image, **given
    )
    await visitor.change(editor, "publishArticle", headline="Wind again", **given)
    assert first["userErrors"] == []
    article = str(first["article"]["id"])
    await visitor.change(editor, "updateArticle", id=article, headline="Wind and water")
    taken = await visitor.change(editor, "publishArticle", headline="Taken", slug="wind", **given)
    assert taken["userErrors"][0]["code"] == "SLUG_TAKEN"
    gone = await visitor.change(editor, "publishArticle", headline="Gone", clientMutationId="p1", **given)
    await visitor.change(editor, "retractArticle", id=gone["article"]["id"], clientMutationId="r1")
    return article


async def _discuss(visitor: Visitor, people: dict[Role, Client], article: str) -> str:
    reader, moderator = people[Role.READER], people[Role.MODERATOR]
    post = {"articleId": article, "clientMutationId": "c1"}
    top = await visitor.change(reader, "postComment", depth=3, body="First!", **post)
    comment = str(top["commentEdge"]["node"]["id"])
    reply = {"articleId": article, "parentId": comment, "body": "Second."}
    await visitor.change(people[Role.STAFF], "postComment", depth=3, **reply)
    again = await visitor.change(people[Role.STAFF], "postComment", depth=3, **reply)
    await visitor.change(people[Role.STAFF], "removeComment", id=again["commentEdge"]["node"]["id"])
    await visitor.change(reader, "editComment", id=comment, body="First, edited.", clientMutationId="e1")
    await visitor.change(reader, "reactToComment", id=comment, kind="LIKE")
    await visitor.change(people[Role.STAFF], "flagComment", id=comment, reason="OTHER", note="Hm.")
    await visitor.change(moderator, "moderateComment", id=comment, to="PUBLISHED", featured=True, reason="Fine.")
    long = await visitor.change(reader, "postComment", articleId=article, body="x" * 301)
    assert (long["userErrors"][0]["limit"], long["userErrors"][0]["actual"]) == (300, 301)
    await _hold(visitor, people, article)
    return comment


async def _hold(visitor: Visitor, people: dict[Role, Client], article: str) -> None:
    """A comment that a rule holds, and a reader who has to wait."""
    moderator, reader = people[Role.MODERATOR], people[Role.READER]
    closes = "2100-01-01T00:00:00Z"
    await visitor.change(
        moderator, "setCommentPolicy", articleId=article, mode="PRE", closesAt=closes, clientMutationId="s"
    )
    held = await visitor.change(reader, "postComment", articleId=article, body="Held.")
    assert (held["status"], held["commentEdge"]) == ("PENDING", None)
    pending = await visitor.ask(moderator, "moderationQueue(queue: PENDING)")
    waiting = pending["edges"][0]["node"]
    await visitor.change(moderator, "moderateComment", id=waiting["id"], to="REJECTED")
    person = waiting["author"]["id"]
    await visitor.change(moderator, "restrictUser", userId=person, suspendedUntil=closes, clientMutationId="u")
    waits = await visitor.change(reader, "postComment", articleId=article, body="May I?")
    assert waits["userErrors"][0]["retryAt"] == closes
    await visitor.ask(reader, "viewer")
    await visitor.ask(reader, f'node(id: "{article}")', depth=1)


async def _curate(visitor: Visitor, people: dict[Role, Client], article: str) -> None:
    editor = people[Role.EDITOR]
    made = await visitor.change(
        editor, "curateList", key="weekend", title="Weekend", pinnedIds=[article], clientMutationId="l"
    )
    assert made["list"]["title"] == "Weekend"
    stale = await visitor.change(editor, "curateList", key="weekend", pinnedIds=[], ifVersion="no")
    assert stale["userErrors"][0]["code"] == "STALE"


async def _ask_everything(visitor: Visitor, people: dict[Role, Client], article: str, comment: str) -> None:
    admin = people[Role.ADMIN]
    reply = (await visitor.ask(admin, f'node(id: "{comment}")'))["replies"]["nodes"][0]["id"]
    for call in (
        f'node(id: "{article}")',
        f'node(id: "{reply}")',
        f'nodes(ids: ["{article}", "{comment}"])',
        'article(slug: "wind")',
        "articles",
        'search(query: "wind")',
        'section(slug: "asia")',
        "sections",
        'author(slug: "grace-full")',
        "authors",
        'latestStories(section: "asia")',
        'popularNow(section: "asia")',
        "mustReads",
        'rankedList(key: "weekend")',
        'rankedLists(keys: ["latest", "popular"], dedupe: true)',
        "moderationQueue(queue: UNMODERATED)",
        "streamHead",
    ):
        await visitor.ask(admin, call)
    await visitor.ask(people[Role.READER], f'node(id: "{comment}")', depth=1)


async def _listen(visitor: Visitor, people: dict[Role, Client], article: str) -> None:
    """Each stream from the beginning of the log: everything that it can carry."""
    for call in (
        f'commentEvents(articleId: "{article}", after: "START")',
        'latestStories(section: "asia")',
        'rankedListEvents(key: "latest", after: "START")',
        f'articleEvents(articleId: "{article}", after: "START")',
        'moderationEvents(after: "START")',
        'articleEvents(articleId: "RETRACT")',
        'commentEvents(articleId: "ARTICLE", after: "nonsense")'.replace("ARTICLE", article),
    ):
        await _listen_to(visitor, people, call)


async def _listen_to(visitor: Visitor, people: dict[Role, Client], call: str) -> None:
    retracted = await _to_be_retracted(visitor, people) if "RETRACT" in call else ""
    head = (await people[Role.ADMIN].run("{ streamHead }"))["streamHead"]
    call = call.replace("START", beginning(head)).replace("RETRACT", retracted)
    assert visitor.schema.subscription_type
    moderator = people[Role.MODERATOR]
    selection = visitor.selection(moderator, visitor.schema.subscription_type, call, 2)
    query = f"subscription {{ {call} {selection} }}"
    async with moderator.subscribe(query) as stream:
        name = call.split("(")[0]
        ready = await stream.next()
        visitor.tally.count(query, {name: ready})
        if retracted:
            await visitor.change(people[Role.EDITOR], "retractArticle", id=retracted)
        for _ in range(max(ready["replayed"], 1)):
            visitor.tally.count(query, {name: await stream.next()})


async def _to_be_retracted(visitor: Visitor, people: dict[Role, Client]) -> str:
    given: dict[str, Any] = {"bodyHtml": "<p>Oops.</p>", "section": "world", "authors": ["Ada Writer"]}
    made = await visitor.change(people[Role.EDITOR], "publishArticle", headline="Oops", **given)
    return str(made["article"]["id"])


def beginning(head: str) -> str:
    """The position before the first event of the same database."""
    position = decode_position(head)
    assert position is not None
    return Position(position.epoch, 0).encode()
