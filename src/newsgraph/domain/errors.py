"""Everything that can be refused, in two families.

`Problem` is what the person can put right: it travels as a `userErrors` entry in a mutation's payload.
`Fault` is a request that could not be served at all: it travels in the response's `errors`, with its code in
`extensions.code`. Anything else that is raised is a defect and reaches clients only as INTERNAL with an id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class CommentErrorCode(Enum):
    BODY_EMPTY = "BODY_EMPTY"
    BODY_TOO_SHORT = "BODY_TOO_SHORT"
    BODY_TOO_LONG = "BODY_TOO_LONG"
    COMMENTS_CLOSED = "COMMENTS_CLOSED"
    PARENT_UNAVAILABLE = "PARENT_UNAVAILABLE"
    TOO_DEEP = "TOO_DEEP"
    RATE_LIMITED = "RATE_LIMITED"
    BANNED = "BANNED"
    SUSPENDED = "SUSPENDED"
    EDIT_WINDOW_EXPIRED = "EDIT_WINDOW_EXPIRED"
    DUPLICATE = "DUPLICATE"
    WORD_BLOCKED = "WORD_BLOCKED"
    NOT_FOUND = "NOT_FOUND"
    INVALID_TRANSITION = "INVALID_TRANSITION"


class ArticleErrorCode(Enum):
    NOT_FOUND = "NOT_FOUND"
    SLUG_TAKEN = "SLUG_TAKEN"
    UNKNOWN_SECTION = "UNKNOWN_SECTION"
    UNKNOWN_AUTHOR = "UNKNOWN_AUTHOR"
    INVALID = "INVALID"


class ListErrorCode(Enum):
    STALE = "STALE"
    NOT_FOUND = "NOT_FOUND"
    UNKNOWN_ARTICLE = "UNKNOWN_ARTICLE"


@dataclass(frozen=True, slots=True)
class ProblemDetail:
    """One thing to put right. `field` is the path into the mutation's arguments, `("input", "body")`."""

    code: CommentErrorCode | ArticleErrorCode | ListErrorCode
    message: str
    field: tuple[str, ...] | None = None
    limit: int | None = None
    actual: int | None = None
    retry_at: datetime | None = None


class Problem(Exception):
    """Raised inside an action: the transaction is rolled back and the detail reaches the person."""

    def __init__(self, detail: ProblemDetail) -> None:
        super().__init__(detail.message)
        self.detail = detail


class FaultCode(Enum):
    """`extensions.code` of the response's errors; docs/errors.md has one line for each."""

    BAD_INPUT = "BAD_INPUT"
    INVALID_CURSOR = "INVALID_CURSOR"
    INVALID_ID = "INVALID_ID"
    PAGE_TOO_LARGE = "PAGE_TOO_LARGE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    ORIGIN_NOT_ALLOWED = "ORIGIN_NOT_ALLOWED"
    CSRF_PREVENTED = "CSRF_PREVENTED"
    NOT_FOUND = "NOT_FOUND"
    UNAVAILABLE = "UNAVAILABLE"
    TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"
    TOO_MANY_CONNECTIONS = "TOO_MANY_CONNECTIONS"
    GOING_AWAY = "GOING_AWAY"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    PERSISTED_QUERY_MISMATCH = "PERSISTED_QUERY_MISMATCH"
    PERSISTED_QUERY_MALFORMED = "PERSISTED_QUERY_MALFORMED"
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    BATCHING_NOT_SUPPORTED = "BATCHING_NOT_SUPPORTED"
    DOCUMENT_TOO_LONG = "DOCUMENT_TOO_LONG"
    TOO_MANY_TOKENS = "TOO_MANY_TOKENS"
    TOO_MANY_COMMENTS = "TOO_MANY_COMMENTS"
    TOO_MANY_QUERIES = "TOO_MANY_QUERIES"
    TOO_MANY_FRAGMENTS = "TOO_MANY_FRAGMENTS"
    DOCUMENT_TOO_DEEP = "DOCUMENT_TOO_DEEP"
    TOO_MANY_ROOT_FIELDS = "TOO_MANY_ROOT_FIELDS"
    TOO_MANY_ALIASES = "TOO_MANY_ALIASES"
    TOO_MANY_DIRECTIVES = "TOO_MANY_DIRECTIVES"
    TOO_MANY_VARIABLES = "TOO_MANY_VARIABLES"
    DOCUMENT_TOO_COMPLEX = "DOCUMENT_TOO_COMPLEX"
    VARIABLES_TOO_LARGE = "VARIABLES_TOO_LARGE"
    VARIABLES_TOO_DEEP = "VARIABLES_TOO_DEEP"
    COST_TOO_HIGH = "COST_TOO_HIGH"
    OPERATION_TIMED_OUT = "OPERATION_TIMED_OUT"
    RATE_LIMITED = "RATE_LIMITED"
    INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    INTERNAL = "INTERNAL"


class ImportErrorCode(Enum):
    """Why a source, or an item of it, was not imported; docs/errors.md has one line for each."""

    UNREADABLE = "UNREADABLE"
    UNREACHABLE = "UNREACHABLE"
    REFUSED = "REFUSED"
    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    TOO_SLOW = "TOO_SLOW"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    MALFORMED = "MALFORMED"
    UNUSABLE = "UNUSABLE"
    DUPLICATE = "DUPLICATE"
    UNAVAILABLE = "UNAVAILABLE"


PASSING = {FaultCode.UNAVAILABLE: 5, FaultCode.TOO_MANY_CONNECTIONS: 5, FaultCode.OPERATION_TIMED_OUT: 5}
"""What passes by itself: after so many seconds it is worth trying again."""


class Fault(Exception):
    """The request cannot be served; `code` says why and the message may be shown to anybody."""

    def __init__(self, code: FaultCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RateLimited(Fault):
    """Too much of late; `seconds` from now, at `retry_at`, there is room again."""

    def __init__(self, seconds: int, retry_at: datetime) -> None:
        super().__init__(FaultCode.RATE_LIMITED, f"That is too much at once. Try again in {seconds} seconds.")
        self.seconds = seconds
        self.retry_at = retry_at
