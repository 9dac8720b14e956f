"""A short run of `make fuzz`: always the same seeds, so that it fails for what was changed and not by chance."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.security.fuzzing import against_a_demo

_SECONDS = 8.0


async def test_whatever_comes_is_answered(tmp_path: Path) -> None:
    found = await against_a_demo(tmp_path, _SECONDS)
    assert found.statuses[200] > 20
    assert found.data > 0, "some of it finds something"


async def test_what_was_not_begun_leaves_nothing_in_the_log() -> None:
    """Wherever it goes: also where Python cannot even warn of it, as in the making of a named tuple."""
    assert b"never awaited" in await _said("")
    assert b"__import__" in await _said("")
    assert await _said("from newsgraph.observe import configure; configure('INFO')") == b""


_DROPPED = """
async def work(): pass
work()
held = [work()]
exec("drop()", {"__builtins__": {}, "drop": held.clear})
"""


async def _said(first: str) -> bytes:
    """On standard error, by a program that begins two coroutines in no way."""
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{first}\n{_DROPPED}", stderr=asyncio.subprocess.PIPE
    )
    _, said = await run.communicate()
    return said
