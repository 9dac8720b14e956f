"""The load client: N connections on which a request follows each answer, in one process and with one `epoll`.

It has to cost less than the fastest server. Requests are ready bytes; an answer is read into a buffer that is always
the same, its length is looked for in its head, and its body is compared with what this server said before the clock
ran. Its own CPU time is part of the figures, so that one can see when it is the client that is slow.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

from fan.crowd import HOST, PATIENCE
from fan.processes import usage

from read.servers import Server

_BUFFER = 1 << 18  # bytes: more than any answer has
_END, _LENGTH, _STATUS = b"\r\n\r\n", b"content-length:", slice(9, 12)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and the one answer that is right."""

    request: bytes
    status: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Figures:
    """CPU times are microseconds a request; `cores`: how much of one the server used."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    client_us: float
    cores: float
    rss_mb: float


@dataclass(slots=True)
class Connection:
    """`start`, `due`: where the answer's body begins and ends in the buffer; `due` is 0 until its head is there."""

    socket: socket.socket
    sent: float = 0.0
    waiting: bool = False
    _got: int = 0
    _start: int = 0
    _due: int = 0
    _buffer: bytearray = field(default_factory=lambda: bytearray(_BUFFER))

    def ask(self, request: bytes) -> None:
        self._got, self._due, self.waiting = 0, 0, True
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def arrived(self) -> bool:
        """Takes in what has come; whether that is all of the answer."""
        size = self.socket.recv_into(memoryview(self._buffer)[self._got :])
        if not size:
            raise RuntimeError("the server closed a connection")
        self._got += size
        if not self._due:
            self._measure()
        self.waiting = not self._due or self._got < self._due
        return not self.waiting

    def _measure(self) -> None:
        end = self._buffer.find(_END, 0, self._got)
        if end >= 0:
            head = bytes(self._buffer[:end]).lower() + b"\r\n"
            place = head.find(_LENGTH)
            length = int(head[place + len(_LENGTH) : head.find(b"\r", place)]) if place >= 0 else 0
            self._start = end + len(_END)
            self._due = self._start + length

    def body(self, status: bytes) -> bytearray:
        """Errors: RuntimeError for another status."""
        if self._buffer[_STATUS] != status:
            raise RuntimeError(f"{status.decode()} was expected: {bytes(self._buffer[: self._got])[:1000]!r}")
        return self._buffer[self._start : self._got]


def measure(server: Server, exchanges: Sequence[Exchange], connections: int, seconds: float) -> Figures:
    """Errors: RuntimeError for a failed request and for an answer that is another than before."""
    with opened(server.port, connections) as clients, _uncollected():
        before, client, started = usage(server.group), time.process_time(), time.perf_counter()
        times = _drive(clients, cycle(exchanges), started + seconds)
        wall, client = time.perf_counter() - started, time.process_time() - client
        after = usage(server.group)
    count, ordered = len(times), sorted(times)
    cpu = after.cpu_seconds - before.cpu_seconds
    return Figures(
        per_second=count / wall,
        p50_ms=ordered[count // 2] * 1e3,
        p99_ms=ordered[count * 99 // 100] * 1e3,
        cpu_us=cpu / count * 1e6,
        client_us=client / count * 1e6,
        cores=cpu / wall,
        rss_mb=after.rss_kb / 1024,
    )


def _drive(clients: dict[int, Connection], exchanges: Iterator[Exchange], end: float) -> array[float]:
    """Until `end`, and then until the last answers are there; returns the times that answers took, in seconds."""
    times, clock, poll = array("d"), time.perf_counter, select.epoll()
    asked = {number: next(exchanges) for number in clients}
    for number, client in clients.items():
        poll.register(number, select.EPOLLIN)
        client.ask(asked[number].request)
    while asked:
        for number, _ in _ready(poll):
            client = clients[number]
            if not client.arrived():
                continue
            now = clock()
            times.append(now - client.sent)
            _check(client, asked.pop(number))
            if now < end:
                asked[number] = next(exchanges)
                client.ask(asked[number].request)
    poll.close()
    return times


def _ready(poll: select.epoll) -> list[tuple[int, int]]:
    ready = poll.poll(PATIENCE)
    if not ready:
        raise RuntimeError(f"no answer in {PATIENCE:.0f} s")
    return ready


def _check(client: Connection, exchange: Exchange) -> None:
    body = client.body(exchange.status)
    if body != exchange.body:
        raise RuntimeError(f"another answer than before: {bytes(body[:1000])!r}")


@contextmanager
def opened(port: int, count: int) -> Iterator[dict[int, Connection]]:
    """Connections by their sockets' numbers."""
    sockets = [socket.create_connection((HOST, port), PATIENCE) for _ in range(count)]
    try:
        for one in sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield {one.fileno(): Connection(one) for one in sockets}
    finally:
        for one in sockets:
            one.close()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing here is cyclic, and a pause of the client would count as the server's."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
