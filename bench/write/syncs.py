"""How often a process waits for the disk, counted by strace, which slows it: never while anything else is measured."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ATTACHED = 10.0  # seconds that strace may take to attach itself


@dataclass(slots=True)
class Syncs:
    count: int = 0


def countable() -> bool:
    return shutil.which("strace") is not None


@contextmanager
def counted(process: int, log: Path) -> Iterator[Syncs]:
    """Calls of fsync and fdatasync by any thread of `process`; `count` is right at the end."""
    line = ["strace", "-f", "-q", "-e", "trace=fsync,fdatasync", "-o", str(log), "-p", str(process)]
    tracer, found = subprocess.Popen(line, stderr=subprocess.DEVNULL), Syncs()
    try:
        _await_attached(process, tracer)
        yield found
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
    found.count = len(re.findall(r"\bf(?:data)?sync\([^)]", log.read_text()))


def _await_attached(process: int, tracer: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _ATTACHED
    while time.monotonic() < end and tracer.poll() is None:
        tasks = Path(f"/proc/{process}/task").glob("*/status")
        if all(f"TracerPid:\t{tracer.pid}" in task.read_text() for task in tasks):
            return
        time.sleep(0.01)
    raise RuntimeError("strace cannot attach itself to the server")
