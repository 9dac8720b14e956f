"""The load client: N connections, on each of which the next view is sent when the one before was answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from read.load import opened
from read.operations import Asked
from read.servers import Server
from write.driving import driven
from write.figures import Figures

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_VIEW = "mutation ($input: RecordViewInput!) { recordView(input: $input) { counted } }"
_COUNTED = {True: b'{"data":{"recordView":{"counted":true}}}', False: b'{"data":{"recordView":{"counted":false}}}'}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Readers by their numbers, what they read with, and whether their views count."""

    readers: Iterator[int]
    agent: str
    counts: bool


class Flood:
    """Of readers who come through a proxy, each from an address of their own, and always read the same article."""

    def __init__(self, server: Server, articles: Sequence[str], connections: int) -> None:
        self._server = server
        self._views = [Asked(_VIEW, {"input": {"articleId": article}}) for article in articles]
        self._connections = connections
        self.counted = 0

    def greet(self, readers: int) -> None:
        """The first so many, whose next views are repeats."""
        with opened(self._server.port, 1) as connections:
            (connection,) = connections.values()
            crowd = Crowd(iter(range(readers)), BROWSER, True)
            for _ in range(readers):
                connection.ask(self._request(crowd))
                while not connection.arrived():
                    pass
                self._check(bytes(connection.body(b"200")), True)

    def measure(self, seconds: float, crowd: Crowd) -> Figures:
        """Errors: RuntimeError for another answer than all of them must get."""
        return driven(
            self._server,
            self._connections,
            seconds,
            lambda _place: self._request(crowd),
            lambda body: self._check(body, crowd.counts),
        )

    def _request(self, crowd: Crowd) -> bytes:
        reader = next(crowd.readers)
        address = f"10.{reader >> 16 & 255}.{reader >> 8 & 255}.{reader & 255}"
        view = self._views[reader % len(self._views)]
        return view.post(f"User-Agent: {crowd.agent}", f"X-Forwarded-For: {address}")

    def _check(self, body: bytes, counts: bool) -> None:
        if body != _COUNTED[counts]:
            raise RuntimeError(f"not counted as it should be: {body[:500]!r}")
        self.counted += counts
