"""People in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from newsgraph.domain.users import Claims, Role, User
from newsgraph.storage.connection import Sql
from newsgraph.storage.values import from_json, from_ms, to_ms


class SqlUsers:
    """Implements ports.users.Users."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def by_ids(self, ids: Sequence[int]) -> Sequence[User]:
        return [_user(row) for (row,) in self._sql.rows_of("users_by_ids", ids)]

    async def by_subject(self, subject: str) -> User | None:
        row = self._sql.row("user_by_subject", subject)
        return None if row is None else _user(*row)

    async def named(self, text: str, limit: int) -> Sequence[User]:
        return [_user(row) for (row,) in self._sql.rows("users_named", text, limit)]

    async def recognise(self, claims: Claims) -> User:
        self._sql.execute("user_recognise", claims.subject, claims.name, claims.role.value, to_ms(claims.issued_at))
        return _user(*self._sql.one("user_by_subject", claims.subject))

    async def revoke(self, user_id: int, before: datetime) -> User:
        return _user(*self._sql.one("user_revoke", user_id, to_ms(before)))

    async def revoked_before(self) -> datetime | None:
        noted: int | None = self._sql.value("users_revoked_before")
        return from_ms(noted)

    async def revoke_all(self, before: datetime) -> datetime:
        return from_ms(int(self._sql.value("users_revoke_all", to_ms(before))))

    async def restrict(self, user: User) -> User:
        restrictions = (to_ms(user.suspended_until), user.banned, user.premoderated)
        return _user(*self._sql.one("user_restrict", user.id, *restrictions))


@lru_cache(maxsize=2_048)
def _user(row: str) -> User:
    """Remembered: 2 microseconds each, and few write many comments."""
    key, subject, name, role, suspended_until, banned, claims_at, premoderated, revoked = from_json(row)
    since, until = from_ms(claims_at), from_ms(suspended_until)
    return User(key, subject, name, Role(role), until, bool(banned), since, bool(premoderated), from_ms(revoked))
