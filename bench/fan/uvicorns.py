"""Serving an ASGI application the way all servers of this comparison are served."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn


def serve(application: Any, implementation: str) -> None:
    """On a free port of its own, until killed. `implementation` is uvicorn's `ws`."""
    opened = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    print(f"http://127.0.0.1:{opened.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        application,
        ws=implementation,
        ws_per_message_deflate=False,
        access_log=False,
        log_level="error",
        lifespan="off",
    )
    uvicorn.Server(config).run(sockets=[opened])
