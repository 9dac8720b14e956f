"""Listening and serving, the same for `serve` and `demo`."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click
import uvicorn
from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from newsgraph.observe import LOG
from newsgraph.settings import Settings, to_environment
from newsgraph.web.uvicorn_protocols import HttpProtocol, WebSocketProtocol

if sys.platform != "win32":
    import resource

_BACKLOG = 2_048
_STUCK = 15_000  # milliseconds that sent data may stay unacknowledged
_UNSENT = 65_536  # bytes that the kernel takes for a reader before they can be sent; else it would be megabytes
_SPARE = 200  # files that may be open besides connections: databases, and requests while all connections are taken


def listen(settings: Settings) -> tuple[socket.socket, Settings]:
    """An open socket, and the settings with the port that it got (0 asks for any free one).

    It is opened before anything else is done, so that a port that is taken costs nothing. Errors: OSError.
    """
    settings = replace(settings, connections=_affordable(settings.connections))
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        opened = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise OSError(f"cannot listen on {settings.host} port {settings.port}: {reason}.") from None
    _limit(opened)
    return opened, replace(settings, port=opened.getsockname()[1])


def _limit(opened: socket.socket) -> None:
    """What a reader costs that stops reading; connections have it from the socket that accepts them."""
    for option, value in (("TCP_USER_TIMEOUT", _STUCK), ("TCP_NOTSENT_LOWAT", _UNSENT)):
        if hasattr(socket, option):
            opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _affordable(connections: int) -> int:
    """As many connections as the system lets a process open files, with the limit raised as far as it goes.

    Without room to spare the server could not even answer that it is full.
    """
    if sys.platform == "win32" or not connections:
        return connections
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY or connections + _SPARE <= hard:
        return connections
    LOG.warning("connections: %d do not fit, a process may open %d files here (ulimit -Hn)", connections, hard)
    return max(1, hard - _SPARE)


def serve_one(application: Starlette, opened: socket.socket, settings: Settings) -> int:
    """Serves in this process until it is told to stop; returns the exit status."""
    server = uvicorn.Server(uvicorn.Config(application, **server_options(settings)))
    # After it has stopped, uvicorn raises the signal that stopped it again, in the handler that it found here.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[opened])
    return 0 if server.started else 1


def serve_many(settings: Settings, opened: socket.socket) -> int:
    """Serves in `settings.workers` processes, each with an application of its own on the same database."""
    os.environ.update(to_environment(settings))
    config = uvicorn.Config("newsgraph.app:create", factory=True, workers=settings.workers, **server_options(settings))
    supervisor = Multiprocess(config, sockets=[opened])
    supervisor.run()
    return 1 if STARTUP_FAILURE in [process.exitcode for process in supervisor.processes] else 0


def announce(settings: Settings) -> None:
    """Where to look, on standard output."""
    lines = [
        ("Site", f"{settings.address}/"),
        ("GraphQL", f"{settings.address}/graphql"),
        ("Live", f"{settings.address.replace('http', 'ws', 1)}/graphql (graphql-transport-ws)"),
    ]
    for name, address in lines:
        click.echo(f"{name:<10}{address}")


def server_options(settings: Settings) -> dict[str, Any]:
    """uvicorn's, for every way of serving."""
    return {
        "http": HttpProtocol,
        "ws": WebSocketProtocol,
        "ws_max_size": settings.message_size,
        "ws_ping_interval": settings.socket_ping_interval,
        "ws_ping_timeout": settings.socket_ping_timeout,
        # Compression doubles the work of a delivery and triples the memory of a connection.
        "ws_per_message_deflate": False,
        "timeout_graceful_shutdown": settings.drain_timeout,
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "log_level": "warning",
    }
