"""What can be wrong with a disk, done for real to a server that runs: each is over when its context ends."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

if sys.platform != "win32":
    import resource


@dataclass(frozen=True, slots=True)
class Place:
    """A served database, and the process that serves it."""

    database: Path
    pid: int

    @property
    def log(self) -> Path:
        """SQLite's write-ahead log, into which every change goes first."""
        return self.database.with_name(f"{self.database.name}-wal")


Fault = Callable[[Place], AbstractContextManager[None]]


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Another process is in the middle of a change, and does not end it."""
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def full(place: Place) -> Iterator[None]:
    """Whatever room there was on the disk is taken."""
    filler = place.database.with_name("filler")
    with filler.open("wb") as file:
        for size in (65_536, 512, 1):
            with pytest.raises(OSError, match="No space left"):
                _write_for_ever(file.fileno(), b"x" * size)
    try:
        yield
    finally:
        filler.unlink()


def _write_for_ever(file: int, data: bytes) -> None:
    while True:
        os.write(file, data)


@contextmanager
def limited(place: Place) -> Iterator[None]:
    """No file of the server's may grow (RLIMIT_FSIZE, which raises SIGXFSZ): the log is as long as it may be."""
    before = resource.prlimit(place.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(place.pid, resource.RLIMIT_FSIZE, (place.log.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(place.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def immutable(place: Place) -> Iterator[None]:
    """The file is open, and nothing can be written into it any more (chattr +i): as when a disk turns read-only."""
    subprocess.run(["chattr", "+i", place.log], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", place.log], check=True)


@contextmanager
def tmpfs(folder: Path, size: int) -> Iterator[None]:
    """A disk of `size` bytes. Skips the test where none can be mounted."""
    folder.mkdir(exist_ok=True)
    _privileged("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing below the folder can be opened for writing, not by root either."""
    _privileged("mount", "--bind", str(folder), str(folder))
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@dataclass(frozen=True, slots=True)
class Wristwatch:
    """The system's clock as processes see it that are started with `environment` (libfaketime, in `make packages`)."""

    file: Path

    @property
    def environment(self) -> dict[str, str]:
        """Skips the test where there is none. Clocks that only measure how long something takes go on as they are."""
        found = find_spec("libfaketime")
        preloaded = [*Path(found.origin or "").parent.rglob("libfaketime.so.1")] if found else []
        if not preloaded:
            pytest.skip("there is no libfaketime here: make packages")
        return {
            "LD_PRELOAD": str(preloaded[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",  # seconds until it is looked at anew
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, seconds: int) -> None:
        """So many seconds before or after the right time, from the next second on."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}s\n")
        new.rename(self.file)


def needs_chattr(folder: Path) -> None:
    """Skips the test where files cannot be made immutable."""
    probe = folder / "probe"
    probe.touch()
    _privileged("chattr", "+i", str(probe))
    _privileged("chattr", "-i", str(probe))


def _privileged(*command: str) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"not permitted here: {done.stderr.strip()}")


def damage(database: Path, table: str) -> None:
    """Overwrites the pages in which the rows of a table are kept, in the file itself, all but its first."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    with database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
