"""Receipts in SQL."""

from __future__ import annotations

from datetime import datetime

from newsgraph.storage.connection import Sql
from newsgraph.storage.values import to_ms


class SqlReceipts:
    """Implements ports.receipts.Receipts."""

    def __init__(self, sql: Sql, now: datetime) -> None:
        self._sql = sql
        self._now = now

    async def find(self, user_id: int, mutation: str, key: str) -> str | None:
        found: str | None = self._sql.value("receipt_find", user_id, mutation, key)
        return found

    async def keep(self, user_id: int, mutation: str, key: str, result: str) -> None:
        self._sql.execute("receipt_keep", user_id, mutation, key, result, to_ms(self._now))

    async def prune(self, before: datetime) -> int:
        return self._sql.execute("receipts_prune", to_ms(before))
