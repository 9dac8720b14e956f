"""What readers read: pages in both directions, permalinks, ids, lists, and what is wrong with a request."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from newsgraph import app
from newsgraph.actions import comments, imports, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.articles import ArticleDraft
from newsgraph.domain.authors import Byline
from newsgraph.domain.comments import ReactionKind
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Claims, Role, Viewer
from newsgraph.settings import Settings
from tests.flows.client import Client, Json
from tests.flows.conftest import Newsstand
from tests.flows.test_live import post

ROWS = 45
ARGUMENTS = "$first: Int, $after: String, $last: Int, $before: String"
BOTH_WAYS = "first: $first, after: $after, last: $last, before: $before"
FORWARD = "first: $first, after: $after"
PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
THREAD = '{ node(id: "ARTICLE") { ... on Article { comments(orderBy: %s, BOTH_WAYS) } } }'

# Every list that has pages, with BOTH_WAYS or FORWARD for the arguments that it takes.
LISTS: dict[str, str] = {
    "articles": "{ articles(BOTH_WAYS) }",
    "articles, oldest first": "{ articles(orderBy: PUBLISHED_ASC, BOTH_WAYS) }",
    "articles of a tag and an author": '{ articles(filter: {tag: "sea", author: "ada-writer"}, BOTH_WAYS) }',
    "Section.articles": '{ section(slug: "asia") { articles(BOTH_WAYS) } }',
    "Author.articles": '{ author(slug: "ada-writer") { articles(BOTH_WAYS) } }',
    "authors": "{ authors(BOTH_WAYS) }",
    "search": '{ search(query: "harbour", FORWARD) }',
    "RankedList.items": '{ rankedList(key: "latest/asia") { items(FORWARD) } }',
    "newest comments": THREAD % "NEWEST",
    "oldest comments": THREAD % "OLDEST",
    "most replied comments": THREAD % "MOST_REPLIED",
    "most reacted comments": THREAD % "MOST_REACTED",
    "replies": '{ node(id: "PARENT") { ... on Comment { replies(FORWARD) } } }',
    "newest replies": '{ node(id: "PARENT") { ... on Comment { replies(orderBy: NEWEST, FORWARD) } } }',
    "moderationQueue": '{ moderationQueue(queue: UNMODERATED, articleId: "ARTICLE", FORWARD) }',
}
BACKWARD = [name for name, query in LISTS.items() if "BOTH_WAYS" in query]


def key_of(global_: str) -> int:
    return int(b64decode(global_).decode().partition(":")[2])


def connection(data: Json) -> Json:
    while "pageInfo" not in data:
        (data,) = data.values()
    return data


def ids(page: Json) -> list[str]:
    assert page["nodes"] == [edge["node"] for edge in page["edges"]]
    return [node["id"] for node in page["nodes"]]


@dataclass(frozen=True)
class Library:
    """Many rows of everything, most of them with the same time."""

    client: Client
    newsroom: Newsroom
    reader: Viewer
    article: str
    parent: str
    numbers: Iterator[int] = field(default_factory=lambda: count(ROWS))

    def query(self, name: str) -> str:
        query = LISTS[name].replace("ARTICLE", self.article).replace("PARENT", self.parent)
        total = "" if "items(" in query else "totalCount"
        selection = f"{{ edges {{ cursor node {{ id }} }} nodes {{ id }} {total} {PAGE_INFO} }}"
        for marker, arguments in (("BOTH_WAYS)", BOTH_WAYS), ("FORWARD)", FORWARD)):
            query = query.replace(marker, f"{arguments}) {selection}")
        declared = ARGUMENTS if "$last" in query else ARGUMENTS.partition(", $last")[0]
        return f"query ({declared}) {query}"

    async def page(self, name: str, **arguments: object) -> Json:
        return connection(await self.client.run(self.query(name), **arguments))

    async def refused(self, name: str, **arguments: object) -> str:
        return await self.client.refused(self.query(name), **arguments)

    async def say(self, body: str, parent: str | None = None) -> str:
        command = comments.PostComment(key_of(self.article), key_of(parent) if parent else None, body)
        posted = await comments.post(self.newsroom, self.reader, command)
        return global_id("Comment", posted.comment_id)

    async def grow(self) -> None:
        """One more of everything."""
        number = next(self.numbers)
        await imports.import_drafts(self.newsroom, [draft(number)])
        await self.say(f"New {number}")
        await self.say(f"New reply {number}", self.parent)


def draft(number: int) -> ArticleDraft:
    return ArticleDraft(
        source="test",
        guid=str(number),
        headline=f"Article {number}",
        body_html="<p>All is quiet in the harbour.</p>",
        section="Asia",
        authors=(Byline("Ada Writer"), Byline(f"Author {number % 7}{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number // 7]}")),
        tags=("sea",),
        published_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number // 20),
    )


@pytest.fixture
async def library(furnished: Settings, stand: Newsstand) -> AsyncIterator[Library]:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    async with app.open_newsroom(furnished, clock=lambda: noon) as newsroom:
        report = await imports.import_drafts(newsroom, [draft(n) for n in range(ROWS)])
        reader = await users.recognise(newsroom, Claims("test:reader", "Kim", Role.READER, noon, None))
        client = stand.client(Role.MODERATOR)
        empty = Library(client, newsroom, reader, global_id("Article", report.ids[0]), "")
        said = await asyncio.gather(*(empty.say(f"Comment {n}") for n in range(ROWS)))
        library = replace(empty, parent=said[3])
        await asyncio.gather(*(library.say(f"Reply {n}", library.parent) for n in range(ROWS)))
        for one in said[:ROWS:4]:
            await comments.react(newsroom, reader, comments.ReactToComment(key_of(one), ReactionKind.LIKE))
        yield library


async def everything(library: Library, name: str) -> list[str]:
    """All rows, as few pages at a time as there can be."""
    found, more, after = list[str](), True, None
    while more:
        page = await library.page(name, first=100, after=after)
        found += ids(page)
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    assert len(found) >= ROWS
    return found


async def test_walking_forward_meets_every_row_once(library: Library) -> None:
    for name in LISTS:
        expected, found, after = await everything(library, name), list[str](), None
        for step in range(40):
            page = await library.page(name, first=7, after=after)
            assert page["pageInfo"]["hasPreviousPage"] is (step > 0)
            found += ids(page)
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            if step < 3 and name != "search":  # in which a new article changes the scores of all
                await library.grow()
        assert len(found) == len(set(found))
        assert [one for one in found if one in set(expected)] == expected


async def test_walking_backward_meets_every_row_once(library: Library) -> None:
    for name in BACKWARD:
        expected, found, before = await everything(library, name), list[str](), None
        for step in range(40):
            page = await library.page(name, last=7, before=before)
            assert page["pageInfo"]["hasNextPage"] is (step > 0)
            found = ids(page) + found
            before = page["pageInfo"]["startCursor"]
            if not page["pageInfo"]["hasPreviousPage"]:
                break
            if step < 3:
                await library.grow()
        assert len(found) == len(set(found))
        assert [one for one in found if one in set(expected)] == expected


async def test_sizes_of_pages(library: Library) -> None:
    for name in LISTS:
        rows = await everything(library, name)
        usual = 6 if name == "RankedList.items" else 20

        page = await library.page(name)
        assert ids(page) == rows[:usual]
        assert page.get("totalCount", len(rows)) == len(rows)
        assert page["pageInfo"] == {
            "hasNextPage": True,
            "hasPreviousPage": False,
            "startCursor": page["edges"][0]["cursor"],
            "endCursor": page["edges"][-1]["cursor"],
        }
        none = await library.page(name, first=0)
        assert ids(none) == []
        assert none["pageInfo"] == {
            "hasNextPage": True,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        }
        assert await library.refused(name, first=101) == "PAGE_TOO_LARGE"
        assert await library.refused(name, first=-1) == "BAD_INPUT"
        assert await library.refused(name, first=2**31) == "BAD_INPUT"


async def test_pages_between_and_from_the_end(library: Library) -> None:
    for name in BACKWARD:
        full = await library.page(name, first=100)
        rows, cursors = ids(full), [edge["cursor"] for edge in full["edges"]]

        assert ids(await library.page(name, last=3)) == rows[-3:]
        assert ids(await library.page(name, before=cursors[30])) == rows[10:30]
        assert await library.refused(name, last=101) == "PAGE_TOO_LARGE"
        assert await library.refused(name, last=-1) == "BAD_INPUT"
        assert await library.refused(name, first=1, last=1) == "BAD_INPUT"
        assert ids(await library.page(name, last=0)) == []
        for arguments, expected, more in (
            ({"first": 100}, rows[6:10], (True, False)),
            ({"last": 100}, rows[6:10], (False, True)),
            ({"first": 2}, rows[6:8], (True, True)),
            ({"last": 2}, rows[8:10], (True, True)),
        ):
            page = await library.page(name, after=cursors[5], before=cursors[10], **arguments)
            assert ids(page) == expected
            assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == more


def forged(*parts: object) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


async def test_cursors_that_are_none_of_this_list(library: Library) -> None:
    for name in LISTS:
        foreign = await library.page("authors" if name != "authors" else "articles", first=1)
        own = await library.page(name, first=1)
        order = json.loads(urlsafe_b64decode_(own["pageInfo"]["endCursor"]))[0]
        bad = ["", "x", "ωμέγα", "[1]", forged(), forged(order), forged(order, [1], {}), forged(order, None, 1)]
        bad += [forged(order, "1", "2", "3"), forged(order, 1), foreign["pageInfo"]["endCursor"], "A" * 20_000]
        bad += [forged(order, True, True), urlsafe_b64encode(b"[" * 5_000).decode()]
        for cursor in bad:
            assert await library.refused(name, after=cursor) == "INVALID_CURSOR", cursor
            if name in BACKWARD:
                assert await library.refused(name, before=cursor) == "INVALID_CURSOR", cursor


def urlsafe_b64decode_(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")


FOCUS = """
query ($id: ID!, $focus: ID, $first: Int, $after: String, $order: CommentOrder!) {
  node(id: $id) { ... on Article {
    comments(focus: $focus, first: $first, after: $after, orderBy: $order) {
      totalCount edges { cursor } nodes { id depth parent { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  } }
}
"""


ABOVE = """
query ($id: ID!, $before: String!, $order: CommentOrder!) {
  node(id: $id) { ... on Article {
    comments(last: 50, before: $before, orderBy: $order) {
      nodes { id } pageInfo { hasPreviousPage startCursor }
    }
  } }
}
"""


@pytest.mark.parametrize("order", ["NEWEST", "OLDEST", "MOST_REPLIED", "MOST_REACTED"])
async def test_a_permalink_deep_in_a_long_thread(library: Library, order: str) -> None:
    await asyncio.gather(*(library.say(f"More {n}") for n in range(80)))
    whole = list[str]()
    after = None
    while after != "":
        page = (await library.client.run(FOCUS, id=library.article, first=50, after=after, order=order))["node"]
        whole += [node["id"] for node in page["comments"]["nodes"]]
        info = page["comments"]["pageInfo"]
        after = info["endCursor"] if info["hasNextPage"] else ""
    top = whole[75]
    reply = await library.say("Reply", top)
    deep = await library.say("Deep", reply)
    if order == "MOST_REPLIED":  # by the replies it has gone to another place
        whole.remove(top)
        whole.insert(1, top)
    place = whole.index(top)

    first = (await library.client.run(FOCUS, id=library.article, focus=deep, first=10, order=order))["node"]
    page = first["comments"]
    assert [node["id"] for node in page["nodes"]] == [top, reply, deep, *whole[place + 1 : place + 10]]
    assert [node["depth"] for node in page["nodes"]][:3] == [0, 1, 2]
    assert page["totalCount"] == len(whole) == 125
    assert page["pageInfo"]["hasPreviousPage"]

    found = [node["id"] for node in page["nodes"] if node["depth"] == 0]
    info = page["pageInfo"]
    while info["hasNextPage"]:
        more = await library.client.run(FOCUS, id=library.article, first=10, after=info["endCursor"], order=order)
        found += [node["id"] for node in more["node"]["comments"]["nodes"]]
        info = more["node"]["comments"]["pageInfo"]
    assert found == whole[place:]

    start = page["pageInfo"]["startCursor"]
    above = list[str]()
    while start:
        found = (await library.client.run(ABOVE, id=library.article, before=start, order=order))["node"]["comments"]
        above = ids_only(found) + above
        start = found["pageInfo"]["startCursor"] if found["pageInfo"]["hasPreviousPage"] else None
    assert above == whole[:place]


def ids_only(page: Json) -> list[str]:
    return [node["id"] for node in page["nodes"]]


async def test_a_focus_that_is_not_there(library: Library, stand: Newsstand) -> None:
    elsewhere = await post(stand.client(Role.READER), await stand.publish("Other"), "Elsewhere")
    for focus in (
        elsewhere,
        "?",
        global_id("Comment", 999_999),
        global_id("Comment", "9" * 30),
        global_id("Comment", "9" * 5_000),
        global_id("Comment", "٣"),
        library.article,
    ):
        assert await library.client.refused(FOCUS, id=library.article, focus=focus, order="NEWEST") == "NOT_FOUND"


NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


async def test_every_node_is_the_object_of_the_direct_path(stand: Newsstand) -> None:
    article, client = await stand.publish("Storm"), stand.client()
    comment = await post(stand.client(Role.READER), article, "Windy!")
    direct = await client.run(
        """{
          article(slug: "storm") { __typename id headline
            section { __typename id slug } authors { __typename id slug }
            comments { nodes { __typename id body author { __typename id name } } }
            youMayAlsoLike { __typename id key version }
          }
          latestStories(section: "asia") { __typename id key version }
          popularNow(window: WEEK) { __typename id key version }
        }"""
    )
    found = direct["article"]
    said = found["comments"]["nodes"][0]
    objects = [found["section"], *found["authors"], said["author"], found["youMayAlsoLike"]]
    objects += [direct["latestStories"], direct["popularNow"]]
    fields = {one["__typename"]: " ".join(one) for one in objects}
    fields |= {"Article": "__typename id headline", "Comment": "__typename id body"}
    objects += [
        {k: found[k] for k in ("__typename", "id", "headline")},
        {k: said[k] for k in ("__typename", "id", "body")},
    ]
    fragments = " ".join(f"... on {kind} {{ {names} }}" for kind, names in fields.items())
    wanted = [one["id"] for one in objects]

    several = await client.run(f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ {fragments} }} }}", ids=wanted)
    assert several["nodes"] == objects
    for one in objects:
        assert (await client.run(NODE, id=one["id"]))["node"] == {k: one[k] for k in ("__typename", "id")}
    assert {one["__typename"] for one in objects} == {
        "Article",
        "Author",
        "Comment",
        "Commenter",
        "RankedList",
        "Section",
    }
    assert said["id"] == comment


NUMBERED = ("Article", "Author", "Comment", "Commenter", "Section")
NO_IDS = [
    *("", "x", "1", "Article:1", "ωμέγα", b64encode(b"\xff:1").decode(), global_id("Article", ""), "A" * 100_000),
    *(global_id(kind, key) for kind in NUMBERED for key in ("x", "-1", "1.5", "٣", "9" * 19, "9" * 6_000)),
    *(global_id("Nonsense", 1), global_id("Viewer", 1), global_id("article", 1)),
]


async def test_ids_that_are_none(stand: Newsstand) -> None:
    article, client = await stand.publish("Storm"), stand.client()
    for text in NO_IDS:
        assert await client.refused(NODE, id=text) == "INVALID_ID", text[:30]
        assert await client.refused(NODES, ids=[article, text]) == "INVALID_ID", text[:30]


async def test_ids_of_nothing(stand: Newsstand) -> None:
    unknown = [global_id(kind, key) for kind in NUMBERED for key in ("999999", "0", "9" * 18)]
    unknown += [global_id("RankedList", key) for key in ("no-such", "related/99", "x" * 500, "related/" + "9" * 60)]

    assert (await stand.client().run(NODES, ids=unknown))["nodes"] == [None] * len(unknown)
    assert await stand.client().refused(NODES, ids=unknown[:1] * 101) == "PAGE_TOO_LARGE"


@pytest.mark.parametrize(
    ("declared", "first", "shown"),
    [
        ("", "3", 3),
        ("$n: Int", "$n", 3),
        ("$n: Int = 3", "$n", 3),
        ("", "0", 0),
        ("", "null", None),
        ("$x: Int", "$x", None),
    ],
)
async def test_what_an_earlier_list_shows_is_not_shown_again(
    library: Library, declared: str, first: str, shown: int | None
) -> None:
    query = f"""query ($keys: [String!]!, {declared}) {{ rankedLists(keys: $keys, dedupe: true) {{
      key ... on RankedList {{ items(first: {first}) {{ edges {{ rank node {{ id }} }} }} }}
    }} }}"""
    keys = ["latest", "must-reads", "nonsense", "latest/asia", "popular@nonsense"]
    newest = ids(await library.page("articles", first=100))
    await ranked(library.client, "must-reads", newest[:5])
    lists = (await library.client.run(query, keys=keys, **({"n": 3} if declared == "$n: Int" else {})))["rankedLists"]

    sizes = (6, 5, 6) if shown is None else (shown,) * 3
    edges = [one["items"]["edges"] for one in lists]
    assert [one["key"] for one in lists] == ["latest", "must-reads", "latest/asia"]
    assert [[edge["rank"] for edge in some] for some in edges] == [list(range(1, size + 1)) for size in sizes]
    seen = [edge["node"]["id"] for some in edges for edge in some]
    assert seen == newest[: sum(sizes)], "a list is filled up with what comes next"


async def ranked(client: Client, key: str, expected: list[str]) -> None:
    """Waits until the background has ranked the list like this."""
    query = "query ($key: String!) { rankedList(key: $key) { items { nodes { id } } } }"
    async with asyncio.timeout(5):
        while ids_of(await client.run(query, key=key)) != expected:
            await asyncio.sleep(0.05)


def ids_of(data: Json) -> list[str]:
    return [node["id"] for node in data["rankedList"]["items"]["nodes"]]


async def test_a_lists_look(library: Library) -> None:
    data = await library.client.run(
        """{
          latest: latestStories(section: "asia") { title kind window section { slug } items {
            pageInfo { hasNextPage } edges { rank label pinned reasons node { id } } } }
          popular: popularNow(window: WEEK) { title kind window section { slug } items { edges { rank label } } }
          must: mustReads { title kind items { edges { rank label node { id } } } }
        }"""
    )
    latest, popular, must = data["latest"], data["popular"], data["must"]
    assert (latest["title"], latest["kind"], latest["window"]) == ("[ASIA] Latest Stories", "LATEST", None)
    assert latest["section"] == {"slug": "asia"}
    assert [edge["rank"] for edge in latest["items"]["edges"]] == [1, 2, 3, 4, 5, 6]
    assert {edge["label"] for edge in latest["items"]["edges"]} == {"ASIA"}
    assert {(edge["pinned"], *edge["reasons"]) for edge in latest["items"]["edges"]} == {(False, "RECENT")}
    assert (popular["title"], popular["kind"], popular["window"], popular["section"]) == (
        "Popular Now",
        "POPULAR",
        "WEEK",
        None,
    )
    assert (must["title"], must["kind"]) == ("Must-Reads", "CURATED")


RELATED = """
query ($id: ID!) { node(id: $id) { ... on Article {
  youMayAlsoLike { key title version items(first: 20) { nodes { id } edges { rank reasons } } }
} } }
"""


async def test_related_articles_never_contain_the_article(library: Library) -> None:
    found = (await library.client.run(RELATED, id=library.article))["node"]["youMayAlsoLike"]
    assert found["title"] == "You May Also Like"
    assert len(found["items"]["nodes"]) == 20
    assert library.article not in [node["id"] for node in found["items"]["nodes"]]
    assert [edge["rank"] for edge in found["items"]["edges"]] == list(range(1, 21))
    assert all(edge["reasons"] for edge in found["items"]["edges"])
    assert (await library.client.run(RELATED, id=library.article))["node"]["youMayAlsoLike"] == found


KEYED = "query ($key: String!) { rankedList(key: $key) { key window } }"


async def test_keys_of_lists(stand: Newsstand) -> None:
    article, client = await stand.publish("Storm"), stand.client()
    number = key_of(article)
    for key, expected, window in (
        ("latest", "latest", None),
        ("latest/asia", "latest/asia", None),
        ("popular", "popular", "DAY"),
        ("popular@day", "popular", "DAY"),
        ("popular/asia@week", "popular/asia@week", "WEEK"),
        ("popular@all_time", "popular@all_time", "ALL_TIME"),
        ("must-reads", "must-reads", None),
        (f"related/{article}", f"related/{number}", None),
        (f"related/{number}", f"related/{number}", None),
    ):
        assert (await client.run(KEYED, key=key))["rankedList"] == {"key": expected, "window": window}
    for key in (
        *("", "x", "/", "@", "latest/", "latest/nowhere", "latest@week", "popular@year", "popular/asia@", "related"),
        *("related/x", "related/999999", "related/" + "9" * 100, f"related/0{number}", "custom", "Latest", "a" * 9_999),
        *("latest/asia@week", "\0", "latest/\0", "\ud800", "related/" + global_id("Author", 1), "related/\u0663"),
    ):
        assert (await raw(client, KEYED, key=key))["data"]["rankedList"] is None, key


@pytest.mark.parametrize("field", ["latestStories", "popularNow", "mustReads"])
async def test_lists_of_an_unknown_section(stand: Newsstand, field: str) -> None:
    ask, client = f"query ($slug: String) {{ {field}(section: $slug) {{ key }} }}", stand.client()
    for slug in ("", "nowhere", "asia@week", "asia/", "ASIA", "\0", "\ud800", "x" * 10_000):
        assert (await raw(client, ask, slug=slug))["data"][field] is None, slug
    assert (await client.run(ask, slug="asia"))[field]["key"].endswith("/asia")
    assert "/" not in (await client.run(ask, slug=None))[field]["key"]


VERSIONS = '{ a: latestStories { version } b: latestStories(section: "asia") { version } c: mustReads { version } }'


async def test_a_version_changes_exactly_when_the_order_does(stand: Newsstand) -> None:
    article, client, reader = await stand.publish("Storm", "asia"), stand.client(), stand.client(Role.READER)
    await asyncio.sleep(0.5)  # until the background has ranked must-reads
    before = await client.run(VERSIONS)
    await post(reader, article, "Windy!")
    await stand.client(Role.EDITOR).run(
        "mutation ($input: UpdateArticleInput!) { updateArticle(input: $input) { userErrors { code } } }",
        input={"id": article, "headline": "A storm"},
    )
    assert await client.run(VERSIONS) == before

    await stand.publish("Elsewhere", "world")
    after = await client.run(VERSIONS)
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert await client.run(VERSIONS) == after


VIEW = "mutation ($input: RecordViewInput!) { recordView(input: $input) { counted clientMutationId } }"


async def test_what_is_read_becomes_popular(stand: Newsstand) -> None:
    quiet, read = await stand.publish("Quiet"), await stand.publish("Read")
    client = stand.client()
    for name, counted in (("Kim", True), ("Kim", False), ("Lee", True)):
        data = await stand.client(Role.READER, name).run(VIEW, input={"articleId": read, "clientMutationId": name})
        assert data["recordView"] == {"counted": counted, "clientMutationId": name}
    assert (await client.run(VIEW, input={"articleId": quiet}))["recordView"]["counted"]
    client.http.headers["user-agent"] = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    for article in (quiet, global_id("Article", 999), global_id("Comment", 1), "nonsense", "9" * 6_000):
        assert not (await client.run(VIEW, input={"articleId": article}))["recordView"]["counted"]

    windows = ("HOUR", "DAY", "WEEK", "MONTH", "ALL_TIME")
    ask = " ".join(
        f"{w}: popularNow(window: {w}) {{ items {{ nodes {{ id viewCount(window: {w}) }} }} }}" for w in windows
    )
    expected = [{"id": read, "viewCount": 2}, {"id": quiet, "viewCount": 1}]
    wanted = {window: {"items": {"nodes": expected}} for window in windows}
    async with asyncio.timeout(5):
        while await client.run(f"{{ {ask} }}") != wanted:
            await asyncio.sleep(0.1)


# What is wrong with a request


FAULTS: list[tuple[str, Json, int, str]] = [
    ("syntax", {"query": "{ article("}, 200, "GRAPHQL_PARSE_FAILED"),
    ("field", {"query": "{ nonsense }"}, 200, "GRAPHQL_VALIDATION_FAILED"),
    ("variable's type", {"query": NODE, "variables": {"id": {"a": 1}}}, 200, "BAD_INPUT"),
    ("missing variable", {"query": NODE}, 200, "BAD_INPUT"),
    ("operation", {"query": "query A { streamHead }", "operationName": "B"}, 200, "BAD_INPUT"),
    ("no query", {"variables": {}}, 400, "BAD_INPUT"),
    ("null", {"query": None}, 400, "BAD_INPUT"),
    ("number", {"query": 1}, 400, "BAD_INPUT"),
    ("list of variables", {"query": NODE, "variables": []}, 400, "BAD_INPUT"),
    ("empty", {"query": ""}, 400, "BAD_INPUT"),
]


@pytest.mark.parametrize(("body", "status", "code"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
async def test_faults_of_a_request(stand: Newsstand, body: Json, status: int, code: str) -> None:
    answer = await stand.client().http.post("/graphql", json=body)

    assert answer.status_code in (status, 400)
    (error,) = answer.json()["errors"]
    assert error["message"]
    assert error["extensions"]["code"] == code


async def test_a_defect_is_masked(furnished: Settings, stand: Newsstand, caplog: pytest.LogCaptureFixture) -> None:
    article = await stand.publish("Storm")
    with sqlite3.connect(app.database_path(furnished)) as connection:
        connection.execute("DROP TABLE article_tags")
    connection.close()

    body = await stand.client().post("query ($id: ID!) { node(id: $id) { id ... on Article { tags } } }", id=article)
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "article_tags" not in json.dumps(body)
    assert error["extensions"]["fault"] in caplog.text
    assert "article_tags" in caplog.text


TEXTS = ["\0", "a\0b", "\ud800", "\udfff\ud800", "x" * 200_000, "'\"; DROP TABLE articles; --", "%_*", "﷽" * 99, "-1"]
TAKES_TEXT = [
    "article(slug: $text) { id }",
    "section(slug: $text) { id }",
    "author(slug: $text) { id }",
    "search(query: $text) { totalCount nodes { id } }",
    'search(query: "storm", section: $text) { totalCount nodes { id } }',
    "articles(filter: {tag: $text}) { totalCount nodes { id } }",
    "articles(filter: {author: $text}) { totalCount nodes { id } }",
    "articles(filter: {section: $text}) { totalCount nodes { id } }",
    "rankedLists(keys: [$text]) { id }",
    "latestStories(section: $text) { id }",
    "node(id: $id) { id }",
    "moderationQueue(queue: PENDING, articleId: $id) { totalCount }",
    "article(url: $url) { id }",
    "articles(filter: {publishedAfter: $time}) { totalCount }",
    "authors(after: $text) { totalCount }",
]
KINDS = {"$text": "String!", "$id": "ID!", "$url": "URL!", "$time": "DateTime!"}


async def raw(client: Client, query: str, **variables: object) -> Json:
    """The answer to a request that may hold what is no Unicode, as JSON can."""
    content = json.dumps({"query": query, "variables": variables}).encode("ascii")
    answer = await client.http.post("/graphql", content=content, headers={"content-type": "application/json"})
    return dict(answer.json())


async def test_hostile_texts_are_never_a_defect(stand: Newsstand) -> None:
    await stand.publish("Storm")
    client = stand.client(Role.MODERATOR)
    texts = [*TEXTS, global_id("Article", "9" * 5_000), global_id("Article", "9" * 30), forged("name", "\ud800", 1)]
    for field_ in TAKES_TEXT:
        name = next(one for one in KINDS if one in field_)
        for text in texts:
            body = await raw(client, f"query ({name}: {KINDS[name]}) {{ {field_} }}", **{name[1:]: text})
            assert codes(body) <= {"BAD_INPUT", "INVALID_ID", "INVALID_CURSOR", "NOT_FOUND"}, (field_, text[:20])
            literal = await raw(client, f"{{ {field_.replace(name, json.dumps(text))} }}")
            assert "INTERNAL" not in codes(literal), (field_, text[:20])


def codes(body: Json) -> set[str]:
    return {error["extensions"]["code"] for error in body.get("errors", ())}


NO_TIMES: list[object] = [
    *("2026-01-31", "2026-01-31T09:30:00", "2026-02-30T09:30:00Z", "0001-01-01T00:00:00+14:00", "٢026-01-31T09:30:00Z"),
    *(12, ["2026-01-31T09:30:00Z"], {}, True),
]


async def test_times_that_are_none(stand: Newsstand) -> None:
    client, ask = stand.client(), "articles(filter: {publishedAfter: $time}) { totalCount }"
    for value in NO_TIMES:
        assert await client.refused(f"query ($time: DateTime) {{ {ask} }}", time=value) == "BAD_INPUT", value
        literal = ask.replace("$time", json.dumps(value, ensure_ascii=False))
        assert await client.refused(f"{{ {literal} }}") == "GRAPHQL_VALIDATION_FAILED", value
