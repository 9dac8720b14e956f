"""What editors do: publishing now and later, correcting, retracting, curating lists."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Role
from tests.flows.client import Client, Json
from tests.flows.conftest import PUBLISH, Newsstand
from tests.flows.test_commenting import FLAG, MODERATE, POST
from tests.flows.test_live import EDIT, post
from tests.flows.test_reading import TEXTS, VIEW, codes, raw

UPDATE = """
mutation ($input: UpdateArticleInput!) {
  updateArticle(input: $input) {
    article { id slug headline standfirst bodyHtml section { slug } authors { slug } tags leadImage { url width } }
    userErrors { code field }
  }
}
"""
RETRACT = """mutation ($input: RetractArticleInput!) { retractArticle(input: $input) {
  article { status } userErrors { code }
} }"""
CURATE = """
mutation ($input: CurateListInput!) {
  curateList(input: $input) {
    list { key title version items { edges { pinned rank reasons node { id } } } } userErrors { code }
  }
}
"""
BY_SLUG = "query ($slug: String!) { article(slug: $slug) { id status url publishedAt } }"
BY_URL = "query ($url: URL!) { article(url: $url) { id } }"
LATEST = "{ latestStories { version items { nodes { id } } } }"
ARTICLE: Json = {"bodyHtml": "<p>Text.</p>", "section": "asia", "authors": ["Ada Writer"]}


async def publish(client: Client, **given: object) -> Json:
    return dict((await client.run(PUBLISH, input=ARTICLE | given))["publishArticle"])


async def listed(client: Client, key: str, **more: object) -> list[str]:
    query = "query ($key: String!) { rankedList(key: $key) { version items { nodes { id } } } }"
    found = (await client.run(query, key=key))["rankedList"]
    return [node["id"] for node in found["items"]["nodes"]]


async def test_a_scheduled_article_appears_when_it_is_due(stand: Newsstand) -> None:
    editor, reader, moderator = stand.client(Role.EDITOR), stand.client(), stand.client(Role.MODERATOR)
    due = datetime.now(UTC) + timedelta(seconds=1)
    made = await publish(editor, headline="Later", publishAt=due.isoformat())
    article = made["article"]["id"]
    assert made["article"]["status"] == "SCHEDULED"
    for client in (reader, moderator):
        assert (await client.run(BY_SLUG, slug="later"))["article"] is None
        assert (await client.run("query ($id: ID!) { node(id: $id) { id } }", id=article))["node"] is None
    assert (await editor.run(BY_SLUG, slug="later"))["article"]["status"] == "SCHEDULED"
    assert await listed(reader, "latest") == []

    async with asyncio.timeout(5):
        while await listed(reader, "latest") != [article]:
            await asyncio.sleep(0.05)
    assert datetime.now(UTC) >= due
    found = (await reader.run(BY_SLUG, slug="later"))["article"]
    assert found["status"] == "PUBLISHED"
    assert found["publishedAt"].endswith("Z")
    assert abs(datetime.fromisoformat(found["publishedAt"]) - due) < timedelta(milliseconds=1)


async def test_an_article_by_its_addresses(stand: Newsstand) -> None:
    client = stand.client()
    for headline, slug in (("Storm", "storm"), ("Wind über Köln 東京", "wind-uber-koln-東京")):
        assert (await client.run(BY_SLUG, slug=slug))["article"] is None
        article = await stand.publish(headline)
        found = (await client.run(BY_SLUG, slug=slug))["article"]
        assert found["id"] == article
        assert found["url"].isascii(), "a URL is ASCII (RFC 3986)"
        for url in (found["url"], f"{stand.url}/articles/{slug}"):
            assert (await client.run(BY_URL, url=url))["article"] == {"id": article}
    for url in (f"{stand.url}/articles/none", "https://elsewhere.example/storm", f"{stand.url}/articles/"):
        assert (await client.run(BY_URL, url=url))["article"] is None
    for arguments in ("", '(slug: "a", url: "https://a.example/")'):
        assert await client.refused(f"{{ article{arguments} {{ id }} }}") == "BAD_INPUT"


async def test_what_publishing_refuses(stand: Newsstand) -> None:
    editor = stand.client(Role.EDITOR)
    await stand.publish("Storm")
    for given, code in (
        ({"headline": " "}, "INVALID"),
        ({"headline": "x" * 301}, "INVALID"),
        ({"section": "nowhere"}, "UNKNOWN_SECTION"),
        ({"section": ""}, "UNKNOWN_SECTION"),
        ({"authors": ["Nobody"]}, "UNKNOWN_AUTHOR"),
        ({"slug": "storm"}, "SLUG_TAKEN"),
        ({"slug": "!!"}, "INVALID"),
        ({"language": "not a language"}, "INVALID"),
        ({"tags": ["x" * 61]}, "INVALID"),
    ):
        assert (await publish(editor, **{"headline": "New", **given}))["userErrors"][0]["code"] == code, given
    assert len(await listed(editor, "latest")) == 1


async def test_what_is_left_out_of_an_update_stays(stand: Newsstand) -> None:
    editor = stand.client(Role.EDITOR)
    image = {"url": "https://newsroom.example/a.jpg", "width": 4}
    made = await publish(editor, headline="Storm", standfirst="Line", tags=["sea"], leadImage=image)
    article = made["article"]["id"]

    async def update(**given: object) -> Any:
        done = (await editor.run(UPDATE, input={"id": article, **given}))["updateArticle"]
        assert done["userErrors"] == []
        return done["article"]

    first = await update()
    assert first == {
        "id": article,
        "slug": "storm",
        "headline": "Storm",
        "standfirst": "Line",
        "bodyHtml": "<p>Text.</p>",
        "section": {"slug": "asia"},
        "authors": [{"slug": "ada-writer"}],
        "tags": ["sea"],
        "leadImage": image,
    }
    assert await update(headline=None, bodyHtml=None, section=None, authors=None, tags=None) == first
    assert await update(standfirst=None, leadImage=None, tags=[]) == first | {
        "standfirst": None,
        "leadImage": None,
        "tags": [],
    }
    moved = await update(section="world", headline="A storm", bodyHtml="<p>New.</p><script>x</script>")
    assert (moved["slug"], moved["section"], moved["bodyHtml"]) == ("storm", {"slug": "world"}, "<p>New.</p>")
    assert (await listed(editor, "latest/asia"), await listed(editor, "latest/world")) == ([], [article])


async def test_a_retracted_article_is_gone_with_its_comments(stand: Newsstand) -> None:
    editor, reader = stand.client(Role.EDITOR), stand.client(Role.READER)
    article = await stand.publish("Storm")
    comment = await post(reader, article, "Windy!")
    assert (await editor.run(RETRACT, input={"id": article}))["retractArticle"]["article"]["status"] == "RETRACTED"

    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for client in (stand.client(), reader):
        assert (await client.run(query, ids=[article, comment]))["nodes"] == [None, None]
        assert (await client.run(BY_SLUG, slug="storm"))["article"] is None
        assert await listed(client, "latest") == []
        assert (await client.run('{ articles { totalCount } search(query: "storm") { totalCount } }')) == {
            "articles": {"totalCount": 0},
            "search": {"totalCount": 0},
        }
    assert (await editor.run(query, ids=[article, comment]))["nodes"] == [{"id": article}, {"id": comment}]
    assert (await editor.run(RETRACT, input={"id": article}))["retractArticle"]["userErrors"] == []
    moderator = stand.client(Role.MODERATOR)
    queue = "{ moderationQueue(queue: UNMODERATED) { nodes { id permalink article { id } } } }"
    assert "errors" not in await moderator.post(queue)


async def test_pins_and_exclusions(stand: Newsstand) -> None:
    editor, reader = stand.client(Role.EDITOR), stand.client()
    articles = [await stand.publish(f"Article {n}") for n in range(7)]
    newest = articles[::-1]
    async with asyncio.timeout(5):
        while await listed(reader, "must-reads") != newest[:5]:
            await asyncio.sleep(0.05)

    async def curate(**given: object) -> Any:
        return (await editor.run(CURATE, input={"key": "must-reads", **given}))["curateList"]

    done = await curate(pinnedIds=[articles[1], articles[0]], excludedIds=[newest[0]])
    edges = done["list"]["items"]["edges"]
    assert [edge["node"]["id"] for edge in edges] == [articles[1], articles[0], *newest[1:4]]
    assert [(edge["rank"], edge["pinned"]) for edge in edges] == [(n, n < 3) for n in range(1, 6)]
    assert edges[0]["reasons"][0] == "PINNED"
    assert await listed(reader, "must-reads") == [edge["node"]["id"] for edge in edges]

    again = await curate(pinnedIds=[articles[1], articles[0]], ifVersion=done["list"]["version"])
    assert (again["userErrors"], again["list"]["version"]) == ([], done["list"]["version"])
    moved = await curate(pinnedIds=[articles[0]], ifVersion=done["list"]["version"])
    assert moved["list"]["version"] != done["list"]["version"]
    for given, code in (
        ({"pinnedIds": [], "ifVersion": done["list"]["version"]}, "STALE"),
        ({"pinnedIds": [], "ifVersion": "nonsense"}, "STALE"),
        ({"pinnedIds": [global_id("Article", 999)]}, "UNKNOWN_ARTICLE"),
        ({"pinnedIds": [global_id("Article", "9" * 5_000)]}, "UNKNOWN_ARTICLE"),
        ({"pinnedIds": ["x"]}, "UNKNOWN_ARTICLE"),
        ({"pinnedIds": [], "excludedIds": ["x"]}, "UNKNOWN_ARTICLE"),
        ({"pinnedIds": [], "key": "latest/nowhere"}, "NOT_FOUND"),
        ({"pinnedIds": [], "key": "Not A Key"}, "NOT_FOUND"),
    ):
        refused = await curate(**given)
        assert (refused["list"], [error["code"] for error in refused["userErrors"]]) == (None, [code]), given
    assert (await listed(reader, "must-reads"))[0] == articles[0]


async def test_a_list_of_an_editors_own(stand: Newsstand) -> None:
    editor, article = stand.client(Role.EDITOR), await stand.publish("Storm")
    given = {"key": "election-night", "pinnedIds": [article], "clientMutationId": "k"}
    first = (await editor.run(CURATE, input=given))["curateList"]
    assert first["list"]["title"] == "Election Night"
    assert first["list"]["items"]["edges"][0]["reasons"] == ["CURATED"]
    repeated = (await editor.run(CURATE, input=given | {"pinnedIds": []}))["curateList"]
    assert repeated == first


async def test_hostile_texts_in_mutations_are_never_a_defect(stand: Newsstand) -> None:
    admin, article = stand.client(Role.ADMIN), await stand.publish("Storm")
    comment = await post(admin, article, "Windy!")
    about, new = {"id": comment}, ARTICLE | {"headline": "New"}
    # Each input with the field that takes the text.
    inputs: list[tuple[str, Json, str]] = [
        (POST, {"articleId": article}, "body"),
        (POST, {"articleId": article, "body": "Hm"}, "clientMutationId"),
        (POST, {"articleId": article, "body": "Hm"}, "parentId"),
        (EDIT, about, "body"),
        (FLAG, about | {"reason": "SPAM"}, "note"),
        (MODERATE, about | {"to": "PUBLISHED"}, "reason"),
        *((PUBLISH, new, name) for name in ("headline", "standfirst", "bodyHtml", "section", "slug", "language")),
        (UPDATE, {"id": article}, "bodyHtml"),
        (RETRACT, {"id": article}, "reason"),
        (CURATE, {"pinnedIds": []}, "key"),
        (CURATE, {"pinnedIds": [], "key": "latest"}, "title"),
        (CURATE, {"pinnedIds": [], "key": "latest"}, "ifVersion"),
        (VIEW, {"articleId": article}, "clientMutationId"),
    ]
    for query, given, name in inputs:
        for text in TEXTS:
            body = await raw(admin, query, input=given | {name: text})
            assert codes(body) <= {"BAD_INPUT"}, (name, ascii(text)[:20], body)
