"""Scalars of the public schema: what they accept, and how they are written.

What they refuse is a GraphQLError: anything else that is raised while a literal is read counts as a defect of ours.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NewType
from urllib.parse import urlsplit

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

StreamCursor = NewType("StreamCursor", str)
URL = NewType("URL", str)
HTML = NewType("HTML", str)

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z")


@lru_cache(maxsize=4_096)
def write_datetime(value: datetime) -> str:
    """RFC 3339 in UTC with Z; milliseconds only where there are any, since no more are kept."""
    instant = value.astimezone(UTC)
    precision = "milliseconds" if instant.microsecond >= 1000 else "seconds"
    return instant.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def read_datetime(value: Any) -> datetime:
    if not isinstance(value, str) or not _RFC3339.match(value):
        raise GraphQLError("A DateTime is an RFC 3339 date-time with a zone, such as 2026-01-31T09:30:00Z.")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError(f"There is no such time: {value[:40]}") from None


def read_url(value: Any) -> str:
    """An absolute http(s) URL, at most 2,048 characters, without white space and control characters."""
    text = value if isinstance(value, str) else ""
    if len(text) > 2_048 or any(c <= " " or c == "\x7f" for c in text):
        text = ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise GraphQLError("A URL is absolute and begins with http:// or https://.")
    return text


def read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("A string is expected here.")
    return value


DateTime = strawberry.scalar(
    name="DateTime",
    description="RFC 3339 date-time, always UTC, written with Z. Times with another offset are accepted.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=write_datetime,
    parse_value=read_datetime,
)

SCALARS: dict[object, ScalarDefinition] = {
    datetime: DateTime,
    StreamCursor: strawberry.scalar(
        name="StreamCursor",
        description="Opaque position in the server's event log. Compare for equality only.",
        serialize=str,
        parse_value=read_text,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="Absolute http(s) URL (RFC 3986).",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3986",
        serialize=str,
        parse_value=read_url,
    ),
    HTML: strawberry.scalar(
        name="HTML",
        description=(
            "HTML fragment. What the server sends is sanitised: safe to insert in a page as it is. "
            "It has pictures of any host, and sandboxed frames of the hosts in the setting embed_hosts. "
            "What it receives is sanitised before it is kept."
        ),
        serialize=str,
        parse_value=read_text,
    ),
}
