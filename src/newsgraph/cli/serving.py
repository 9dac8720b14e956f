"""Listening and serving, the same for `serve` and `demo`."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import click
import uvicorn
from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from newsgraph.graph import schema
from newsgraph.observe import LOG
from newsgraph.settings import Settings, to_environment
from newsgraph.web.bounds import Bounds
from newsgraph.web.documents import Catalogue
from newsgraph.web.lobby import Lobby
from newsgraph.web.uvicorn_http import HttpProtocol
from newsgraph.web.uvicorn_sockets import WebSocketProtocol

if sys.platform != "win32":
    import resource

_BACKLOG = 2_048
_UNSENT = 65_536  # bytes that the kernel takes for a reader before they can be sent; else it would be megabytes
_SPARE = 200  # files that may be open besides connections: databases, and requests while all connections are taken


def listen(settings: Settings) -> tuple[socket.socket, Settings]:
    """An open socket, and the settings with the port that it got (0 asks for any free one).

    It is opened before anything else is done, so that a port that is taken costs nothing. Errors: OSError.
    """
    settings = _affordable(settings)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        opened = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise OSError(f"cannot listen on {settings.host} port {settings.port}: {reason}.") from None
    _limit(opened, settings.socket_send_timeout)
    return opened, replace(settings, port=opened.getsockname()[1])


def _limit(opened: socket.socket, patience: float) -> None:
    """What a reader costs that stops reading; connections have it from the socket that accepts them.

    `patience`: seconds that sent data may stay unacknowledged.
    """
    for option, value in (("TCP_USER_TIMEOUT", int(patience * 1000)), ("TCP_NOTSENT_LOWAT", _UNSENT)):
        if hasattr(socket, option):
            opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _affordable(settings: Settings) -> Settings:
    """As many connections as the system lets a process open files.

    Without room to spare the server could not even answer that it is full.
    """
    most, wanted = open_files(), (settings.connections, settings.http_connections)
    if not all(wanted) or sum(wanted) + _SPARE <= most:
        return settings
    LOG.warning("connections: %d do not fit, a process may open %d files here (ulimit -Hn)", sum(wanted), most)
    http = max(1, min(wanted[1], int(most - _SPARE) // 4))
    return replace(settings, connections=max(1, min(wanted[0], int(most) - _SPARE - http)), http_connections=http)


def open_files() -> float:
    """How many files this process may open, after raising the limit as far as it goes."""
    if sys.platform == "win32":
        return math.inf
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS calls it unlimited and refuses that
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft


async def check_documents(settings: Settings) -> None:
    """So that what is wrong with trusted documents is said in one line, before anything is served."""
    if settings.trusted_documents or settings.only_trusted_documents:  # else a schema would be built for nothing
        await Catalogue.read(schema.build(), settings)


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
    supervisor = _Supervisor(config, sockets=[opened])
    supervisor.run()
    return 1 if STARTUP_FAILURE in [process.exitcode for process in supervisor.processes] else 0


class _Supervisor(Multiprocess):
    def terminate_all(self) -> None:
        """Whoever connects from now on is refused at once, and not kept waiting for a process that has stopped."""
        for opened in self.sockets:
            opened.close()
        super().terminate_all()


def announce(settings: Settings) -> None:
    """Where to look, on standard output."""
    lines = [
        ("Site", f"{settings.address}/"),
        ("GraphQL", f"{settings.address}/graphql"),
        ("Live", f"{settings.address.replace('http', 'ws', 1)}/graphql (graphql-transport-ws)"),
    ]
    for name, address in lines:
        click.echo(f"{name:<10}{address}")


_OPTIONS: dict[str, Any] = {
    "ws": WebSocketProtocol,
    # Compression doubles the work of a delivery and triples the memory of a connection.
    "ws_per_message_deflate": False,
    "server_header": False,
    "proxy_headers": False,  # web.proxies has whom to believe
    "access_log": False,
    "log_config": None,
    "log_level": "warning",
}


def server_options(settings: Settings) -> dict[str, Any]:
    """uvicorn's, for every way of serving."""
    return _OPTIONS | {
        "http": partial(HttpProtocol, bounds=Bounds.of(settings), lobby=Lobby(settings)),
        "ws_max_size": settings.message_size,
        "ws_ping_interval": settings.socket_ping_interval,
        "ws_ping_timeout": settings.socket_ping_timeout,
        "timeout_keep_alive": settings.keep_alive,
        "timeout_graceful_shutdown": settings.drain_timeout,
    }
