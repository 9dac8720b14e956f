"""GraphQL over WebSocket: the shell around `transport_ws`, which decides everything that the protocol decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope
from starlette.types import Send as AsgiSend

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.engine.documents import Document, Request
from newsgraph.engine.fanout import Member, Result
from newsgraph.graph.answers import Asked
from newsgraph.graph.context import Services
from newsgraph.live.sessions import Session, Sessions
from newsgraph.observe import report_fault
from newsgraph.web.admission import Admission
from newsgraph.web.callers import Recognise, address_of, reader_of, retry_after, shown, sign_in
from newsgraph.web.operations import Operations
from newsgraph.web.pipes import AsgiSocket, SocketPipe, pumped
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
    next_head,
)
from newsgraph.web.uvicorn_sockets import socket_pipe


@dataclass(frozen=True, slots=True)
class SocketView:
    """The GraphQL endpoint for WebSockets, as an ASGI application."""

    operations: Operations
    services: Services
    recognise: Recognise
    sessions: Sessions
    admission: Admission

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        await receive()  # websocket.connect
        if PROTOCOL not in scope["subprotocols"]:
            await _turn_away(send, None, CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
        else:
            await self._admit(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """A browser's page is told nothing of a handshake that fails, so whoever is too many is let in to hear it."""
        try:
            with self.admission.admit(address_of(scope)):
                await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
                await self._serve(scope, receive, send)
        except Fault as fault:
            await _turn_away(send, PROTOCOL, CloseCode.TRY_AGAIN_LATER, fault.message)

    async def _serve(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        pipe = socket_pipe(scope)
        if pipe is not None:
            await _Socket(self, scope, receive, pipe).run()
        else:
            async with pumped(AsgiSocket(send), self.operations.tasks) as other:
                await _Socket(self, scope, receive, other).run()


async def _turn_away(send: AsgiSend, protocol: str | None, code: int, reason: str) -> None:
    await send({"type": "websocket.accept", "subprotocol": protocol})
    await send({"type": "websocket.close", "code": code, "reason": reason})


class _Over(Exception):
    """The socket is closed or gone."""


class _Outlet:
    """One subscription of a socket: the outlet of its member (engine.fanout.Outlet)."""

    __slots__ = ("_head", "_name", "_socket")

    def __init__(self, socket: _Socket, name: str) -> None:
        self._socket = socket
        self._head = next_head(name).encode()
        self._name = name

    def write(self, result: Result) -> bool:
        """With its own id around the payload that all members share."""
        socket = self._socket
        if not socket.pipe.ready() or not socket.session.holds():
            return False
        socket.pipe.write(b"".join((self._head, result.payload, b"}")))
        return True

    def end(self, failure: Exception) -> None:
        self._socket.failed(self._name, failure)


class _Socket:
    """One accepted socket (web.pipes.Holder, live.sessions.Holder). Nothing of it is left when `run` returns."""

    __slots__ = ("_connection", "_draining", "_receive", "_running", "_scope", "_streams", "_view", "pipe", "session")

    def __init__(self, view: SocketView, scope: Scope, receive: Receive, pipe: SocketPipe) -> None:
        settings = view.services.settings
        self._view = view
        self._scope = scope
        self._receive = receive
        self._connection = Connection(
            Limits(settings.socket_operations, settings.socket_messages_per_second), time.monotonic
        )
        self._streams: dict[str, Member] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._draining = False
        self.pipe = pipe
        self.session: Session = view.sessions.anonymous
        pipe.hold(self, settings.socket_send_timeout)

    async def run(self) -> None:
        patience = self._view.services.settings.socket_init_timeout
        timer = asyncio.get_running_loop().call_later(patience, self._init_late)
        try:
            while True:
                await self._perform(self._connection.receive(await self._message()))
        except _Over:
            pass
        except Exception as defect:
            fault_id = report_fault(defect, "a WebSocket")
            self._end(CloseCode.INTERNAL, f"Internal server error {fault_id}")
        finally:
            timer.cancel()
            await self._leave()

    async def _message(self) -> str | bytes:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise _Over
        text: str | None = event.get("text")
        return event["bytes"] if text is None else text

    async def _leave(self) -> None:
        self._view.sessions.close(self.session)
        self._leave_streams()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    def _leave_streams(self) -> None:
        for member in self._streams.values():
            member.leave()
        self._streams.clear()

    # What the protocol asks for

    async def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(text):
                    await self._write(text)
                case Close(code, reason):
                    await self.pipe.room()
                    self.pipe.close(code, reason)
                    raise _Over
                case Authenticate(payload):
                    await self._authenticate(payload)
                case Start():
                    await self._perform(self._start(action))
                case Stop(name):
                    self._stop(name)

    async def _write(self, text: str) -> None:
        """No faster than the client reads. Of all that wait for room, each looks whether the others left some."""
        while not self.pipe.ready():
            if not await self.pipe.room():
                raise _Over
        self.pipe.write(text.encode())

    async def _authenticate(self, payload: Mapping[str, Any]) -> None:
        try:
            signed_in = await sign_in(self._view.recognise, self._authorization(payload))
        except Fault as fault:
            await self._perform(self._refusal(fault))
        else:
            self.session = self._view.sessions.open(signed_in, self)
            await self._perform(self._connection.acknowledged())

    def _refusal(self, fault: Fault) -> list[Action]:
        """Clients come back after TRY_AGAIN_LATER; FORBIDDEN tells them to sign in first."""
        if fault.code is FaultCode.UNAVAILABLE:
            return self._connection.end(CloseCode.TRY_AGAIN_LATER, fault.message)
        return self._connection.refused(fault.message)

    def _authorization(self, payload: Mapping[str, Any]) -> str | None:
        """What connection_init says, in any case of letters, before the header of the handshake."""
        said = {name.lower(): value for name, value in payload.items()}.get("authorization")
        if said is not None and not isinstance(said, str):
            raise Fault(FaultCode.UNAUTHENTICATED, "authorization is a string.")
        return Headers(scope=self._scope).get("authorization") if said is None else said

    # Operations

    def _start(self, start: Start) -> list[Action]:
        """Begins an operation. A defect ends this operation and no other."""
        self.session.holds()  # which ends the connection when the token has expired
        if self._connection.over:
            return []
        request = Request(start.query, start.variables, start.operation_name, None, start.extensions)
        try:
            address = address_of(self._scope)
            self._view.operations.rates.pay(self.session.viewer, address)
            document = self._view.operations.check(request, address)
            if document.is_subscription:
                self._subscribe(start.id, document, request)
            else:
                self._running[start.id] = self._view.operations.tasks.start(self._operate, start.id, document, request)
        except Exception as error:
            return self._connection.error(start.id, shown(error))
        return []

    def _subscribe(self, name: str, document: Document, request: Request) -> None:
        if self._draining:
            return
        outlet = _Outlet(self, name)
        self._streams[name] = self._view.operations.subscribe(document, request, self.session.viewer, outlet)

    async def _operate(self, name: str, document: Document, request: Request) -> None:
        """A query or mutation to its end."""
        try:
            await self._answer(name, document, request)
        except _Over:
            pass
        finally:
            if self._running.get(name) is asyncio.current_task():
                del self._running[name]
            self._end_when_drained()

    async def _answer(self, name: str, document: Document, request: Request) -> None:
        await self._view.sessions.settled(self.session)
        asked = Asked(document, request, self.session.viewer, reader_of(self._scope))
        try:
            result = await self._view.operations.run(asked)
        except Exception as error:
            await self._perform(self._connection.error(name, shown(error)))
            return
        if _stopped(asyncio.current_task()):
            return
        await self._perform(self._connection.next(name, result.decode()))
        await self._perform(self._connection.complete(name))

    def _stop(self, name: str) -> None:
        if name in self._streams:
            self._streams.pop(name).leave()
        elif name in self._running:
            self._running.pop(name).cancel()

    # What comes from below and from aside; none of it may wait

    def failed(self, name: str, failure: Exception) -> None:
        """A stream has ended. Its last message is small, and there are as few of them as of streams."""
        self._streams.pop(name, None)
        for action in self._connection.error(name, shown(failure)):
            if isinstance(action, Send):
                self.pipe.write(action.text.encode())

    def resume(self) -> None:
        for member in tuple(self._streams.values()):
            member.resume()

    def lost(self) -> None:
        self._leave_streams()

    def expel(self, fault: Fault) -> None:
        self._end(CloseCode.FORBIDDEN, fault.message)

    def drain(self) -> None:
        """Streams end now, since they can be resumed elsewhere; queries and mutations are finished first."""
        self._draining = True
        self._leave_streams()
        self._end_when_drained()

    def _end_when_drained(self) -> None:
        if self._draining and not self._running:
            hint = retry_after(self._view.services.settings)
            self._end(CloseCode.GOING_AWAY, f"The server is restarting; retry in {hint} ms")

    def _init_late(self) -> None:
        self._close(self._connection.init_timed_out())

    def _end(self, code: CloseCode, reason: str) -> None:
        self._close(self._connection.end(code, reason))

    def _close(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Close):
                self.pipe.close(action.code, action.reason)


def _stopped(task: asyncio.Task[Any] | None) -> bool:
    """Whether a task was cancelled, also when something in it has swallowed that."""
    return task is not None and task.cancelling() > 0
