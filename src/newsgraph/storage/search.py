"""Full-text search with SQLite's FTS5: which articles have some words, and which are like another."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from newsgraph.domain.articles import ArticleRecord
from newsgraph.domain.pages import Slice
from newsgraph.storage.connection import Sql
from newsgraph.storage.statements import Keyset, Part
from newsgraph.storage.values import batch

_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: stand for <mark> and </mark> until the rest is escaped
_UNINDEXED = dict.fromkeys(map(ord, (_OPEN, _CLOSE, "\0")), " ")
_WORD = re.compile(r"[^\W_]+")
_TELLING_WORDS = 16


@dataclass(frozen=True, slots=True)
class Hit:
    article_id: int
    score: float
    snippet: str


_BEST_FIRST = Keyset((("badness", float), ("id", int)))


def hits(sql: Sql, query: str, section_id: int | None, asked: Slice) -> list[Hit]:
    words = _words(query)
    if not words:
        return []
    match = " ".join(words)
    parts = (*_in_section(sql, section_id), *_BEST_FIRST.parts(asked))
    found = sql.rows("search_hits", match, asked.limit + 1, parts=parts)
    marked = sql.rows("search_snippets", match, batch(key for key, _ in found), _OPEN, _CLOSE)
    snippets = {key: _safe(body if _OPEN in body else best) for key, body, best in marked}
    return [Hit(key, -badness, snippets[key]) for key, badness in found]


def count(sql: Sql, query: str, section_id: int | None) -> int:
    words = _words(query)
    if not words:
        return 0
    found: int = sql.value("search_count", " ".join(words), parts=_in_section(sql, section_id))
    return found


def add(sql: Sql, article_id: int, record: ArticleRecord) -> None:
    sql.execute("search_add", article_id, *_texts(record))


def update(sql: Sql, article_id: int, record: ArticleRecord) -> None:
    sql.execute("search_update", article_id, *_texts(record))


def set_tags(sql: Sql, article_id: int, tags: Sequence[str]) -> None:
    sql.execute("search_set_tags", article_id, _indexed("\n".join(tags)))


def like(sql: Sql, article_id: int, texts: Sequence[str], limit: int) -> dict[int, float]:
    """Published articles with words of these texts in their own headline, standfirst or tags: id -> BM25."""
    words = sorted({_folded(word) for text in texts for word in _WORD.findall(text)})
    telling = [word for (word,) in sql.rows("search_telling_words", batch(words), _TELLING_WORDS)]
    if not telling:
        return {}
    match = f"{{headline standfirst tags}} : ({' OR '.join(map(_quoted, telling))})"
    return dict(sql.rows("search_like", match, article_id, limit))


def _words(query: str) -> list[str]:
    """Each word as a string of FTS5's query language, in which then nothing else has a meaning."""
    words = query.translate(_UNINDEXED).split()
    return [_quoted(word) for word in words if _WORD.search(word)]


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _folded(word: str) -> str:
    """As the tokenizer writes it: lower case, without diacritics."""
    return "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))


def _texts(record: ArticleRecord) -> tuple[str, str, str]:
    return _indexed(record.headline), _indexed(record.standfirst or ""), _indexed(record.body.text)


def _indexed(text: str) -> str:
    return text.translate(_UNINDEXED)


def _safe(snippet: str) -> str:
    return html.escape(snippet).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")


def _in_section(sql: Sql, section_id: int | None) -> tuple[Part, ...]:
    return () if section_id is None else (Part("section", sql.fragment("search_section"), (section_id,)),)
