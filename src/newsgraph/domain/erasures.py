"""Erasing a person: what becomes of what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Mode(Enum):
    """What becomes of a person's comments."""

    TOMBSTONE = "tombstone"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One that was begun: the account is nobody's already, and what was theirs goes bit by bit."""

    user_id: int
    mode: Mode
