"""View counts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from newsgraph.domain.views import BUCKETS, SHAPES, Mark, ViewCount, Window
from newsgraph.storage.connection import Sql
from newsgraph.storage.values import from_ms, to_json, to_ms


class SqlViews:
    """Implements ports.views.Views."""

    def __init__(self, sql: Sql, now: datetime) -> None:
        self._sql = sql
        self._now = to_ms(now)

    async def add(self, counts: Sequence[ViewCount]) -> None:
        self._sql.many("views_add", ((count.article_id, count.views) for count in counts))
        self._sql.many(
            "views_add_bucket",
            (
                (width, self._now - self._now % (1_000 * width), count.article_id, count.views)
                for width in BUCKETS
                for count in counts
            ),
        )

    async def counts(self, ids: Sequence[int], window: Window) -> Mapping[int, int]:
        shape = SHAPES[window]
        rows = self._sql.rows_of("views_counts", ids, shape.bucket, self._now - 1_000 * shape.length)
        return dict(rows)

    async def salt(self, day: date, fresh: bytes) -> bytes:
        found: bytes = self._sql.value("views_salt", day.isoformat(), fresh)
        return found

    async def marked_at(self, mark: Mark, window: timedelta) -> datetime | None:
        found: int | None = self._sql.value("views_marked", mark.key, to_ms(mark.at), _ms(window))
        return from_ms(found)

    async def mark(self, marks: Sequence[Mark], window: timedelta) -> Collection[int]:
        times = to_json({str(mark.key): to_ms(mark.at) for mark in marks})
        return {key for (key,) in self._sql.rows("views_mark", times, _ms(window))}

    async def forget(self, window: timedelta, keep: int) -> int:
        return self._sql.execute("views_forget", self._now - _ms(window), self._now + _ms(window), keep)

    async def prune(self) -> int:
        return sum(self._sql.execute("views_prune", width, self._now - 1_000 * kept) for width, kept in BUCKETS.items())


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
