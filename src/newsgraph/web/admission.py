"""How many connections stay open: in all, and from one address. Short requests are not counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.web.rates import Buckets, limited, place_of


class Admission:
    """Counts open sockets and streams of this process; 0 is no limit."""

    def __init__(self, total: int, per_address: int, arrivals: Buckets | None = None) -> None:
        """`arrivals`: of the addresses from which new ones come."""
        self._arrivals = arrivals
        self._total = total
        self._per_address = per_address
        self._open: Counter[str] = Counter()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @contextmanager
    def admit(self, address: str) -> Iterator[None]:
        """For as long as the connection is open. Errors: Fault(TOO_MANY_CONNECTIONS), RateLimited."""
        rated = place_of(address)
        place = rated or address  # of this machine's several addresses each is one
        self._check(place, rated)
        self._open[place] += 1
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            self._open[place] -= 1
            if not self._open[place]:
                del self._open[place]

    def _check(self, place: str, rated: str) -> None:
        if self._arrivals is not None and rated and (wait := self._arrivals.take(rated, 1)):
            raise limited(wait)
        if self._total and self._count >= self._total:
            raise Fault(FaultCode.TOO_MANY_CONNECTIONS, "The server has as many connections as it takes.")
        if self._per_address and self._open[place] >= self._per_address:
            raise Fault(FaultCode.TOO_MANY_CONNECTIONS, "There are too many connections from your address.")
