"""The site's own style, scripts and icon: read once, named by what is in them, so that browsers may keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from starlette.datastructures import Headers
from starlette.responses import Response

from newsgraph.web.compression import CODINGS, SMALLEST, coding_of
from newsgraph.web.conditions import is_known

_FOLDER = files(__package__) / "assets"
_KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """`encodings`: the same by content coding, made at the start."""

    body: bytes
    kind: str
    mark: str
    encodings: Mapping[str, bytes]


class Assets:
    """Made by `read_assets`."""

    def __init__(self, found: Mapping[str, Asset]) -> None:
        self._found = found

    def address(self, name: str) -> str:
        return f"/assets/{name}?v={self._found[name].mark}"

    def response(self, name: str, version: str | None, headers: Headers) -> Response | None:
        """None when there is no such file. Only who asks for this very version may keep it without asking again."""
        asset = self._found.get(name)
        if asset is None:
            return None
        kept = _FOR_EVER if version == asset.mark else "no-cache"
        coding = coding_of(headers.get("accept-encoding", ""))
        etag = f'"{asset.mark}-{coding}"' if coding in asset.encodings else f'"{asset.mark}"'
        own = {"cache-control": kept, "etag": etag, "vary": "Accept-Encoding"}
        if is_known(headers, etag):
            return Response(status_code=304, headers=own)
        if coding in asset.encodings:
            own["content-encoding"] = coding or ""
        return Response(asset.encodings.get(coding or "", asset.body), headers=own, media_type=asset.kind)


def read_assets() -> Assets:
    return Assets({file.name: _asset(file.name, file.read_bytes()) for file in _FOLDER.iterdir() if file.is_file()})


def _asset(name: str, body: bytes) -> Asset:
    text = name.endswith(("css", "js", "svg")) and len(body) >= SMALLEST
    encodings = {coding: encode(body) for coding, encode in CODINGS.items()} if text else {}
    return Asset(body, _KINDS[name.rpartition(".")[2]], sha256(body).hexdigest()[:12], encodings)
