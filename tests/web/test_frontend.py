"""The frontend's own checks, where there is Node.js: types, and its tests with Node's test runner."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.scripts import node

FRONTEND = Path(__file__).parents[2] / "src" / "newsgraph" / "web" / "frontend"
TSC = FRONTEND / "node_modules" / "typescript" / "bin" / "tsc"


def run(*command: object) -> None:
    found = node()
    if found is None or not TSC.exists():
        pytest.skip("the frontend's packages are not here: make frontend")
    options: dict[str, Any] = {"cwd": FRONTEND, "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run([found, *map(str, command)], check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types() -> None:
    run(TSC, "--noEmit")


def test_its_own_tests() -> None:
    run("test.mjs")
