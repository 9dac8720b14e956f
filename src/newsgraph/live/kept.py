"""Few rows that nearly every answer needs: kept by the process until an event spoils them."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Generic, TypeVar

from newsgraph.domain.events import Entry
from newsgraph.domain.tags import touched

T = TypeVar("T")


class Kept(Generic[T]):
    """One value with the tag that spoils it. It follows the log ahead of the streams (live.tail.Applier)."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._value: T | None = None
        self._spoiled_at = 0
        self._changing = Lock()  # put on a reader's thread, lost on the loop's

    def get(self) -> T | None:
        return self._value

    def put(self, value: T, as_of: int) -> None:
        """`as_of`: the newest event that was delivered before it was read. What is older than a change is not kept."""
        with self._changing:
            if as_of >= self._spoiled_at:
                self._value = value

    def apply(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if self._tag in touched(entry.event):
                self.lose(entry.seq)

    def lose(self, seq: int) -> None:
        with self._changing:
            self._value, self._spoiled_at = None, max(seq, self._spoiled_at)

    def trim(self, _seq: int) -> None:
        """Rows lead nowhere into the log."""
