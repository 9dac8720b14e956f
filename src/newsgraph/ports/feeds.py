"""Feeds: the events of one stream, before any selection is made of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol


@dataclass(frozen=True, slots=True, eq=False)
class Happening:
    """One event: what an operation is executed on, its place in the log, and where a client goes on that has it."""

    event: object
    seq: int
    cursor: str


class Stage(Enum):
    OPENING = auto()  # nothing was sent yet
    CATCHING_UP = auto()  # it has been opened, and there was more than one answer has room for
    LOST = auto()  # events were lost on their way to it


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a subscriber is that needs more than what happens from now on. `cursor`: up to where it has everything."""

    stage: Stage
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What leads a subscriber from its standing to `seq`, which clients know as `cursor`.

    `more`: there has been more since.
    """

    happenings: tuple[Happening, ...]
    seq: int
    cursor: str
    more: bool = False


class Feed(Protocol):
    """A stream as everybody with the same rights sees it.

    Attach first, then ask for answers, then take what was attached to beyond `Answer.seq`: in this order nothing is
    missed and nothing comes twice.
    """

    def attached(self) -> AbstractContextManager[AsyncGenerator[Happening, None]]:
        """Events in order from the moment of entering."""
        ...

    async def answers(self, standings: Collection[Standing], limit: int) -> Mapping[Standing, Answer]:
        """An answer for each, all of one snapshot; of what was missed at most `limit` events.

        Two answers that tell of the same event share its Happening.
        """
        ...
