"""A rule outside of this program that is asked about comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from newsgraph.domain.articles import Article
from newsgraph.domain.comments import Opinion
from newsgraph.domain.users import User


@dataclass(frozen=True, slots=True)
class Question:
    """A comment that would be stored. `comment_id` is that of a comment whose text changes, else None."""

    article: Article
    author: User
    body: str
    parent_id: int | None = None
    comment_id: int | None = None


class OutsideRule(Protocol):
    async def ask(self, question: Question) -> Opinion:
        """Takes a bounded time, whatever the other side does. Errors: Fault UNAVAILABLE, when that is wanted."""
        ...
