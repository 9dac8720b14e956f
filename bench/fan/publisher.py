"""Who posts the comments."""

from __future__ import annotations

import socket
import time

from fan import wire
from fan.crowd import HOST, PATIENCE
from fan.dialects import Dialect

_IDLE = 1.0  # seconds after which the server may have closed the connection


class Publisher:
    """One HTTP connection that is used again and again."""

    def __init__(self, port: int, dialect: Dialect, token: str | None) -> None:
        self._port, self._dialect, self._token = port, dialect, token
        self._opened = self._connect()
        self._used = time.perf_counter()

    def _connect(self) -> socket.socket:
        return socket.create_connection((HOST, self._port), PATIENCE)

    def send(self, article: str, comment: str) -> None:
        if time.perf_counter() - self._used > _IDLE:
            self._opened.close()
            self._opened = self._connect()
        body = self._dialect.comment(article, comment)
        self._opened.sendall(wire.post(HOST, self._dialect.path(article), self._token, body))

    def confirm(self) -> None:
        """Reads the answer to what was sent, which must be a success."""
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += wire.some(self._opened)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += wire.some(self._opened)
        if b" 200 " not in head[:16] or b'"errors"' in body or b'"code"' in body:
            raise RuntimeError(f"the publish failed: {head[:40]!r} {body[:500]!r}")
        self._used = time.perf_counter()
