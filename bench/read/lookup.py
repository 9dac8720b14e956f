"""The limit of a response cache: bare ASGI that finds ready answers in a dict. `python -m read.lookup FILE`.

Each line of the file is a request's body and, after a tab, the answer. There is nothing else that a real cache has:
no expiry, no invalidation, no rights, no HTTP headers.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
from fan.uvicorns import serve
from starlette.types import Receive, Scope, Send

from read.asgi import body_of, respond

Key = tuple[str, bytes]


class LookUp:
    def __init__(self, lines: list[bytes]) -> None:
        pairs = (line.split(b"\t") for line in lines)
        self._answers = {_key(orjson.loads(asked)): answer for asked, answer in pairs}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, self._answers[_key(orjson.loads(await body_of(receive)))])


def _key(asked: dict[str, Any]) -> Key:
    """Variables cannot be part of a key as they are: their JSON can."""
    return asked["query"], orjson.dumps(asked.get("variables"))


if __name__ == "__main__":
    serve(LookUp(Path(sys.argv[1]).read_bytes().splitlines()), "websockets-sansio")
