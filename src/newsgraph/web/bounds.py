"""How long and how large the parts of an HTTP request may be, looked after on one connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsgraph.settings import Settings

_LOOKS = 4  # in the shortest time-out: a timer that is set anew for every request would cost more than all the rest


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds for the head and for the body of a request; bytes and lines of its head."""

    header: float = 10.0
    body: float = 30.0
    size: int = 32_768
    count: int = 100

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        return cls(settings.header_timeout, settings.body_timeout, settings.header_size, settings.header_count)

    @property
    def interval(self) -> float:
        return min(self.header, self.body) / _LOOKS

    def wrong(self, headers: Sequence[tuple[bytes, bytes]], version: str, long: bytes | None) -> tuple[int, str] | None:
        """What is wrong with a head: the status and why. `long`: the address of a head that may be too long.

        A request has one Host, or who stands between may have meant another (RFC 9112, 3.2).
        """
        if len(headers) > self.count:
            return 431, f"A request has at most {self.count} headers."
        if long is not None and len(long) + sum(len(name) + len(value) for name, value in headers) > self.size:
            return 431, f"The headers of a request have at most {self.size} bytes."
        hosts = sum(name == b"host" for name, _ in headers)
        if hosts > 1 or (not hosts and version == "1.1"):
            return 400, "A request has one Host."
        return None


class Trailers(list[tuple[bytes, bytes]]):
    """What comes as a header after the body is dropped (RFC 9110, 6.5.1): it would pass for one that was checked."""

    def append(self, _header: tuple[bytes, bytes]) -> None:
        pass
