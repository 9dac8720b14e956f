"""A TCP proxy that breaks what goes through it when it is told to."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: close with a reset instead of a goodbye


class Proxy:
    """Stands at `url` for `upstream`, which may change; None: connections are broken as soon as they are made."""

    def __init__(self, upstream: str) -> None:
        self.upstream: str | None = upstream
        self.url = ""
        self._open: set[asyncio.StreamWriter] = set()
        self._joined: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        self.upstream = None
        for writer in self._open:
            _break(writer)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer))
        self._joined.add(task)
        task.add_done_callback(self._joined.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            there, back = await self._connect()
        except OSError:
            _break(writer)
        else:
            self._open.add(back)
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
            self._open.discard(back)
        self._open.discard(writer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.upstream is None:
            raise ConnectionRefusedError
        host, _, port = self.upstream.removeprefix("http://").partition(":")
        return await asyncio.open_connection(host, int(port))

    async def close(self) -> None:
        self.cut()
        await asyncio.gather(*self._joined)


@asynccontextmanager
async def proxying(upstream: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(upstream)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until either side is gone, with which the other goes too."""
    with suppress(ConnectionError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    sink.close()


def _break(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # it is gone already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
