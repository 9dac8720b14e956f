"""The GraphQL endpoint: who asks, GraphiQL for browsers, operations over HTTP and graphql-transport-ws."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from newsgraph.auth.tokens import bearer
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import ANONYMOUS, Viewer
from newsgraph.graph.context import Context, Reader, Services
from newsgraph.graph.schema import NewsSchema

Recognise = Callable[[str], Awaitable[Viewer]]
"""From a token to who it speaks for; raises Fault(UNAUTHENTICATED)."""

_INIT_TIMEOUT = timedelta(seconds=10)
_STATUS = {FaultCode.UNAUTHENTICATED: 401, FaultCode.FORBIDDEN: 403, FaultCode.UNAVAILABLE: 503}


class GraphQLView(GraphQL[Context, None]):
    """Strawberry's view with our context. `page` renders GraphiQL; None answers browsers as any client."""

    def __init__(
        self,
        schema: NewsSchema,
        services: Services,
        recognise: Recognise,
        page: Callable[[], Awaitable[str]] | None,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if page else None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=_INIT_TIMEOUT,
        )
        self._services = services
        self._recognise = recognise
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Faults that come before any operation are GraphQL errors with their code, too."""
        if scope["type"] == "websocket":
            await super().__call__(scope, receive, send)
            return
        try:
            response = await self.run(Request(scope, receive))
        except HTTPException as error:
            response = _refusal(FaultCode.BAD_INPUT, error.reason, error.status_code)
        except Fault as fault:
            response = _refusal(fault.code, fault.message, _STATUS.get(fault.code, 400))
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        viewer = ANONYMOUS
        # A socket says who it is with connection_init; its header counts only when that is silent.
        if isinstance(request, Request):
            viewer = await self._viewer(request.headers.get("authorization"))
        reader = Reader(
            address=request.client.host if request.client else "",
            agent=request.headers.get("user-agent", ""),
        )
        context = Context(self._services, viewer, reader)
        context.connection_params = {"authorization": request.headers.get("authorization")}
        return context

    async def on_ws_connect(self, context: Context) -> Any:
        header = (context.connection_params or {}).get("authorization")
        if header is not None and not isinstance(header, str):
            raise ConnectionRejectionError
        try:
            context.viewer = await self._viewer(header)
        except Fault:
            raise ConnectionRejectionError from None
        return await super().on_ws_connect(context)

    async def _viewer(self, header: str | None) -> Viewer:
        token = bearer(header)
        return ANONYMOUS if token is None else await self._recognise(token)

    def parse_json(self, data: str | bytes) -> Any:
        """An object, whatever else JSON may be."""
        try:
            parsed = json.loads(data)
        except (ValueError, RecursionError):
            raise HTTPException(400, "The request is not JSON.") from None
        if not isinstance(parsed, (dict, list)):
            raise HTTPException(400, "A GraphQL request is a JSON object.")
        return parsed

    def encode_json(self, data: object) -> str:
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False)

    async def render_graphql_ide(self, request: Request) -> Response:
        if self._page is None:
            raise HTTPException(404, "GraphiQL is switched off here.")
        return HTMLResponse(await self._page())


def _refusal(code: FaultCode, message: str, status: int) -> Response:
    return JSONResponse({"errors": [{"message": message, "extensions": {"code": code.value}}]}, status)
