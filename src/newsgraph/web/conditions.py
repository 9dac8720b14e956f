"""Conditional requests (RFC 9110, 13)."""

from __future__ import annotations

from starlette.datastructures import Headers


def names(condition: bytes | None, etag: bytes) -> bool:
    """Whether If-None-Match (13.1.2) has this tag."""
    if condition is None:
        return False
    return condition in (etag, b"*") or etag in [one.strip().removeprefix(b"W/") for one in condition.split(b",")]


def is_known(headers: Headers, etag: str) -> bool:
    """The same of a request's headers as Starlette has them."""
    condition = headers.get("if-none-match")
    return condition is not None and names(condition.encode("latin-1"), etag.encode())
