"""The load client's loop: on each of N connections the next request is sent when the one before was answered."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

from fan.crowd import PATIENCE
from fan.processes import usage
from read.load import Connection, opened
from read.servers import Server

from write.figures import Figures, figures


def driven(
    server: Server, connections: int, seconds: float, request: Callable[[int], bytes], check: Callable[[bytes], None]
) -> Figures:
    """`request` is called with a connection's place, `check` with the body of each answer. Errors: RuntimeError."""
    with opened(server.port, connections) as found:
        before, started = usage(server.group).cpu_seconds, time.perf_counter()
        times = _times(found, started + seconds, request, check)
        wall = time.perf_counter() - started
        return figures(times, wall, usage(server.group).cpu_seconds - before)


def _times(
    connections: dict[int, Connection], end: float, request: Callable[[int], bytes], check: Callable[[bytes], None]
) -> list[float]:
    times: list[float] = []
    poll, waiting = select.epoll(), set(connections)
    places = {number: place for place, number in enumerate(connections)}
    for number, connection in connections.items():
        poll.register(number, select.EPOLLIN)
        connection.ask(request(places[number]))
    while waiting:
        ready = poll.poll(PATIENCE)
        if not ready:
            raise RuntimeError(f"no answer in {PATIENCE:.0f} s")
        for number in (number for number, _ in ready if connections[number].arrived()):
            times.append((now := time.perf_counter()) - connections[number].sent)
            check(bytes(connections[number].body(b"200")))
            if now < end:
                connections[number].ask(request(places[number]))
            else:
                waiting.discard(number)
    poll.close()
    return times
