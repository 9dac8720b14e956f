"""How long and how large the parts of an HTTP request may be, looked after on one connection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from newsgraph.settings import Settings

Headers = Sequence[tuple[bytes, bytes]]

_LOOKS = 4  # in the shortest time-out: a timer that is set anew for every request would cost more than all the rest


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds for the head and for the body of a request; bytes and lines of its head."""

    header: float = 10.0
    body: float = 20.0
    size: int = 32_768
    count: int = 100

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        return cls(settings.header_timeout, settings.body_timeout, settings.header_size, settings.header_count)

    @property
    def interval(self) -> float:
        return min(self.header, self.body) / _LOOKS

    def plain(self, headers: Headers, fields: Mapping[bytes, bytes], target: bytes, received: int) -> bool:
        """Whether nothing can be wrong with a head: most are so, and need not be looked at more closely."""
        return (
            received <= self.size
            and len(fields) == len(headers) <= self.count
            and target[:1] == b"/"
            and b"transfer-encoding" not in fields
            and _is_host(fields.get(b"host", b""))
        )

    def wrong(self, head: Head, received: int) -> tuple[int, str] | None:
        """What is wrong with it: the status and why. `received`: bytes that may be more than those of the head."""
        if len(head.headers) > self.count:
            return 431, f"A request has at most {self.count} headers."
        if received > self.size and head.size() > self.size:
            return 431, f"The headers of a request have at most {self.size} bytes."
        return head.ambiguity()


class Head(NamedTuple):
    """Of a request. `fields`: its headers by name, of several the last; `target`: its address, as it was sent."""

    headers: Headers
    fields: Mapping[bytes, bytes]
    version: str
    method: bytes
    target: bytes

    def size(self) -> int:
        return len(self.target) + sum(len(name) + len(value) for name, value in self.headers)

    def ambiguity(self) -> tuple[int, str] | None:
        """What whoever stands between may have understood in another way (RFC 9112, 3.2 and 6.1)."""
        fields = self.fields
        once = len(fields) == len(self.headers) or all(
            sum(name == one for name, _ in self.headers) < 2 for one in _ONCE
        )
        if not once or not self._is_addressed(fields.get(b"host")):
            return 400, "A request has one Host, which is a name or an address, and perhaps a port."
        coding = fields.get(b"transfer-encoding")
        if coding is not None and (coding.lower() != b"chunked" or self.version == "1.0"):
            return 400, "A body comes as it is, or in chunks."
        return None

    def _is_addressed(self, host: bytes | None) -> bool:
        """To us, and to the same host wherever it is named."""
        if host is None:
            return self.version == "1.0"
        named = self.target[:1] == b"/" or not _SCHEME.match(self.target) or _authority(self.target) == host.lower()
        return named and self.method != b"CONNECT" and _is_host(host)


_ONCE = (b"host", b"content-length", b"transfer-encoding")
_SCHEME = re.compile(rb"https?://", re.IGNORECASE)
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")


@lru_cache(maxsize=256)
def _is_host(host: bytes) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and int(found[1] or 1) in range(1, 65_536)


def _authority(target: bytes) -> bytes:
    return re.split(rb"[/?#]", target.partition(b"://")[2], maxsplit=1)[0].lower()


class Trailers(list[tuple[bytes, bytes]]):
    """What comes as a header after the body is dropped (RFC 9110, 6.5.1): it would pass for one that was checked."""

    def append(self, _header: tuple[bytes, bytes]) -> None:
        pass
