"""What the machine allows."""

from __future__ import annotations

import resource

_SPARE = 200  # file descriptors that a server or a client needs besides one for each socket


def too_many(sockets: int) -> str | None:
    """Raises the limit of open files as far as it goes; says so when that is not far enough."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY or sockets + _SPARE <= hard:
        return None
    return f"{sockets} sockets do not fit: a process may open {hard} files here (ulimit -Hn), {_SPARE} to spare"
