"""Servers as process groups: started, measured through /proc, and killed whatever happens."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_START = 30.0  # seconds until a server must have said where it is
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024
_GROUP, _CPU, _RSS = 2, slice(11, 15), 21  # fields of /proc/PID/stat after the name: see proc(5)


@dataclass(frozen=True, slots=True)
class Usage:
    """Of all processes of a group, and of the children that ended before."""

    cpu_seconds: float
    rss_kb: float


def usage(group: int) -> Usage:
    found = [fields for fields in _stats() if int(fields[_GROUP]) == group]
    if not found:
        raise RuntimeError("the server has ended")
    ticks = sum(int(part) for fields in found for part in fields[_CPU])
    return Usage(ticks / _TICKS, sum(int(fields[_RSS]) for fields in found) * _PAGE_KB)


def _stats() -> Iterator[list[str]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name stands in parentheses and may contain anything, parentheses too.
            yield path.read_text().rpartition(")")[2].split()


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[tuple[int, int]]:
    """The process group and the port of a server, which says its address on standard output."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parents[1],
            start_new_session=True,
        )
    try:
        yield process.pid, _port(process, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    end = time.monotonic() + _START
    while time.monotonic() < end and process.poll() is None:
        if match := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(match[1])
        time.sleep(0.05)
    raise RuntimeError("the server did not start")
