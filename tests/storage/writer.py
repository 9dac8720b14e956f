"""Another process that writes to the same file: `python writer.py FILE NAME CHANGES`."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from newsgraph.domain.events import SectionChanged
from newsgraph.ports.store import Session
from newsgraph.settings import Settings
from newsgraph.storage.database import SqliteStore


class Bell:
    def ring(self) -> None:
        pass


class Undone(Exception):
    pass


def change(slug: str, fail: bool) -> Callable[[Session], Coroutine[Any, Any, None]]:
    async def unit(session: Session) -> None:
        session.log.append(SectionChanged(slug))
        session.log.append(SectionChanged(f"{slug}+"))
        if fail:
            raise Undone

    return unit


async def main(path: str, name: str, changes: int) -> None:
    chance = random.Random(name)
    async with SqliteStore.open(path, Settings(), bell=Bell()) as store:
        for start in range(0, changes, 5):
            units = [change(f"{name}-{n}", chance.random() < 0.3) for n in range(start, start + 5)]
            results = await asyncio.gather(*map(store.write, units), return_exceptions=True)
            assert all(result is None or isinstance(result, Undone) for result in results), results
            kept = [n for n, result in enumerate(results, start) if result is None]
            print(*kept, sep="\n", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
