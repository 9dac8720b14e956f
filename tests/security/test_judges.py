"""Judges from outside, against a served demo. They lie beside the repository, or the test is skipped."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsgraph.settings import Settings
from tests.flows.processes import server_process

CHECKS = Path(__file__).parents[3] / "shared" / "checks"
DEMO = ("-m", "newsgraph", "demo", "--still")


def judge(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not (CHECKS / name).exists(), reason=f"{name} does not lie beside the repository")


@judge("cop.py")
async def test_the_cop_finds_nothing(settings: Settings) -> None:
    """93 checks of leaks, forged requests, document bombs and bad bodies: nothing of severity HIGH or MED."""
    given = {
        "--loop": "articles{nodes{|comments{nodes{article{",
        "--leaf": "id",
        "--scalar": "streamHead",
        "--list": "{ articles(first: 1000000) { nodes { id } } }",
        "--fails": '{ node(id: "nonsense") { id } }',
        "--secret": "Error(",
        "--introspection": "allowed",
        "--get": "allowed",
    }
    found = await _judged("cop.py", settings, [word for pair in given.items() for word in pair])
    failed = [one for one in found["checks"] if one["status"] == "FAIL" and one["severity"] in ("HIGH", "MED")]
    assert failed == []
    assert [one["id"] for one in found["checks"] if one["status"] == "skip"] in ([], ["suggestions"])
    assert found["counts"]["pass"] >= 90


@judge("cop.py")
async def test_the_cop_finds_a_closed_schema_closed(settings: Settings) -> None:
    only = [word for name in ("introspection", "suggestions", "depth-introspection") for word in ("--only", name)]
    chosen = Settings(database=settings.database, secret=settings.secret, introspection=False)
    found = await _judged("cop.py", chosen, [*only, "--introspection", "forbidden"])
    assert [one["status"] for one in found["checks"]] == ["pass"] * 4


@judge("http_faults.py")
async def test_slow_broken_and_smuggling_clients_get_nowhere(settings: Settings) -> None:
    """Its reading of two answers that come at once loses the second, so that `expect-continue` depends on luck."""
    quick = replace(settings, header_timeout=1.0, body_timeout=1.0, keep_alive=1.0)
    patience = [word for part in ("header", "body", "idle") for word in (f"--{part}-timeout", "5")]
    found = await _judged("http_faults.py", quick, [*patience, "--skip", "expect-continue"])
    assert [one for one in found["checks"] if one["status"] != "pass"] == []
    assert found["counts"]["pass"] >= 28


async def _judged(name: str, settings: Settings, given: list[str]) -> Any:
    """What a judge has found, by its own account."""
    async with server_process(settings, program=DEMO) as served:
        command = [str(CHECKS / name), f"{served.url}/graphql", "--json", *given]
        run = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(150):
            said, _ = await run.communicate()
        assert run.returncode in (0, 1), said
        return json.loads(said)
