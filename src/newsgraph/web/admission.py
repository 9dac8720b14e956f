"""How many connections stay open: in all, and from one address. Short requests are not counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network

from newsgraph.domain.errors import Fault, FaultCode

_IPV6_PREFIX = 64  # what one customer of a provider has is one address to us (RFC 6177)


class Admission:
    """Counts open sockets and streams of this process; 0 is no limit."""

    def __init__(self, total: int, per_address: int) -> None:
        self._total = total
        self._per_address = per_address
        self._open: Counter[str] = Counter()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @contextmanager
    def admit(self, address: str) -> Iterator[None]:
        """For as long as the connection is open. Errors: Fault(TOO_MANY_CONNECTIONS)."""
        place = _place(address)
        self._check(place)
        self._open[place] += 1
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            self._open[place] -= 1
            if not self._open[place]:
                del self._open[place]

    def _check(self, place: str) -> None:
        if self._total and self._count >= self._total:
            raise Fault(FaultCode.TOO_MANY_CONNECTIONS, "The server has as many connections as it takes.")
        if self._per_address and self._open[place] >= self._per_address:
            raise Fault(FaultCode.TOO_MANY_CONNECTIONS, "There are too many connections from your address.")


def _place(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found)
