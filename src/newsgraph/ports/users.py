"""People as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from newsgraph.domain.users import Claims, User


class Users(Protocol):
    async def by_ids(self, ids: Sequence[int]) -> Sequence[User]: ...

    async def by_subject(self, subject: str) -> User | None: ...

    async def named(self, text: str, limit: int) -> Sequence[User]:
        """People with a token whose names have the text in them, capitals or not, in the order of their names."""
        ...

    async def recognise(self, claims: Claims) -> User:
        """Creates the person or updates name and role; claims issued earlier than the known ones change nothing."""
        ...

    async def revoke(self, user_id: int, before: datetime) -> User:
        """Notes that their tokens issued before are refused; an earlier time than the noted one changes nothing."""
        ...

    async def revoked_before(self) -> datetime | None:
        """Everybody's tokens that were issued before are refused."""
        ...

    async def revoke_all(self, before: datetime) -> datetime:
        """Notes that; an earlier time than the noted one changes nothing. Returns the time that holds now."""
        ...

    async def restrict(self, user: User) -> User:
        """Writes what moderators decide about a person: suspension, ban and pre-moderation."""
        ...
