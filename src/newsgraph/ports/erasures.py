"""What is kept on one person, wherever it is: to be handed out, and to be taken away a part at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from newsgraph.domain.erasures import Erasure, Mode
from newsgraph.domain.users import User


class Erasures(Protocol):
    async def held(self, user_id: int) -> Mapping[str, Any]:
        """All that is kept on the person, as JSON may have it."""
        ...

    async def begin(self, user: User, mode: Mode) -> None:
        """Makes the account nobody's: neither its number nor its subject finds anybody. The rest is left to do."""
        ...

    async def of_subject(self, subject: str) -> Sequence[Erasure]:
        """Those that were begun and not finished."""
        ...

    async def idle(self, before: datetime) -> Sequence[Erasure]:
        """The same of anybody, where nothing was done since."""
        ...

    async def reacted(self, user_id: int, limit: int) -> Sequence[int]:
        """Comments that they reacted to."""
        ...

    async def take_back_flags(self, user_id: int, limit: int) -> Mapping[int, bool]:
        """Deletes so many of their reports; returns their comments, whose counters are not touched, and whether the
        report still counts there: a moderator's approval answers those before it.
        """
        ...

    async def comments(self, user_id: int, limit: int) -> Sequence[int]:
        """Comments that are still theirs."""
        ...

    async def hand_over(self, comment_ids: Sequence[int]) -> None:
        """Makes the comments Anonymous's, and forgets their prints and what was said about them."""
        ...

    async def unsign(self, user_id: int, limit: int) -> int:
        """Takes them and their reasons out of so many lines of the history, and drops so many receipts and keys;
        returns how many it was.
        """
        ...

    async def note(self, user_id: int) -> None:
        """Something of it was done now."""
        ...

    async def finish(self, user_id: int) -> None: ...
