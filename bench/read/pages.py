"""The three pages as one writes them by hand when speed is all that counts: SQL in, a dict out, nothing in between.

They say exactly what newsgraph says to an anonymous reader. `read/byhand.py` serves them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from read.forms import Json, counted, cursor, global_id, is_open, longest, position, shown, written
from read.operations import text

Row = tuple[Any, ...]
Page = Callable[[sqlite3.Connection, Mapping[str, Any]], Json]

_COMMENTS_SHOWN = 20
_LATEST_SHOWN = 6
_HEADLINE = "SELECT headline FROM articles WHERE slug = ? AND shown_at IS NOT NULL"
_ARTICLE = """
SELECT a.id, a.slug, a.url, a.headline, a.standfirst, b.html, a.published_at, a.updated_at, a.reading_minutes,
    a.view_count, a.lead_image, s.slug, s.name, a.ad_slots, a.comment_count, a.thread_count,
    a.comments_open, a.comments_close_at, a.comment_mode, a.comment_max_length
FROM articles AS a JOIN sections AS s ON s.id = a.section_id JOIN article_bodies AS b ON b.article_id = a.id
WHERE a.slug = ? AND a.shown_at IS NOT NULL
"""
_AUTHORS = """
SELECT w.name, w.slug, w.email FROM article_authors AS x JOIN authors AS w ON w.id = x.author_id
WHERE x.article_id = ? ORDER BY x.position
"""
_COMMENTS = """
SELECT c.id, c.body, c.status, c.created_at, c.edited_at, c.reply_count, u.name, c.likes, c.insightfuls, c.disagrees
FROM comments AS c CROSS JOIN users AS u
WHERE c.article_id = ? AND c.parent_id IS NULL AND c.listed = 1 AND u.id = c.user_id
ORDER BY c.created_at DESC, c.tie DESC LIMIT ?
"""
_LISTS = "SELECT key, title, version, items FROM ranked_lists WHERE key IN (SELECT value FROM json_each(?))"
_CARDS = """
SELECT a.id, s.name, a.headline, a.slug FROM articles AS a JOIN sections AS s ON s.id = a.section_id
WHERE a.id IN (SELECT value FROM json_each(?)) AND a.shown_at IS NOT NULL
"""
_TEASERS = """
SELECT id, slug, headline, standfirst, published_at, comment_count FROM articles
WHERE id IN (SELECT value FROM json_each(?)) AND shown_at IS NOT NULL
"""
_BYLINES = """
SELECT x.article_id, w.name, w.slug FROM article_authors AS x JOIN authors AS w ON w.id = x.author_id
WHERE x.article_id IN (SELECT value FROM json_each(?)) ORDER BY x.article_id, x.position
"""


def headline(db: sqlite3.Connection, given: Mapping[str, Any]) -> Json:
    found = db.execute(_HEADLINE, (given["slug"],)).fetchone()
    return {"article": found and {"headline": found[0]}}


def article_page(db: sqlite3.Connection, given: Mapping[str, Any]) -> Json:
    head = _head(db)
    row = db.execute(_ARTICLE, (given["slug"],)).fetchone()
    own = [] if row is None else [f"latest/{row[11]}", f"related/{row[0]}"]
    lists = _versioned(db, head[0], [*own, "popular", "must-reads"])
    article = None
    if row is not None:
        comments, authors = _comments(db, head, row[0], row[15]), _authors(db, row[0])
        article = _article(row, authors, comments, [lists[key] for key in own])
    return {"article": article, "popularNow": lists["popular"], "mustReads": lists["must-reads"]}


def _head(db: sqlite3.Connection) -> tuple[str, int]:
    epoch, seq = db.execute("SELECT epoch, last_seq FROM stream").fetchone()
    return epoch, seq


def _article(row: Row, authors: list[Json], comments: Json, lists: Sequence[Json]) -> Json:
    key, slug, url, headline, standfirst, html, published, updated, minutes, views, image, *rest = row
    section, name, slots, count, _, *rules = rest
    return {
        "id": global_id("Article", key),
        "slug": slug,
        "url": url,
        "headline": headline,
        "standfirst": standfirst,
        "bodyHtml": html,
        "publishedAt": written(published),
        "updatedAt": written(updated),
        "readingMinutes": minutes,
        "viewCount": views,
        "leadImage": image and dict(zip(("url", "alt", "caption", "credit"), orjson.loads(image), strict=False)),
        "section": {"slug": section, "name": name, "latestStories": lists[0]},
        "authors": authors,
        "adSlots": [{"number": number, "position": place} for number, place in orjson.loads(slots)],
        "commentCount": count,
        "commentPolicy": _policy(rules),
        "comments": comments,
        "youMayAlsoLike": lists[1],
    }


def _policy(rules: Sequence[Any]) -> Json:
    flag, closes_at, mode, most = rules
    return {"open": is_open(flag, closes_at), "minLength": 1, "maxLength": longest(most), "mode": mode or "POST"}


def _authors(db: sqlite3.Connection, article_id: int) -> list[Json]:
    return [{"name": name, "slug": slug, "email": email} for name, slug, email in db.execute(_AUTHORS, (article_id,))]


def _comments(db: sqlite3.Connection, head: tuple[str, int], article_id: int, total: int) -> Json:
    rows = db.execute(_COMMENTS, (article_id, _COMMENTS_SHOWN + 1)).fetchall()
    edges = [_comment(row) for row in rows[:_COMMENTS_SHOWN]]
    return {
        "totalCount": total,
        "liveCursor": position(*head),
        "pageInfo": {
            "hasNextPage": len(rows) > _COMMENTS_SHOWN,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
        "edges": edges,
    }


def _comment(row: Row) -> Json:
    key, body, status, created, edited, replies, name, *counts = row
    visible = status == "PUBLISHED"
    node = {
        "id": global_id("Comment", key),
        "body": body if visible else None,
        "status": status,
        "createdAt": written(created),
        "editedAt": edited and written(edited),
        "replyCount": replies,
        "author": {"name": name} if visible else None,
        "reactions": [{"kind": kind, "count": count} for kind, count in counted(counts)],
    }
    return {"cursor": cursor(created, key), "node": node}


def front_page(db: sqlite3.Connection, given: Mapping[str, Any]) -> Json:
    epoch, _ = _head(db)
    sections = db.execute("SELECT slug, name FROM sections ORDER BY position").fetchall()
    stored = _stored(db, [*(f"latest/{slug}" for slug, _ in sections), "popular", "must-reads"])
    first = given.get("first", _LATEST_SHOWN)
    teasers = _teasers(db, [stored[f"latest/{slug}"].items[:first] for slug, _ in sections])
    beside = {key: stored[key].items[: shown(key)] for key in ("popular", "must-reads")}
    cards = _cards(db, beside.values())
    return {
        "sections": [
            {"slug": slug, "name": name, "latestStories": _latest(stored[f"latest/{slug}"], epoch, first, teasers)}
            for slug, name in sections
        ],
        "popularNow": _listed(stored["popular"], _edges(beside["popular"], cards)),
        "mustReads": _listed(stored["must-reads"], _pinned(beside["must-reads"], cards)),
    }


def _latest(stored: Stored, epoch: str, first: int, teasers: Mapping[int, Json]) -> Json:
    ranked = enumerate(stored.items[:first], 1)
    edges = [{"rank": rank, "node": teasers[key]} for rank, (key, *_) in ranked if key in teasers]
    return {
        "key": stored.key,
        "title": stored.title,
        "version": position(epoch, stored.version),
        "items": {"edges": edges},
    }


def _teasers(db: sqlite3.Connection, lists: Iterable[list[Row]]) -> dict[int, Json]:
    keys = _packed([key for items in lists for key, *_ in items])
    authors: dict[int, list[Json]] = {}
    for key, name, slug in db.execute(_BYLINES, (keys,)):
        authors.setdefault(key, []).append({"name": name, "slug": slug})
    return {
        key: {
            "id": global_id("Article", key),
            "slug": slug,
            "headline": headline,
            "standfirst": standfirst,
            "publishedAt": written(published),
            "commentCount": count,
            "authors": authors.get(key, []),
        }
        for key, slug, headline, standfirst, published, count in db.execute(_TEASERS, (keys,))
    }


# Ranked lists


@dataclass(frozen=True, slots=True)
class Stored:
    """A list; of an item: the article's id, its score, whether it is pinned, and why it stands there."""

    key: str
    title: str
    version: int
    items: list[Row]


def _stored(db: sqlite3.Connection, keys: list[str]) -> dict[str, Stored]:
    rows = db.execute(_LISTS, (_packed(keys),))
    return {key: Stored(key, title, version, orjson.loads(items)) for key, title, version, items in rows}


def _versioned(db: sqlite3.Connection, epoch: str, keys: list[str]) -> dict[str, Json]:
    """As the article page shows lists."""
    stored = _stored(db, keys)
    tops = {key: found.items[: shown(key)] for key, found in stored.items()}
    cards = _cards(db, tops.values())
    return {
        key: {
            "key": key,
            "title": found.title,
            "version": position(epoch, found.version),
            "items": {"edges": _edges(tops[key], cards)},
        }
        for key, found in stored.items()
    }


def _packed(values: list[Any]) -> str:
    return orjson.dumps(values).decode()


def _listed(stored: Stored, edges: list[Json]) -> Json:
    return {"key": stored.key, "title": stored.title, "items": {"edges": edges}}


def _cards(db: sqlite3.Connection, lists: Iterable[list[Row]]) -> dict[int, tuple[str, Json]]:
    """By article id: the label and the node."""
    keys = _packed([key for items in lists for key, *_ in items])
    rows = db.execute(_CARDS, (keys,))
    return {key: (name.upper(), {"headline": headline, "slug": slug}) for key, name, headline, slug in rows}


def _edges(items: list[Row], cards: Mapping[int, tuple[str, Json]]) -> list[Json]:
    return [
        {"rank": rank, "label": cards[key][0], "node": cards[key][1]}
        for rank, (key, *_) in enumerate(items, 1)
        if key in cards
    ]


def _pinned(items: list[Row], cards: Mapping[int, tuple[str, Json]]) -> list[Json]:
    return [
        {"rank": rank, "label": cards[key][0], "pinned": bool(pinned), "node": cards[key][1]}
        for rank, (key, _, pinned, *_) in enumerate(items, 1)
        if key in cards
    ]


PAGES: dict[str, Page] = {
    text("Headline"): headline,
    text("ArticlePage"): article_page,
    text("FrontPage"): front_page,
}
"""By the text of their operations."""
