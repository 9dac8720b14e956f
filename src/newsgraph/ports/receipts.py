"""Receipts: what a mutation answered to a viewer's `clientMutationId`, so that repeating it changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Receipts(Protocol):
    async def find(self, user_id: int, mutation: str, key: str) -> str | None: ...

    async def keep(self, user_id: int, mutation: str, key: str, result: str) -> None: ...

    async def prune(self, before: datetime) -> int: ...
