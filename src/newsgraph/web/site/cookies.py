"""How somebody stays signed in on the pages, and how a form is told from one that another site has sent.

The cookie has the token itself, out of reach of scripts. The API never looks at it: a request of another site that the
browser adds it to is anonymous there. On the pages changes are POSTs, which must come from our own pages
(Sec-Fetch-Site, or Origin in older browsers), and with a value that follows from the token (OWASP, "Cross-Site Request
Forgery Prevention": HMAC-based token pattern).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.responses import Response

NAME = "newsgraph_session"
TOKEN_MAX = 3_500  # characters; browsers keep 4,096 bytes of a cookie with its name and attributes (RFC 6265, 6.1)


@dataclass(frozen=True, slots=True)
class Cookies:
    """`secret` is known to all processes. `secure`: the site has https, so that the name may promise it."""

    secret: bytes
    secure: bool

    @property
    def name(self) -> str:
        return f"__Host-{NAME}" if self.secure else NAME

    def token(self, cookies: Mapping[str, str]) -> str:
        return cookies.get(self.name, "")

    def keep(self, response: Response, token: str, until: datetime | None) -> None:
        """As long as the browser is open, or until the token ends."""
        response.set_cookie(
            self.name, token, expires=until, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def forget(self, response: Response) -> None:
        response.delete_cookie(self.name, path="/", secure=self.secure, httponly=True, samesite="lax")

    def seal(self, token: str) -> str:
        """What forms carry of whoever is signed in with this token."""
        key = hmac.digest(self.secret, b"newsgraph: forms of the site", sha256)
        return hmac.new(key, token.encode("utf-8", "surrogatepass"), sha256).hexdigest()

    def sealed(self, token: str, seal: str) -> bool:
        return hmac.compare_digest(self.seal(token).encode(), seal.encode("utf-8", "surrogatepass"))


def from_our_pages(headers: Mapping[str, str], address: str) -> bool:
    """Whether a request that changes something was sent by a page of this site, or by no browser at all."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return True
    return origin == _origin(address) or urlsplit(origin).netloc == headers.get("host")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def own_path(text: str) -> str:
    """Where to go on: a path of this site, whatever was asked for."""
    safe = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if safe else "/"
