"""What the machine allows."""

from __future__ import annotations

from newsgraph.cli.serving import open_files

_SPARE = 200  # file descriptors that a server or a client needs besides one for each socket


def too_many(sockets: int) -> str | None:
    """Raises the limit of open files as far as it goes; says so when that is not far enough."""
    most = open_files()
    if sockets + _SPARE <= most:
        return None
    return f"{sockets} sockets do not fit: a process may open {most} files here (ulimit -Hn), {_SPARE} to spare"
