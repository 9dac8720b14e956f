"""uvicorn's WebSocket connections, made to let go of peers that read nothing.

uvicorn closes politely: it waits until the peer has read what was sent, and a peer that has stopped reading holds its
connection and everything that waits for it. Pass the class as uvicorn's `ws`. It has no interface for this, so that
the names used here are looked at with each new version of uvicorn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_EXTENSION = "newsgraph"
_LINGER = 5.0  # seconds that a peer has to read the last of it, after all that uvicorn itself waits for


@dataclass(frozen=True, slots=True)
class Grip:
    """What ASGI does not offer: to drop a connection at once, unread data and all, and whether a send would wait."""

    abort: Callable[[], None]
    ready: Callable[[], bool]


def grip_of(scope: Mapping[str, Any]) -> Grip | None:
    """None on another server than this one."""
    found: Grip | None = scope.get("extensions", {}).get(_EXTENSION, {}).get("grip")
    return found


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """For one connection."""

    async def run_asgi(self) -> None:
        self.scope["extensions"][_EXTENSION] = {"grip": Grip(self.transport.abort, self.writable.is_set)}
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(self.close_timeout + _LINGER, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(_LINGER, self.transport.abort)

    def handle_ping(self) -> None:
        """Answers unless the peer is behind with reading, when its own pings would fill our memory."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def send_receive_event_to_app(self) -> None:
        """Text that is no text is the peer's fault and closes with 1007; uvicorn would log it as one of ours."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(self.frames):
            self.conn.send_close(1007)
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()


def _is_text(frames: Iterable[bytes]) -> bool:
    try:
        b"".join(frames).decode()
    except UnicodeDecodeError:
        return False
    return True
