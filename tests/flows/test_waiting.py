"""A comment that waits: its author sees it, nobody else does, moderators hear of it, and all do once it is approved."""

from __future__ import annotations

from typing import Any

from newsgraph.domain.users import Role
from tests.flows.client import Client
from tests.flows.conftest import Newsstand
from tests.flows.test_commenting import decide, say
from tests.flows.test_live import RULES, post
from tests.flows.test_resume import STREAM
from tests.flows.test_visibility import flag

PENDING = """
query ($article: ID) { viewer { pendingComments(articleId: $article) {
  totalCount pageInfo { hasNextPage } nodes { id body status author { name } }
} } }
"""
QUEUE = "{ moderationQueue(queue: PENDING) { totalCount nodes { id body history { rule reason from to } } } }"
MODERATION = """
subscription { moderationEvents { __typename
  ... on CommentAdded { commentEdge { node { id status } } }
  ... on CommentChanged { comment { id status } }
  ... on CommentRemoved { removedCommentId }
} }
"""
STANDING = "query ($id: ID!) { node(id: $id) { ... on Comment { author { id standing { premoderated banned } } } } }"
RESTRICT = "mutation ($input: RestrictUserInput!) { restrictUser(input: $input) { userErrors { code } } }"


async def pending(client: Client, **variables: str) -> Any:
    viewer = (await client.run(PENDING, **variables))["viewer"]
    return viewer and [(one["body"], one["status"]) for one in viewer["pendingComments"]["nodes"]]


async def test_only_its_author_sees_what_waits(stand: Newsstand) -> None:
    article, other = await stand.publish("Vote"), await stand.publish("Other")
    author, reader = stand.client(Role.READER, "Author"), stand.client(Role.READER, "Reader")
    moderator = stand.client(Role.MODERATOR)
    await moderator.run(RULES, input={"articleId": article, "mode": "PRE"})
    async with stand.client().subscribe(STREAM, articleId=article) as widget:
        await widget.next()
        posted = await say(author, article, "Wait for me.")
        assert (posted["status"], posted["commentEdge"], posted["userErrors"]) == ("PENDING", None, [])

        for _ in range(2):  # once made, once from what may be kept
            assert await pending(author) == await pending(author, article=article) == [("Wait for me.", "PENDING")]
            assert await pending(author, article=other) == []
            assert await pending(reader) == await pending(moderator) == []
            assert await pending(stand.client()) is None
        [waiting] = (await moderator.run(QUEUE))["moderationQueue"]["nodes"]
        assert waiting["history"] == [{"rule": "pre-moderation", "reason": None, "from": None, "to": "PENDING"}]
        await widget.silent(0.2)

        assert await decide(moderator, waiting["id"], "PUBLISHED") is None
        assert (await widget.next())["__typename"] == "CommentAdded"
    assert await pending(author) == []
    assert (await moderator.run(QUEUE))["moderationQueue"]["totalCount"] == 0


async def test_moderators_hear_of_every_turn(stand: Newsstand) -> None:
    article, moderator = await stand.publish("Vote"), stand.client(Role.MODERATOR)
    comment = await post(stand.client(Role.READER), article, "Hi")
    async with moderator.subscribe(MODERATION) as desk, stand.client().subscribe(STREAM, articleId=article) as widget:
        await desk.next()
        await widget.next()
        for number in range(5):
            await flag(stand.client(Role.READER, f"Reporter {number}"), comment)
            assert (await desk.next())["comment"]["id"] == comment
        assert (await widget.next())["removedCommentId"] == comment
        assert await decide(moderator, comment, "PUBLISHED") is None
        assert (await desk.next())["removedCommentId"] == comment
        assert (await widget.next())["__typename"] == "CommentAdded"

        held = await say(stand.client(Role.READER), article, "a.com b.com c.com")
        assert held["status"] == "PENDING"
        assert (await desk.next())["commentEdge"]["node"]["status"] == "PENDING"
        await widget.silent(0.2)


async def test_moderators_restrict_and_see_what_holds(stand: Newsstand) -> None:
    article, moderator = await stand.publish("Vote"), stand.client(Role.MODERATOR)
    reader = stand.client(Role.READER)
    comment = await post(reader, article, "Hi")
    author = (await moderator.run(STANDING, id=comment))["node"]["author"]
    assert author["standing"] == {"premoderated": False, "banned": False}
    await moderator.run(RESTRICT, input={"userId": author["id"], "premoderated": True})
    assert (await moderator.run(STANDING, id=comment))["node"]["author"]["standing"]["premoderated"] is True
    assert (await say(reader, article, "Ho"))["status"] == "PENDING"
    assert await reader.refused(STANDING, id=comment) == "FORBIDDEN"
