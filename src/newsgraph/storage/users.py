"""People in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from newsgraph.domain.users import Claims, Role, User
from newsgraph.storage.connection import Row, Sql
from newsgraph.storage.values import batch, from_ms, to_ms


class SqlUsers:
    """Implements ports.users.Users."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def by_ids(self, ids: Sequence[int]) -> Sequence[User]:
        return [_user(row) for row in self._sql.rows("users_by_ids", batch(ids))]

    async def by_subject(self, subject: str) -> User | None:
        row = self._sql.row("user_by_subject", subject)
        return None if row is None else _user(row)

    async def recognise(self, claims: Claims) -> User:
        self._sql.execute("user_recognise", claims.subject, claims.name, claims.role.value, to_ms(claims.issued_at))
        return _user(self._sql.one("user_by_subject", claims.subject))

    async def revoke(self, user_id: int, before: datetime) -> User:
        return _user(self._sql.one("user_revoke", user_id, to_ms(before)))

    async def reacted(self, user_id: int) -> Sequence[int]:
        return [key for (key,) in self._sql.rows("user_reacted", user_id)]

    async def comments(self, user_id: int) -> Sequence[int]:
        return [key for (key,) in self._sql.rows("user_comments", user_id)]

    async def take_back_flags(self, user_id: int) -> Sequence[int]:
        flagged = [key for (key,) in self._sql.rows("user_flagged", user_id)]
        self._sql.execute("user_unflag", user_id)
        return flagged

    async def held(self, user_id: int) -> Mapping[str, Any]:
        account = self._sql.rows("users_by_ids", batch([user_id]))
        found = {name: self._sql.rows(name, user_id) for name in _EXPORTED}
        return {
            "account": dict(zip(_ACCOUNT, account[0], strict=True)),
            **{
                name.removeprefix("export_"): [dict(zip(_EXPORTED[name], row, strict=True)) for row in rows]
                for name, rows in found.items()
            },
        }

    async def forget(self, user_id: int) -> None:
        self._sql.execute("user_anonymous")
        for statement in _FORGETTING:
            self._sql.execute(statement, user_id)

    async def restrict(self, user: User) -> User:
        restrictions = (to_ms(user.suspended_until), user.banned, user.premoderated)
        return _user(self._sql.one("user_restrict", user.id, *restrictions))


_ACCOUNT = ("id", "subject", "name", "role", "suspendedUntil", "banned", "claimsAt", "premoderated", "revokedBefore")
_EXPORTED = {
    "export_comments": ("id", "articleId", "parentId", "body", "status", "createdAt", "editedAt"),
    "export_reactions": ("commentId", "kind"),
    "export_flags": ("commentId", "reason", "note", "at"),
    "export_receipts": ("mutation", "key", "result", "at"),
    "export_history": ("commentId", "userId", "rule", "before", "after", "reason", "at"),
}
# What is told apart by who wrote a comment comes before the comments are nobody's.
_FORGETTING = (
    "user_unsay_reasons",
    "user_unsign_history",
    "user_drop_receipts",
    "user_drop_prints",
    "user_hand_over",
    "user_empty",
)


@lru_cache(maxsize=2_048)
def _user(row: Row) -> User:
    """Remembered: 2 microseconds each, and few write many comments."""
    key, subject, name, role, suspended_until, banned, claims_at, premoderated, revoked = row
    since, until = from_ms(claims_at), from_ms(suspended_until)
    return User(key, subject, name, Role(role), until, bool(banned), since, bool(premoderated), from_ms(revoked))
