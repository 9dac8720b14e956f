"""The access log: who was answered what, and how long it took. Never what was asked: that may be anybody's secret."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import Any, Self

from starlette.types import Scope, Send

from newsgraph.observe import ACCESS
from newsgraph.observe.lines import safe
from newsgraph.web.callers import address_of

_LONGEST = 200  # characters of a path; ours have fewer
_ABANDONED = 499  # as nginx calls a request whose client had gone before it was answered


class Exchange:
    """One request, from its head to the end of its answer; a WebSocket until it is closed."""

    __slots__ = ("_began", "_scope", "_size", "_status")

    def __init__(self, scope: Scope) -> None:
        self._began = time.monotonic()
        self._scope = scope
        self._status = _ABANDONED
        self._size = 0
        scope["exchange"] = self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """One line. The path has no secrets, as what comes after its question mark may."""
        scope = self._scope
        del scope["exchange"]  # else both could only be freed by the cyclic collector
        milliseconds = round((time.monotonic() - self._began) * 1000, 1)
        method, path, address = scope.get("method", "WEBSOCKET"), safe(scope["path"][:_LONGEST]), address_of(scope)
        facts = {"method": method, "path": path, "status": self._status, "bytes": self._size}
        facts |= {"milliseconds": milliseconds, "address": address}
        line = "%s %s %d, %d bytes, %g ms, %s"
        ACCESS.info(line, method, path, self._status, self._size, milliseconds, address, extra={"facts": facts})

    def answered(self, status: int, size: int) -> None:
        self._status, self._size = status, size

    def watching(self, send: Send) -> Send:
        async def sending(message: MutableMapping[str, Any]) -> None:
            self._note(message)
            await send(message)

        return sending

    def _note(self, message: MutableMapping[str, Any]) -> None:
        match message["type"]:
            case "http.response.start":
                self._status = message["status"]
            case "http.response.body":
                self._size += len(message.get("body", b""))
            case "websocket.accept":
                self._status = 101
            case "websocket.close" if self._status != 101:
                self._status = 403
