"""What is measured: a server with a way of asking it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from itertools import islice

from read.http import Answer, ask
from read.load import Exchange
from read.operations import Asked
from read.servers import Server, has_cache

CACHED, UNCACHED, LOOK_UP, BY_HAND, IDIOMATIC = "newsgraph", "newsgraph-uncached", "look-up", "by-hand", "strawberry"
GET, NOT_MODIFIED = "newsgraph-get", "newsgraph-304"
NODE = ("mercurius", "apollo")
_DIFF = 40  # lines that are shown of a difference

Ways = Callable[[Server, Asked], Exchange | None]


def by_post(server: Server, asked: Asked) -> Exchange:
    return _exchange(server, asked.post())


def by_post_cached(server: Server, asked: Asked) -> Exchange | None:
    return by_post(server, asked) if has_cache() else None


def by_get(server: Server, asked: Asked) -> Exchange | None:
    """By the document's hash alone, in the first way that the server knows; Apollo's clients tell it once."""
    extension = {"persistedQuery": {"version": 1, "sha256Hash": asked.hash}}
    ask(server.port, replace(asked, extensions=extension).post())
    requests = [asked.get(named) for named in _names(asked)]
    return next((_exchange(server, one) for one in requests if _good(ask(server.port, one))), None)


def not_modified(server: Server, asked: Asked) -> Exchange | None:
    """The same, by a client that has the answer already."""
    for named in _names(asked):
        tag = ask(server.port, asked.get(named)).headers.get("etag")
        request = asked.get(named, f"If-None-Match: {tag}")
        if tag and ask(server.port, request).status == 304:
            return Exchange(request, b"304", b"")
    return None


def _names(asked: Asked) -> Sequence[Mapping[str, str]]:
    """Apollo's automatic persisted queries, and the `documentId` of GraphQL over HTTP."""
    extension = {"persistedQuery": {"version": 1, "sha256Hash": asked.hash}}
    return [
        {"extensions": json.dumps(extension, separators=(",", ":"))},
        {"documentId": f"sha256:{asked.hash}"},
        {"documentId": asked.hash},
    ]


def _good(answer: Answer) -> bool:
    try:
        return bool(answer.data)
    except (RuntimeError, ValueError):
        return False


def _exchange(server: Server, request: bytes) -> Exchange:
    answer = ask(server.port, request)
    assert answer.data
    return Exchange(request, b"200", answer.body)


@dataclass(frozen=True, slots=True)
class Contender:
    """`server` is its key among the running ones; `about` is what the report calls it."""

    server: str
    about: str
    way: Ways = by_post


CONTENDERS: dict[str, Contender] = {
    CACHED: Contender(CACHED, "newsgraph, cached, POST", by_post_cached),
    GET: Contender(CACHED, "newsgraph, cached, GET by hash", by_get),
    NOT_MODIFIED: Contender(CACHED, "newsgraph, 304 Not Modified", not_modified),
    UNCACHED: Contender(UNCACHED, "newsgraph, uncached"),
    LOOK_UP: Contender(LOOK_UP, "bare look-up"),
    BY_HAND: Contender(BY_HAND, "hand-written SQL"),
    IDIOMATIC: Contender(IDIOMATIC, "idiomatic Strawberry"),
    "mercurius": Contender("mercurius", "Mercurius with JIT (Node.js)"),
    "apollo": Contender("apollo", "Apollo Server (Node.js)"),
}


def difference(wanted: bytes, given: bytes) -> str:
    """Of two JSON texts, keys' order included; empty when there is none."""
    texts = [json.dumps(json.loads(text), indent=1, ensure_ascii=False).splitlines() for text in (wanted, given)]
    return "\n".join(islice(unified_diff(texts[0], texts[1], "newsgraph", "the other", lineterm="", n=2), _DIFF))
