"""Hand-written SQL behind bare ASGI, one thread hop for a whole page. `python -m read.byhand DATABASE`.

What uncached answers cost when no GraphQL is executed: the limit that they are measured by.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
from fan.uvicorns import serve
from starlette.types import Receive, Scope, Send

from read.asgi import body_of, respond
from read.pages import PAGES


class ByHand:
    def __init__(self, path: str) -> None:
        self._reader = ThreadPoolExecutor(1)
        self._db = self._reader.submit(opened, path).result()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = orjson.loads(await body_of(receive))
        answer = await asyncio.get_running_loop().run_in_executor(self._reader, self._answer, asked)
        await respond(send, answer)

    def _answer(self, asked: dict[str, Any]) -> bytes:
        """Of one snapshot."""
        self._db.execute("BEGIN")
        try:
            data = PAGES[asked["query"]](self._db, asked.get("variables") or {})
        finally:
            self._db.execute("COMMIT")
        return orjson.dumps({"data": data})


def opened(path: str) -> sqlite3.Connection:
    """As newsgraph opens it for reading."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cache_size = -16000")
    return connection


if __name__ == "__main__":
    serve(ByHand(sys.argv[1]), "websockets-sansio")
