"""Nobody learns by a side door what is not for them, and nobody is shut out of what is."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from newsgraph.domain.users import Role
from tests.flows.client import Client
from tests.flows.conftest import Newsstand
from tests.flows.test_live import RULES, post, retract
from tests.flows.test_resume import MODERATE, POST, STREAM

FLAG = """
mutation ($input: FlagCommentInput!) { flagComment(input: $input) { comment { id status } userErrors { code } } }
"""
WAITING = "{ moderationQueue(queue: PENDING) { nodes { id body permalink article { id } } } }"
UPDATE = "mutation ($input: UpdateArticleInput!) { updateArticle(input: $input) { userErrors { code } } }"
EVENTS = "subscription ($id: ID!) { articleEvents(articleId: $id) { __typename } }"
LIST = "query ($key: String!) { rankedList(key: $key) { key } }"


async def moderate(client: Client, comment: str, to: str) -> None:
    data = await client.run(MODERATE, input={"id": comment, "to": to})
    assert data["moderateComment"]["userErrors"] == []


async def flag(client: Client, comment: str, **more: str) -> Any:
    return (await client.run(FLAG, input={"id": comment, "reason": "SPAM", **more}))["flagComment"]


async def test_comments_that_wait_on_a_retracted_article_do_not_break_the_queue(stand: Newsstand) -> None:
    article, moderator = await stand.publish("Vote"), stand.client(Role.MODERATOR)
    await moderator.run(RULES, input={"articleId": article, "mode": "PRE"})
    await stand.client(Role.READER).run(POST, input={"articleId": article, "body": "Hm."})
    await retract(stand, article)

    (waiting,) = (await moderator.run(WAITING))["moderationQueue"]["nodes"]
    await moderate(moderator, waiting["id"], "REJECTED")

    assert waiting["article"] == {"id": article}
    assert (await moderator.run(WAITING))["moderationQueue"]["nodes"] == []


async def test_readers_do_not_learn_that_a_comment_was_reported(stand: Newsstand) -> None:
    article = await stand.publish("Vote")
    comment = await post(stand.client(Role.READER), article, "Hi")
    async with stand.client().subscribe(STREAM, articleId=article) as widget:
        await widget.next()
        await flag(stand.client(Role.READER, "Other"), comment)

        await widget.silent(0.3)


async def test_a_repeated_mutation_shows_no_more_than_a_query(stand: Newsstand) -> None:
    article, other = await stand.publish("Vote"), stand.client(Role.READER, "Other")
    comment = await post(stand.client(Role.READER), article, "Hi")
    first = await flag(other, comment, clientMutationId="k")
    await moderate(stand.client(Role.MODERATOR), comment, "WITHHELD")

    again = await flag(other, comment, clientMutationId="k")

    assert first["comment"] == {"id": comment, "status": "PUBLISHED"}
    assert again == {"comment": None, "userErrors": []}


async def test_an_open_stream_tells_nothing_new_of_a_retracted_article(stand: Newsstand) -> None:
    article, admin = await stand.publish("Vote"), stand.client(Role.ADMIN)
    comment = await post(stand.client(Role.READER), article, "Hi")
    async with stand.client().subscribe(STREAM, articleId=article) as widget:
        await widget.next()
        await retract(stand, article)
        await moderate(admin, comment, "REJECTED")
        assert (await widget.next())["removedCommentId"] == comment
        await moderate(admin, comment, "PUBLISHED")

        await widget.silent(0.3)


async def test_an_article_is_retracted_once(stand: Newsstand) -> None:
    article, editor = await stand.publish("Vote"), stand.client(Role.EDITOR)
    async with editor.subscribe(EVENTS, id=article) as stream:
        await stream.next()
        await retract(stand, article)
        assert await stream.next() == {"__typename": "ArticleRetracted"}
        await editor.run(UPDATE, input={"id": article, "headline": "Vote, corrected"})

        assert await stream.next() == {"__typename": "ArticleChanged"}


@pytest.mark.parametrize("spelling", ["0{}", "000{}", "+{}", "{}.0"])
async def test_an_articles_own_list_has_one_key(stand: Newsstand, spelling: str) -> None:
    """Else any reader could make lists without end."""
    number = b64decode(await stand.publish("Vote")).decode().partition(":")[2]
    client = stand.client()

    assert (await client.run(LIST, key=f"related/{number}"))["rankedList"] == {"key": f"related/{number}"}
    assert (await client.run(LIST, key="related/" + spelling.format(number)))["rankedList"] is None
