"""The servers that are compared, and how each is started; all read the same database."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fan.processes import serving

from newsgraph.settings import Settings, declared, to_environment

# The setting that holds the response cache's size, and what switches it off.
CACHE_SETTING, CACHE_OFF = "response_cache", "0"
SECRET = "only for measuring, thirty-two bytes"
_NEVER = 86_400.0  # seconds: nothing is ranked anew while it is measured, so that all servers go on saying the same
_PEERS = Path(__file__).parents[1] / "peers"
_FETCHED = Path(__file__).parents[2] / "build" / "peers"
_LOG = 1_000  # characters of a server's log that are shown when it does not start


@dataclass(frozen=True, slots=True)
class Server:
    """A running one: its process group, and its port on this machine."""

    group: int
    port: int


@dataclass(frozen=True, slots=True)
class Command:
    line: list[str]
    environment: dict[str, str]


def has_cache() -> bool:
    return CACHE_SETTING in {setting.name for setting in declared()}


def newsgraph(path: Path, cached: bool) -> Command:
    settings = Settings(
        database=f"sqlite:///{path}",
        secret=SECRET,
        port=0,
        graphiql=False,
        connections=0,
        connections_per_address=0,
        ranking_interval=_NEVER,
    )
    environment = os.environ | to_environment(settings)
    if not cached:
        environment[f"NEWSGRAPH_{CACHE_SETTING.upper()}"] = CACHE_OFF
    return Command([sys.executable, "-m", "newsgraph", "serve"], environment)


def module(name: str, file: Path) -> Command:
    return Command([sys.executable, "-m", name, str(file)], dict(os.environ))


def node_is_here() -> bool:
    """Whether `make peers` has fetched what the Node.js servers need."""
    return shutil.which("node") is not None and (_FETCHED / "node_modules" / "better-sqlite3").is_dir()


def node(name: str, file: Path) -> Command:
    """Modules are looked for beside a script, so the scripts go where npm has put them."""
    shutil.copytree(_PEERS, _FETCHED, dirs_exist_ok=True)
    return Command(["node", str(_FETCHED / f"{name}.mjs"), str(file)], os.environ | {"NODE_ENV": "production"})


@contextmanager
def running(command: Command, log: Path) -> Iterator[Server]:
    with ExitStack() as stack:
        try:
            group, port = stack.enter_context(serving(command.line, command.environment, log))
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text()[-_LOG:]}") from None
        yield Server(group, port)
