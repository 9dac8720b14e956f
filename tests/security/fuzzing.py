"""Made-up operations against a served newsroom, over real HTTP: `python -m tests.security.fuzzing SECONDS`.

hypothesis-graphql makes queries and mutations from the schema, right ones and wrong ones; ids, slugs and names of what
is there are put into some of them, so that they find something, and others are mangled. Whatever comes: no 500, no
error without its code, nothing of a defect in the log, and memory that does not grow. What fails is shrunk.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, mutations, nodes, queries

from newsgraph.domain.cursors import global_id
from newsgraph.domain.errors import FaultCode
from newsgraph.domain.users import Role
from newsgraph.graph import schema
from newsgraph.settings import Settings
from tests.flows.conftest import SECRET, token_for
from tests.flows.processes import server_process

_BATCH = 40  # examples of one seed
_GROWTH = 40_000_000  # bytes that the server may grow after a third of the time: caches of 4 MB, and the allocator
_DEMO = ("-m", "newsgraph", "demo", "--still")
_ALLOWED = {200, 400, 401, 403, 405, 406, 413, 415, 429}
_DEFECTS = {FaultCode.INTERNAL, FaultCode.OPERATION_TIMED_OUT, FaultCode.UNAVAILABLE}
_CODES = {code.value for code in FaultCode if code not in _DEFECTS}
_KINDS = ("Article", "Comment", "Commenter", "Section", "Author")
_IDS = [global_id(kind, number) for kind in _KINDS for number in (1, 2, 5)]
_TEXTS = ["asia", "latest", "must-reads", "popular/asia", "related/1", "a", "", "\u202e", "\x00", "' OR 1=1"]
_JSON = ["application/json", "application/graphql-response+json", "*/*"]
_ACCEPTED = [*_JSON * 5, "text/event-stream", "text/html", "x"]
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request: who sends it, what it takes, and its body."""

    body: bytes
    headers: dict[str, str]


@dataclass
class Found:
    """What has come back, by status and by code."""

    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    data: int = 0


def _scalars() -> dict[str, Any]:
    return {
        "DateTime": st.sampled_from(["2026-11-25T00:00:00Z", "soon", "9999-12-31T23:59:59Z"]).map(nodes.String),
        "HTML": st.sampled_from(["<p>x</p>", "<script>", "<" * 50]).map(nodes.String),
        "URL": st.sampled_from(["https://news.example/a", "javascript:1", ""]).map(nodes.String),
        "StreamCursor": st.sampled_from(["", "x", "AAAA"]).map(nodes.String),
    }


def _documents() -> st.SearchStrategy[str]:
    """Valid ones, almost valid ones, and what is left of them when something is cut out."""
    sdl, scalars = schema.sdl(), _scalars()
    made = [
        make(sdl, custom_scalars=scalars, mode=mode)
        for make in (queries, mutations)
        for mode in (Mode.POSITIVE, Mode.NEGATIVE)
    ]
    whole: Any = st.one_of(*made)
    return st.one_of(whole, whole.flatmap(_with_what_is_there), whole.flatmap(_mangled))


def _with_what_is_there(text: str) -> st.SearchStrategy[str]:
    """Each text in it is an id or a name of something."""

    def replaced(values: Sequence[str]) -> str:
        names = cycle(values)
        return _QUOTED.sub(lambda match: json.dumps(next(names)), text)

    return st.lists(st.sampled_from(_IDS + _TEXTS), min_size=1, max_size=5).map(replaced)


def _mangled(text: str) -> st.SearchStrategy[str]:
    """Something is cut out, and something else put there."""
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    return st.builds(lambda cut, new: text[: min(cut)] + new + text[max(cut) :], places, st.text(max_size=5))


def _attempts() -> st.SearchStrategy[Attempt]:
    tokens = [None, "nonsense", *[token_for(role, role.value) for role in Role] * 2]
    values = st.one_of(st.integers(), st.text(max_size=9), st.sampled_from(_IDS))
    variables = st.one_of(st.none(), st.dictionaries(st.text(max_size=5), values, max_size=3))
    body = st.builds(_body, _documents(), variables, st.sampled_from([None] * 9 + ["Q", ""]))
    garbage = st.one_of(st.binary(max_size=40), st.recursive(st.none() | st.text(max_size=4), st.lists).map(_as_json))
    headers = st.builds(_headers, st.sampled_from(tokens), st.sampled_from(_ACCEPTED))
    return st.builds(Attempt, st.integers(0, 9).flatmap(lambda one: body if one else garbage), headers)


def _body(query: str, variables: object, name: str | None) -> bytes:
    return _as_json({"query": query, "variables": variables, "operationName": name})


def _as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def _headers(token: str | None, accept: str) -> dict[str, str]:
    signed = {} if token is None else {"authorization": f"Bearer {token}"}
    return {"content-type": "application/json", "accept": accept, **signed}


def _judge(client: httpx.Client, attempt: Attempt, found: Found) -> None:
    answer = client.post("/graphql", content=attempt.body, headers=attempt.headers)
    assert answer.status_code in _ALLOWED, (answer.status_code, answer.text)
    found.statuses[answer.status_code] += 1
    if not answer.headers["content-type"].startswith("text/event-stream"):
        body = answer.json()
        codes = [error.get("extensions", {}).get("code") for error in body.get("errors", ())]
        assert set(codes) <= _CODES, answer.text
        found.codes.update(codes)
        found.data += any((body.get("data") or {}).values())
    assert "Traceback" not in answer.text
    assert '"INTERNAL"' not in answer.text


def fuzz(url: str, seconds: float, first: int, rss: Callable[[], int]) -> Found:
    """Batches of one seed after another, until the time is over. Errors: AssertionError, with the least example."""
    found, begun, warm = Found(), time.monotonic(), 0
    with httpx.Client(base_url=url, timeout=30) as client:
        number = first
        while (passed := time.monotonic() - begun) < seconds:
            _batch(client, found, number)
            number += 1
            if not warm and passed > seconds / 3:
                warm = rss()
    assert not warm or rss() - warm < _GROWTH, (warm, rss())
    return found


def _batch(client: httpx.Client, found: Found, number: int) -> None:
    @seed(number)
    @settings(max_examples=_BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(_attempts())
    def one(attempt: Attempt) -> None:
        _judge(client, attempt, found)

    one()


async def against_a_demo(folder: Path, seconds: float, first: int = 1) -> Found:
    """A demo of its own in a process of its own; then its log is read, too."""
    log = folder / "log.txt"
    small = 4_000_000
    chosen = Settings(
        database=f"sqlite:///{folder / 'demo.db'}",
        secret=SECRET,
        response_cache=small,
        document_cache=small,
        persisted_documents=small,
        rate_changes=0,
        rate_viewer=0,
    )
    with await asyncio.to_thread(log.open, "wb") as written:
        async with server_process(chosen, log=written, program=_DEMO) as served:
            pid = served.process.pid
            found = await asyncio.to_thread(fuzz, served.url, seconds, first, lambda: _resident(pid))
            assert served.process.returncode is None, "the server has ended"
    said = await asyncio.to_thread(log.read_text, "utf-8")
    assert "Traceback" not in said, said[-4_000:]
    assert " fault " not in said, said[-4_000:]
    return found


def _resident(pid: int) -> int:
    """Bytes; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1_024 if found else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as own:
        came = asyncio.run(against_a_demo(Path(own), float(sys.argv[1]), int(time.time())))
    sys.stdout.write(f"{came.statuses.total()} requests, {came.data} with data\n{came.statuses}\n{came.codes}\n")
