"""How results travel in the body of an HTTP response: two formats, as pure functions from results to bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from newsgraph.domain.errors import FaultCode
from newsgraph.graph.encoding import as_json

Errors = Sequence[Mapping[str, Any]]


class Framing(Protocol):
    """One stream of results in one response."""

    media_type: str

    def begin(self, retry: int) -> bytes:
        """The first bytes. `retry`: after how many milliseconds a client should reconnect whose connection breaks."""
        ...

    def next(self, payload: bytes, cursor: str | None) -> bytes:
        """A result in JSON, and where a client goes on that has it."""
        ...

    def alive(self) -> bytes:
        """Says nothing, so that nobody on the way takes the connection for dead."""
        ...

    def complete(self) -> bytes:
        """The operation has come to its end."""
        ...

    def failed(self, errors: Errors) -> bytes:
        """The operation has ended with these errors, and would again."""
        ...

    def expelled(self, errors: Errors) -> bytes:
        """The connection has ended with these errors, the operation could go on with another sign-in."""
        ...

    def going_away(self, retry: int) -> bytes:
        """The server stops, the operation does not: go on with another connection in so many milliseconds."""
        ...


class EventStream:
    """Server-sent events (WHATWG HTML, 9.2), named as graphql-sse names them in its distinct connections mode.

    https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
    """

    media_type = "text/event-stream; charset=utf-8"

    def begin(self, retry: int) -> bytes:
        return b"retry: %d\n\n" % retry

    def next(self, payload: bytes, cursor: str | None) -> bytes:
        """What JSON breaks lines with is escaped, so that the payload is one line."""
        place = b"id: %b\n" % cursor.encode() if cursor else b""
        return b"event: next\n%bdata: %b\n\n" % (place, payload)

    def alive(self) -> bytes:
        return b":\n\n"

    def complete(self) -> bytes:
        return b"event: complete\ndata:\n\n"

    def failed(self, errors: Errors) -> bytes:
        return self.next(as_json({"errors": errors}), None) + self.complete()

    def expelled(self, errors: Errors) -> bytes:
        return self.failed(errors)

    def going_away(self, retry: int) -> bytes:
        """No `complete`: an EventSource reconnects by itself, with the last id that it has seen."""
        return b"retry: %d\n\n" % retry


class Multipart:
    """Apollo's multipart subscription protocol, on RFC 2046's multipart/mixed.

    https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
    Clients see a part when they have read the boundary after it, so that each is sent with its part. Errors beside an
    empty payload are those of the transport: Apollo's RetryLink tries again after them, and after no others.
    """

    media_type = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'

    def begin(self, retry: int) -> bytes:
        return b"\r\n--graphql"

    def next(self, payload: bytes, cursor: str | None) -> bytes:
        return self._part(b'{"payload":%b}' % payload)

    def alive(self) -> bytes:
        return self._part(b"{}")

    def complete(self) -> bytes:
        return b"--\r\n"

    def failed(self, errors: Errors) -> bytes:
        return self.next(as_json({"data": None, "errors": errors}), None) + self.complete()

    def expelled(self, errors: Errors) -> bytes:
        return self._part(as_json({"payload": None, "errors": errors})) + self.complete()

    def going_away(self, retry: int) -> bytes:
        extensions = {"code": FaultCode.GOING_AWAY.value, "retryAfter": retry}
        return self.expelled([{"message": "The server is restarting.", "extensions": extensions}])

    def _part(self, body: bytes) -> bytes:
        return b"\r\ncontent-type: application/json\r\n\r\n%b\r\n--graphql" % body
