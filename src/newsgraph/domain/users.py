"""People: who is asking, and what their role lets them do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Role(Enum):
    READER = "READER"
    STAFF = "STAFF"
    MODERATOR = "MODERATOR"
    EDITOR = "EDITOR"
    ADMIN = "ADMIN"


# What each role may do beyond reading and commenting. Editors run the pages, moderators the comments.
_GRANTS: dict[Role, frozenset[Role]] = {
    Role.READER: frozenset({Role.READER}),
    Role.STAFF: frozenset({Role.READER, Role.STAFF}),
    Role.MODERATOR: frozenset({Role.READER, Role.STAFF, Role.MODERATOR}),
    Role.EDITOR: frozenset({Role.READER, Role.STAFF, Role.EDITOR}),
    Role.ADMIN: frozenset(Role),
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: `subject` is the person's stable identity with whoever issued it."""

    subject: str
    name: str
    role: Role
    issued_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class User:
    """`premoderated`: whatever they write waits for a moderator."""

    id: int
    subject: str
    name: str
    role: Role
    suspended_until: datetime | None
    banned: bool
    claims_at: datetime
    premoderated: bool = False
    revoked_before: datetime | None = None

    @property
    def is_service(self) -> bool:
        """Whom a key speaks for. Its subject begins with a blank, which no token's does."""
        return self.subject.startswith(" ")

    @property
    def badges(self) -> tuple[str, ...]:
        """What stands beside a commenter's name: nothing for a reader."""
        return () if self.role is Role.READER else (self.role.value,)


def too_old(issued_at: datetime | None, *bounds: datetime | None) -> bool:
    """Whether a token of that time is refused, where those from before any of the bounds are."""
    return issued_at is not None and any(bound is not None and issued_at < bound for bound in bounds)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking. Anonymous when `user_id` is None: sees what is public, posts nothing."""

    user_id: int | None = None
    role: Role | None = None

    def has(self, role: Role) -> bool:
        return self.role is not None and role in _GRANTS[self.role]

    @property
    def audience(self) -> str:
        """Equal for all who see the same, but for what is one person's alone; empty for readers, signed in or not."""
        return self.role.value if self.role in _SEES_MORE else ""


_SEES_MORE = (Role.ADMIN, Role.MODERATOR, Role.EDITOR)

ANONYMOUS = Viewer()


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who a verified token speaks for, and until when; None: it never expires. `issued_at`: since when it exists."""

    viewer: Viewer
    expires_at: datetime | None = None
    issued_at: datetime | None = None
