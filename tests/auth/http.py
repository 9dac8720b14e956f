"""The provider's set of keys on a real socket, told what to do with whoever asks for it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]

PATH = "/jwks.json"


@dataclass
class Provider:
    """`serve` answers requests for the set; `others` those for another path. `asked` counts those for the set."""

    serve: Behaviour
    others: dict[str, Behaviour] = field(default_factory=dict)
    asked: int = 0
    port: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._answer(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def close(self) -> None:
        """Whoever still waits for an answer gets none."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            path = (await reader.readuntil(b"\r\n\r\n")).decode().split()[1]
            self.asked += path == PATH
            await self.others.get(path, self.serve)(writer)
            await writer.drain()


@asynccontextmanager
async def provider(serve: Behaviour, port: int = 0) -> AsyncIterator[Provider]:
    served = Provider(serve)
    server = await asyncio.start_server(served.accept, "127.0.0.1", port)
    served.port = server.sockets[0].getsockname()[1]
    yield served
    server.close()
    await served.close()
    await server.wait_closed()


def answers(body: bytes, status: str = "200 OK", **headers: str) -> Behaviour:
    lines = {"content_type": "application/json", "content_length": str(len(body)), "connection": "close"} | headers
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value)
    return sends(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


def zipped(body: bytes) -> Behaviour:
    return answers(gzip.compress(body), content_encoding="gzip")


def redirects(location: str, status: str = "302 Found") -> Behaviour:
    return answers(b"", status, location=location)


def sends(data: bytes) -> Behaviour:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return send


def drips(data: bytes, pause: float = 0.02) -> Behaviour:
    """One byte after the other, for as long as somebody reads."""

    async def send(writer: asyncio.StreamWriter) -> None:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause)

    return send


def never_ends(head: bytes, piece: bytes) -> Behaviour:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return send


def waits(gate: asyncio.Event, then: Behaviour) -> Behaviour:
    async def send(writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        await then(writer)

    return send
