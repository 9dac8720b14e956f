"""Content codings of HTTP (RFC 9110, 8.4.1), best first."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import lru_cache

import brotli
import zstandard

SMALLEST = 1_000  # bytes; less fits one packet whatever is done to it

# Each compresses a page of 12 KB to some 3 KB within a millisecond.
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=6).compress(body),
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}

_ACCEPT_MAX = 500  # characters; browsers send 30


@lru_cache(maxsize=256)
def coding_of(accepted: str, among: tuple[str, ...] = tuple(CODINGS)) -> str | None:
    """The best of these codings that an Accept-Encoding header takes; None: as it is."""
    if len(accepted) > _ACCEPT_MAX:
        return None
    weights = dict(_weighted(part) for part in accepted.lower().split(","))
    welcome = [name for name in among if weights.get(name, weights.get("*", 0.0)) > 0]
    return max(welcome, key=lambda name: weights.get(name, weights.get("*", 0.0)), default=None)


def _weighted(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    kind, _, value = parameter.strip().partition("=")
    try:
        return name.strip(), float(value) if kind.strip() == "q" else 1.0
    except ValueError:
        return name.strip(), 0.0
