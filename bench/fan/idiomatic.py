"""The same subscription as Strawberry's documentation teaches it. `python -m fan.idiomatic`.

An asynchronous generator and a queue for each subscriber, a DataLoader for authors, Strawberry's own ASGI view.
Comments are kept in memory, parsed and validated documents too, so that little but the fan-out weighs on it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from fan.dialects import COMMENTER
from fan.uvicorns import serve


@strawberry.type
class User:
    name: str


@strawberry.type
class Comment:
    id: strawberry.ID
    body: str
    created_at: datetime
    author_id: strawberry.Private[int]

    @strawberry.field
    async def author(self, info: strawberry.Info[Any, None]) -> User:
        user: User = await info.context["users"].load(self.author_id)
        return user


@strawberry.type
class CommentEdge:
    node: Comment


@strawberry.type
class CommentAdded:
    comment_count: int
    comment_edge: CommentEdge


@strawberry.type
class CommentRemoved:
    removed_comment_id: strawberry.ID


CommentEvent = Annotated[CommentAdded | CommentRemoved, strawberry.union("CommentEvent")]


@strawberry.type
class CommentError:
    code: str


@strawberry.type
class PostCommentPayload:
    comment_edge: CommentEdge
    user_errors: list[CommentError]


@strawberry.input
class PostCommentInput:
    article_id: strawberry.ID
    body: str


class Room:
    """The comments of all articles, and the queues of those who listen."""

    def __init__(self) -> None:
        self.users = {1: User(name=COMMENTER)}
        self.comments: defaultdict[str, list[Comment]] = defaultdict(list)
        self.queues: defaultdict[str, set[asyncio.Queue[CommentAdded]]] = defaultdict(set)

    async def load_users(self, ids: list[int]) -> list[User]:
        return [self.users[one] for one in ids]


@strawberry.type
class Query:
    @strawberry.field
    def comment_count(self, info: strawberry.Info[Any, None], article_id: strawberry.ID) -> int:
        return len(info.context["room"].comments[article_id])


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def post_comment(self, info: strawberry.Info[Any, None], input: PostCommentInput) -> PostCommentPayload:
        room: Room = info.context["room"]
        comments = room.comments[input.article_id]
        comment = Comment(
            id=strawberry.ID(f"Comment:{len(comments) + 1}"), body=input.body, created_at=datetime.now(UTC), author_id=1
        )
        comments.append(comment)
        edge = CommentEdge(node=comment)
        for queue in room.queues[input.article_id]:
            queue.put_nowait(CommentAdded(comment_count=len(comments), comment_edge=edge))
        return PostCommentPayload(comment_edge=edge, user_errors=[])


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def comment_events(
        self, info: strawberry.Info[Any, None], article_id: strawberry.ID
    ) -> AsyncGenerator[CommentEvent, None]:
        queues = info.context["room"].queues[article_id]
        queue: asyncio.Queue[CommentAdded] = asyncio.Queue()
        queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            queues.discard(queue)


class View(GraphQL[Any, None]):
    def __init__(self, schema: strawberry.Schema, room: Room) -> None:
        super().__init__(schema)
        self._room = room

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Any:
        return {"room": self._room, "users": DataLoader(load_fn=self._room.load_users)}


def application() -> View:
    extensions: Any = [ParserCache(), ValidationCache()]
    return View(strawberry.Schema(Query, Mutation, Subscription, extensions=extensions), Room())


if __name__ == "__main__":
    serve(application(), "websockets-sansio")
