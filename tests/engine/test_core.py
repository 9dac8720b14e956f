"""graphql-core's own tests of execution, with compiled execution in the place of its executor."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.engine.core.compiling import left_out

HERE = Path(__file__).parent / "core"
CORE = HERE.parents[2] / "build" / "core"
SOURCES = CORE / "graphql-core"
_OPTIONS = ["-q", "-p", "no:cacheprovider", "-p", "compiling", "-o", "addopts=", "-o", "timeout=", "-rf"]


@pytest.mark.skipif(not SOURCES.exists(), reason="graphql-core's tests are not here: make core")
@pytest.mark.parametrize("way", ["tasks", "inline"])
async def test_all_of_them_pass_but_those_left_out(way: str) -> None:
    path = os.pathsep.join(map(str, [CORE / "packages", HERE]))
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "pytest", "tests/execution", *_OPTIONS],
        cwd=SOURCES,
        env=os.environ | {"PYTHONPATH": path, "EXECUTION": way},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said[-5_000:]
    summary = re.search(r"(\d+) passed, (\d+) skipped", said)
    compiled = re.search(r"executions: (\d+) compiled", said)
    assert summary is not None
    assert int(summary[1]) > 700
    assert int(summary[2]) == len(left_out())
    assert compiled is not None
    assert int(compiled[1]) > 150, "most of these tests fail on purpose, defer or stream; the others are compiled"
