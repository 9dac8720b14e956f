"""What may have drifted from what the rows say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drift:
    """A value that is not what it should be. `key` names its row; None is what is not there or cannot be said."""

    key: int | str
    stored: int | str | None
    right: int | str | None
