"""The load client, a process of its own: `python -m fan.load` reads a plan and writes its figures, both as JSON.

It has to cost less than the servers that it measures. A delivery is one `recv` into a buffer that is always the same,
a look at the frame's header and a look at the clock; payloads are read only in publishes that are not counted. Its own
CPU time is part of the figures, so that one can see when it is the client that is slow.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass

from fan.crowd import PATIENCE, Crowd
from fan.dialects import DIALECTS, text
from fan.processes import usage
from fan.publisher import Publisher

_FIRST = 20  # subscribers of the publish that warms the server up, before memory is looked at
_WARM = 2  # publishes before the clock runs
_FILL = 1_500  # publishes that fill whatever waits for those who do not read: buffers, then mailboxes


@dataclass(frozen=True, slots=True)
class Plan:
    """`stuck` of the subscribers never read. `seconds` ends the measurement even before all `deliveries` are made."""

    port: int
    group: int
    dialect: str
    articles: list[str]
    token: str | None
    subscribers: int
    stuck: int
    deliveries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Times of a delivery are from the publish being sent to its receipt by one subscriber."""

    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    rss_kb: float
    rss_mb: float
    client_us: float
    busy: float
    frame_bytes: float
    publishes: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds: passed, and of CPU time by the server and by this process."""

    wall: float
    server: float
    client: float


class Run:
    """One measurement, from the first socket to the figures."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        dialect = DIALECTS[plan.dialect]
        self._crowd = Crowd(plan.port, dialect)
        self._publisher = Publisher(plan.port, dialect, plan.token)
        self._readers: Counter[str] = Counter()
        self._due: Counter[str] = Counter()  # deliveries that each subscriber of an article must have
        self._publishes = 0

    def measure(self) -> Figures:
        first, reading = min(_FIRST, self._plan.subscribers // 2), self._plan.subscribers - self._plan.stuck
        self._subscribe(0, first)
        self._checked_publish(self._plan.articles[0])
        self._jam()
        before = usage(self._plan.group).rss_kb
        self._subscribe(first, reading)
        memory = (usage(self._plan.group).rss_kb - before) / (reading - first)
        for _ in range(_WARM):
            self._checked_publish(self._plan.articles[0])
        return self._timed(memory)

    def _jam(self) -> None:
        """Those who do not read, and as much for them as they are held anything for."""
        if self._plan.stuck:
            self._crowd.subscribe_deaf(self._plan.articles[0], self._plan.stuck)
            for _ in range(_FILL):
                self._publish(self._plan.articles[0])

    def _subscribe(self, start: int, end: int) -> None:
        articles = self._plan.articles
        joining = [articles[number % len(articles)] for number in range(start, end)]
        self._crowd.subscribe(joining)
        self._settle()
        for number, article in self._crowd.articles.items():
            self._crowd.counts.setdefault(number, self._due[article])
        self._readers.update(joining)

    def _settle(self) -> None:
        """Until the server does next to nothing any more: all subscriptions stand then."""
        end, busy = time.perf_counter() + PATIENCE, True
        while busy and time.perf_counter() < end:
            cpu, stop = usage(self._plan.group).cpu_seconds, time.perf_counter() + 0.3
            while time.perf_counter() < stop:
                self._crowd.pump(0.05)
            busy = usage(self._plan.group).cpu_seconds - cpu > 0.06

    def _checked_publish(self, article: str) -> None:
        self._crowd.expected = text(self._publishes + 1).encode()
        self._publish(article)
        self._crowd.expected = b""

    def _publish(self, article: str) -> None:
        self._publishes += 1
        self._due[article] += 1
        crowd, comment = self._crowd, text(self._publishes)
        crowd.published = time.perf_counter()
        self._publisher.send(article, comment)
        crowd.wait(crowd.received + self._readers[article])
        self._publisher.confirm()

    def _timed(self, per_subscriber: float) -> Figures:
        """The closed loop: everybody has received a publish before the next one goes out."""
        crowd, plan, first = self._crowd, self._plan, self._publishes
        crowd.latencies, crowd.bytes, before = [], 0, _spent(plan.group)
        end = before.wall + plan.seconds
        while len(crowd.latencies) < plan.deliveries and time.perf_counter() < end:
            self._publish(plan.articles[self._publishes % len(plan.articles)])
        after = _spent(plan.group)
        spent = Spent(after.wall - before.wall, after.server - before.server, after.client - before.client)
        self._check()
        memory = per_subscriber, usage(plan.group).rss_kb / 1024
        return figures(crowd, spent, memory, self._publishes - first)

    def _check(self) -> None:
        """Every subscriber has had every comment on its article, once."""
        for number, article in self._crowd.articles.items():
            if self._crowd.counts[number] != self._due[article]:
                raise RuntimeError(f"a subscriber got {self._crowd.counts[number]} of {self._due[article]} comments")


def _spent(group: int) -> Spent:
    return Spent(time.perf_counter(), usage(group).cpu_seconds, time.process_time())


def figures(crowd: Crowd, spent: Spent, memory: tuple[float, float], publishes: int) -> Figures:
    times = sorted(crowd.latencies)
    count = len(times)
    return Figures(
        cpu_us=spent.server / count * 1e6,
        per_second=count / spent.wall,
        p50_ms=times[count // 2] * 1e3,
        p99_ms=times[count * 99 // 100] * 1e3,
        rss_kb=memory[0],
        rss_mb=memory[1],
        client_us=spent.client / count * 1e6,
        busy=spent.server / spent.wall,
        frame_bytes=crowd.bytes / count,
        publishes=publishes,
    )


def main() -> None:
    gc.disable()  # nothing here is cyclic, and a pause would count as the server's
    print(json.dumps(asdict(Run(Plan(**json.load(sys.stdin))).measure())))


if __name__ == "__main__":
    main()
