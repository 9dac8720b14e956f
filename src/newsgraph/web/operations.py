"""Operations of long-lived connections: queries and mutations alone, subscriptions shared with all who ask the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Role, Viewer
from newsgraph.engine import subscriptions
from newsgraph.engine.fanout import Execute, Fanout, Subscription
from newsgraph.engine.subscriptions import Document, Request, RequestError
from newsgraph.graph.context import Context, Services
from newsgraph.graph.errors import presented
from newsgraph.graph.schema import NewsSchema
from newsgraph.ports.feeds import Feed
from newsgraph.web.callers import encode

# Whoever may see more than readers do; everybody else sees what an anonymous reader sees.
_SEES_MORE = (Role.ADMIN, Role.MODERATOR, Role.EDITOR)

_DOCUMENTS = 500  # remembered at most, the longest unused forgotten first
_DOCUMENT_MAX = 10_000  # characters; longer ones are checked each time


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a group's key is made of: equal for subscriptions that may share every result."""

    query: str
    operation_name: str | None
    variables: str
    audience: Hashable


class Operations:
    """Runs operations and shares subscriptions between all connections of this process."""

    def __init__(self, schema: NewsSchema, services: Services) -> None:
        self._schema = schema
        self._services = services
        self._documents: OrderedDict[tuple[str, str | None], Document] = OrderedDict()
        self.fanout = Fanout(services.settings.mailbox_size, _as_client_sees_it)

    async def results(self, request: Request, context: Context) -> AsyncGenerator[str, None]:
        """Encoded results: one of a query or mutation, each event's of a subscription. Errors: RequestError."""
        try:
            document = self._check(request)
            results = self._subscribe if subscriptions.is_subscription(document) else self._run
            async with aclosing(results(document, request, context)) as encoded:
                async for result in encoded:
                    yield result
        except RequestError as error:
            raise RequestError([presented(one, error.valid) for one in error.errors]) from None

    def _check(self, request: Request) -> Document:
        if not request.query.strip():
            empty = Fault(FaultCode.BAD_INPUT, "There is no operation in the request.")
            raise RequestError([GraphQLError(empty.message, original_error=empty)])
        return self._known(request) or self._learn(request)

    def _known(self, request: Request) -> Document | None:
        key = (request.query, request.operation_name)
        if key in self._documents:
            self._documents.move_to_end(key)
        return self._documents.get(key)

    def _learn(self, request: Request) -> Document:
        """Validating a widget's document takes a millisecond, and everybody sends the same."""
        document = subscriptions.check(self._schema.core, request)
        if len(request.query) <= _DOCUMENT_MAX:
            self._documents[request.query, request.operation_name] = document
            while len(self._documents) > _DOCUMENTS:
                self._documents.popitem(last=False)
        return document

    async def _run(self, _document: Document, request: Request, context: Context) -> AsyncGenerator[str, None]:
        variables = dict(request.variables or {})
        result = await self._schema.execute(request.query, variables, context, operation_name=request.operation_name)
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            raise RequestError(result.errors)
        yield encode(_payload(result.data, result.errors))

    async def _subscribe(self, document: Document, request: Request, context: Context) -> AsyncGenerator[str, None]:
        feed, execute = await self._source(document, request, context)
        audience = self._audience(document, context.viewer)

        async def shared() -> tuple[Feed, Execute]:
            return await self._source(document, request, Context(self._services, audience))

        key = _Shared(
            request.query, request.operation_name, document.variables_besides("after", request.variables), audience
        )
        async with aclosing(self.fanout.results(Subscription(key, feed, execute, shared))) as results:
            async for result in results:
                yield result

    async def _source(self, document: Document, request: Request, context: Context) -> tuple[Feed, Execute]:
        """The subscription's feed, and the execution of its events; the context is theirs alone."""
        kind = self._schema.execution_context_class
        executor = subscriptions.prepare(kind, self._schema.core, document, request, context)
        feed = await subscriptions.source_of(executor)

        async def execute(event: object) -> str:
            result: ExecutionResult = await subscriptions.execute_event(executor, event)
            return encode(_payload(result.data, result.errors))

        return feed, execute

    def _audience(self, document: Document, viewer: Viewer) -> Viewer:
        """As whom the group's operation runs: the viewer themself only where the answer depends on who they are."""
        if document.selects(self._schema.private_fields):
            return viewer
        return Viewer(None, viewer.role if viewer.role in _SEES_MORE else None)


def _as_client_sees_it(defect: Exception) -> Exception:
    """Logged here, once, with the id that every member's answer carries."""
    return RequestError([presented(GraphQLError(str(defect), original_error=defect))])


def _payload(data: Mapping[str, Any] | None, errors: Sequence[GraphQLError] | None) -> dict[str, Any]:
    payload: dict[str, Any] = {"data": data}
    if errors:
        payload["errors"] = [presented(error).formatted for error in errors]
    return payload
