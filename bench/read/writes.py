"""Reading what is written to at the same time: 32 clients read the article on which comments are posted.

A comment counts as acknowledged once its mutation has been answered. A page that was asked for after that must have
it: its `liveCursor` may not be older than the comment's place in the log, its `commentCount` not smaller.
"""

from __future__ import annotations

import argparse
import re
import select
import shutil
import tempfile
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median

from fan.processes import usage

from newsgraph.auth import tokens
from newsgraph.domain.cursors import decode_position
from newsgraph.domain.users import Claims, Role
from read.database import Story
from read.http import ask
from read.load import Connection, opened
from read.operations import Asked, asked
from read.servers import SECRET, Server, newsgraph, running

_EVERY = 0.02  # seconds between two comments
_ENOUGH = 0.9  # of the comments that should be posted
_WRITERS = 16  # connections, so that a slow answer does not hold up the next comment
_LIVE = re.compile(rb'"liveCursor":\s*"([^"]+)"')
_COUNT = re.compile(rb'"commentCount":\s*(\d+)')
_CLAIMS = Claims("bench:writer", "Kim Reader", Role.READER, datetime.now(UTC), None)
_POST = """
mutation ($input: PostCommentInput!) {
  postComment(input: $input) {
    commentEdge { node { article { commentCount comments(first: 0) { liveCursor } } } }
    userErrors { code }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What has happened: up to which place in the log, and how many comments the article has."""

    seq: int
    comments: int


@dataclass(slots=True)
class Tally:
    """One measurement. `times`: seconds that answers took; `stale`: answers without what was acknowledged before."""

    seconds: float = 0.0
    cpu: float = 0.0
    posted: int = 0
    stale: int = 0
    times: array[float] = field(default_factory=lambda: array("d"))

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds

    @property
    def p99_ms(self) -> float:
        return sorted(self.times)[len(self.times) * 99 // 100] * 1e3


class Discussion:
    """Readers of one article and who writes to it, on one `epoll`."""

    def __init__(self, server: Server, story: Story) -> None:
        self.tally = Tally()
        self._server, self._story, self._token = server, story, tokens.issue(SECRET, _CLAIMS)
        self._request = asked("ArticlePage", [story])[0].post()
        self._acknowledged = _known(ask(server.port, self._request).body)
        self._floors: dict[int, Known] = {}  # what was acknowledged when each reader asked
        self._numbers = count(1)

    def measure(self, readers: int, seconds: float, writing: bool) -> Tally:
        """Errors: RuntimeError for a failed request."""
        self.tally, before, started = Tally(), usage(self._server.group).cpu_seconds, time.perf_counter()
        with opened(self._server.port, readers) as reading, opened(self._server.port, _WRITERS) as posting:
            self._drive(reading, posting if writing else {}, started + seconds)
        self.tally.seconds = time.perf_counter() - started
        self.tally.cpu = usage(self._server.group).cpu_seconds - before
        return self.tally

    def _drive(self, readers: dict[int, Connection], writers: dict[int, Connection], end: float) -> None:
        """Until `end`, and then until the last answers are there."""
        poll, everybody, due = select.epoll(), readers | writers, time.perf_counter()
        for number in everybody:
            poll.register(number, select.EPOLLIN)
        for number, reader in readers.items():
            self._ask(number, reader)
        while (now := time.perf_counter()) < end or any(one.waiting for one in everybody.values()):
            if due <= now < end and self._post(writers):
                due = max(due + _EVERY, now - _EVERY)
            arrived = [number for number, _ in poll.poll(_EVERY / 4) if everybody[number].arrived()]
            for number in arrived:
                if number in writers:
                    self._acknowledge(writers[number])
                    continue
                self._check(number, readers[number])
                if now < end:
                    self._ask(number, readers[number])
        poll.close()

    def _ask(self, number: int, reader: Connection) -> None:
        self._floors[number] = self._acknowledged
        reader.ask(self._request)

    def _check(self, number: int, reader: Connection) -> None:
        self.tally.times.append(time.perf_counter() - reader.sent)
        shown, floor = _known(reader.body(b"200")), self._floors[number]
        if shown.seq < floor.seq or shown.comments < floor.comments:
            self.tally.stale += 1

    def _post(self, writers: dict[int, Connection]) -> bool:
        """Whether one of them was free to post a comment."""
        free = next((one for one in writers.values() if not one.waiting), None)
        if free is not None:
            text = f"Comment {next(self._numbers)}: the vote was closer than anyone expected."
            asked = Asked(_POST, {"input": {"articleId": self._story.id, "body": text}})
            free.ask(asked.post(f"Authorization: Bearer {self._token}"))
        return free is not None

    def _acknowledge(self, writer: Connection) -> None:
        """Answers to several writers may come in any order."""
        told, before = _known(writer.body(b"200")), self._acknowledged
        self._acknowledged = Known(max(told.seq, before.seq), max(told.comments, before.comments))
        self.tally.posted += 1


def _known(body: bytes | bytearray) -> Known:
    """What a page or a mutation's answer says. Errors: RuntimeError for an answer that has neither."""
    live, comments = _LIVE.search(body), _COUNT.search(body)
    position = decode_position(live[1].decode()) if live else None
    if position is None or comments is None or b'"errors"' in body:
        raise RuntimeError(f"no page and no comment: {body[:500]!r}")
    return Known(position.seq, int(comments[1]))


def main(path: Path, story: Story, options: argparse.Namespace) -> int:
    """Works on a copy: the database is for others, too."""
    with tempfile.TemporaryDirectory(prefix="writes-", dir=path.parent) as folder:
        copied = Path(shutil.copy(path, folder))
        with running(newsgraph(copied, cached=True), Path(folder) / "log") as server:
            discussion, pairs = Discussion(server, story), []
            for number in range(1, options.rounds + 1):
                pairs.append([discussion.measure(options.connections, options.seconds, w) for w in (False, True)])
                print(f"round {number} of {options.rounds}", flush=True)
    return _report(pairs)


def _report(pairs: Sequence[Sequence[Tally]]) -> int:
    """1 when a single answer was stale."""
    for title, found in zip(("read", "written to, too"), zip(*pairs, strict=True), strict=True):
        print(
            f"{title:<16}  {median(one.per_second for one in found):>8,.0f} requests/s"
            f"  p99 {median(one.p99_ms for one in found):>6.1f} ms"
            f"  server {median(one.cpu / len(one.times) for one in found) * 1e6:>6,.0f} us per request"
            f"  {median(one.posted / one.seconds for one in found):.0f} comments/s"
        )
    stale = sum(one.stale for pair in pairs for one in pair)
    checked = sum(len(one.times) for pair in pairs for one in pair)
    print(f"written to / read: {median(written.per_second / read.per_second for read, written in pairs):.2f}")
    print(f"stale answers: {stale} of {checked:,}")
    if median(written.posted / written.seconds for _, written in pairs) < _ENOUGH / _EVERY:
        print(f"the server took fewer than {1 / _EVERY:.0f} comments a second: the load was lighter than it should be")
    return 1 if stale else 0
