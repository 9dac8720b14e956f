"""The bell: a hint that the log may have grown. The log is the truth; a lost, late or repeated ring does no harm."""

from __future__ import annotations

from typing import Protocol


class Bell(Protocol):
    def ring(self) -> None:
        """Never blocks and never fails."""
        ...
