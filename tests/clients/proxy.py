"""The wire of rehearsals before a server of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from newsgraph.rehearsal.wire import Place, Wire


class Proxy(Wire):
    url = ""


def place_of(url: str) -> Place:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


@asynccontextmanager
async def proxying(upstream: str) -> AsyncIterator[Proxy]:
    """At its `url` it stands for the server at `upstream`."""
    proxy = Proxy(place_of(upstream))
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
