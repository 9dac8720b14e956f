"""Keys of services in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from newsgraph.domain.keys import ApiKey
from newsgraph.domain.users import Role
from newsgraph.storage.connection import Row, Sql
from newsgraph.storage.values import from_ms, to_ms


class SqlKeys:
    """Implements ports.keys.Keys."""

    def __init__(self, sql: Sql, now: datetime) -> None:
        self._sql = sql
        self._now = now

    async def by_hash(self, digest: str) -> ApiKey | None:
        row = self._sql.row("key_by_hash", digest)
        return None if row is None else _key(row)

    async def all(self) -> Sequence[ApiKey]:
        return [_key(row) for row in self._sql.rows("keys_all")]

    async def insert(self, digest: str, start: str, user_id: int, expires_at: datetime | None) -> None:
        self._sql.execute("key_insert", digest, start, user_id, to_ms(self._now), to_ms(expires_at))

    async def used(self, key_id: int) -> None:
        self._sql.execute("key_used", key_id, to_ms(self._now))

    async def revoke(self, key_id: int) -> None:
        self._sql.execute("key_revoke", key_id, to_ms(self._now))


def _key(row: Row) -> ApiKey:
    key, start, user_id, name, role, *times = row
    created_at, *others = (from_ms(time) for time in times)
    return ApiKey(key, start, user_id, name, Role(role), created_at, *others)
