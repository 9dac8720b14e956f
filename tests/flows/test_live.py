"""What happens reaches whoever looks: comments reach widgets, a feed moves Latest Stories, moderators see queues."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from newsgraph import app
from newsgraph.actions import upkeep
from newsgraph.domain.users import Role
from newsgraph.settings import Settings, to_environment
from tests.flows.client import Client, Json
from tests.flows.conftest import Newsstand, serving
from tests.flows.test_resume import MODERATE, POST, STREAM

LATEST = """
subscription ($section: String, $after: StreamCursor) {
  latestStories(section: $section, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on StreamReady { resumed replayed }
    ... on StreamReset { reason }
    ... on RankedListChanged {
      orderedArticleIds removedArticleIds insertedEdges { node { id } }
      list { version items { nodes { headline } } }
    }
  }
}
"""
QUEUE = """
subscription ($queue: ModerationQueueName, $after: StreamCursor) {
  moderationEvents(queue: $queue, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on CommentAdded { commentEdge { node { id body status } } }
    ... on CommentRemoved { removedCommentId }
  }
}
"""
EDIT = "mutation ($input: EditCommentInput!) { editComment(input: $input) { userErrors { code } } }"
REMOVE = "mutation ($input: RemoveCommentInput!) { removeComment(input: $input) { userErrors { code } } }"
REACT = "mutation ($input: ReactToCommentInput!) { reactToComment(input: $input) { userErrors { code } } }"
RULES = "mutation ($input: SetCommentPolicyInput!) { setCommentPolicy(input: $input) { userErrors { code } } }"
FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Harbour wire</title><link>https://wire.example/</link>
<item><title>{headline}</title><link>https://wire.example/{number}</link><guid>{number}</guid>
<description>All quiet on the quay.</description><pubDate>{date}</pubDate></item>
</channel></rss>
"""


async def post(client: Client, article: str, body: str, **more: str) -> str:
    """The id of a new comment that is shown."""
    data = (await client.run(POST, input={"articleId": article, "body": body, **more}))["postComment"]
    assert data["userErrors"] == []
    return str(data["commentEdge"]["node"]["id"])


async def test_a_comments_life_reaches_a_widget(stand: Newsstand) -> None:
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    async with stand.client().subscribe(STREAM, articleId=article) as widget:
        ready = await widget.next()
        assert (ready["resumed"], ready["replayed"]) == (False, 0)

        comment = await post(reader, article, "Windy!")
        added = await widget.next()
        assert added["commentEdge"]["node"] == {"id": comment, "body": "Windy!"}
        assert added["commentCount"] == 1

        await reader.run(EDIT, input={"id": comment, "body": "Very windy!"})
        assert (await widget.next())["comment"]["body"] == "Very windy!"

        await reader.run(REACT, input={"id": comment, "kind": "LIKE"})
        assert (await widget.next())["__typename"] == "CommentChanged"

        await reader.run(REMOVE, input={"id": comment})
        removed = await widget.next()
        assert (removed["removedCommentId"], removed["commentCount"]) == (comment, 0)


async def test_a_comment_wakes_nobody_elsewhere(stand: Newsstand) -> None:
    here, there = await stand.publish("Here"), await stand.publish("There")
    async with stand.client().subscribe(STREAM, articleId=there) as widget:
        await widget.next()
        await post(stand.client(Role.READER), here, "Only here.")

        await widget.silent(0.3)


async def test_a_held_comment_is_seen_when_it_is_approved(stand: Newsstand) -> None:
    article, moderator = await stand.publish("Vote"), stand.client(Role.MODERATOR)
    await moderator.run(RULES, input={"articleId": article, "mode": "PRE"})
    async with (
        stand.client().subscribe(STREAM, articleId=article) as widget,
        moderator.subscribe(QUEUE, queue="PENDING") as desk,
    ):
        await widget.next()
        await desk.next()
        held = await stand.client(Role.READER).run(POST, input={"articleId": article, "body": "Hm."})
        assert held["postComment"] == {"status": "PENDING", "commentEdge": None, "userErrors": []}
        waiting = (await desk.next())["commentEdge"]["node"]
        assert (waiting["body"], waiting["status"]) == ("Hm.", "PENDING")
        await widget.silent(0.2)

        await moderator.run(MODERATE, input={"id": waiting["id"], "to": "PUBLISHED"})

        assert (await widget.next())["commentEdge"]["node"]["body"] == "Hm."
        assert (await desk.next())["removedCommentId"] == waiting["id"]


async def test_catching_up_never_brings_a_rejected_comment_back(stand: Newsstand) -> None:
    article, reader = await stand.publish("Heat"), stand.client(Role.READER)
    async with stand.client().subscribe(STREAM, articleId=article) as widget:
        start = (await widget.next())["cursor"]
    rude, kind = await post(reader, article, "Rude"), await post(reader, article, "Kind")
    await stand.client(Role.MODERATOR).run(MODERATE, input={"id": rude, "to": "REJECTED"})

    async with stand.client().subscribe(STREAM, articleId=article, after=start) as widget:
        ready = await widget.next()
        events = [await widget.next() for _ in range(ready["replayed"])]

    assert ready["resumed"]
    assert [event["__typename"] for event in events] == ["CommentAdded", "CommentRemoved"]
    assert events[0]["commentEdge"]["node"]["id"] == kind
    assert events[1]["removedCommentId"] == rude
    assert "Rude" not in str(events)


async def test_streams_for_moderators_are_refused_to_others(stand: Newsstand) -> None:
    for role in (None, Role.READER, Role.STAFF, Role.EDITOR):
        async with stand.client(role).subscribe(QUEUE) as desk:
            message = await desk.message()
            assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_trimmed_cursor_is_reset(furnished: Settings) -> None:
    async with serving(furnished) as url:
        stand = Newsstand(url, [])
        article, reader = await stand.publish("Old news"), stand.client(Role.READER)
        old = (await reader.run("{ streamHead }"))["streamHead"]
        for number in range(3):
            await post(reader, article, f"Comment {number}")
        await keep_events(furnished, 1)

        async with reader.subscribe(STREAM, articleId=article, after=old) as widget:
            ready, reset = await widget.next(), await widget.next()
            await post(reader, article, "Goes on.")
            assert (await widget.next())["__typename"] == "CommentAdded"
        await asyncio.gather(*(client.close() for client in stand.clients))

    assert (ready["resumed"], reset["reason"]) == (False, "TRIMMED")


async def keep_events(settings: Settings, count: int) -> None:
    """Retention, as if so much time had passed."""
    short = Settings(database=settings.database, secret=settings.secret, log_retention_count=count)
    async with app.open_newsroom(short) as newsroom:
        await upkeep.upkeep(newsroom)


async def test_latest_stories_without_a_query(stand: Newsstand) -> None:
    first = await stand.publish("First")
    async with stand.client().subscribe(LATEST, section="asia") as box:
        await box.next()
        whole = await box.next()
        assert whole["orderedArticleIds"] == [first]
        assert [edge["node"]["id"] for edge in whole["insertedEdges"]] == [first]

        second = await stand.publish("Second")
        change = await box.next()

    assert change["orderedArticleIds"] == [second, first]
    assert [edge["node"]["id"] for edge in change["insertedEdges"]] == [second]
    assert change["list"]["items"]["nodes"][0]["headline"] == "Second"
    assert change["cursor"] == change["list"]["version"]


async def test_a_publication_moves_no_other_section(stand: Newsstand) -> None:
    async with stand.client().subscribe(LATEST, section="world") as box:
        await box.next()
        await box.next()
        await stand.publish("Asian news", section="asia")

        await box.silent(0.3)


async def test_missed_changes_of_a_list_come_as_one(stand: Newsstand) -> None:
    first = await stand.publish("First")
    async with stand.client().subscribe(LATEST) as box:
        await box.next()
        seen = (await box.next())["cursor"]
    later = [await stand.publish(f"Later {number}") for number in range(3)]
    await retract(stand, first)

    async with stand.client().subscribe(LATEST, after=seen) as box:
        ready, change = await box.next(), await box.next()

    assert (ready["resumed"], ready["replayed"]) == (True, 1)
    assert change["orderedArticleIds"] == later[::-1]
    assert change["removedArticleIds"] == [first]
    assert {edge["node"]["id"] for edge in change["insertedEdges"]} == set(later)


async def retract(stand: Newsstand, article: str) -> None:
    query = "mutation ($input: RetractArticleInput!) { retractArticle(input: $input) { userErrors { code } } }"
    data = await stand.client(Role.EDITOR).run(query, input={"id": article})
    assert data["retractArticle"]["userErrors"] == []


async def test_an_imported_feed_moves_latest_stories(furnished: Settings, stand: Newsstand, tmp_path: Path) -> None:
    """By another process on the same file, as from the command line; and a second time without an event."""
    feed = tmp_path / "wire.rss"
    item = {"headline": "Boats are in", "number": 1, "date": "Mon, 05 Jan 2026 10:00:00 GMT"}
    await asyncio.to_thread(feed.write_text, FEED.format(**item))
    async with stand.client().subscribe(LATEST, section="world") as box:
        await box.next()
        await box.next()
        assert await newsgraph(furnished, "import", str(feed), "--section", "World") == 0
        change = await box.next()
        assert change["list"]["items"]["nodes"] == [{"headline": "Boats are in"}]

        head = await quiet_head(stand.client())
        assert await newsgraph(furnished, "import", str(feed), "--section", "World") == 0
        assert await quiet_head(stand.client()) == head


async def quiet_head(client: Client) -> Json:
    """Where the log is once the rankings that follow an import are done."""
    head: Json = {}
    while (now := await client.run("{ streamHead }")) != head:
        head = now
        await asyncio.sleep(0.6)  # three rankings
    return head


async def newsgraph(settings: Settings, *arguments: str) -> int:
    """Runs the command line; its exit status."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "newsgraph",
        *arguments,
        env=to_environment(settings) | {"PATH": ""},
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


@pytest.mark.parametrize("call", ['rankedListEvents(key: "no such list!")', 'latestStories(section: "nowhere")'])
async def test_there_is_no_stream_of_what_does_not_exist(stand: Newsstand, call: str) -> None:
    async with stand.client().subscribe(f"subscription {{ {call} {{ __typename }} }}") as box:
        message: Json = await box.message()

    assert message["payload"][0]["extensions"]["code"] == "NOT_FOUND"
