"""The load client: N readers, each of whom posts the next comment when the one before was acknowledged."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from itertools import count
from statistics import quantiles

from fan.crowd import PATIENCE
from fan.processes import usage
from read.load import Connection, opened
from read.operations import Asked
from read.servers import SECRET, Server

from newsgraph.auth import tokens
from newsgraph.domain.users import Claims, Role
from write.figures import Figures
from write.people import NOW

_POST = """
mutation ($input: PostCommentInput!) {
  postComment(input: $input) { status commentEdge { node { id } } userErrors { code } }
}
"""


class Writers:
    """As many as there are connections; each writes under its own name, and all of them below the same articles."""

    def __init__(self, server: Server, articles: Sequence[str], writers: int) -> None:
        self._server, self._articles = server, articles
        self._tokens = [_token(number) for number in range(writers)]
        self._numbers = count(1)
        self.acknowledged: set[bytes] = set()

    def measure(self, seconds: float) -> Figures:
        """Errors: RuntimeError for a comment that is refused, and for one that gets another's id."""
        with opened(self._server.port, len(self._tokens)) as connections:
            before, started = usage(self._server.group).cpu_seconds, time.perf_counter()
            times = self._drive(connections, started + seconds)
            wall = time.perf_counter() - started
            cpu = usage(self._server.group).cpu_seconds - before
        percent = quantiles(times, n=100)
        return Figures(len(times) / wall, percent[49] * 1e3, percent[98] * 1e3, cpu / len(times) * 1e6)

    def _drive(self, connections: dict[int, Connection], end: float) -> list[float]:
        times: list[float] = []
        poll, waiting = select.epoll(), set(connections)
        writers = dict(zip(connections, self._tokens, strict=True))
        for number, connection in connections.items():
            poll.register(number, select.EPOLLIN)
            connection.ask(self._request(writers[number]))
        while waiting:
            ready = poll.poll(PATIENCE)
            if not ready:
                raise RuntimeError(f"no answer in {PATIENCE:.0f} s")
            for number in (number for number, _ in ready if connections[number].arrived()):
                times.append((now := time.perf_counter()) - connections[number].sent)
                self._acknowledge(bytes(connections[number].body(b"200")))
                if now < end:
                    connections[number].ask(self._request(writers[number]))
                else:
                    waiting.discard(number)
        poll.close()
        return times

    def _request(self, token: str) -> bytes:
        number = next(self._numbers)
        article = self._articles[number % len(self._articles)]
        text = f"Comment {number}: the vote was closer than anyone expected."
        return Asked(_POST, {"input": {"articleId": article, "body": text}}).post(f"Authorization: Bearer {token}")

    def _acknowledge(self, body: bytes) -> None:
        if b'"PUBLISHED"' not in body or body in self.acknowledged:
            raise RuntimeError(f"not posted: {body[:500]!r}")
        self.acknowledged.add(body)


def _token(number: int) -> str:
    return tokens.issue(SECRET, Claims(f"bench:{number}", f"Reader {number}", Role.READER, NOW, None))
