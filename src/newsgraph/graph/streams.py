"""What streams carry."""

from __future__ import annotations

from typing import Annotated

import strawberry

from newsgraph.graph.enums import ResetReason
from newsgraph.graph.scalars import StreamCursor
from newsgraph.graph.types import Article, Comment, CommentEdge, RankedArticleEdge, RankedList, of


@strawberry.interface(
    description=(
        "Every stream begins with StreamReady: the server is listening. With after, what was missed is replayed "
        "first, in order, each event once, under today's visibility. A position that cannot be resumed is answered "
        "by StreamReset, never by silence: refetch the query, then go on from its cursor."
    )
)
class StreamEvent:
    cursor: StreamCursor = of("Keep the latest one: pass it to after when the connection was lost.")


@strawberry.type(description="The server is listening: nothing that happens from here on is missed.")
class StreamReady(StreamEvent):
    resumed: bool = of("Whether the stream goes on from the cursor that was given.")
    replayed: int = of(
        "How many missed events follow before new ones. A number above 100 may count some that are not shown any more."
    )


@strawberry.type(
    description=(
        "The stream cannot go on from where the client is. Refetch the query; what happens after this event's "
        "cursor follows."
    )
)
class StreamReset(StreamEvent):
    reason: ResetReason


@strawberry.type(
    description=(
        "A comment appeared: posted, or approved after it was held. A client that shows its own comment at once "
        "merges by comment id."
    )
)
class CommentAdded(StreamEvent):
    comment_edge: CommentEdge
    parent_id: strawberry.ID | None = of("Null for a top-level comment.")
    comment_count: int = of("The article's count now.")


@strawberry.type(description="A comment was edited, featured or reacted to.")
class CommentChanged(StreamEvent):
    comment: Comment


@strawberry.type(
    description=(
        "A comment is no longer shown: removed by its author, rejected or withheld. Where it has replies on the "
        "page, keep its place empty."
    )
)
class CommentRemoved(StreamEvent):
    removed_comment_id: strawberry.ID
    parent_id: strawberry.ID | None = of("Null for a top-level comment.")
    comment_count: int = of("The article's count now.")


@strawberry.type(
    description=(
        "Membership or order changed. A list stream without after sends the list as it stands right after "
        "StreamReady; a widget needs no query."
    )
)
class RankedListChanged(StreamEvent):
    ranked_list: RankedList = strawberry.field(name="list", description="The list as it is now.")
    inserted_edges: list[RankedArticleEdge] = of("Articles that were not in it before.")
    removed_article_ids: list[strawberry.ID] = of("Articles that are no longer in it.")
    ordered_article_ids: list[strawberry.ID] = of("All of them, in rank order.")


@strawberry.type(description="The article was published, updated, or its comment rules changed.")
class ArticleChanged(StreamEvent):
    article: Article


@strawberry.type(description="The article was taken back.")
class ArticleRetracted(StreamEvent):
    article_id: strawberry.ID


CommentEvent = Annotated[
    StreamReady | StreamReset | CommentAdded | CommentChanged | CommentRemoved,
    strawberry.union("CommentEvent"),
]
RankedListEvent = Annotated[StreamReady | StreamReset | RankedListChanged, strawberry.union("RankedListEvent")]
ArticleEvent = Annotated[
    StreamReady | StreamReset | ArticleChanged | ArticleRetracted, strawberry.union("ArticleEvent")
]
