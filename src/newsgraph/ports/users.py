"""People as they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from newsgraph.domain.users import Claims, User


class Users(Protocol):
    async def by_ids(self, ids: Sequence[int]) -> Sequence[User]: ...

    async def by_subject(self, subject: str) -> User | None: ...

    async def recognise(self, claims: Claims) -> User:
        """Creates the person or updates name and role; claims issued earlier than the known ones change nothing."""
        ...

    async def revoke(self, user_id: int, before: datetime) -> User:
        """Notes that their tokens issued before are refused; an earlier time than the noted one changes nothing."""
        ...

    async def comments(self, user_id: int) -> Sequence[int]: ...

    async def reacted(self, user_id: int) -> Sequence[int]:
        """Comments that they reacted to."""
        ...

    async def take_back_flags(self, user_id: int) -> Sequence[int]:
        """Deletes their reports; returns the comments, whose counters are not touched."""
        ...

    async def held(self, user_id: int) -> Mapping[str, Any]:
        """All that is kept on the person, as JSON may have it."""
        ...

    async def forget(self, user_id: int) -> None:
        """Takes them out of the history with all reasons, drops receipts, makes their comments Anonymous's, and the
        account nobody's: neither its number nor its subject finds anybody.
        """
        ...

    async def restrict(self, user: User) -> User:
        """Writes what moderators decide about a person: suspension, ban and pre-moderation."""
        ...
