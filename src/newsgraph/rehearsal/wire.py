"""A TCP proxy that breaks what goes through it when it is told to, as networks do: no goodbye, a reset."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

_RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: close with a reset instead of a goodbye

Place = tuple[str, int]


class Wire:
    """Stands before `upstream`, which may change; None: connections are broken as soon as they are made."""

    def __init__(self, upstream: Place | None) -> None:
        self.upstream = upstream
        self._open: set[asyncio.StreamWriter] = set()
        self._joined: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Breaks every connection, and those that follow until `upstream` is set again."""
        self.upstream = None
        for writer in self._open:
            _break(writer)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """For `asyncio.start_server`."""
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
        return await asyncio.open_connection(*self.upstream)

    async def close(self) -> None:
        self.cut()
        await asyncio.gather(*self._joined)


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
