"""Rates in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from newsgraph.storage.connection import Sql
from newsgraph.storage.values import to_ms


class SqlRates:
    """Implements ports.rates.Rates."""

    def __init__(self, sql: Sql, now: datetime) -> None:
        self._sql = sql
        self._now = to_ms(now)

    async def settle(self, taken: Mapping[int, float]) -> Mapping[int, float]:
        self._sql.execute("rates_prune", self._now)
        return {
            number: self._sql.one("rate_add", number, round(seconds * 1_000), self._now)[0] / 1_000
            for number, seconds in taken.items()
        }
