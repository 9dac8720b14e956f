"""Thousands of subscribed sockets, read as cheaply as Python can."""

from __future__ import annotations

import json
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence

from fan import wire
from fan.dialects import BODY_LENGTH, Dialect

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds that anything awaited may take
_BATCH = 100  # sockets opened together: fewer than any server's backlog
_LITTLE = 4_096  # bytes that a socket's kernel takes in for a reader who does not read
_PORTS = 25_000  # connections that one source address has ephemeral ports for, at least


class Crowd:
    """Subscribed sockets. Text frames long enough to hold a comment are deliveries."""

    def __init__(self, port: int, dialect: Dialect) -> None:
        self.received = 0
        self.bytes = 0
        self.counts: Counter[int] = Counter()
        self.articles: dict[int, str] = {}
        self.latencies: list[float] = []
        self.published = 0.0
        self.expected = b""  # when not empty, every delivery must contain it
        self._port, self._dialect = port, dialect
        self._poll = select.epoll()
        self._buffer = bytearray(1 << 16)
        self._read: dict[int, Callable[[bytearray], int]] = {}
        self._sockets: dict[int, socket.socket] = {}
        self._deaf: list[socket.socket] = []
        self._frames: dict[int, wire.Frames] = {}

    def subscribe(self, articles: Sequence[str]) -> None:
        """One more socket for each of `articles`."""
        openings = {article: self._dialect.opening(article) for article in set(articles)}
        for start in range(0, len(articles), _BATCH):
            batch = [(self._connect(article), article) for article in articles[start : start + _BATCH]]
            for opened, _ in batch:
                self._upgraded(opened)
            for step in range(len(openings[articles[0]])):
                for opened, article in batch:
                    opened.sendall(openings[article][step])
                for opened, _ in batch:
                    self._answered(opened)
            for opened, article in batch:
                self._keep(opened, article)
            self.pump(0)

    def subscribe_deaf(self, article: str, count: int) -> None:
        """Sockets that subscribe and never read again. Little fits into their buffers."""
        for _ in range(count):
            opened = self._connect(article, buffer=_LITTLE)
            self._upgraded(opened)
            for step in self._dialect.opening(article):
                opened.sendall(step)
                self._answered(opened)
            self._deaf.append(opened)

    def _connect(self, article: str, buffer: int | None = None) -> socket.socket:
        opened = socket.socket()
        if buffer is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        if len(self._sockets) >= _PORTS:
            opened.bind((f"127.0.0.{2 + len(self._sockets) // _PORTS}", 0))
        opened.settimeout(PATIENCE)
        opened.connect((HOST, self._port))
        opened.sendall(wire.upgrade(HOST, self._dialect.path(article)))
        return opened

    def _upgraded(self, opened: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += wire.some(opened)
        status, _, _ = head.partition(b"\r\n")
        if b" 101 " not in status:
            raise RuntimeError(f"the server does not open a WebSocket: {status!r}")
        frames = self._frames[opened.fileno()] = wire.Frames()
        frames.rest = head.partition(b"\r\n\r\n")[2]

    def _answered(self, opened: socket.socket) -> None:
        """Waits until one text message has come in answer."""
        frames, data = self._frames[opened.fileno()], b""
        while not (found := list(frames.feed(data))):
            data = wire.some(opened)
        for kind, payload in found:
            self._other(opened, kind, payload)

    def _keep(self, opened: socket.socket, article: str) -> None:
        opened.setblocking(False)
        number = opened.fileno()
        self._sockets[number], self._read[number], self.articles[number] = opened, opened.recv_into, article
        self._poll.register(number, select.EPOLLIN)

    def pump(self, seconds: float) -> None:
        """Takes what is there, having waited this long for the first of it."""
        buffer, counts, frames, clock = self._buffer, self.counts, self._frames, time.perf_counter
        for number, _ in self._poll.poll(seconds, 1024):
            size = self._read[number](buffer)
            if (
                size > BODY_LENGTH
                and buffer[0] == wire.TEXT
                and buffer[1] == 126
                and (buffer[2] << 8) + buffer[3] + 4 == size
                and not frames[number].rest
                and not self.expected
            ):
                self.received += 1
                self.bytes += size
                counts[number] += 1
                self.latencies.append(clock() - self.published)
            else:
                self._slowly(number, bytes(buffer[:size]))

    def _slowly(self, number: int, data: bytes) -> None:
        """Anything but exactly one frame of the usual kind."""
        if not data:
            raise RuntimeError("the server closed a socket")
        for kind, payload in self._frames[number].feed(data):
            if kind == wire.TEXT and len(payload) > BODY_LENGTH:
                self._delivered(number, payload)
            else:
                self._other(self._sockets[number], kind, payload)

    def _delivered(self, number: int, payload: bytes) -> None:
        if self.expected not in payload or (self.expected and json.loads(payload)["type"] != "next"):
            raise RuntimeError(f"another comment was expected: {payload[:500]!r}")
        self.received += 1
        self.bytes += len(payload) + 4
        self.counts[number] += 1
        self.latencies.append(time.perf_counter() - self.published)

    def _other(self, opened: socket.socket, kind: int, payload: bytes) -> None:
        """Everything that keeps a connection going; what ends an operation is an error here."""
        if kind == wire.PING:
            opened.sendall(wire.frame(wire.PONG, payload))
            return
        said = json.loads(payload).get("type") if kind == wire.TEXT else f"frame {kind:#x}"
        if said == "ping":
            opened.sendall(wire.frame(wire.TEXT, b'{"type":"pong"}'))
        elif said not in ("connection_ack", "pong", "next", None):
            raise RuntimeError(f"the server says {said}: {payload[:500]!r}")

    def wait(self, received: int) -> None:
        """Until this many deliveries have come in all."""
        end = time.perf_counter() + PATIENCE
        while self.received < received:
            self.pump(0.5)
            if time.perf_counter() > end:
                raise RuntimeError(f"{received - self.received} deliveries have not come in {PATIENCE:.0f} s")
