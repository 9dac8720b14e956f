"""The bell of one process: who commits rings it, the tail waits for it."""

from __future__ import annotations

import asyncio


class LocalBell:
    """Rings between a wait and the next are one: the listener reads the log, not the bell."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, patience: float) -> None:
        """Returns at a ring, or after `patience` seconds without one."""
        try:
            async with asyncio.timeout(patience):
                await self._rung.wait()
        except TimeoutError:
            return
        finally:
            self._rung.clear()
