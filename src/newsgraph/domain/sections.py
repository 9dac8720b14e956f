"""Sections: where an article stands in the newsroom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    id: int
    slug: str
    name: str
    position: int

    @property
    def label(self) -> str:
        """What stands beside a rank: the section's name in capitals."""
        return self.name.upper()
