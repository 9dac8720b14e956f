"""How many HTTP connections stay open, in all and from one address, and which of them go when there are more.

Sockets and streams are not counted here but in `admission`: who is in the lobby has asked for nothing yet, or waits for
an answer, or is kept for the next request. Whoever has let us wait longest goes first; only where nobody does is the
newcomer turned away. So those who open connections and say nothing push out each other, and nobody who asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from heapq import nsmallest
from typing import Protocol

from newsgraph.settings import Settings
from newsgraph.web.proxies import Proxies
from newsgraph.web.rates import place_of

_PART = 50  # one in so many goes at once: looking at all of them for each newcomer would cost more than they do
_TURNED_AWAY = 100  # who may be told why; while there are more of them, others are cut off


class Guest(Protocol):
    """A connection."""

    def waiting_since(self) -> float | None:
        """Since when we have waited for its client, in seconds of the loop's clock; None: it is our turn."""
        ...

    def dismiss(self) -> None: ...


class Lobby:
    """Of one process; 0 is no limit."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._total = settings.http_connections
        self._per_address = settings.http_connections_per_address
        self._proxies = Proxies(settings)
        self._inside: dict[Guest, str] = {}
        self._from: defaultdict[str, set[Guest]] = defaultdict(set)
        self._away: set[Guest] = set()

    def __reduce__(self) -> tuple[type[Lobby], tuple[Settings]]:
        """Each process that is started has its own."""
        return Lobby, (self._settings,)

    def __len__(self) -> int:
        return len(self._inside)

    def enter(self, guest: Guest, address: str) -> bool:
        """False where there is no room: use `turn_away` then."""
        place = "" if self._proxies.trusts(address) else place_of(address)
        if place and self._is_full(self._from[place], self._per_address):
            return False
        if self._is_full(self._inside, self._total):
            return False
        self._inside[guest] = place
        self._from[place].add(guest)
        return True

    def leave(self, guest: Guest) -> None:
        """It has gone, or has become a socket or a stream. Nothing, if it is not inside."""
        self._away.discard(guest)
        place = self._inside.pop(guest, None)
        if place is not None:
            self._from[place].discard(guest)
            if not self._from[place]:
                del self._from[place]

    def turn_away(self, guest: Guest) -> bool:
        """Whether it may be told why."""
        told = len(self._away) < _TURNED_AWAY
        if told:
            self._away.add(guest)
        return told

    def _is_full(self, guests: Collection[Guest], most: int) -> bool:
        """Whether so many are there, and not one of them could be sent away."""
        if not most or len(guests) < most:
            return False
        waiting = [(since, guest) for guest in guests if (since := guest.waiting_since()) is not None]
        for _, guest in nsmallest(max(1, most // _PART), waiting, key=lambda one: one[0]):
            self.leave(guest)
            guest.dismiss()
        return not waiting
