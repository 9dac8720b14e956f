"""Bytes to import, from files, folders, http(s) addresses and standard input."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import BinaryIO

import httpx

from newsgraph import __version__
from newsgraph.domain.text import one_line
from newsgraph.importers import ImportFormatError, recognise
from newsgraph.settings import Settings

Address = IPv4Address | IPv6Address

_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_DEADLINE = 300.0  # for one address with all its redirects, however steadily a server drips
_JWKS_MAX = 500_000  # bytes; a hundred keys with their certificates
_JWKS_DEADLINE = 5.0  # seconds: whoever signs in with a new key waits for it
_REDIRECT_STATUSES = {301, 302, 303, 307, 308}
_HEADERS = {
    "User-Agent": f"newsgraph/{__version__}",
    "Accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
}


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is a file's absolute path, a URL as it was given, or "-"."""

    name: str
    data: bytes
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class SourceError:
    """Why nothing was read, in one line; `skipped` is a folder's file that is nothing to import."""

    name: str
    reason: str
    skipped: bool = False


class SourceFailure(Exception):
    """Nothing can be read; the message completes a sentence that begins with the source's name."""


async def read_sources(names: Sequence[str], settings: Settings) -> AsyncIterator[Source | SourceError]:
    """Reads one source after the other, each when it is asked for, in the order of `names`.

    A folder gives its files, recursively and sorted, without the hidden ones.
    """
    for name in names:
        if name != "-" and await asyncio.to_thread(os.path.isdir, name):
            for found in await asyncio.to_thread(_walk, name):
                limit = settings.import_max_bytes
                yield found if isinstance(found, SourceError) else await asyncio.to_thread(_importable, found, limit)
        else:
            yield await _read(name, settings)


async def _read(name: str, settings: Settings) -> Source | SourceError:
    try:
        if name.lower().startswith(("http://", "https://")):
            refuses = _refuses_none if settings.import_private_hosts else is_private
            source = await fetch(name, settings.import_max_bytes, refuses)
        else:
            source = await asyncio.to_thread(_read_local, name, settings.import_max_bytes)
    except SourceFailure as failure:
        return SourceError(name, str(failure))
    return source if source.data.strip() else SourceError(name, "is empty")


# --- files ---


def _walk(folder: str) -> list[str | SourceError]:
    """The folder's files in their order, and what of it cannot be listed."""
    found: list[str | SourceError] = []

    def unlisted(error: OSError) -> None:
        found.append(SourceError(str(error.filename), f"cannot be read: {error.strerror}"))

    for parent, folders, files in os.walk(folder, onerror=unlisted):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(parent, name) for name in sorted(files) if not name.startswith(".")]
    return found or [SourceError(folder, "has no files in it", skipped=True)]


def _importable(file: str, limit: int) -> Source | SourceError:
    try:
        source = _read_local(file, limit)
        recognise(source.data)
    except SourceFailure as failure:
        return SourceError(file, str(failure))
    except ImportFormatError as error:
        return SourceError(file, str(error), skipped=True)
    return source


def _read_local(name: str, limit: int) -> Source:
    """The path is made absolute, so that a file without an address of its own has one identity wherever one stands."""
    try:
        if name == "-":
            return Source(name, _bounded(sys.stdin.buffer, limit))
        if os.path.exists(name) and not os.path.isfile(name):
            raise SourceFailure("is neither a file nor a folder")
        with open(name, "rb") as file:
            return Source(os.path.abspath(name), _bounded(file, limit))
    except FileNotFoundError:
        raise SourceFailure("file not found") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise SourceFailure(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _bounded(file: BinaryIO, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise _too_large(limit)
    return data


def _too_large(limit: int) -> SourceFailure:
    return SourceFailure(f"is larger than {limit:,} bytes (setting import_max_bytes)")


async def read_jwks(settings: Settings) -> bytes:
    """The setting `jwks`: a file, or an https address whose redirects stay public and https.

    Errors: OSError, whose message goes after its name.
    """
    name, private = settings.jwks, settings.jwks_private_hosts
    try:
        if not name.lower().startswith(("http://", "https://")):
            return (await asyncio.to_thread(_read_local, name, _JWKS_MAX)).data
        refuses = _refuses_none if private else is_private
        schemes = ("http", "https") if private else ("https",)
        async with asyncio.timeout(_JWKS_DEADLINE):
            return (await fetch(name, _JWKS_MAX, refuses, schemes)).data
    except TimeoutError:
        raise OSError(f"took longer than {_JWKS_DEADLINE:.0f} seconds to answer") from None
    except SourceFailure as failure:
        raise OSError(str(failure).replace("import_", "jwks_")) from None


# --- http ---


def is_private(address: Address) -> bool:
    """Whether the address is anything but a public host's: private, loopback, link-local, multicast, reserved.

    An IPv4 address within an IPv6 one (mapped, 6to4) counts as itself.
    """
    inner = (address.ipv4_mapped or address.sixtofour) if isinstance(address, IPv6Address) else None
    if inner:
        return is_private(inner)
    return not address.is_global or address.is_multicast or address.is_reserved


def _refuses_none(_address: Address) -> bool:
    return False


async def fetch(
    url: str, limit: int, refuses: Callable[[Address], bool], schemes: Sequence[str] = ("http", "https")
) -> Source:
    """The body of the address, at most `limit` bytes once decompressed, and its Content-Type.

    Every host on the way is looked up and called at an address that `refuses` lets through. No proxy is used, which
    would look hosts up by itself. SourceFailure says what went wrong.
    """
    try:
        async with asyncio.timeout(_DEADLINE), await asyncio.to_thread(_client) as client:
            return await _follow(_Client(client, refuses, schemes), url, limit)
    except (TimeoutError, httpx.TimeoutException):
        raise SourceFailure("took too long to answer") from None
    except httpx.InvalidURL as error:
        raise SourceFailure(f"is no address: {error}") from None
    except httpx.HTTPError as error:
        raise SourceFailure(f"cannot be fetched: {one_line(str(error)) or type(error).__name__}") from None


@dataclass(frozen=True, slots=True)
class _Client:
    """`refuses` addresses and goes by `schemes` alone, on every step of the way."""

    http: httpx.AsyncClient
    refuses: Callable[[Address], bool]
    schemes: Sequence[str]


def _client() -> httpx.AsyncClient:
    """Reads the certificates that it trusts from the disk."""
    return httpx.AsyncClient(timeout=_TIMEOUT, headers=_HEADERS, trust_env=False)


async def _follow(client: _Client, url: str, limit: int) -> Source:
    target = httpx.URL(url)
    for _ in range(_REDIRECTS + 1):
        response = await _get(client, target)
        try:
            if response.status_code in _REDIRECT_STATUSES and "location" in response.headers:
                target = target.join(response.headers["location"])
                continue
            if response.status_code != 200:
                raise SourceFailure(f"HTTP {response.status_code} {response.reason_phrase}".rstrip())
            return Source(url, await _body(response, limit), response.headers.get("content-type"))
        finally:
            await response.aclose()
    raise SourceFailure(f"is redirected more than {_REDIRECTS} times")


async def _get(client: _Client, url: httpx.URL) -> httpx.Response:
    """The response, its body unread, from the first address of the host that takes the connection."""
    if url.scheme not in client.schemes or not url.host:
        raise SourceFailure(f"leads to {url}, which is no {' or '.join(client.schemes)} address")
    *others, last = await _addresses(url, client.refuses)
    for address in others:
        try:
            return await client.http.send(_request(client.http, url, address), stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await client.http.send(_request(client.http, url, last), stream=True)


async def _addresses(url: httpx.URL, refuses: Callable[[Address], bool]) -> list[Address]:
    host = url.raw_host.decode("ascii")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SourceFailure(f"host not found: {host}") from None
    addresses = [ip_address(entry[4][0]) for entry in found]
    for address in addresses:
        if refuses(address):
            raise SourceFailure(f"host refused: {host} is at {address} (setting import_private_hosts)")
    return addresses


def _request(client: httpx.AsyncClient, url: httpx.URL, address: Address) -> httpx.Request:
    """Goes to the very address that was checked: looked up again, the name might lead elsewhere."""
    return client.build_request(
        "GET",
        url.copy_with(host=str(address)),
        headers={"Host": url.netloc.decode("ascii")},
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )


async def _body(response: httpx.Response, limit: int) -> bytes:
    """Decompressed here and not by httpx, which would do a whole chunk before anybody can count."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise SourceFailure(f"is sent compressed with {encoding}, which was not asked for")
    data = bytearray()
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if "gzip" in encoding else None
    async for chunk in response.aiter_raw():
        data += _inflated(inflate, chunk, limit + 1 - len(data)) if inflate else chunk
        if len(data) > limit:
            raise _too_large(limit)
        if inflate and inflate.eof:  # what follows belongs to nothing and may be endless
            break
    if inflate and not inflate.eof:
        raise SourceFailure("is cut off before the end of its compressed data")
    return bytes(data)


def _inflated(inflate: zlib._Decompress, chunk: bytes, most: int) -> bytes:
    try:
        return inflate.decompress(chunk, most)
    except zlib.error:
        raise SourceFailure("is said to be compressed with gzip and is not") from None
