"""A herd after a restart: N clients that resume at once, each from its own cursor.

    python bench/herd.py --clients 5000 --missed 20

Their sockets are open and greeted; then all subscribe at the same time, after cursors that lie up to `--missed` events
back. Measured is the time until everybody has everything, with the server's CPU time and what its memory grew by.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fan import wire
from fan.crowd import HOST, PATIENCE
from fan.dialects import DIALECTS, text
from fan.limits import too_many
from fan.processes import Usage, serving, usage
from fan.publisher import Publisher
from fan.servers import OURS, SERVERS, Prepared

_TOGETHER = 100  # sockets that are opened at the same time
SUBSCRIPTION = """
subscription ($id: ID!, $after: StreamCursor) {
  commentEvents(articleId: $id, after: $after) {
    ... on StreamEvent { cursor }
    ... on StreamReady { replayed }
    ... on CommentAdded { commentCount commentEdge { node { id body createdAt author { name } } } }
  }
}
"""


@dataclass(slots=True)
class Client:
    """One that has been away, and what it has to get: StreamReady and so many events."""

    socket: socket.socket
    due: int = 0
    got: int = 0
    frames: wire.Frames = field(default_factory=wire.Frames)


@dataclass(frozen=True, slots=True)
class Returned:
    seconds: float
    before: Usage
    after: Usage
    peak_kb: float


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="herd-") as folder:
        prepared = SERVERS[OURS](Path(folder), 1)
        with serving(prepared.command, prepared.environment, Path(folder) / "log") as (group, port):
            cursors = _history(prepared, port, options.missed)
            clients = [client for _ in range(0, options.clients, _TOGETHER) for client in _connected(port)]
            _report(options, _resumed(group, clients, prepared.articles[0], cursors))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures clients that resume at once.")
    parser.add_argument("--clients", type=int, default=5_000, help="how many, in hundreds")
    parser.add_argument("--missed", type=int, default=20, help="events that the furthest behind has missed")
    options = parser.parse_args()
    if min(options.clients, options.missed) < 1 or options.clients % _TOGETHER:
        parser.error(f"--clients in {_TOGETHER}s, and at least 1 that is missed")
    if problem := too_many(options.clients):
        parser.error(problem)
    return options


def _history(prepared: Prepared, port: int, missed: int) -> list[str]:
    """Posts so many comments; returns the cursor before each of them."""
    publisher, cursors = Publisher(port, DIALECTS[prepared.dialect], prepared.token), []
    for number in range(missed):
        cursors.append(_head(port))
        publisher.send(prepared.articles[0], text(number))
        publisher.confirm()
    return cursors


def _head(port: int) -> str:
    with socket.create_connection((HOST, port), PATIENCE) as opened:
        opened.sendall(wire.post(HOST, "/graphql", None, b'{"query":"{ streamHead }"}'))
        answer = b""
        while b"}}" not in answer:
            answer += wire.some(opened)
    found: str = json.loads(answer.partition(b"\r\n\r\n")[2])["data"]["streamHead"]
    return found


def _connected(port: int) -> list[Client]:
    """Sockets that are acknowledged."""
    clients = [Client(socket.create_connection((HOST, port), PATIENCE)) for _ in range(_TOGETHER)]
    for said in (wire.upgrade(HOST, "/graphql"), wire.frame(wire.TEXT, b'{"type":"connection_init"}')):
        for client in clients:
            client.socket.sendall(said)
        for client in clients:
            wire.some(client.socket)
    return clients


def _resumed(group: int, clients: Sequence[Client], article: str, cursors: Sequence[str]) -> Returned:
    before, start = usage(group), time.perf_counter()
    for number, client in enumerate(clients):
        place = number % len(cursors)
        client.due = 1 + len(cursors) - place
        client.socket.sendall(_subscribe(str(number), article, cursors[place]))
        client.socket.setblocking(False)
    peak = _wait(group, clients)
    return Returned(time.perf_counter() - start, before, usage(group), peak)


def _subscribe(name: str, article: str, cursor: str) -> bytes:
    payload = {"query": SUBSCRIPTION, "variables": {"id": article, "after": cursor}}
    return wire.frame(wire.TEXT, json.dumps({"id": name, "type": "subscribe", "payload": payload}).encode())


def _wait(group: int, clients: Sequence[Client]) -> float:
    """Until everybody has everything; returns the most memory that the server had on the way."""
    poll, waiting, peak = select.epoll(), {client.socket.fileno(): client for client in clients}, 0.0
    for number in waiting:
        poll.register(number, select.EPOLLIN)
    end = time.perf_counter() + PATIENCE
    while waiting:
        if time.perf_counter() > end:
            raise RuntimeError(f"{len(waiting)} clients have not got everything in {PATIENCE:.0f} s")
        for number, _ in poll.poll(0.5, 1024):
            client = waiting[number]
            client.got += sum(1 for _ in client.frames.feed(client.socket.recv(1 << 20)))
            if client.got >= client.due:
                poll.unregister(number)
                del waiting[number]
        peak = max(peak, usage(group).rss_kb)
    return peak


def _report(options: argparse.Namespace, found: Returned) -> None:
    cpu, grown = found.after.cpu_seconds - found.before.cpu_seconds, found.peak_kb - found.before.rss_kb
    print(f"{options.clients:,} clients resume at once, up to {options.missed} events back")
    print(f"  all have everything after   {found.seconds:.2f} s")
    print(f"  server CPU per client       {cpu / options.clients * 1e6:.0f} us")
    print(f"  server memory grows by      {grown / 1024:.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
