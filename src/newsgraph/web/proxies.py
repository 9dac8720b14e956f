"""Who asks, when proxies stand between: what those say that are trusted, and nobody else.

Each proxy adds the address from which it was asked at the end of the list, so that it is read from there: what comes
before the first address that is no trusted proxy's may be anybody's invention.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from newsgraph.settings import Settings, listed
from newsgraph.web.addresses import read_address

_KEPT = 4_096  # peers, and lists of addresses, that are looked at once
_LONGEST = 1_000  # characters of a list that is kept so
_IDS = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")
_FOR = re.compile(r'(?:^|[;,])\s*for="?([^",;]+)"?', re.IGNORECASE)  # RFC 7239, 4
_PROTO = re.compile(r'(?:^|[;,])\s*proto="?(https?)"?', re.IGNORECASE)

Fields = Mapping[bytes, bytes]


class Proxies:
    """Made once for each process."""

    def __init__(self, settings: Settings) -> None:
        self._networks = [_network(one) for one in listed(settings.trusted_proxies)]
        self._standard = settings.proxy_header.lower() == "forwarded"
        self._header = settings.proxy_header.lower().encode()
        self.trusts = lru_cache(maxsize=_KEPT)(self._trusts)
        self._known = lru_cache(maxsize=_KEPT)(self._client)

    def _trusts(self, address: str) -> bool:
        found = read_address(address)
        return found is not None and any(found in network for network in self._networks)

    def introduce(self, scope: Scope, fields: Fields) -> None:
        """Whoever a trusted proxy speaks for takes its place in the scope, with how they came."""
        if self._header not in fields and b"x-forwarded-proto" not in fields:
            return
        said = self._said(scope, self._header)
        if said:
            asked = self._known if len(said) < _LONGEST else self._client
            scope["client"] = (asked(scope["client"][0], said), 0)
        proto = _last(_PROTO, said) if self._standard else fields.get(b"x-forwarded-proto", b"").decode("latin-1")
        if proto.lower() in ("http", "https"):
            scope["scheme"] = proto.lower().replace("http", "ws" if scope["type"] == "websocket" else "http")

    def request_id(self, fields: Fields) -> str | None:
        """What a trusted proxy calls the request; None when it has no name that could stand in a log."""
        given = fields.get(b"x-request-id")
        return given.decode("ascii") if given is not None and _IDS.fullmatch(given) else None

    def _said(self, scope: Scope, header: bytes) -> str:
        """All of it: a proxy may add a line of its own instead of going on with one."""
        return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == header)

    def _client(self, peer: str, said: str) -> str:
        """The first that is no trusted proxy, from the right. Where it is no address, the proxy that has said so."""
        nearest = peer
        for one in reversed(_FOR.findall(said) if self._standard else said.split(",")):
            address = _address(one)
            if address is None:
                break
            nearest = address
            if not self.trusts(address):
                break
        return nearest


def _last(pattern: re.Pattern[str], text: str) -> str:
    found: Sequence[str] = pattern.findall(text)
    return found[-1] if found else ""


def _address(text: str) -> str | None:
    """Without the port that some add: 192.0.2.1:4711, [2001:db8::1]:4711."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)
