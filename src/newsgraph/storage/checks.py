"""Recounts in SQL: `queries/checks.sql` has one statement that finds and one that mends for each."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

from newsgraph.domain.checks import Drift
from newsgraph.storage.connection import Sql
from newsgraph.storage.health import is_damage

_PARAMETER = re.compile(r"\$(\d)")


class SqlChecks:
    """Implements ports.checks.Checks."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def find(self, name: str, limit: int) -> Sequence[Drift]:
        try:
            rows = self._sql.rows(f"check_{name}", *(limit,)[: self._parameters(f"check_{name}")])
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return [Drift("database", str(error), None)]
        return [Drift(*row) for row in rows]

    async def mend(self, name: str, drift: Drift) -> bool:
        """SQLite counts no rows for a command, as REINDEX is one: that has always done something."""
        args = (drift.key, drift.right, drift.stored)[: self._parameters(f"mend_{name}")]
        return self._sql.execute(f"mend_{name}", *args) != 0

    def _parameters(self, name: str) -> int:
        return max(map(int, _PARAMETER.findall(self._sql.fragment(name))), default=0)
