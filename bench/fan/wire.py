"""WebSocket frames and HTTP requests as bytes, no more of RFC 6455 and RFC 9112 than a load client needs."""

from __future__ import annotations

import base64
import os
import socket
import struct
from collections.abc import Iterator

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A  # final frames without extensions
_SHORT, _MEDIUM = 126, 127  # length fields that say: the length follows, in 2 or 8 bytes


def upgrade(host: str, path: str) -> bytes:
    """The opening handshake. It offers no extension, so no server compresses."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: graphql-transport-ws",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def post(host: str, path: str, token: str | None, body: bytes) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def frame(kind: int, payload: bytes) -> bytes:
    """A client's frame, masked as RFC 6455, 5.3 demands; for payloads below 64 KiB."""
    size, mask = len(payload), os.urandom(4)
    length = bytes([0x80 | size]) if size < _SHORT else bytes([0x80 | _SHORT]) + struct.pack("!H", size)
    masks = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(masks, "big")
    return bytes([kind]) + length + mask + masked.to_bytes(size, "big")


def extent(data: bytes, start: int) -> tuple[int, int] | None:
    """Where the payload of a server's frame begins and ends; None while its header is not all there."""
    if len(data) < start + 2:
        return None
    size, begin = data[start + 1], start + 2
    if size >= _SHORT:
        width = 2 if size == _SHORT else 8
        if len(data) < begin + width:
            return None
        size, begin = int.from_bytes(data[begin : begin + width], "big"), begin + width
    return begin, begin + size


def some(opened: socket.socket) -> bytes:
    """What has come next; an error when nothing will come any more."""
    data = opened.recv(1 << 16)
    if not data:
        raise RuntimeError("the server closed a connection")
    return data


class Frames:
    """Cuts one connection's bytes into frames; what is incomplete waits for more."""

    __slots__ = ("rest",)

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(first byte, payload) of each frame that is complete now."""
        data, start = self.rest + data, 0
        while (found := extent(data, start)) is not None and found[1] <= len(data):
            yield data[start], data[found[0] : found[1]]
            start = found[1]
        self.rest = data[start:]
