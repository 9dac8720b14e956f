"""Relay connections (Cursor Connections Specification) over keyset pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from newsgraph.domain.articles import Article
from newsgraph.domain.authors import Author
from newsgraph.domain.comments import Comment
from newsgraph.domain.cursors import Key, encode_key
from newsgraph.domain.pages import Page
from newsgraph.graph.enums import ArticleOrder, CommentOrder

T = TypeVar("T")

Count = Callable[[], Awaitable[int] | int]

_EPOCH = datetime.fromtimestamp(0, UTC)


def milliseconds(at: datetime | None) -> int:
    """As times stand in sort keys."""
    if at is None:
        return 0
    past = at - _EPOCH  # its parts by themselves, since total_seconds() and // reckon with long numbers
    return past.days * 86_400_000 + past.seconds * 1_000 + past.microseconds // 1_000


class Edge(NamedTuple):
    """The cursor is only made where it is asked for."""

    node: Any
    order: str
    key: Key

    @property
    def cursor(self) -> str:
        return encode_key(self.order, self.key)


class SearchEdge(NamedTuple):
    node: Any
    order: str
    key: Key
    score: float
    snippet: str

    @property
    def cursor(self) -> str:
        return encode_key(self.order, self.key)


class PageInfo(NamedTuple):
    """Cursors are only made where they are asked for."""

    has_next_page: bool
    has_previous_page: bool
    edges: Sequence[Any]

    @property
    def start_cursor(self) -> str | None:
        cursor: str | None = self.edges[0].cursor if self.edges else None
        return cursor

    @property
    def end_cursor(self) -> str | None:
        cursor: str | None = self.edges[-1].cursor if self.edges else None
        return cursor


class Connection(NamedTuple):
    """`total` is called only where totalCount is selected."""

    edges: Sequence[Any]
    has_next: bool
    has_previous: bool
    total: Count
    live_cursor: str | None = None

    @property
    def nodes(self) -> list[Any]:
        return [edge.node for edge in self.edges]

    @property
    def page_info(self) -> PageInfo:
        return PageInfo(self.has_next, self.has_previous, self.edges)


def connect(
    page: Page[T], order: str, key: Callable[[T], Key], count: Count, live_cursor: str | None = None
) -> Connection:
    edges = [Edge(row, order, key(row)) for row in page.items]
    return Connection(edges, page.has_next, page.has_previous, count, live_cursor)


def article_key(article: Article) -> Key:
    return milliseconds(article.published_at), article.id


def author_key(author: Author) -> Key:
    return author.name, author.id


# What each order sorts comments by; the id settles ties.
COMMENT_KEYS: dict[CommentOrder, Callable[[Comment], int]] = {
    CommentOrder.NEWEST: lambda c: milliseconds(c.created_at),
    CommentOrder.OLDEST: lambda c: milliseconds(c.created_at),
    CommentOrder.MOST_REPLIED: lambda c: c.reply_count,
    CommentOrder.MOST_REACTED: lambda c: c.likes + c.insightfuls + c.disagrees,
}


def comment_key(order: CommentOrder) -> Callable[[Comment], Key]:
    sorted_by = COMMENT_KEYS[order]
    return lambda comment: (sorted_by(comment), comment.id)


def order_name(order: ArticleOrder | CommentOrder) -> str:
    """What a cursor remembers, so that it is not taken for one of another order."""
    return str(order.value).lower()
