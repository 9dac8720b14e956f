"""One HTTP request and its whole answer, where time does not matter."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fan.crowd import HOST, PATIENCE
from fan.wire import some


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """Errors: RuntimeError for anything but data without errors."""
        found: dict[str, Any] = json.loads(self.body) if self.body.startswith(b"{") else {}
        if self.status != 200 or found.get("errors") or not found.get("data"):
            raise RuntimeError(f"no data but {self.status} {self.body[:500]!r}")
        data: dict[str, Any] = found["data"]
        return data


def ask(port: int, request: bytes) -> Answer:
    with socket.create_connection((HOST, port), PATIENCE) as opened:
        opened.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += some(opened)
        head, _, body = received.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += some(opened)
    return Answer(int(line.split()[1]), headers, body)
