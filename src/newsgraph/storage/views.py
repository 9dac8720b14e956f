"""View counts in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from newsgraph.domain.views import BUCKETS, SHAPES, ViewCount, Window
from newsgraph.storage.connection import Sql
from newsgraph.storage.values import batch, to_ms


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
        rows = self._sql.rows("views_counts", batch(ids), shape.bucket, self._now - 1_000 * shape.length)
        return dict(rows)

    async def prune(self) -> int:
        return sum(self._sql.execute("views_prune", width, self._now - 1_000 * kept) for width, kept in BUCKETS.items())
