"""What a subscriber and a publisher say to each kind of server."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fan import wire

BODY_LENGTH = 180  # characters of a comment
COMMENTER = "Kim Reader"

SUBSCRIPTION = """
subscription ($id: ID!) {
  commentEvents(articleId: $id) {
    ... on CommentAdded { commentCount commentEdge { node { id body createdAt author { name } } } }
  }
}
"""
MUTATION = """
mutation ($input: PostCommentInput!) { postComment(input: $input) { commentEdge { node { id } } userErrors { code } } }
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """`opening`: frames to send, then one frame is awaited, and so on; nothing of it may come at once.

    `comment` makes the body of a publish from an article and a text.
    """

    path: Callable[[str], str]
    opening: Callable[[str], Sequence[bytes]]
    comment: Callable[[str, str], bytes]


def text(number: int) -> str:
    """A comment of the usual length that is like no other."""
    words = f"Comment {number}: the vote was closer than anyone expected, and the figures should be published. "
    return (words * 3)[: BODY_LENGTH - 1] + "."


def _message(**fields: object) -> bytes:
    return wire.frame(wire.TEXT, json.dumps(fields).encode())


def _subscribing(article: str) -> Sequence[bytes]:
    """graphql-transport-ws. The ping is there for its pong: the server has read what came before."""
    payload = {"query": SUBSCRIPTION, "variables": {"id": article}}
    return [
        _message(type="connection_init"),
        _message(id="1", type="subscribe", payload=payload) + _message(type="ping"),
    ]


def _mutation(article: str, body: str) -> bytes:
    variables = {"input": {"articleId": article, "body": body}}
    return json.dumps({"query": MUTATION, "variables": variables}).encode()


def _ready_frame(article: str, body: str) -> bytes:
    """What the GraphQL servers send for this comment, made here so that the bare server only has to pass it on."""
    node = {
        "id": "Q29tbWVudDoxMDA=",
        "body": body,
        "createdAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "author": {"name": COMMENTER},
    }
    data = {"commentEvents": {"commentCount": 100, "commentEdge": {"node": node}}}
    return json.dumps({"id": "1", "type": "next", "payload": {"data": data}}, separators=(",", ":")).encode()


DIALECTS = {
    "graphql": Dialect(lambda _article: "/graphql", _subscribing, _mutation),
    "bare": Dialect(lambda article: f"/{article}", lambda _article: [b""], _ready_frame),
}
