"""Streams as side doors: every subscription by everybody, what is replayed from the beginning and what happens then.

Over WebSockets, as server-sent events and as multipart responses. At the end everybody has been told what is theirs to
know and nothing else; what is public has reached all who may follow it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from graphql import GraphQLObjectType, build_schema

from newsgraph import app
from newsgraph.domain.cursors import global_id
from newsgraph.graph import schema
from newsgraph.settings import Settings
from tests.flows.conftest import SECRET
from tests.security.hidden import ARTICLES, MAY_SEE, REAL_DRAFT, WHO, beginning, opened_house, shown, signed, told
from tests.security.site import DRAFT, FLAGGED, PUBLIC, RETRACTED, SECRETS, Site

in_module = pytest.mark.asyncio(loop_scope="module")

C = "fragment C on Comment { id body status author { name } parent { body } article { headline } }"
A = "fragment A on Article { headline bodyText slug state: status }"
_COMMENTS = "... on CommentAdded { commentEdge { node { ...C } } } ... on CommentChanged { comment { ...C } }"
_LIST = "... on RankedListChanged { list { items { nodes { ...A } } } insertedEdges { node { ...A } } }"
_ARTICLE = "... on ArticleChanged { article { ...A } }"

STREAMS: Mapping[str, str] = {
    **{f"comments of {one}": f'commentEvents(articleId: "{one}", after: $after) {{ {_COMMENTS} }}' for one in ARTICLES},
    **{f"article {one}": f'articleEvents(articleId: "{one}", after: $after) {{ {_ARTICLE} }}' for one in ARTICLES},
    "latest": f"latestStories(after: $after) {{ {_LIST} }}",
    "latest of Asia": f'latestStories(section: "asia", after: $after) {{ {_LIST} }}',
    "a list": f'rankedListEvents(key: "latest", after: $after) {{ {_LIST} }}',
    **{f"related to {n}": f'rankedListEvents(key: "related/{n}", after: $after) {{ {_LIST} }}' for n in range(1, 5)},
    "moderation": f"moderationEvents(after: $after) {{ {_COMMENTS} }}",
    "what waits": f"moderationEvents(queue: PENDING, after: $after) {{ {_COMMENTS} }}",
}

# Which of them tell everybody of the mark; who follows them has been told of all that happened before.
MARKED = {f"comments of {PUBLIC}", f"article {PUBLIC}", "latest", "latest of Asia", "a list"}
REFUSED = {"moderation", "what waits"}  # unless one is a moderator

# What happens while they listen, and who may learn of it: nothing of it is in MAY_SEE before.
LATE_PENDING, LATE_DRAFT, LATE_RETRACTED = "xlatependingx", "xlatedraftx", "xlateretractedx"
LATE: Mapping[str, set[str]] = {
    LATE_PENDING: {"moderator", "admin"},
    LATE_DRAFT: {"editor", "admin"},
    LATE_RETRACTED: {"editor", "admin", "moderator"},
}


def query(name: str) -> str:
    text = f"subscription ($after: StreamCursor) {{ {STREAMS[name]} }}"
    return text.replace(" { ", " { event: ", 1) + "".join(f" {one}" for one in (C, A) if f"...{one.split()[1]}" in text)


@dataclass
class Heard:
    """All that came on one stream of somebody's."""

    who: str
    text: str = ""
    ended: bool = False

    def secrets(self) -> set[str]:
        late = {secret for secret, seen in LATE.items() if secret in self.text and self.who not in seen}
        return told(self.text, self.who) | late


@dataclass
class Ear:
    """Somebody with all streams open; `heard` by their names."""

    who: str
    heard: dict[str, Heard] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.heard = {name: Heard(self.who) for name in STREAMS}

    def has_heard(self, mark: str) -> bool:
        return all(mark in one.text for name, one in self.heard.items() if name in self._marked())

    def has_begun(self) -> bool:
        return all(one.text for one in self.heard.values())

    def _marked(self) -> set[str]:
        return MARKED | ({"moderation"} if self.who in ("moderator", "admin") else set())


def test_every_subscription_is_listened_to() -> None:
    kind = build_schema(schema.sdl()).subscription_type
    assert isinstance(kind, GraphQLObjectType)
    assert set(kind.fields) == {text.partition("(")[0] for text in STREAMS.values()}


@dataclass
class House:
    site: Site
    start: str  # a cursor from before everything


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with opened_house(folder) as site:
        async with app.open_newsroom(Settings(database=f"sqlite:///{folder / 'news.db'}", secret=SECRET)) as newsroom:
            head = await newsroom.store.read(lambda session: session.log.head())
        yield House(site, beginning(head))


# Ways to listen


@asynccontextmanager
async def by_socket(house: House, ear: Ear) -> AsyncIterator[None]:
    """All streams on one socket."""
    names = dict(enumerate(STREAMS))
    async with house.site.socket(signed(ear.who)) as opened:
        for number, name in names.items():
            payload = {"query": query(name), "variables": {"after": house.start}}
            await opened.send(json.dumps({"id": str(number), "type": "subscribe", "payload": payload}))

        async def listen() -> None:
            async for message in opened:
                found = json.loads(message)
                if "id" in found:
                    one = ear.heard[names[int(found["id"])]]
                    one.text += str(message)
                    one.ended |= found["type"] in ("error", "complete")

        async with _listening(listen()):
            yield


def _by_http(accept: str) -> Any:
    @asynccontextmanager
    async def listening(house: House, ear: Ear) -> AsyncIterator[None]:
        """Each stream as a response of its own."""
        client = httpx.AsyncClient(base_url=house.site.url, timeout=30, limits=httpx.Limits(max_connections=None))
        async with client as http, AsyncExitStack() as stack:
            for name in STREAMS:
                body = {"query": query(name), "variables": {"after": house.start}}
                headers = signed(ear.who) | {"accept": accept}
                response = await stack.enter_async_context(http.stream("POST", "/graphql", json=body, headers=headers))
                await stack.enter_async_context(_listening(_read(response, ear.heard[name])))
            yield

    return listening


async def _read(response: httpx.Response, heard: Heard) -> None:
    async for text in response.aiter_text():
        heard.text += text
    heard.ended = True


@asynccontextmanager
async def _listening(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


WAYS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "by socket": (by_socket, tuple(WHO)),
    "by event stream": (_by_http("text/event-stream"), ("moderator", "nobody", "author")),
    "by multipart": (_by_http('multipart/mixed;boundary="graphql";subscriptionSpec=1.0'), ("moderator", "nobody")),
}


# What happens meanwhile


async def _do(site: Site, who: str, name: str, given: dict[str, Any], more: str = "userErrors { code message }") -> Any:
    kind = name[0].upper() + name[1:] + "Input"
    text = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {more} }} }}"
    answer = await site.http.post("/graphql", json={"query": text, "variables": {"input": given}}, headers=signed(who))
    body = answer.json()
    assert body.get("errors") is None, body
    assert body["data"][name].get("userErrors", []) == [], body
    return body["data"][name]


async def happen(site: Site, mark: str) -> None:
    """Something of each hidden kind, and at the end what is public."""
    await _do(site, "author", "postComment", {"articleId": PUBLIC, "body": f"{LATE_PENDING} {mark[1:]}"})
    await _do(site, "editor", "updateArticle", {"id": DRAFT, "headline": f"{SECRETS[DRAFT]} {LATE_DRAFT}"})
    await _do(site, "editor", "updateArticle", {"id": REAL_DRAFT, "standfirst": f"{LATE_DRAFT} {mark[1:]}"})
    await _do(site, "editor", "updateArticle", {"id": RETRACTED, "headline": f"xretractedx {LATE_RETRACTED}"})
    for to in ("WITHHELD", "PUBLISHED"):
        await _do(site, "moderator", "moderateComment", {"id": FLAGGED, "to": to})
    await _do(site, "editor", "updateArticle", {"id": PUBLIC, "headline": f"Public {mark}"})
    await _do(site, "staff", "postComment", {"articleId": PUBLIC, "body": f"Now: {mark}"})
    story = {"headline": f"Story {mark}", "bodyHtml": "<p>.</p>", "section": "asia", "authors": ["ada-writer"]}
    await _do(site, "editor", "publishArticle", story)


@in_module
@pytest.mark.parametrize("way", WAYS)
async def test_streams_tell_everybody_what_is_theirs_and_nothing_else(house: House, way: str) -> None:
    """`mark` is public, and what happens last."""
    (listen, people), mark = WAYS[way], f"xmark {way}"
    ears = [Ear(who) for who in people]
    async with AsyncExitStack() as stack, asyncio.timeout(30):
        for ear in ears:
            await stack.enter_async_context(listen(house, ear))
        while not all(ear.has_begun() for ear in ears):
            await asyncio.sleep(0.01)
        await happen(house.site, mark)
        while not all(ear.has_heard(mark) for ear in ears):
            await asyncio.sleep(0.01)
    for ear in ears:
        for name, heard in ear.heard.items():
            assert heard.secrets() == set(), (ear.who, name)
        _check_refusals(ear)
    moderator = "".join(one.text for one in ears[0].heard.values())
    known = {secret for secret in MAY_SEE if "moderator" in MAY_SEE[secret]}
    assert LATE_PENDING in moderator
    assert len(shown(moderator) & known) >= 4, "streams tell moderators of what is hidden"


def _check_refusals(ear: Ear) -> None:
    """Streams of what is not theirs end at once."""
    moderates = ear.who in ("moderator", "admin")
    for name in REFUSED:
        assert ("FORBIDDEN" in ear.heard[name].text) != moderates, (ear.who, name)
    drafts = [f"comments of {DRAFT}", f"comments of {REAL_DRAFT}", f"article {DRAFT}", f"article {REAL_DRAFT}"]
    for name in drafts:
        assert ("NOT_FOUND" in ear.heard[name].text) != (ear.who in ("editor", "admin")), (ear.who, name)


@in_module
async def test_cursors_made_by_hand_lead_nowhere_else(house: House) -> None:
    """A position of another life, of the future, or none at all is answered by a reset, which tells nothing."""
    for cursor in ("", "nonsense", house.start[:-2], global_id("Comment", 1)):
        async with house.site.socket({}) as opened:
            assert json.loads(await opened.recv()) == {"type": "connection_ack"}
            payload = {"query": query(f"comments of {PUBLIC}"), "variables": {"after": cursor}}
            await opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            text = str(await opened.recv())
            assert told(text, "nobody") == set()
