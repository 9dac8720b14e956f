"""Servers as processes of their own, to be killed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from newsgraph.settings import Settings, to_environment


@dataclass
class Served:
    url: str
    process: asyncio.subprocess.Process

    async def kill(self) -> None:
        """As `kill -9` does: no goodbye."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def server_process(settings: Settings) -> AsyncIterator[Served]:
    """`newsgraph serve` on a free port, killed at the end unless it was before."""
    environment = os.environ | to_environment(settings) | {"NEWSGRAPH_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "newsgraph", "serve", env=environment, stdout=asyncio.subprocess.PIPE
    )
    served = Served(await _address(process), process)
    try:
        await _until_healthy(served.url)
        yield served
    finally:
        await served.kill()
        process._transport.close()  # type: ignore[attr-defined]  # else its pipe is collected with a warning


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while line := (await process.stdout.readline()).decode():
            name, _, address = line.partition(" ")
            if name == "Site":
                return address.strip().rstrip("/")
    raise AssertionError("the server ended before it said where it is")


async def _until_healthy(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    async with asyncio.timeout(30):
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(b"GET /healthz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
                answer = await reader.read()
                writer.close()
                if b" 200 " in answer.split(b"\r\n", 1)[0]:
                    return
            await asyncio.sleep(0.05)
