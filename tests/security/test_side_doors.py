"""Other ways to what is hidden: by id, slug, focus, search, parent, list, queue, mutation; and other ways to ask.

For each secret it is told who may see it. Everybody goes through every door, and has seen at the end what is theirs
and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

import pytest
import pytest_asyncio

from newsgraph.domain.cursors import global_id
from tests.security.hidden import (
    ARTICLES,
    COMMENTS,
    LURKER,
    MAY_SEE,
    REASON,
    SUSPENDED_SAID,
    TOMBS,
    UNTIL,
    WHO,
    opened_house,
    shown,
    signed,
    theirs,
    told,
)
from tests.security.site import DRAFT, PUBLIC, REMARK, RETRACTED, SECRETS, Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with opened_house(tmp_path_factory.mktemp("house")) as site:
        yield site


FRAGMENTS = (
    "fragment C on Comment { id body status editedAt editableUntil author { name } permalink article { headline }"
    " parent { body author { name } } }",
    "fragment A on Article { headline standfirst bodyText bodyHtml slug url state: status tags section { name }"
    " authors { name } }",
    "fragment M on Comment { flags { note reason } history { reason by { name } rule }"
    " author { name standing { suspendedUntil banned } } }",
)
HERE = "http://here.example"  # stands for the address of the site
_SLUGS = (SECRETS[DRAFT], SECRETS[RETRACTED], "xrealdraftx")
_KEYS = ("latest", "latest/asia", "popular", "popular/asia", "must-reads", *(f"related/{n}" for n in range(1, 5)))
_ORDERS = ("NEWEST", "OLDEST", "MOST_REPLIED", "MOST_REACTED")
_QUEUES = ("UNMODERATED", "REPORTED", "PENDING")
_WINDOWS = ("HOUR", "ALL_TIME")


def _document(kind: str, fields: Iterable[str]) -> str:
    """All of them, each under a name of its own, with the fragments that they use."""
    text = kind + " { " + " ".join(f"f{number}: {field}" for number, field in enumerate(fields)) + " }"
    return text + "".join(f" {one}" for one in FRAGMENTS if f"...{one.split()[1]}" in text)


def _each(*fields: str) -> str:
    return _document("query", fields)


def _node(id_: str, fragments: str) -> str:
    return f'node(id: "{id_}") {{ id {fragments} }}'


_PAGE = "comments(first: 20, orderBy: {}) {{ totalCount nodes {{ ...C replies(first: 5) {{ nodes {{ ...C }} }} }} }}"
_FOCUSED = '... on Article {{ comments(focus: "{}") {{ nodes {{ ...C }} }} }}'
_PERSON = "... on Comment { author { id name badges standing { suspendedUntil } } }"
_LIST = "key title items(first: 20) { nodes { ...A } }"
_FOUND = "totalCount edges { snippet node { ...A } }"

DOORS: Mapping[str, str] = {
    "node of articles": _each(*(_node(one, "...A") for one in ARTICLES)),
    "node of comments": _each(*(_node(one, "...C ... on Comment { replies { nodes { ...C } } }") for one in COMMENTS)),
    "bare nodes": _each(
        *(_node(one, "... on Comment { body status } ... on Article { slug }") for one in (*COMMENTS, *ARTICLES))
    ),
    "nodes": _each(f"nodes(ids: {json.dumps([*ARTICLES, *COMMENTS])}) {{ id ...A ...C }}"),
    "what moderators know": _each(*(_node(one, "...M") for one in COMMENTS)),
    "by slug": _each(*(f'article(slug: "{slug}") {{ ...A }}' for slug in _SLUGS)),
    "by address": _each(*(f'article(url: "{HERE}/articles/{slug}") {{ ...A }}' for slug in _SLUGS)),
    "comments of a page": _each(*(f'article(slug: "public") {{ {_PAGE.format(order)} }}' for order in _ORDERS)),
    "comments below others": _each(
        *(_node(one, "... on Article { comments { nodes { ...C } } }") for one in ARTICLES),
        *(_node(one, "... on Comment { parent { ...C parent { ...C } } }") for one in COMMENTS),
    ),
    "focus": _each(*(_node(PUBLIC, _FOCUSED.format(one)) for one in COMMENTS)),
    "articles": _each(
        "articles { totalCount nodes { ...A } }",
        'articles(filter: { section: "asia" }) { nodes { ...A } }',
        'articles(filter: { author: "ada-writer" }) { nodes { ...A } }',
        'articles(filter: { publishedAfter: "2000-01-01T00:00:00Z" }, orderBy: PUBLISHED_ASC) { nodes { ...A } }',
        'section(slug: "asia") { articles { totalCount nodes { ...A } } }',
        'author(slug: "ada-writer") { articles { totalCount nodes { ...A } } }',
        "authors { nodes { articles { nodes { ...A } } } }",
        "sections { articles { nodes { ...A } } }",
    ),
    "search": _each(*(f"search(query: {json.dumps(secret)}) {{ {_FOUND} }}" for secret in MAY_SEE)),
    "lists": _each(
        f"rankedLists(keys: {json.dumps(_KEYS)}) {{ {_LIST} }}",
        f"latestStories {{ {_LIST} }}",
        f"mustReads {{ {_LIST} }}",
        *(f"popularNow(window: {window}) {{ {_LIST} }}" for window in _WINDOWS),
        f'section(slug: "asia") {{ latestStories {{ {_LIST} }} popularNow {{ {_LIST} }} mustReads {{ {_LIST} }} }}',
        *(_node(one, f"... on Article {{ youMayAlsoLike {{ {_LIST} }} }}") for one in ARTICLES),
    ),
    "queues": _each(
        *(f"moderationQueue(queue: {queue}) {{ nodes {{ ...C ...M }} }}" for queue in _QUEUES),
        f'moderationQueue(queue: UNMODERATED, articleId: "{RETRACTED}") {{ nodes {{ ...C }} }}',
    ),
    "oneself": _each(
        "viewer { id name role suspendedUntil banned pendingComments { totalCount nodes { ...C } } }",
        f'viewer {{ pendingComments(articleId: "{RETRACTED}") {{ nodes {{ ...C }} }} }}',
    ),
    "people by number": _each(
        f"nodes(ids: {json.dumps([global_id('Commenter', n) for n in range(1, 20)])}) {{ ... on Commenter {{ name }} }}"
    ),
    "somebody else": _each(_node(SUSPENDED_SAID, _PERSON)),
}


def doors(site: Site) -> Mapping[str, str]:
    return {name: query.replace(HERE, site.url) for name, query in DOORS.items()}


ELSEWHERE = {REMARK, REASON, UNTIL, LURKER}  # not among the fields of articles and comments that all may ask for


async def ask(site: Site, who: str, query: str, **variables: object) -> str:
    body = {"query": query, "variables": variables}
    answer = await site.http.post("/graphql", json=body, headers=signed(who))
    assert answer.status_code == 200, answer.text
    assert "GRAPHQL_VALIDATION_FAILED" not in answer.text, answer.text
    return answer.text


# Whoever asks first: what is kept of their answer must not be another one's. They ask with documents of their own.
ORDERS = {"moderator": [*WHO], "author": ["author", *reversed([*WHO])], "nobody": ["nobody", *WHO]}


@pytest.mark.parametrize("first", ORDERS)
async def test_everybody_sees_what_is_theirs_and_nothing_else(house: Site, first: str) -> None:
    found: dict[str, set[str]] = {who: set() for who in WHO}
    for name, query in doors(house).items():
        for who in ORDERS[first]:
            text = await ask(house, who, f"{query} # {first}")
            assert told(text, who) == set(), (name, who)
            assert name != "nodes" or shown(text) == theirs(who) - ELSEWHERE, who
            found[who] |= shown(text)
    assert found == {who: theirs(who) for who in WHO}


@pytest.mark.parametrize("who", ["nobody", "stranger"])
async def test_what_stands_where_something_was_says_nothing(house: Site, who: str) -> None:
    """No text, no author; its replies are there, and the thread keeps its shape."""
    asked = "... on Comment { body author { name } replyCount replies { nodes { body } } }"
    query = _each(*(_node(one, asked) for one in TOMBS))
    fields = {"body": None, "author": None, "replyCount": 1, "replies": {"nodes": [{"body": "A reply."}]}}
    found = json.loads(await ask(house, who, query))["data"]
    assert list(found.values()) == [{"id": one, **fields} for one in TOMBS]


# Other ways to ask

Way = Callable[[Site, str, str], Awaitable[str]]
_ASKED_FIRST = {"graphql-preflight": "1"}


def _hash(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()


async def by_get(site: Site, who: str, query: str) -> str:
    answer = await site.http.get("/graphql", params={"query": query}, headers=signed(who) | _ASKED_FIRST)
    assert answer.status_code == 200, answer.text
    return answer.text + str(answer.headers)


async def by_hash(site: Site, who: str, query: str) -> str:
    """A moderator has sent the text, and was answered; everybody knows the hash."""
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": _hash(query)}}
    known = {"query": query, "extensions": persisted}
    await site.http.post("/graphql", json=known, headers=signed("moderator"))
    parameters = {"extensions": json.dumps(persisted)}
    answer = await site.http.get("/graphql", params=parameters, headers=signed(who) | _ASKED_FIRST)
    assert answer.status_code == 200, answer.text
    return answer.text + str(answer.headers)


async def by_document_id(site: Site, who: str, query: str) -> str:
    await by_hash(site, "moderator", query)
    body = {"documentId": f"sha256:{_hash(query)}"}
    answer = await site.http.post("/graphql", json=body, headers=signed(who))
    assert answer.status_code == 200, answer.text
    return answer.text


async def by_event_stream(site: Site, who: str, query: str) -> str:
    headers = signed(who) | {"accept": "text/event-stream"}
    answer = await site.http.post("/graphql", json={"query": query}, headers=headers)
    assert "event: complete" in answer.text
    return answer.text


async def by_multipart(site: Site, who: str, query: str) -> str:
    headers = signed(who) | {"accept": 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'}
    answer = await site.http.post("/graphql", json={"query": query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def by_socket(site: Site, who: str, query: str) -> str:
    async with site.socket(signed(who)) as opened:
        assert json.loads(await opened.recv()) == {"type": "connection_ack"}
        await opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        text = str(await opened.recv())
        assert json.loads(text)["type"] == "next", text
    return text


async def after_a_look_at_its_tag(site: Site, who: str, query: str) -> str:
    """With the ETag of what a moderator was answered: it must not be their answer that is not modified."""
    asked = {"query": query}
    theirs_ = await site.http.get("/graphql", params=asked, headers=signed("moderator") | _ASKED_FIRST)
    known = {"if-none-match": theirs_.headers["etag"]} if "etag" in theirs_.headers else {}
    answer = await site.http.get("/graphql", params=asked, headers=signed(who) | _ASKED_FIRST | known)
    assert answer.status_code == 200 or (who == "moderator" and answer.status_code == 304) or not shown(theirs_.text)
    return answer.text


WAYS: list[Way] = [by_get, by_hash, by_document_id, by_event_stream, by_multipart, by_socket, after_a_look_at_its_tag]


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
async def test_no_other_way_to_ask_shows_more(house: Site, way: Way) -> None:
    found: dict[str, set[str]] = {who: set() for who in ("moderator", "nobody", "author")}
    for name, query in doors(house).items():
        for who in found:
            text = await way(house, who, query)
            assert told(text, who) == set(), (name, who)
            found[who] |= shown(text)
    if way is not after_a_look_at_its_tag:
        assert found == {who: theirs(who) for who in found}


# Mutations

_COMMENT = "comment { ...C ...M } userErrors { code message }"
_EDGE = "commentEdge { node { ...C } } userErrors { code message }"
_ARTICLE = "article { ...A } userErrors { code message }"
TRIED: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "reactToComment": ('id: "{}", kind: LIKE', COMMENTS[1:], _COMMENT),
    "flagComment": ('id: "{}", reason: SPAM, note: "I see."', COMMENTS[1:], _COMMENT),
    "editComment": ('id: "{}", body: "Mine now."', COMMENTS, _COMMENT),
    "removeComment": ('id: "{}"', COMMENTS, _COMMENT),
    "moderateComment": ('id: "{}", to: PUBLISHED', COMMENTS, _COMMENT),
    "postComment": (f'articleId: "{PUBLIC}", parentId: "{{}}", body: "What?"', COMMENTS[1:4], _EDGE),
    "updateArticle": ('id: "{}", standfirst: "Seen."', ARTICLES, _ARTICLE),
    "retractArticle": ('id: "{}"', ARTICLES, _ARTICLE),
    "setCommentPolicy": ('articleId: "{}", open: true', ARTICLES, _ARTICLE),
    "recordView": ('articleId: "{}"', ARTICLES[1:], "counted"),
}


@pytest.mark.parametrize("who", ["nobody", "stranger", "banned"])
async def test_no_change_shows_what_it_would_have_changed(house: Site, who: str) -> None:
    for name, (given, ids, answer) in TRIED.items():
        calls = [f"{name}(input: {{ {given.format(one)} }}) {{ {answer} }}" for one in ids]
        text = await ask(house, who, _document("mutation", calls))
        assert told(text, who) == set(), name


REFUSED_ALIKE = {
    "reactToComment": "kind: LIKE",
    "flagComment": "reason: SPAM",
    "removeComment": "",
    "editComment": 'body: "x"',
}


async def test_what_is_hidden_is_refused_as_what_does_not_exist(house: Site) -> None:
    """Whether it is there is not told either."""
    for name, given in REFUSED_ALIKE.items():
        answers = set()
        for one in (*COMMENTS[1:4], global_id("Comment", 999_999)):
            query = f'mutation {{ {name}(input: {{ id: "{one}" {given} }}) {{ userErrors {{ code message field }} }} }}'
            answers.add(await ask(house, "stranger", query))
        assert len(answers) == 1, name
        assert "NOT_FOUND" in answers.pop()
