"""What mutations answer with."""

from __future__ import annotations

from datetime import datetime

import strawberry

from newsgraph.domain.comments import CommentStatus
from newsgraph.domain.errors import (
    ArticleErrorCode,
    CommentErrorCode,
    ListErrorCode,
    ProblemDetail,
)
from newsgraph.graph.types import Article, Comment, CommentEdge, Commenter, RankedList, of, shows


@strawberry.interface(
    description=(
        "What the person can put right. Faults and refused access stay in the response's errors, with extensions.code."
    )
)
class UserError:
    message: str = of("A sentence for the person.")
    field: list[str] | None = of("The path of the argument that it is about.")


@strawberry.type(description="limit and actual: for the length codes. retryAt: for RATE_LIMITED and SUSPENDED.")
@shows(ProblemDetail)
class CommentError(UserError):
    code: CommentErrorCode
    limit: int | None
    actual: int | None
    retry_at: datetime | None


@strawberry.type
@shows(ProblemDetail)
class ArticleError(UserError):
    code: ArticleErrorCode


@strawberry.type
@shows(ProblemDetail)
class ListError(UserError):
    code: ListErrorCode


@strawberry.type(description="status PENDING with a null edge is success: held for review, not lost.")
class PostCommentPayload:
    comment_edge: CommentEdge | None
    status: CommentStatus | None
    user_errors: list[CommentError]
    client_mutation_id: str | None


@strawberry.type
class CommentPayload:
    comment: Comment | None
    user_errors: list[CommentError]
    client_mutation_id: str | None


@strawberry.type
class ArticlePayload:
    article: Article | None
    user_errors: list[ArticleError]
    client_mutation_id: str | None


@strawberry.type
class RestrictUserPayload:
    user: Commenter | None
    user_errors: list[CommentError]
    client_mutation_id: str | None


@strawberry.type
class RankedListPayload:
    ranked_list: RankedList | None = strawberry.field(name="list")
    user_errors: list[ListError]
    client_mutation_id: str | None


@strawberry.type
class RecordViewPayload:
    counted: bool
    client_mutation_id: str | None
