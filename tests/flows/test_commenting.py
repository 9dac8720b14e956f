"""What commenters do: posting, editing, removing, reacting, reporting; and what moderators make of it."""

from __future__ import annotations

import asyncio
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.client import Client, Json
from tests.flows.conftest import Newsstand, serving
from tests.flows.test_live import EDIT, REACT, REMOVE, RULES, post

POST = """
mutation ($input: PostCommentInput!) {
  postComment(input: $input) {
    status clientMutationId commentEdge { node { id body createdAt } }
    userErrors { code field limit actual retryAt message }
  }
}
"""
MODERATE = """
mutation ($input: ModerateCommentInput!) {
  moderateComment(input: $input) { comment { status featured } userErrors { code } }
}
"""
FLAG = "mutation ($input: FlagCommentInput!) { flagComment(input: $input) { comment { id } userErrors { code } } }"
RESTRICT = "mutation ($input: RestrictUserInput!) { restrictUser(input: $input) { user { id } userErrors { code } } }"
COMMENT = """
query ($id: ID!) { node(id: $id) { ... on Comment {
  id body status author { id name } replyCount depth reactions { kind count } viewerReaction
  replies { totalCount nodes { id body } }
} } }
"""
ARTICLE = """
query ($id: ID!) { node(id: $id) { ... on Article {
  commentCount comments { totalCount nodes { id body author { name } status replyCount } }
} } }
"""


async def say(client: Client, article: str, body: str, **more: object) -> Json:
    data = await client.run(POST, input={"articleId": article, "body": body, **more})
    return dict(data["postComment"])


async def problem(client: Client, article: str, body: str, **more: object) -> Json:
    """What is wrong with a comment that has one fault."""
    payload = await say(client, article, body, **more)
    assert (payload["commentEdge"], payload["status"]) == (None, None)
    (error,) = payload["userErrors"]
    assert error.pop("message")
    return {name: value for name, value in error.items() if value is not None}


async def decide(moderator: Client, comment: str, to: str, **more: object) -> str | None:
    """The code of what was wrong; None when it was done."""
    data = (await moderator.run(MODERATE, input={"id": comment, "to": to, **more}))["moderateComment"]
    return data["userErrors"][0]["code"] if data["userErrors"] else None


async def one(client: Client, comment: str) -> Any:
    return (await client.run(COMMENT, id=comment))["node"]


async def page(client: Client, article: str) -> Any:
    return (await client.run(ARTICLE, id=article))["node"]


FAMILY = "👨‍👩‍👧‍👦"  # seven code points


@pytest.mark.parametrize(
    "text",
    [
        "x" * 300,
        FAMILY * 42 + "🙂" * 6,
        "e\u0301" * 300,
        "q\u0301" * 150,
        "ﷺ" * 300,
        "한" * 300,
    ],
    ids=["letters", "families", "composed by NFC", "accents that stay apart", "long ligatures", "syllables"],
)
async def test_three_hundred_code_points(stand: Newsstand, text: str) -> None:
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    normal = unicodedata.normalize("NFC", text)
    assert len(normal) == 300

    said = await say(reader, article, f" \n{text}\t ")
    assert said["commentEdge"]["node"]["body"] == normal
    assert await problem(reader, article, text + "!") == {
        "code": "BODY_TOO_LONG",
        "field": ["input", "body"],
        "limit": 300,
        "actual": 301,
    }


async def test_texts_that_are_kept_and_texts_that_are_none(stand: Newsstand) -> None:
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    for text in ('<script>alert("1")</script> & <b>bold</b>', "a\n\nb", "a < b > c", "&lt;", "'; DROP TABLE", "%s {0}"):
        assert (await say(reader, article, text))["commentEdge"]["node"]["body"] == text
    for text in ("", " ", "\n\t", "\u200b", "\u200d\ufeff", "\0", "\u00a0\u3000"):
        assert (await problem(reader, article, text))["code"] == "BODY_EMPTY", ascii(text)


async def test_ten_times_the_same_post_is_one_comment(stand: Newsstand) -> None:
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    given = {"articleId": article, "body": "Once", "clientMutationId": "k"}
    answers = await asyncio.gather(*(reader.run(POST, input=given) for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["postComment"]["clientMutationId"] == "k"
    assert (await page(reader, article))["commentCount"] == 1

    other = await say(stand.client(Role.READER, "Lee"), article, "Mine", clientMutationId="k")
    assert other["commentEdge"]["node"]["body"] == "Mine"
    assert (await page(reader, article))["commentCount"] == 2
    assert await reader.refused(POST, input=given | {"clientMutationId": "k" * 201}) == "BAD_INPUT"
    assert await reader.refused(POST, input=given | {"clientMutationId": "a\0"}) == "BAD_INPUT"


async def test_a_payload_that_cannot_be_shown_does_nothing_twice(stand: Newsstand) -> None:
    """What is below a change may fail when it is done; the failure is told, and nothing is done again for it."""
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    asking = POST.replace("createdAt", "createdAt history { rule }")
    body = await reader.post(asking, input={"articleId": article, "body": "Once"})
    assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
    assert (await page(reader, article))["commentCount"] == 1
    both = """mutation ($input: PostCommentInput!, $other: PostCommentInput!) {
      a: postComment(input: $input) { status } b: postComment(input: $other) { status } c: postComment(input: $input) {
        userErrors { code } } }"""
    given = {name: {"articleId": article, "body": f"As {name}"} for name in ("input", "other")}
    done = await reader.run(both, **given)
    assert (done["a"]["status"], done["b"]["status"]) == ("PUBLISHED", "PUBLISHED")
    assert done["c"]["userErrors"] == [{"code": "DUPLICATE"}], "each field is a change of its own"
    assert (await page(reader, article))["commentCount"] == 3


async def test_a_refused_post_can_be_sent_again_with_its_key(stand: Newsstand) -> None:
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    assert (await problem(reader, article, "", clientMutationId="k"))["code"] == "BODY_EMPTY"
    assert (await say(reader, article, "Better", clientMutationId="k"))["status"] == "PUBLISHED"


async def test_the_edit_window(furnished: Settings) -> None:
    async with serving(replace(furnished, comment_edit_window=0.5)) as url:
        stand = Newsstand(url, [])
        article, reader = await stand.publish("Storm"), stand.client(Role.READER)
        comment = await post(reader, article, "Frist!")
        edits = [{"id": comment, "body": text} for text in ("First!", "", "Too late")]
        assert await edit(reader, edits[0]) is None
        assert await edit(reader, edits[1]) == "BODY_EMPTY"
        assert await stand.client(Role.READER, "Lee").refused(EDIT, input=edits[0]) == "FORBIDDEN"
        await asyncio.sleep(0.5)
        assert await edit(reader, edits[2]) == "EDIT_WINDOW_EXPIRED"
        assert (await one(stand.client(), comment))["body"] == "First!"
        await asyncio.gather(*(client.close() for client in stand.clients))


async def edit(client: Client, given: Json) -> str | None:
    errors = (await client.run(EDIT, input=given))["editComment"]["userErrors"]
    return errors[0]["code"] if errors else None


async def test_replies_as_deep_as_they_go(stand: Newsstand) -> None:
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    parent = await post(reader, article, "0")
    for depth in range(1, 5):
        parent = await post(reader, article, str(depth), parentId=parent)
    assert (await one(reader, parent))["depth"] == 4
    expected = {"code": "TOO_DEEP", "field": ["input", "parentId"], "limit": 4, "actual": 5}
    assert await problem(reader, article, "5", parentId=parent) == expected


async def test_parents_that_take_no_reply(stand: Newsstand) -> None:
    article, other = await stand.publish("Storm"), await stand.publish("Other")
    reader, moderator = stand.client(Role.READER), stand.client(Role.MODERATOR)
    removed, rejected, withheld, elsewhere = [
        await post(reader, where, f"Hm, {number}") for number, where in enumerate((article, article, article, other))
    ]
    await reader.run(REMOVE, input={"id": removed})
    assert await decide(moderator, rejected, "REJECTED") is None
    assert await decide(moderator, withheld, "WITHHELD") is None
    unknown = [global_id("Comment", key) for key in (999, "9" * 40, "x")]
    for parent in (removed, rejected, withheld, elsewhere, article, "x", "", *unknown):
        assert (await problem(reader, article, "Re", parentId=parent))["code"] == "PARENT_UNAVAILABLE", parent
    for where in (removed, "x", global_id("Article", 999), global_id("Article", "9" * 5_000)):
        assert (await problem(reader, where, "Re"))["code"] == "NOT_FOUND", where


async def test_who_may_not_comment(stand: Newsstand) -> None:
    article, reader, moderator = await stand.publish("Storm"), stand.client(Role.READER), stand.client(Role.MODERATOR)
    person = (await one(reader, await post(reader, article, "Hi")))["author"]["id"]
    until = "2100-01-01T00:00:00Z"
    await moderator.run(RESTRICT, input={"userId": person, "suspendedUntil": until})
    assert await problem(reader, article, "Hi?") == {"code": "SUSPENDED", "retryAt": until}
    await moderator.run(RESTRICT, input={"userId": person, "banned": True})
    assert await problem(reader, article, "Hi?") == {"code": "BANNED"}
    await moderator.run(RESTRICT, input={"userId": person, "suspendedUntil": None, "banned": False})
    assert (await say(reader, article, "Hi again"))["status"] == "PUBLISHED"

    await moderator.run(RULES, input={"articleId": article, "open": False})
    assert (await problem(reader, article, "Hi?"))["code"] == "COMMENTS_CLOSED"
    await moderator.run(RULES, input={"articleId": article, "open": True, "closesAt": "2020-01-01T00:00:00Z"})
    assert (await problem(reader, article, "Hi?"))["code"] == "COMMENTS_CLOSED"
    await moderator.run(RULES, input={"articleId": article, "closesAt": None, "maxLength": 2})
    assert await problem(reader, article, "Hi?") == {
        "code": "BODY_TOO_LONG",
        "field": ["input", "body"],
        "limit": 2,
        "actual": 3,
    }


async def test_a_removed_comment_keeps_its_place_while_it_has_replies(stand: Newsstand) -> None:
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    top = await post(reader, article, "Top")
    replies = [await post(reader, article, f"Reply {n}", parentId=top) for n in range(2)]
    below = await post(reader, article, "Below", parentId=replies[0])

    async def state() -> tuple[object, ...]:
        """commentCount, totalCount, the tombstone's look, its replies."""
        found, node = await page(stand.client(), article), await one(stand.client(), top)
        counts = (found["commentCount"], found["comments"]["totalCount"], len(found["comments"]["nodes"]))
        if node is None:
            return counts
        assert node["replyCount"] == node["replies"]["totalCount"] == len(node["replies"]["nodes"])
        return (*counts, node["body"], node["author"] and node["author"]["name"], node["status"], node["replyCount"])

    assert await state() == (4, 1, 1, "Top", "Kim", "PUBLISHED", 2)
    await reader.run(REMOVE, input={"id": top})
    assert await state() == (3, 1, 1, None, None, "REMOVED", 2)
    await reader.run(REMOVE, input={"id": replies[0]})
    assert await state() == (2, 1, 1, None, None, "REMOVED", 2)
    await reader.run(REMOVE, input={"id": below})
    assert await state() == (1, 1, 1, None, None, "REMOVED", 1)
    assert await one(stand.client(), replies[0]) is None
    await reader.run(REMOVE, input={"id": replies[1]})
    assert await state() == (0, 0, 0)
    await reader.run(REMOVE, input={"id": replies[1]})
    assert await state() == (0, 0, 0)


async def test_reactions(stand: Newsstand) -> None:
    article, kim, lee = await stand.publish("Storm"), stand.client(Role.READER), stand.client(Role.READER, "Lee")
    comment = await post(kim, article, "Windy!")

    async def react(client: Client, kind: str | None) -> tuple[dict[str, int], str | None]:
        assert (await client.run(REACT, input={"id": comment, "kind": kind}))["reactToComment"]["userErrors"] == []
        found = await one(client, comment)
        return {each["kind"]: each["count"] for each in found["reactions"]}, found["viewerReaction"]

    assert await react(kim, "LIKE") == ({"LIKE": 1}, "LIKE")
    assert await react(kim, "LIKE") == ({"LIKE": 1}, "LIKE")
    assert await react(lee, "LIKE") == ({"LIKE": 2}, "LIKE")
    assert await react(kim, "INSIGHTFUL") == ({"LIKE": 1, "INSIGHTFUL": 1}, "INSIGHTFUL")
    assert await react(kim, None) == ({"LIKE": 1}, None)
    assert await react(kim, None) == ({"LIKE": 1}, None)
    assert (await one(stand.client(), comment))["viewerReaction"] is None


DESK = """
query ($id: ID!) { node(id: $id) { ... on Comment {
  flags { reason note } history { by { name } rule from to reason }
} } }
"""
QUEUES = """{
  UNMODERATED: moderationQueue(queue: UNMODERATED) { totalCount nodes { id } }
  REPORTED: moderationQueue(queue: REPORTED) { totalCount nodes { id } }
  PENDING: moderationQueue(queue: PENDING) { totalCount nodes { id } }
}"""


async def queues(moderator: Client) -> dict[str, int]:
    found = await moderator.run(QUEUES)
    assert all(len(queue["nodes"]) == queue["totalCount"] for queue in found.values())
    return {name: queue["totalCount"] for name, queue in found.items() if queue["totalCount"]}


async def test_reports_and_decisions(stand: Newsstand) -> None:
    article, reader, moderator = await stand.publish("Storm"), stand.client(Role.READER), stand.client(Role.MODERATOR)
    comment = await post(reader, article, "Rude")
    assert await queues(moderator) == {"UNMODERATED": 1}
    for name, note in (("Lee", "First"), ("Lee", "Again"), ("Mia", None)):
        given = {"id": comment, "reason": "ABUSIVE", "note": note}
        data = await stand.client(Role.READER, name).run(FLAG, input=given)
        assert data["flagComment"] == {"comment": {"id": comment}, "userErrors": []}
    flags = (await moderator.run(DESK, id=comment))["node"]["flags"]
    assert flags == [{"reason": "ABUSIVE", "note": "First"}, {"reason": "ABUSIVE", "note": None}]
    assert await queues(moderator) == {"UNMODERATED": 1, "REPORTED": 1}

    steps: list[tuple[str, str | None, dict[str, int], int]] = [
        ("PENDING", "INVALID_TRANSITION", {"UNMODERATED": 1, "REPORTED": 1}, 1),
        ("REMOVED", "INVALID_TRANSITION", {"UNMODERATED": 1, "REPORTED": 1}, 1),
        ("PUBLISHED", None, {}, 1),
        ("WITHHELD", None, {"PENDING": 1}, 0),
        ("REJECTED", None, {}, 0),
        ("WITHHELD", "INVALID_TRANSITION", {}, 0),
        ("PUBLISHED", None, {}, 1),
    ]
    for to, wrong, waiting, shown in steps:
        assert await decide(moderator, comment, to, reason=f"to {to}") == wrong, to
        assert await queues(moderator) == waiting, to
        assert (await page(reader, article))["commentCount"] == shown
    history = (await moderator.run(DESK, id=comment))["node"]["history"]
    assert [(step["from"], step["to"]) for step in history] == [
        ("PUBLISHED", "PUBLISHED"),
        ("PUBLISHED", "WITHHELD"),
        ("WITHHELD", "REJECTED"),
        ("REJECTED", "PUBLISHED"),
    ]
    assert {(step["by"]["name"], step["rule"]) for step in history} == {("Kim", None)}
    assert history[1]["reason"] == "to WITHHELD"

    await reader.run(REMOVE, input={"id": comment})
    for to in ("PUBLISHED", "WITHHELD", "REJECTED", "PENDING", "REMOVED"):
        assert await decide(moderator, comment, to) == "INVALID_TRANSITION", to


async def editable(client: Client, comment: str) -> str | None:
    """Until when, for its author."""
    query = "query ($id: ID!) { node(id: $id) { ... on Comment { editableUntil } } }"
    until: str | None = (await client.run(query, id=comment))["node"]["editableUntil"]
    return until


async def test_who_sees_a_comment_that_is_held(stand: Newsstand) -> None:
    article, moderator = await stand.publish("Storm"), stand.client(Role.MODERATOR, "Mo")
    author, lee = stand.client(Role.READER), stand.client(Role.READER, "Lee")
    await moderator.run(RULES, input={"articleId": article, "mode": "PRE"})
    held = await say(author, article, "Hm.")
    assert (held["status"], held["commentEdge"]) == ("PENDING", None)
    comment = (await moderator.run(QUEUES))["PENDING"]["nodes"][0]["id"]
    people = {"anonymous": stand.client(), "Lee": lee, "author": author, "moderator": moderator}
    people["editor"] = stand.client(Role.EDITOR)

    async def bodies() -> dict[str, str | None]:
        found = {name: await one(client, comment) for name, client in people.items()}
        return {name: node["body"] for name, node in found.items() if node}

    assert await bodies() == {"author": "Hm.", "moderator": "Hm."}
    assert await editable(author, comment)
    await decide(moderator, comment, "REJECTED")
    assert not await editable(author, comment)
    assert not await editable(moderator, comment)
    assert await bodies() == {"author": None, "moderator": "Hm."}
    await decide(moderator, comment, "PUBLISHED")
    assert await bodies() == dict.fromkeys(people, "Hm.")
    for name in ("anonymous", "Lee", "author", "editor"):
        assert await people[name].refused(DESK.replace("flags { reason note }", ""), id=comment) == "FORBIDDEN"
        assert await people[name].refused("{ moderationQueue(queue: PENDING) { totalCount } }") == "FORBIDDEN"
    await author.run(REMOVE, input={"id": comment})
    assert await bodies() == {"author": None, "moderator": None}


EVERYBODY = frozenset(Role)
MODERATORS, EDITORS = frozenset({Role.MODERATOR, Role.ADMIN}), frozenset({Role.EDITOR, Role.ADMIN})
PUBLISH: Json = {"headline": "New", "bodyHtml": "", "section": "asia", "authors": []}

# Every mutation with who may do it, and an input in which ARTICLE, COMMENT (one's own) and PERSON stand for ids.
MUTATIONS: list[tuple[str, frozenset[Role], Json]] = [
    ("postComment", EVERYBODY, {"articleId": "ARTICLE", "body": "Hi"}),
    ("editComment", EVERYBODY, {"id": "COMMENT", "body": "Changed"}),
    ("removeComment", EVERYBODY, {"id": "COMMENT"}),
    ("reactToComment", EVERYBODY, {"id": "COMMENT", "kind": "LIKE"}),
    ("flagComment", EVERYBODY, {"id": "COMMENT", "reason": "SPAM"}),
    ("moderateComment", MODERATORS, {"id": "COMMENT", "to": "WITHHELD"}),
    ("setCommentPolicy", MODERATORS, {"articleId": "ARTICLE", "open": True}),
    ("restrictUser", MODERATORS, {"userId": "PERSON", "banned": True}),
    ("publishArticle", EDITORS, PUBLISH),
    ("updateArticle", EDITORS, {"id": "ARTICLE", "headline": "Changed"}),
    ("retractArticle", EDITORS, {"id": "ARTICLE"}),
    ("curateList", EDITORS, {"key": "must-reads", "pinnedIds": []}),
]


async def test_every_mutation_by_everybody(stand: Newsstand) -> None:
    clients = {role: stand.client(role, "Viewer") for role in Role}
    for name, permitted, given in MUTATIONS:
        kind = name[0].upper() + name[1:] + "Input"
        mutation = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ message }} }} }}"
        article = await stand.publish(f"For {name}")
        somebody = await post(stand.client(Role.READER, f"Author of {name}"), article, "Hello")
        ids = {
            "ARTICLE": article,
            "COMMENT": somebody,
            "PERSON": (await one(clients[Role.READER], somebody))["author"]["id"],
        }
        assert await stand.client().refused(mutation, input=filled(given, ids)) == "UNAUTHENTICATED", name
        for role in sorted(Role, key=lambda role: role in permitted):
            own = ids | {"COMMENT": await post(clients[role], article, "Mine")} if name != "moderateComment" else ids
            if role not in permitted:
                assert await clients[role].refused(mutation, input=filled(given, own)) == "FORBIDDEN", (name, role)
                continue
            done = (await clients[role].run(mutation, input=filled(given, own)))[name]
            assert done["userErrors"] == [], (name, role)
            if name in ("moderateComment", "retractArticle"):
                break


def filled(given: Json, ids: dict[str, str]) -> Json:
    return {name: ids.get(value, value) if isinstance(value, str) else value for name, value in given.items()}


@pytest.mark.parametrize("name", ["editComment", "removeComment"])
async def test_nobody_touches_anothers_comment(stand: Newsstand, name: str) -> None:
    article = await stand.publish("Storm")
    comment = await post(stand.client(Role.READER), article, "Mine")
    mutation = {"editComment": EDIT, "removeComment": REMOVE}[name]
    given = {"id": comment} | ({"body": "Yours"} if name == "editComment" else {})
    for role in Role:
        assert await stand.client(role, "Lee").refused(mutation, input=given) == "FORBIDDEN"
    assert (await one(stand.client(), comment))["body"] == "Mine"


async def test_times_are_written_with_a_z(stand: Newsstand) -> None:
    article, before = await stand.publish("Storm"), datetime.now(UTC)
    said = (await say(stand.client(Role.READER), article, "Now"))["commentEdge"]["node"]["createdAt"]
    assert said.endswith("Z")
    assert abs((datetime.fromisoformat(said) - before).total_seconds()) < 5


async def test_a_viewer_knows_their_own_comments(stand: Newsstand) -> None:
    """By the id that everybody sees, so that a shared answer need not say whose it is."""
    article, author, other = await stand.publish("Storm"), stand.client(Role.READER), stand.client(Role.READER, "Lee")
    await say(author, article, "Mine.")
    page = "query ($id: ID!) { node(id: $id) { ... on Article { comments { nodes { author { id } } } } } }"
    [comment] = (await stand.client().run(page, id=article))["node"]["comments"]["nodes"]

    own = "{ viewer { commenter { id name badges } } }"
    assert (await author.run(own))["viewer"]["commenter"] == {
        "id": comment["author"]["id"],
        "name": "Kim",
        "badges": [],
    }
    assert (await other.run(own))["viewer"]["commenter"]["id"] != comment["author"]["id"]
