"""GraphQL over WebSocket: the shell around `transport_ws`, which decides everything that the protocol decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from starlette.types import Receive, Scope
from starlette.types import Send as AsgiSend
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.http.websocket_origin import is_same_origin

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import ANONYMOUS
from newsgraph.engine.subscriptions import Request, RequestError
from newsgraph.graph.context import Context, Services
from newsgraph.graph.errors import presented
from newsgraph.observe import LOG, report_fault
from newsgraph.web.callers import Recognise, reader_of, viewer_of
from newsgraph.web.operations import Operations
from newsgraph.web.transport_ws import (
    PROTOCOL,
    Action,
    Authenticate,
    Close,
    CloseCode,
    Connection,
    Limits,
    Send,
    Start,
    Stop,
)
from newsgraph.web.uvicorn_ws import grip_of


@dataclass(frozen=True, slots=True)
class SocketView:
    """The GraphQL endpoint for WebSockets, as an ASGI application."""

    operations: Operations
    services: Services
    recognise: Recognise

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        websocket = WebSocket(scope, receive, send)
        with suppress(WebSocketDisconnect):
            if not _from_our_pages(websocket.headers):
                await websocket.close()  # before it is accepted: HTTP 403
            elif PROTOCOL not in scope["subprotocols"]:
                await websocket.accept()
                await websocket.close(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
            else:
                await websocket.accept(PROTOCOL)
                await _Socket(self, websocket).run()


def _from_our_pages(headers: Mapping[str, str]) -> bool:
    """Browsers let any page open a socket to anywhere, and say whose page it was; others need not say."""
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") == "same-origin":
        return True
    return is_same_origin(origin, headers.get("host"))


class _Over(Exception):
    """The socket is closed or gone: whatever still runs for it ends."""


class _Socket:
    """One accepted socket. Everything that runs for it runs in `_tasks`, and has ended when `run` returns."""

    def __init__(self, view: SocketView, websocket: WebSocket) -> None:
        self._view = view
        self._settings = view.services.settings
        self._websocket = websocket
        self._grip = grip_of(websocket.scope)
        limits = Limits(self._settings.socket_operations, self._settings.socket_messages_per_second)
        self._connection = Connection(limits, time.monotonic)
        self._viewer = ANONYMOUS
        self._tasks = asyncio.TaskGroup()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        try:
            async with self._tasks:
                self._patience = self._tasks.create_task(self._expect_init())
                while True:
                    await self._perform(self._connection.receive(await self._message()))
        except* _Over:
            pass
        except* Exception as defects:
            fault_id = report_fault(defects, "a WebSocket")
            with suppress(_Over):
                await self._perform(self._connection.end(CloseCode.INTERNAL, f"Internal server error {fault_id}"))

    async def _message(self) -> str | bytes:
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise _Over
        text: str | None = event.get("text")
        return event["bytes"] if text is None else text

    async def _expect_init(self) -> None:
        await asyncio.sleep(self._settings.socket_init_timeout)
        await self._perform(self._connection.init_timed_out())

    async def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(text):
                    await self._write({"type": "websocket.send", "text": text})
                case Close(code, reason):
                    await self._write({"type": "websocket.close", "code": code, "reason": reason})
                    raise _Over
                case Authenticate(payload):
                    await self._authenticate(payload)
                case Start(name):
                    self._running[name] = self._tasks.create_task(self._operate(action))
                case Stop(name):
                    self._running.pop(name).cancel()

    async def _write(self, event: dict[str, Any]) -> None:
        """One at a time, and no faster than the client reads; a client that does not read is cut off."""
        async with self._turn:
            if self._websocket.application_state is not WebSocketState.CONNECTED:
                raise _Over
            try:
                await self._send(event)
            except WebSocketDisconnect:
                raise _Over from None
            except TimeoutError:
                self._abort()
                raise _Over from None

    async def _send(self, event: dict[str, Any]) -> None:
        """Without a timer where nothing is waited for, which is nearly always."""
        if self._grip is not None and self._grip.ready():
            await self._websocket.send(event)
            return
        async with asyncio.timeout(self._settings.socket_send_timeout):
            await self._websocket.send(event)

    def _abort(self) -> None:
        LOG.info("a WebSocket was cut off: its client has not read for %g s", self._settings.socket_send_timeout)
        if self._grip is not None:
            self._grip.abort()

    async def _authenticate(self, payload: Mapping[str, Any]) -> None:
        self._patience.cancel()
        try:
            self._viewer = await viewer_of(self._view.recognise, self._authorization(payload))
        except Fault as fault:
            # Clients take FORBIDDEN for the last word, and come back after TRY_AGAIN_LATER.
            passing = fault.code is FaultCode.UNAVAILABLE
            refused, end = self._connection.refused, self._connection.end
            await self._perform(end(CloseCode.TRY_AGAIN_LATER, fault.message) if passing else refused(fault.message))
        else:
            await self._perform(self._connection.acknowledged())

    def _authorization(self, payload: Mapping[str, Any]) -> str | None:
        """What connection_init says, in any case of letters, before the header of the handshake."""
        said = {name.lower(): value for name, value in payload.items()}.get("authorization")
        if said is not None and not isinstance(said, str):
            raise Fault(FaultCode.UNAUTHENTICATED, "authorization is a string.")
        return self._websocket.headers.get("authorization") if said is None else said

    async def _operate(self, start: Start) -> None:
        """Runs an operation to its end. A defect ends this operation and no other."""
        errors: Sequence[GraphQLError] = ()
        try:
            await self._relay(start)
        except _Over:
            raise
        except RequestError as error:
            errors = error.errors
        except Exception as error:
            errors = [presented(GraphQLError(str(error), original_error=error))]
        finally:
            if self._running.get(start.id) is asyncio.current_task():
                del self._running[start.id]
        if _stopped(asyncio.current_task()):
            return
        shown = [error.formatted for error in errors]
        ended = self._connection.error(start.id, shown) if shown else self._connection.complete(start.id)
        await self._perform(ended)

    async def _relay(self, start: Start) -> None:
        """Sends all results of an operation, each before it asks for the next. Errors: RequestError."""
        request = Request(start.query, start.variables, start.operation_name)
        context = Context(self._view.services, self._viewer, reader_of(self._websocket))
        task = asyncio.current_task()
        async with aclosing(self._view.operations.results(request, context)) as results:
            async for result in results:
                if _stopped(task):
                    raise asyncio.CancelledError
                await self._perform(self._connection.next(start.id, result))


def _stopped(task: asyncio.Task[Any] | None) -> bool:
    """Whether a task was cancelled, also when something in it has swallowed that."""
    return task is not None and task.cancelling() > 0
