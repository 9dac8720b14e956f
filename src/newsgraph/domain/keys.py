"""Keys of services: long-lived, named, and each to be revoked by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsgraph.domain.users import Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`start` is what the key begins with, to tell it from others. `used_at` is noted once a day."""

    id: int
    start: str
    user_id: int
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
