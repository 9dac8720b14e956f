"""Feeds: the events of one stream, before any selection is made of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Happening:
    """One event: what an operation is executed on, and its place in the log."""

    seq: int
    event: object


@dataclass(frozen=True, slots=True)
class Opening:
    """What one subscriber is given before it is live, and the sequence number that this covers."""

    events: tuple[object, ...]
    seq: int


class Feed(Protocol):
    """One subscriber's view of a stream.

    Attach first, then read the opening, then take what was attached to beyond `Opening.seq`: in this order nothing
    is missed and nothing comes twice.
    """

    def attached(self) -> AbstractContextManager[AsyncIterator[Happening]]:
        """Events in order from the moment of entering, the same for everybody with the same rights."""
        ...

    async def opening(self) -> Opening:
        """From the subscriber's own cursor up to now."""
        ...

    async def interruption(self) -> Opening:
        """What a subscriber is told for whom events were lost, and from where it goes on."""
        ...
