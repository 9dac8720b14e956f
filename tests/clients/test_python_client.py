"""A typed Python client, which ariadne-codegen makes from our schema and operations, against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from newsgraph.domain.users import Role
from tests.flows.conftest import Newsstand
from tests.flows.test_live import post

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = ROOT / "build" / "clients" / "python"  # by themselves: they want another graphql-core than ours
CONFIGURATION = """
[tool.ariadne-codegen]
schema_path = "{schema}/newsgraph.graphql"
queries_path = "{schema}/operations"
target_package_name = "news"
[tool.ariadne-codegen.scalars]
DateTime = {{ type = "datetime.datetime" }}
StreamCursor = {{ type = "str" }}
HTML = {{ type = "str" }}
URL = {{ type = "str" }}
"""


async def python(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    environment = os.environ | {"PYTHONPATH": f"{PACKAGES}{os.pathsep}{folder}"}
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=folder, env=environment, stdout=pipe)


async def test_a_generated_client_reads_and_follows(stand: Newsstand, tmp_path: Path) -> None:
    if not PACKAGES.joinpath("ariadne_codegen").exists():
        pytest.skip("ariadne-codegen is not here: make clients")
    article, reader = await stand.publish("Storm"), stand.client(Role.READER, "Kim")
    await post(reader, article, "First.")
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION.format(schema=(ROOT / "schema").as_posix()), "utf-8")
    shutil.copy(HERE / "generated_use.py", tmp_path)
    making = await python(tmp_path, "-c", "from ariadne_codegen.main import main; main()")
    said, _ = await making.communicate()
    assert making.returncode == 0, said.decode()

    client = await python(tmp_path, "generated_use.py", f"{stand.url}/graphql", article)
    assert await line(client) == {"bodies": ["First."]}
    assert await line(client) == {"event": "StreamReady"}
    await post(reader, article, "Second.")
    assert [await line(client), await line(client)] == [{"event": "CommentAdded"}, {"body": "Second.", "by": "Kim"}]
    await client.communicate()
    assert client.returncode == 0


async def line(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return json.loads(await process.stdout.readline())
