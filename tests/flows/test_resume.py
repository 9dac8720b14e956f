"""No lost event: a widget that is cut off again and again ends with what a fresh query shows."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from newsgraph.domain.cursors import decode_position
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.client import Client, Json, Subscription
from tests.flows.conftest import Newsstand, serving
from tests.flows.processes import server_process

_PATIENCE = 120.0
STREAM = """
subscription ($articleId: ID!, $after: StreamCursor) {
  commentEvents(articleId: $articleId, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on StreamReady { resumed replayed }
    ... on StreamReset { reason }
    ... on CommentAdded { commentCount commentEdge { node { id body } } }
    ... on CommentChanged { comment { id body } }
    ... on CommentRemoved { removedCommentId commentCount }
  }
}
"""
PAGE = """
query ($id: ID!, $after: String) {
  node(id: $id) { ... on Article {
    commentCount
    comments(first: 100, after: $after) {
      totalCount liveCursor pageInfo { hasNextPage endCursor } nodes { id body status }
    }
  } }
}
"""
POST = """
mutation ($input: PostCommentInput!) {
  postComment(input: $input) { status commentEdge { node { id } } userErrors { code } }
}
"""
MODERATE = """
mutation ($input: ModerateCommentInput!) {
  moderateComment(input: $input) { comment { status } userErrors { code } }
}
"""


class Widget:
    """What a reader's page holds: comments by id, and the cursor to go on from."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}
        self.cursor: str | None = None
        self.resets: list[str] = []

    async def load(self, client: Client, article: str) -> None:
        page = await read_page(client, article)
        self.shown, self.cursor = page["shown"], page["cursor"]

    def fold(self, event: Json) -> None:
        kind = event["__typename"]
        if kind == "CommentAdded":
            node = event["commentEdge"]["node"]
            assert node["id"] not in self.shown, "the same addition came twice"
            self.shown[node["id"]] = node["body"]
        elif kind == "CommentChanged" and event["comment"]["id"] in self.shown:
            self.shown[event["comment"]["id"]] = event["comment"]["body"]
        elif kind == "CommentRemoved":
            self.shown.pop(event["removedCommentId"], None)
        elif kind == "StreamReset":
            self.resets.append(event["reason"])
        self._advance(event["cursor"])

    def _advance(self, cursor: str) -> None:
        """Positions only grow: in order, and each once."""
        now, before = decode_position(cursor), decode_position(self.cursor or "")
        assert now is not None
        assert before is None or before.seq <= now.seq
        self.cursor = cursor


async def read_page(client: Client, article: str) -> Json:
    """Every published comment of an article, and the cursor of the first page."""
    shown: dict[str, str] = {}
    after, cursor = None, None
    while True:
        found = (await client.run(PAGE, id=article, after=after))["node"]
        page = found["comments"]
        cursor = cursor or page["liveCursor"]
        shown |= {node["id"]: node["body"] for node in page["nodes"] if node["status"] == "PUBLISHED"}
        if not page["pageInfo"]["hasNextPage"]:
            return {"shown": shown, "cursor": cursor, "count": found["commentCount"]}
        after = page["pageInfo"]["endCursor"]


async def write(writer: Client, moderator: Client, article: str, plan: random.Random, events: int) -> None:
    """Posts, and now and then takes back or gives back what was posted: each step is one event."""
    ids: list[str] = []
    for number in range(events):
        if not ids or plan.random() < 0.7:
            posted = await writer.run(POST, input={"articleId": article, "body": f"{number} {plan.random()}"})
            ids.append(posted["postComment"]["commentEdge"]["node"]["id"])
        else:
            await flip(moderator, plan.choice(ids))


async def flip(moderator: Client, comment: str) -> None:
    for status in ("REJECTED", "PUBLISHED"):
        data = await moderator.run(MODERATE, input={"id": comment, "to": status})
        if not data["moderateComment"]["userErrors"]:
            return


async def watch(clients: list[Client], article: str, widget: Widget, plan: random.Random, done: asyncio.Event) -> int:
    """Follows on one server and then another, cut off after a few events each time; returns how often."""
    cuts = 0
    while True:
        finished = done.is_set()
        async with plan.choice(clients).subscribe(STREAM, articleId=article, after=widget.cursor) as stream:
            caught_up = await follow(stream, widget, plan.randint(0, 25))
            stream.cut()
        if finished and caught_up:
            return cuts
        cuts += 1


async def follow(stream: Subscription, widget: Widget, events: int) -> bool:
    """Folds at most so many events; True when everything missed came and then nothing more."""
    ready = await stream.next()
    assert ready["__typename"] == "StreamReady"
    assert ready["resumed"]
    for number in range(events):
        try:
            widget.fold(await stream.next(seconds=1.0))
        except TimeoutError:
            return bool(number >= ready["replayed"])
    return False


@pytest.mark.parametrize("seed", [20])
async def test_cut_off_over_and_over(furnished: Settings, seed: int) -> None:
    """Four writers in two processes, 1,000 events, one subscriber that moves between the processes."""
    plan = random.Random(seed)
    async with serving(furnished) as here, server_process(furnished) as there:
        stand = Newsstand(here, [])
        far = Newsstand(there.url, stand.clients)
        article = await stand.publish("A long discussion")
        widget = Widget()
        readers = [stand.client(), far.client()]
        await widget.load(readers[0], article)
        done = asyncio.Event()
        watching = asyncio.create_task(watch(readers, article, widget, plan, done))
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*writers([stand, far, stand, far], article, seed))
            done.set()
            cuts = await watching
        fresh = await read_page(readers[0], article)
        await asyncio.gather(*(client.close() for client in stand.clients))

    assert widget.resets == []
    assert fresh["shown"] == widget.shown
    assert fresh["count"] == len(widget.shown)
    assert cuts > 20


def writers(stands: list[Newsstand], article: str, seed: int) -> list[Any]:
    return [
        write(
            stand.client(Role.READER, f"Writer {number}"),
            stand.client(Role.MODERATOR, f"Moderator {number}"),
            article,
            random.Random(seed + number),
            250,
        )
        for number, stand in enumerate(stands)
    ]


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        ("", "INVALID_CURSOR"),
        ("not a cursor", "INVALID_CURSOR"),
        ("ωμέγα", "INVALID_CURSOR"),
        ("MTIz", "INVALID_CURSOR"),
        ("b3RoZXIuMQ", "EPOCH_CHANGED"),
    ],
)
async def test_a_cursor_that_is_not_ours(stand: Newsstand, cursor: str, reason: str) -> None:
    article = await stand.publish("Some article")
    async with stand.client().subscribe(STREAM, articleId=article, after=cursor) as stream:
        ready, reset = await stream.next(), await stream.next()

        assert (ready["__typename"], ready["resumed"]) == ("StreamReady", False)
        assert (reset["__typename"], reset["reason"]) == ("StreamReset", reason)

        await stand.client(Role.READER).run(POST, input={"articleId": article, "body": "Goes on."})

        assert (await stream.next())["__typename"] == "CommentAdded"


async def test_a_cursor_from_the_future(stand: Newsstand) -> None:
    article = await stand.publish("Some article")
    head = decode_position((await stand.client().run("{ streamHead }"))["streamHead"])
    assert head is not None
    later = type(head)(head.epoch, head.seq + 1_000).encode()

    async with stand.client().subscribe(STREAM, articleId=article, after=later) as stream:
        await stream.next()

        assert (await stream.next())["reason"] == "INVALID_CURSOR"
