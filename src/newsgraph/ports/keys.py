"""Keys of services as they are kept: by their hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from newsgraph.domain.keys import ApiKey


class Keys(Protocol):
    async def by_hash(self, digest: str) -> ApiKey | None: ...

    async def all(self) -> Sequence[ApiKey]: ...

    async def insert(self, digest: str, start: str, user_id: int, expires_at: datetime | None) -> None: ...

    async def used(self, key_id: int) -> None:
        """Notes that it was used now."""
        ...

    async def revoke(self, key_id: int) -> None: ...
