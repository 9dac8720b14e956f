"""Keyset pages in both directions (Relay Cursor Connections): stable under inserts and under equal sort keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from newsgraph.domain.cursors import Key, decode_key
from newsgraph.domain.errors import Fault, FaultCode

T = TypeVar("T")


# Named tuples are made in half the time of frozen dataclasses, and each field with a page has all of these.


class PageLimits(NamedTuple):
    default: int = 20
    maximum: int = 100


class PageArguments(NamedTuple):
    """Relay's four arguments as the client sent them."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


class Slice(NamedTuple):
    """What storage is asked for: `limit` rows between two sort keys (exclusive), from the end when `backward`."""

    limit: int
    after: Key | None = None
    before: Key | None = None
    backward: bool = False


class Page(NamedTuple, Generic[T]):
    """Rows in the order of the list, whichever end they were asked from."""

    items: Sequence[T]
    has_next: bool
    has_previous: bool


def page_slice(arguments: PageArguments, order: str, limits: PageLimits) -> Slice:
    """Checks the arguments: `first` or `last` (not both), 0 to the maximum, cursors of this order."""
    if arguments.after is None and arguments.before is None:
        return _from_an_end(arguments, limits)
    return _checked(arguments, order, limits)


@lru_cache(maxsize=1_024)
def _from_an_end(arguments: PageArguments, limits: PageLimits) -> Slice:
    """Remembered: nearly all pages begin so, and there is no text of a client's in it."""
    return _checked(arguments, "", limits)


def _checked(arguments: PageArguments, order: str, limits: PageLimits) -> Slice:
    if arguments.first is not None and arguments.last is not None:
        raise Fault(FaultCode.BAD_INPUT, "Ask for first or for last, not for both.")
    backward = arguments.last is not None or (
        arguments.before is not None and arguments.first is None and arguments.after is None
    )
    asked = arguments.last if arguments.last is not None else arguments.first
    return Slice(
        limit=page_size(asked, limits),
        after=None if arguments.after is None else decode_key(order, arguments.after),
        before=None if arguments.before is None else decode_key(order, arguments.before),
        backward=backward,
    )


def page_size(asked: int | None, limits: PageLimits) -> int:
    if asked is None:
        return limits.default
    if asked < 0:
        raise Fault(FaultCode.BAD_INPUT, f"A page cannot have {asked} items.")
    if asked > limits.maximum:
        raise Fault(
            FaultCode.PAGE_TOO_LARGE,
            f"A page has at most {limits.maximum} items; {asked} were asked for.",
        )
    return asked


def page_of(rows: Sequence[T], asked: Slice) -> Page[T]:
    """The page from `limit + 1` rows read in the direction of `asked`: the row too many says that there are more.

    Behind the bound that was started from there is at least the row that its cursor came from. (Cursor Connections
    Specification, 4.3: with `first`, what lies beyond `before` does not count as a next page.)
    """
    more = len(rows) > asked.limit
    kept = rows[: asked.limit]
    if asked.backward:
        return Page(kept[::-1], has_next=asked.before is not None, has_previous=more)
    return Page(kept, has_next=more, has_previous=asked.after is not None)
