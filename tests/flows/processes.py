"""Servers as processes of their own, to be killed, and what the system knows of a process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from newsgraph.settings import Settings, to_environment

_ROOT = Path(__file__).parents[2]
_SERVE = ("-m", "newsgraph", "serve")
_PROC = Path("/proc")
_LISTEN = "0A"  # a state of /proc/net/tcp


@dataclass
class Served:
    url: str
    process: asyncio.subprocess.Process

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def kill(self) -> None:
        """As `kill -9` does, with whatever it has started: no goodbye, and first it is kept from starting more."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGSTOP)
        started = children(self.process.pid)
        with suppress(ProcessLookupError):
            self.process.kill()
        await asyncio.gather(*(kill(pid) for pid in started))  # they hold its pipes, which `wait` waits for
        await self.process.wait()


@asynccontextmanager
async def server_process(
    settings: Settings, port: int = 0, log: IO[bytes] | None = None, program: Sequence[str] = _SERVE
) -> AsyncIterator[Served]:
    """`newsgraph serve`, on a free port unless one is given, killed at the end unless it was before."""
    environment = os.environ | to_environment(settings) | {"NEWSGRAPH_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, env=environment, cwd=_ROOT, stdout=asyncio.subprocess.PIPE, stderr=log
    )
    served = Served("", process)
    try:
        served.url = await _address(process)
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


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def kill(pid: int) -> None:
    """`kill -9`, and it is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await until(lambda: _stat(pid)[0] in "XZ")


# What /proc says: proc(5)


needs_proc = pytest.mark.skipif(not _PROC.joinpath("self/stat").exists(), reason="needs Linux: it reads /proc")


def children(pid: int) -> list[int]:
    """The eldest first; none where there is no /proc."""
    numbers = sorted(int(entry.name) for entry in _PROC.glob("[0-9]*"))
    return [number for number in numbers if _stat(number)[1] == str(pid)]


def _stat(pid: int) -> tuple[str, str]:
    """State and parent; a process that is not there is dead (X)."""
    try:
        state, parent, *_ = _PROC.joinpath(f"{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "X", ""
    return state, parent


def memory(pid: int) -> float:
    """Resident, in MiB."""
    pages = int(_PROC.joinpath(f"{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


def files(pid: int) -> list[str]:
    """Everything that it has open; nothing when it has gone, which it may do between any two of these lines."""
    found = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for name in os.listdir(_PROC / f"{pid}/fd"):
            with suppress(FileNotFoundError):
                found.append(os.readlink(_PROC / f"{pid}/fd/{name}"))
    return found


def connections(port: int) -> dict[int, str]:
    """A server's open connections: the port of each client, and what the server's end is called in `files`.

    An end that the server has closed has no name (inode 0), and whether it lingers is the client's doing.
    """
    found = {}
    for line in _PROC.joinpath("net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_, inode = line.split()[:10]
        if int(local[-4:], 16) == port and state != _LISTEN and inode != "0":
            found[int(remote[-4:], 16)] = f"socket:[{inode}]"
    return found
