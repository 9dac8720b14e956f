"""Rows by the hundred thousand, straight into newsgraph's tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from newsgraph.domain.text import reading_minutes
from read.words import Writer

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)  # when the newest article was published, in all databases
STORIES = 64  # articles that are asked for in turn, evenly spread over all
_AUTHORS, _USERS, _TAGS = 200, 2_000, 300
_MINUTE = 60_000  # milliseconds: between two articles, and between two comments on one
_NOW_MS = int(NOW.timestamp()) * 1_000
_BATCH = 10_000  # articles written together: a million texts at once would not fit into memory

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """How much of everything. `thread`: comments on each story; `longest`: on the very first article.

    Every fifth comment is a reply to the one before it.
    """

    articles: int
    comments: int
    sentences: int = 45
    thread: int = 100
    longest: int = 0

    @property
    def stories(self) -> list[int]:
        """Their ids."""
        return [number * self.articles // STORIES for number in range(1, STORIES + 1)]

    def discussions(self) -> list[int]:
        """Comments on each article, from id 1; what the stories leave is evenly spread over the others."""
        rest, others, stories = self.comments - STORIES * self.thread, self.articles - STORIES, set(self.stories)
        shares = (rest * (n + 1) // others - rest * n // others for n in range(others))
        counts = [self.thread if n in stories else next(shares) for n in range(1, self.articles + 1)]
        counts[0] = self.longest or counts[0]
        return counts


@dataclass(frozen=True, slots=True)
class _Article:
    """An article, and its rows in each table."""

    id: int
    shown_at: int
    section_id: int
    comments: int
    headline: str
    standfirst: str
    paragraphs: list[str]
    tags: list[str]

    def main(self) -> list[Row]:
        slug = f"{self.headline.lower().replace(' ', '-')}-{self.id}"
        address = f"https://news.example/{slug}"
        image = json.dumps([f"{address}.jpg", self.standfirst, None, "Staff", 1200, 800])
        texts = slug, address, self.headline, self.standfirst, "en", image
        times = self.shown_at, self.shown_at, self.shown_at, reading_minutes(self.text)
        counts = self.comments, self.comments - self.comments // 5
        return [(self.id, *texts, "PUBLISHED", *times, self.section_id, _SLOTS, *counts)]

    def body(self) -> list[Row]:
        return [(self.id, "".join(f"<p>{text}</p>" for text in self.paragraphs), self.text)]

    def bylines(self) -> list[Row]:
        """Every third article has two authors."""
        first = self.id % _AUTHORS + 1
        authors = [first, first % _AUTHORS + 1] if self.id % 3 == 0 else [first]
        return [(self.id, position, author, self.shown_at) for position, author in enumerate(authors)]

    def tagged(self) -> list[Row]:
        return [(self.id, position, tag, self.shown_at) for position, tag in enumerate(self.tags)]

    def indexed(self) -> list[Row]:
        return [(self.id, self.headline, self.standfirst, "\n".join(self.tags), self.text)]

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


_SLOTS = json.dumps([[1, "after-standfirst"], [2, "in-text"], [3, "below"]], separators=(",", ":"))
_TABLES: list[tuple[str, str, Callable[[_Article], list[Row]]]] = [
    (
        "articles",
        "id, slug, url, headline, standfirst, language, lead_image, status, published_at, updated_at, shown_at, "
        "reading_minutes, section_id, ad_slots, comment_count, thread_count",
        _Article.main,
    ),
    ("article_bodies", "article_id, html, text", _Article.body),
    ("article_authors", "article_id, position, author_id, shown_at", _Article.bylines),
    ("article_tags", "article_id, position, tag, shown_at", _Article.tagged),
    ("article_search", "rowid, headline, standfirst, tags, body", _Article.indexed),
]


def fill(connection: sqlite3.Connection, shape: Shape, section_ids: Sequence[int]) -> None:
    """Everything in one transaction. The file is new: what a crash leaves of it is of no use to anybody."""
    writer = Writer()
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    _people(connection, writer)
    _articles(connection, shape, writer, section_ids)
    _insert(
        connection,
        "comments",
        "id, article_id, parent_id, user_id, body, status, depth, created_at, moderated, reply_count, descendants, "
        "likes",
        _comments(shape, writer),
    )
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, table: str, columns: str, rows: Iterable[Row]) -> None:
    marks = ", ".join("?" for _ in columns.split(","))
    connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def _people(connection: sqlite3.Connection, writer: Writer) -> None:
    names = [writer.name() for _ in range(_AUTHORS)]
    authors = ((n, f"author-{n}", name, f"author-{n}@news.example") for n, name in enumerate(names, 1))
    users = ((n, f"bench:{n}", writer.name(), "READER", _NOW_MS) for n in range(1, _USERS + 1))
    _insert(connection, "authors", "id, slug, name, email", authors)
    _insert(connection, "users", "id, subject, name, role, claims_at", users)


def _articles(connection: sqlite3.Connection, shape: Shape, writer: Writer, section_ids: Sequence[int]) -> None:
    tags = list(dict.fromkeys(writer.words(1, 2).lower() for _ in range(_TAGS)))
    counts = shape.discussions()
    for start in range(1, shape.articles + 1, _BATCH):
        batch = [
            _Article(
                id=n,
                shown_at=_NOW_MS - (shape.articles - n) * _MINUTE,
                section_id=section_ids[n % len(section_ids)],
                comments=counts[n - 1],
                headline=writer.words(5, 10),
                standfirst=writer.words(10, 20),
                paragraphs=writer.paragraphs(shape.sentences),
                tags=[tags[n % len(tags)], tags[(n + 1 + n % 7) % len(tags)]],
            )
            for n in range(start, min(start + _BATCH, shape.articles + 1))
        ]
        for table, columns, rows in _TABLES:
            _insert(connection, table, columns, (row for article in batch for row in rows(article)))


def _comments(shape: Shape, writer: Writer) -> Iterator[Row]:
    """Numbered as they are made: a comment's id settles nothing that its time does not."""
    key = 0
    for article_id, count in enumerate(shape.discussions(), 1):
        began = _NOW_MS - (shape.articles - article_id) * _MINUTE
        for number in range(count):
            key += 1
            reply, answered = number % 5 == 4, number % 5 == 3 and number + 1 < count
            texts = " ".join(writer.paragraphs(2))[:280], "PUBLISHED", int(reply)
            at, likes = began + (number + 1) * _MINUTE, key % 7 if key % 3 == 0 else 0
            parent = key - 1 if reply else None
            yield (key, article_id, parent, key % _USERS + 1, *texts, at, 1, int(answered), int(answered), likes)
