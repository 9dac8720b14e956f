"""What is kept on one person, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from newsgraph.domain.erasures import Erasure, Mode
from newsgraph.domain.users import User
from newsgraph.storage.connection import Row, Sql
from newsgraph.storage.values import batch, to_ms


class SqlErasures:
    """Implements ports.erasures.Erasures."""

    def __init__(self, sql: Sql, now: datetime) -> None:
        self._sql = sql
        self._now = now

    async def held(self, user_id: int) -> Mapping[str, Any]:
        found = {name: self._named(name, columns, user_id) for name, columns in _EXPORTED.items()}
        kinds = {name.removeprefix("export_"): rows for name, rows in found.items()}
        return {"account": self._named("export_account", _ACCOUNT, user_id)[0], **kinds}

    def _named(self, name: str, columns: Sequence[str], user_id: int) -> list[dict[str, Any]]:
        return [dict(zip(columns, row, strict=True)) for row in self._sql.rows(name, user_id)]

    async def begin(self, user: User, mode: Mode) -> None:
        self._sql.execute("erasure_begin", user.id, user.subject, mode.value, to_ms(self._now))
        self._sql.execute("erasure_empty", user.id)

    async def of_subject(self, subject: str) -> Sequence[Erasure]:
        return [_erasure(row) for row in self._sql.rows("erasures_of_subject", subject)]

    async def idle(self, before: datetime) -> Sequence[Erasure]:
        return [_erasure(row) for row in self._sql.rows("erasures_idle", to_ms(before))]

    async def reacted(self, user_id: int, limit: int) -> Sequence[int]:
        return [key for (key,) in self._sql.rows("erasure_reacted", user_id, limit)]

    async def take_back_flags(self, user_id: int, limit: int) -> Mapping[int, bool]:
        found = {key: bool(counts) for key, counts in self._sql.rows("erasure_flagged", user_id, limit)}
        self._sql.execute("erasure_unflag", user_id, batch(found))
        return found

    async def comments(self, user_id: int, limit: int) -> Sequence[int]:
        return [key for (key,) in self._sql.rows("erasure_comments", user_id, limit)]

    async def hand_over(self, comment_ids: Sequence[int]) -> None:
        self._sql.execute("erasure_anonymous")
        for statement in _HANDING_OVER:
            self._sql.execute(statement, batch(comment_ids))

    async def unsign(self, user_id: int, limit: int) -> int:
        return sum(self._sql.execute(statement, user_id, limit) for statement in _UNSIGNING)

    async def note(self, user_id: int) -> None:
        self._sql.execute("erasure_note", user_id, to_ms(self._now))

    async def finish(self, user_id: int) -> None:
        self._sql.execute("erasure_finish", user_id)


_HANDING_OVER = ("erasure_unsay_reasons", "erasure_unsay_notes", "erasure_drop_prints", "erasure_hand_over")
_UNSIGNING = ("erasure_unsign_history", "erasure_drop_receipts", "erasure_drop_keys")

_ACCOUNT = ("id", "subject", "name", "role", "suspendedUntil", "banned", "claimsAt", "premoderated", "revokedBefore")
_EXPORTED = {
    "export_comments": ("id", "articleId", "parentId", "body", "status", "createdAt", "editedAt"),
    "export_prints": ("commentId", "print", "at"),
    "export_reactions": ("commentId", "kind"),
    "export_flags": ("commentId", "reason", "note", "at"),
    "export_receipts": ("mutation", "key", "result", "at"),
    "export_keys": ("start", "createdAt", "expiresAt", "usedAt", "revokedAt"),
    "export_history": ("commentId", "userId", "rule", "before", "after", "reason", "at"),
}


def _erasure(row: Row) -> Erasure:
    user_id, mode = row
    return Erasure(user_id, Mode(mode))
