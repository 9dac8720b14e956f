"""The GraphQL endpoint: who asks, GraphiQL for browsers, operations over HTTP."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from cross_web import HTTPException
from starlette.exceptions import HTTPException as StarletteException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from newsgraph.domain.errors import Fault
from newsgraph.graph.context import Context, Services
from newsgraph.graph.schema import NewsSchema
from newsgraph.web.callers import Recognise, encode, reader_of, refused, sign_in


class GraphQLView(GraphQL[Context, None]):
    """Strawberry's view with our context. `page` renders GraphiQL; None answers browsers as any client."""

    def __init__(
        self,
        schema: NewsSchema,
        services: Services,
        recognise: Recognise,
        page: Callable[[], Awaitable[str]] | None,
    ) -> None:
        super().__init__(schema, graphql_ide="graphiql" if page else None, subscription_protocols=())
        self._services = services
        self._recognise = recognise
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Faults that come before any operation are GraphQL errors with their code, too."""
        try:
            response = await self.run(Request(scope, receive))
        except HTTPException as error:
            response = refused(StarletteException(error.status_code, error.reason))
        except Fault as fault:
            response = refused(fault)
        except ClientDisconnect:
            return  # in the middle of the request: there is nobody to answer
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        signed_in = await sign_in(self._recognise, request.headers.get("authorization"))
        return Context(self._services, signed_in.viewer, reader_of(request))

    def parse_json(self, data: str | bytes) -> Any:
        """An object, whatever else JSON may be; bad Unicode, endless numbers and nesting without end are no JSON."""
        try:
            parsed = json.loads(data)
        except (ValueError, RecursionError):
            raise HTTPException(400, "The request is not JSON.") from None
        if not isinstance(parsed, (dict, list)):
            raise HTTPException(400, "A GraphQL request is a JSON object.")
        return parsed

    def encode_json(self, data: object) -> str:
        return encode(data)

    async def render_graphql_ide(self, request: Request) -> Response:
        if self._page is None:
            raise HTTPException(404, "GraphiQL is switched off here.")
        return HTMLResponse(await self._page())
