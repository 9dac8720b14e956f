"""Connections by hand. A visit is a generator that yields when it waits for bytes, so that thousands are cheap."""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from itertools import count, islice
from typing import Any

Visit = Generator[None, bytes, None]
"""Is sent what has come each time; nothing at all once the server has closed."""

Script = Callable[["Link"], Visit]

HOST = "127.0.0.1"
_PATIENCE = 60.0  # seconds that a visit may take
_SOURCES = 200  # addresses that clients come from, since one has 28,000 ports
_NO_PORT = 24  # IP_BIND_ADDRESS_NO_PORT of ip(7): the port is chosen when connecting
_NOW = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets


class Link:
    """One connection, seen from its client."""

    _numbers = count()

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_IP, _NO_PORT, 1)
        self.socket.bind((f"127.0.1.{1 + next(self._numbers) % _SOURCES}", 0))
        self.socket.connect((HOST, port))
        self.socket.setblocking(False)
        self.begun = time.monotonic()
        self._heard = b""

    def say(self, *parts: bytes) -> None:
        with suppress(ConnectionError):
            self.socket.sendall(b"".join(parts))

    def until(self, token: bytes) -> Visit:
        """Waits for these bytes; what came before them is done with."""
        while token not in self._heard:
            came = yield
            assert came, f"closed before {token!r} came; {self._heard!r}"
            self._heard += came
        self._heard = self._heard.partition(token)[2]

    def end(self) -> Visit:
        """Waits until the server has closed."""
        while (yield):
            pass

    def hear(self) -> bytes:
        with suppress(ConnectionError):
            return self.socket.recv(1 << 16)
        return b""

    def reset(self) -> None:
        """Gone at once, without a goodbye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
        self.socket.close()


def crowd(port: int, scripts: Iterator[Script], together: int) -> None:
    """Plays every script on a connection of its own, so many at the same time; what a script leaves open is closed."""
    poll = select.epoll()
    visits: dict[int, tuple[Link, Visit]] = {}
    while True:
        for script in islice(scripts, together - len(visits)):
            _begin(script, Link(port), poll, visits)
        if not visits:
            return
        eldest = next(iter(visits.values()))
        assert time.monotonic() < eldest[0].begun + _PATIENCE, f"{eldest} never ends"
        for number, _ in poll.poll(1.0, together):
            link, visit = visits[number]
            try:
                visit.send(link.hear())
            except StopIteration:
                del visits[number]
                link.socket.close()


def _begin(script: Script, link: Link, poll: select.epoll, visits: dict[int, tuple[Link, Visit]]) -> None:
    visit = script(link)
    try:
        next(visit)
    except StopIteration:
        link.socket.close()
    else:
        poll.register(link.socket, select.EPOLLIN)
        visits[link.socket.fileno()] = link, visit


# Words


def upgrade(path: str = "/graphql") -> bytes:
    """The opening handshake of RFC 6455; its key is the one of the RFC's example."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {HOST}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: graphql-transport-ws",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def frame(payload: bytes, kind: int = 0x81) -> bytes:
    """A client's frame, of text unless said otherwise. A mask of zeros is one too, and changes nothing."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack("!H", size)
    return bytes([kind]) + length + bytes(4) + payload


def message(**fields: Any) -> bytes:
    """A message of graphql-transport-ws in its frame."""
    return frame(json.dumps(fields).encode())


CLOSE = frame(struct.pack("!H", 1000), 0x88)
