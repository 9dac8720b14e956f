"""Bytes to import, from files, folders, http(s) addresses and standard input."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import BinaryIO

import httpx

from newsgraph import __version__
from newsgraph.domain.errors import ImportErrorCode
from newsgraph.domain.text import one_line
from newsgraph.settings import Settings

Address = IPv4Address | IPv6Address

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # without a single byte; a server that drips has the deadline
_JWKS_MAX = 500_000  # bytes; a hundred keys with their certificates
_JWKS_DEADLINE = 5.0  # seconds: whoever signs in with a new key waits for it
_REDIRECT_STATUSES = {301, 302, 303, 307, 308}
_PORT_MAX = 65_535  # httpx takes more, and the socket overflows
_HEADERS = {
    "User-Agent": f"newsgraph/{__version__}",
    "Accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
}


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is a file's absolute path, a URL as it was given, or "-"; `listed`: a folder's, that may be anything."""

    name: str
    data: bytes
    content_type: str | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class SourceError:
    """Why nothing was read, in one line; `skipped` is what in a folder is nothing to import."""

    name: str
    code: ImportErrorCode
    reason: str
    skipped: bool = False


class SourceFailure(Exception):
    """Nothing can be read; the message completes a sentence that begins with the source's name.

    `setting`: which of `import_` stands in the way.
    """

    def __init__(self, code: ImportErrorCode, message: str, setting: str = "") -> None:
        super().__init__(f"{message} (setting import_{setting})" if setting else message)
        self.code, self.message, self.setting = code, message, setting


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a fetch may go: `limit` bytes once decompressed, within `seconds`, by so many `redirects` and `schemes`.

    `refuses` says of each host's addresses whether they are out of bounds.
    """

    limit: int
    seconds: float
    refuses: Callable[[Address], bool]
    redirects: int = 5
    schemes: Sequence[str] = ("http", "https")


async def read_sources(names: Sequence[str], settings: Settings) -> AsyncIterator[Source | SourceError]:
    """Reads one source after the other, each when it is asked for, in the order of `names`.

    A folder gives its files, recursively and sorted, without the hidden ones.
    """
    for name in names:
        if name != "-" and await asyncio.to_thread(os.path.isdir, name):
            for found in await asyncio.to_thread(_walk, name):
                yield found if isinstance(found, SourceError) else await asyncio.to_thread(_listed, found, settings)
        else:
            yield await _read(name, settings)


async def _read(name: str, settings: Settings) -> Source | SourceError:
    try:
        if name.lower().startswith(("http://", "https://")):
            source = await fetch(name, _reach(settings))
        else:
            source = await asyncio.to_thread(_read_local, name, settings.import_max_bytes)
    except SourceFailure as failure:
        return SourceError(name, failure.code, str(failure))
    return source if source.data.strip() else SourceError(name, ImportErrorCode.EMPTY, "is empty")


def _reach(settings: Settings) -> Reach:
    refuses = _refuses_none if settings.import_private_hosts else is_private
    return Reach(settings.import_max_bytes, settings.import_timeout, refuses, settings.import_redirects)


# --- files ---


def _walk(folder: str) -> list[str | SourceError]:
    """The folder's files in their order, and what of it cannot be listed or leads out of it."""
    found: list[str | SourceError] = []

    def unlisted(error: OSError) -> None:
        reason = f"cannot be read: {error.strerror}"
        found.append(SourceError(str(error.filename), ImportErrorCode.UNREADABLE, reason))

    for parent, folders, files in os.walk(folder, onerror=unlisted):  # links to folders are not followed
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        named = [os.path.join(parent, name) for name in sorted(files) if not name.startswith(".")]
        found += [path if _within(path, folder) else _outside(path) for path in named]
    return found or [SourceError(folder, ImportErrorCode.EMPTY, "has no files in it", skipped=True)]


def _within(path: str, folder: str) -> bool:
    """A folder may come out of an archive of anybody's, with links to what should stay where it is."""
    top = os.path.realpath(folder)
    return not os.path.islink(path) or os.path.commonpath([top, os.path.realpath(path)]) == top


def _outside(path: str) -> SourceError:
    return SourceError(path, ImportErrorCode.REFUSED, "is a link that leads out of the folder")


def _listed(file: str, settings: Settings) -> Source | SourceError:
    try:
        source = replace(_read_local(file, settings.import_max_bytes), listed=True)
    except SourceFailure as failure:
        return SourceError(file, failure.code, str(failure))
    return source if source.data.strip() else SourceError(file, ImportErrorCode.EMPTY, "is empty", skipped=True)


def _read_local(name: str, limit: int) -> Source:
    """The path is made absolute, so that a file without an address of its own has one identity wherever one stands."""
    try:
        if name == "-":
            return Source(name, _bounded(sys.stdin.buffer, limit))
        with open(name, "rb", opener=_unblocked) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceFailure(ImportErrorCode.UNREADABLE, "is neither a file nor a folder")
            return Source(os.path.abspath(name), _bounded(file, limit))
    except FileNotFoundError:
        raise SourceFailure(ImportErrorCode.UNREADABLE, "file not found") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise SourceFailure(ImportErrorCode.UNREADABLE, reason) from None


def _unblocked(name: str, flags: int) -> int:
    """Waits for nobody to write into a pipe; what it is can be seen once it is open, and not be another by then."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _bounded(file: BinaryIO, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise _too_large(limit)
    return data


def _too_large(limit: int) -> SourceFailure:
    return SourceFailure(ImportErrorCode.TOO_LARGE, f"is larger than {limit:,} bytes", "max_bytes")


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
        return (await fetch(name, Reach(_JWKS_MAX, _JWKS_DEADLINE, refuses, schemes=schemes))).data
    except SourceFailure as failure:
        hint = " (setting jwks_private_hosts)" if failure.setting == "private_hosts" else ""
        raise OSError(failure.message + hint) from None


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


async def fetch(url: str, reach: Reach) -> Source:
    """The body of the address and its Content-Type.

    Every host on the way is looked up and called at an address that `reach` lets through. No proxy is used, which
    would look hosts up by itself. SourceFailure says what went wrong.
    """
    try:
        async with asyncio.timeout(reach.seconds), await asyncio.to_thread(_client) as client:
            return await _follow(client, url, reach)
    except TimeoutError:
        reason = f"took longer than {reach.seconds:g} seconds to answer"
        raise SourceFailure(ImportErrorCode.TOO_SLOW, reason, "timeout") from None
    except httpx.TimeoutException:
        raise SourceFailure(ImportErrorCode.TOO_SLOW, "took too long to answer") from None
    except httpx.InvalidURL as error:
        raise SourceFailure(ImportErrorCode.UNREACHABLE, f"is no address: {error}") from None
    except httpx.HTTPError as error:
        reason = f"cannot be fetched: {one_line(str(error)) or type(error).__name__}"
        raise SourceFailure(ImportErrorCode.UNREACHABLE, reason) from None


def _client() -> httpx.AsyncClient:
    """Reads the certificates that it trusts from the disk."""
    return httpx.AsyncClient(timeout=_TIMEOUT, headers=_HEADERS, trust_env=False)


async def _follow(client: httpx.AsyncClient, url: str, reach: Reach) -> Source:
    target = httpx.URL(url)
    for _ in range(reach.redirects + 1):
        response = await _get(client, target, reach)
        try:
            if response.status_code in _REDIRECT_STATUSES and "location" in response.headers:
                target = target.join(response.headers["location"])
                continue
            if response.status_code != 200:
                reason = f"HTTP {response.status_code} {response.reason_phrase}".rstrip()
                raise SourceFailure(ImportErrorCode.UNREACHABLE, reason)
            return Source(url, await _body(response, reach.limit), response.headers.get("content-type"))
        finally:
            await response.aclose()
    reason = f"is redirected more than {reach.redirects} times"
    raise SourceFailure(ImportErrorCode.UNREACHABLE, reason, "redirects")


async def _get(client: httpx.AsyncClient, url: httpx.URL, reach: Reach) -> httpx.Response:
    """The response, its body unread, from the first address of the host that takes the connection."""
    if url.scheme not in reach.schemes or not url.host or (url.port or 0) > _PORT_MAX:
        reason = f"leads to {url}, which is no {' or '.join(reach.schemes)} address"
        raise SourceFailure(ImportErrorCode.REFUSED, reason)
    *others, last = await _addresses(url, reach.refuses)
    for address in others:
        try:
            return await client.send(_request(client, url, address), stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await client.send(_request(client, url, last), stream=True)


async def _addresses(url: httpx.URL, refuses: Callable[[Address], bool]) -> list[Address]:
    host = url.raw_host.decode("ascii")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SourceFailure(ImportErrorCode.UNREACHABLE, f"host not found: {host}") from None
    addresses = [ip_address(entry[4][0]) for entry in found]
    for address in addresses:
        if refuses(address):
            raise SourceFailure(ImportErrorCode.REFUSED, f"host refused: {host} is at {address}", "private_hosts")
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
        reason = f"is sent compressed with {encoding}, which was not asked for"
        raise SourceFailure(ImportErrorCode.REFUSED, reason)
    data = bytearray()
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if "gzip" in encoding else None
    async for chunk in response.aiter_raw():
        data += _inflated(inflate, chunk, limit + 1 - len(data)) if inflate else chunk
        if len(data) > limit:
            raise _too_large(limit)
        if inflate and inflate.eof:  # what follows belongs to nothing and may be endless
            break
    if inflate and not inflate.eof:
        raise SourceFailure(ImportErrorCode.MALFORMED, "is cut off before the end of its compressed data")
    return bytes(data)


def _inflated(inflate: zlib._Decompress, chunk: bytes, most: int) -> bytes:
    try:
        return inflate.decompress(chunk, most)
    except zlib.error:
        raise SourceFailure(ImportErrorCode.MALFORMED, "is said to be compressed with gzip and is not") from None
