"""The protocol graphql-transport-ws as a state machine: messages in, actions out.

It has no socket, no task and no loop of its own. A shell gives it what the client sends (`receive`) and what became
of what it asked for (`acknowledged`, `next`, `complete`, ...), and carries out the actions that each call returns, in
order. Specification: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import Any

from newsgraph.domain.errors import FaultCode

PROTOCOL = "graphql-transport-ws"
_REASON_MAX = 123  # bytes: what a close frame has room for (RFC 6455, 5.5 and 5.5.1)
_BURST = 10.0  # seconds' worth of messages that may come at once

Json = dict[str, Any]


class CloseCode(IntEnum):
    """Why the server closes a socket; docs/errors.md has one line for each."""

    GOING_AWAY = 1001
    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_REQUESTS = 4429
    INTERNAL = 4500


@dataclass(frozen=True, slots=True)
class Send:
    """Send this text message."""

    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket; nothing comes after it."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Find out who it is, then say `acknowledged` or `refused`."""

    payload: Json


@dataclass(frozen=True, slots=True)
class Start:
    """Run this operation: any number of `next`, then `complete`; or `error`, which ends it too."""

    id: str
    query: str
    variables: Json | None = None
    operation_name: str | None = None
    extensions: Json | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The client wants no more of this operation."""

    id: str


Action = Send | Close | Authenticate | Start | Stop


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may ask for; `messages_per_second` 0 is no limit."""

    operations: int
    messages_per_second: float


class _State(Enum):
    SILENT = auto()  # no connection_init yet
    GREETED = auto()  # being authenticated
    READY = auto()
    OVER = auto()


class _Malformed(Exception):
    """The message is not one of the protocol's; the text says what is wrong with it."""


class Connection:
    """One client's connection. Once it has closed, nothing leads to an action any more.

    `clock` returns seconds that only grow.
    """

    __slots__ = ("_active", "_bucket", "_limits", "_state")

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._bucket = _Bucket(limits.messages_per_second, clock)
        self._state = _State.SILENT
        self._active: set[str] = set()

    @property
    def over(self) -> bool:
        return self._state is _State.OVER

    # What the client says

    def receive(self, message: str | bytes) -> list[Action]:
        if self.over:
            return []
        if not self._bucket.take():
            return self.end(CloseCode.TOO_MANY_REQUESTS, "Too many messages")
        try:
            return self._handle(_decoded(message))
        except _Malformed as error:
            return self.end(CloseCode.BAD_REQUEST, str(error))
        except RecursionError:
            return self.end(CloseCode.BAD_REQUEST, "The message is nested too deeply")

    def _handle(self, message: Json) -> list[Action]:
        match message.get("type"):
            case "connection_init":
                return self._init(message)
            case "ping":
                return [Send(_frame("pong", payload=_object(message, "payload")))]
            case "pong":
                _object(message, "payload")
                return []
            case "subscribe":
                return self._subscribe(_start(message))
            case "complete":
                return self._stop(_id(message))
            case str(other):
                raise _Malformed(f"Unknown message type: {other}")
            case _:
                raise _Malformed("A message has a type, which is a string")

    def _init(self, message: Json) -> list[Action]:
        payload = _object(message, "payload")
        if self._state is not _State.SILENT:
            return self.end(CloseCode.TOO_MANY_REQUESTS, "Too many initialisation requests")
        self._state = _State.GREETED
        return [Authenticate(payload or {})]

    def _subscribe(self, start: Start) -> list[Action]:
        if self._state is not _State.READY:
            return self.end(CloseCode.UNAUTHORIZED, "Unauthorized")
        if start.id in self._active:
            return self.end(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {start.id} already exists")
        if len(self._active) >= self._limits.operations:
            return [Send(_frame("error", start.id, [self._too_many()]))]
        self._active.add(start.id)
        return [start]

    def _too_many(self) -> Json:
        return {
            "message": f"A connection runs at most {self._limits.operations} operations at a time.",
            "extensions": {"code": FaultCode.TOO_MANY_OPERATIONS.value},
        }

    def _stop(self, operation: str) -> list[Action]:
        """An operation that has ended already is no fault: its `complete` and the client's may cross."""
        if operation not in self._active:
            return []
        self._active.remove(operation)
        return [Stop(operation)]

    # What the shell says

    def acknowledged(self) -> list[Action]:
        if self._state is not _State.GREETED:
            return []
        self._state = _State.READY
        return [Send(_frame("connection_ack"))]

    def refused(self, reason: str = "Forbidden") -> list[Action]:
        return self.end(CloseCode.FORBIDDEN, reason)

    def init_timed_out(self) -> list[Action]:
        """The time for connection_init is over; it may have come."""
        if self._state is not _State.SILENT:
            return []
        return self.end(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")

    def next(self, operation: str, payload_json: str) -> list[Action]:
        """A result, encoded already."""
        if operation not in self._active:
            return []
        return [Send(f"{next_head(operation)}{payload_json}}}")]

    def error(self, operation: str, errors: Sequence[Mapping[str, Any]]) -> list[Action]:
        """The operation has ended with these errors, at least one."""
        return self._ended(operation, _frame("error", operation, errors))

    def complete(self, operation: str) -> list[Action]:
        return self._ended(operation, _frame("complete", operation))

    def _ended(self, operation: str, frame: str) -> list[Action]:
        if operation not in self._active:
            return []
        self._active.remove(operation)
        return [Send(frame)]

    def end(self, code: CloseCode, reason: str) -> list[Action]:
        """Close for any other reason. `reason` is cut to what a close frame has room for."""
        if self._state is _State.OVER:
            return []
        self._state = _State.OVER
        self._active.clear()
        return [Close(code, _cut(reason))]


class _Bucket:
    """Lets `rate` messages through in a second, and after a silence `_BURST` seconds' worth at once."""

    __slots__ = ("_clock", "_last", "_rate", "_room", "_size")

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._room = self._size = max(1.0, rate * _BURST)
        self._last = clock()

    def take(self) -> bool:
        """Whether one more message is within the limit."""
        if not self._rate:
            return True
        now = self._clock()
        self._room = min(self._size, self._room + (now - self._last) * self._rate)
        self._last = now
        if self._room < 1:
            return False
        self._room -= 1
        return True


def next_head(operation: str) -> str:
    """What stands in a `next` message before its payload. After it there is one closing brace.

    One payload, encoded once, may serve many connections.
    """
    return f'{{"id":{json.dumps(operation)},"type":"next","payload":'


def _decoded(message: str | bytes) -> Json:
    if isinstance(message, bytes):
        raise _Malformed("A message is text, not binary")
    try:
        found = json.loads(message, parse_float=_finite, parse_constant=_finite)
    except ValueError:
        raise _Malformed("The message is not JSON") from None
    if not isinstance(found, dict):
        raise _Malformed("A message is a JSON object")
    return found


def _finite(text: str) -> float:
    """JSON has no infinity, so 1e999 could not be sent back either."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _start(message: Json) -> Start:
    operation, payload = _id(message), _object(message, "payload")
    if payload is None or not isinstance(payload.get("query"), str):
        raise _Malformed("subscribe has a payload with a query, which is a string")
    name = payload.get("operationName")
    if name is not None and not isinstance(name, str):
        raise _Malformed("operationName is a string or null")
    return Start(operation, payload["query"], _object(payload, "variables"), name, _object(payload, "extensions"))


def _id(message: Json) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not found:
        raise _Malformed("The message has an id, which is a string and not empty")
    return found


def _object(container: Json, name: str) -> Json | None:
    found = container.get(name)
    if found is not None and not isinstance(found, dict):
        raise _Malformed(f"{name} is an object or null")
    return found


def _frame(kind: str, operation: str | None = None, payload: Any = None) -> str:
    """Everything escaped to ASCII: half a surrogate pair in an id or a ping goes back as it came."""
    fields = {"id": operation, "type": kind, "payload": payload}
    return json.dumps({name: value for name, value in fields.items() if value is not None}, separators=(",", ":"))


def _cut(reason: str) -> str:
    return reason.encode("utf-8", "replace")[:_REASON_MAX].decode("utf-8", "ignore")
