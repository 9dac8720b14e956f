"""Whose pages may ask: our own, and those of the origins that the settings name.

A browser lets any page send requests anywhere, and says whose page it was: `Origin` (Fetch, 3.2) and `Sec-Fetch-Site`
(Fetch Metadata Request Headers). A page can leave out or change neither. Who is no browser need say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from newsgraph.settings import Settings, listed

Fields = Mapping[bytes, bytes]

_OURS = frozenset({b"same-origin", b"none"})  # a page of ours, or nobody's: somebody has typed the address
_READS = frozenset({b"cors", b"same-origin", b"websocket"})  # from elsewhere, these come with an Origin
_SIMPLE = frozenset({b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data"})
_NAMED = frozenset(
    {b"application/json", b"application/graphql-response+json", b"text/event-stream", b"multipart/mixed"}
)
# What clients send to be asked first; any header that is not safelisted (Fetch, 2.2.2) would do.
_ASKED_FIRST = (b"graphql-preflight", b"apollo-require-preflight", b"x-apollo-operation-name", b"x-requested-with")


class Origins:
    """Made once for each process."""

    def __init__(self, settings: Settings) -> None:
        named = listed(settings.allowed_origins)
        self.anybody = "*" in named
        self.named = frozenset(_shape(one).encode() for one in named)
        self._own = _shape(settings.address).encode()

    def allows(self, origin: bytes) -> bool:
        """Whether its pages may read what is answered to them."""
        return self.anybody or origin in self.named

    def foreign(self, fields: Fields) -> bool:
        """Whether a page has sent this that may not ask here."""
        origin = fields.get(b"origin")
        if origin is None:
            return fields.get(b"sec-fetch-site", b"none") not in _OURS
        if fields.get(b"sec-fetch-site") == b"same-origin" or origin == self._own or self.allows(origin):
            return False
        return not _same_host(origin, fields.get(b"host", b""))

    def forgeable(self, fields: Fields) -> bool:
        """Whether any page could have had this GET sent: by a link, an image, a script, or without reading the answer.

        What has an Origin is left to `foreign`. Browsers that say nothing of themselves, as on a site without TLS, are
        told by what no link or image can ask for.
        """
        if b"origin" in fields:
            return False
        site, mode = fields.get(b"sec-fetch-site"), fields.get(b"sec-fetch-mode")
        if site is not None:
            return site not in _OURS
        if mode is not None:
            return mode not in _READS
        return not (_asks_first(fields) or _names_graphql(fields.get(b"accept", b"")))


def _asks_first(fields: Fields) -> bool:
    """Whether a browser would have sent a preflight before this (Fetch, "CORS-safelisted request-header")."""
    kind = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if b"/" in kind and kind not in _SIMPLE:
        return True
    if fields.get(b"authorization", b"")[:7].lower() == b"bearer ":  # Basic is what browsers add by themselves
        return True
    return any(fields.get(name) for name in _ASKED_FIRST)


@lru_cache(maxsize=256)
def _names_graphql(accept: bytes) -> bool:
    return any(one.partition(b";")[0].strip().lower() in _NAMED for one in accept.split(b","))


@lru_cache(maxsize=1_024)
def _same_host(origin: bytes, host: bytes) -> bool:
    """As behind a proxy with TLS, an https page may reach us by http: the scheme only says which port is meant."""
    try:
        page, here = urlsplit(origin.decode("ascii")), urlsplit(f"//{host.decode('ascii')}")
        usual = {"http": 80, "https": 443}[page.scheme]
        return page.hostname is not None and (page.hostname, page.port or usual) == (here.hostname, here.port or usual)
    except (KeyError, ValueError):  # `null`, or no address at all
        return False


def _shape(address: str) -> str:
    """As browsers write an origin (RFC 6454, 6.2): in small letters, without a path, a user or the usual port."""
    parts = urlsplit(address.strip().lower())
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
