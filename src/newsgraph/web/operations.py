"""Operations of long-lived connections: queries and mutations alone, subscriptions shared with all who ask the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Role, Viewer
from newsgraph.engine import documents, subscriptions
from newsgraph.engine.documents import Document, Request, RequestError
from newsgraph.engine.fanout import Execute, Fanout, Member, Outlet
from newsgraph.graph.context import Context, Services
from newsgraph.graph.errors import presented
from newsgraph.graph.schema import NewsSchema
from newsgraph.observe import Tasks
from newsgraph.ports.feeds import Feed
from newsgraph.web.callers import encode

# Whoever may see more than readers do; everybody else sees what an anonymous reader sees.
_SEES_MORE = (Role.ADMIN, Role.MODERATOR, Role.EDITOR)

_CURSOR = "after"  # the argument of a subscription that says from where a client goes on
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
    """Runs operations and shares subscriptions between all connections of this process; their work is in `tasks`."""

    def __init__(self, schema: NewsSchema, services: Services, tasks: Tasks) -> None:
        self._schema = schema
        self._services = services
        self._documents: OrderedDict[tuple[str, str | None], Document] = OrderedDict()
        self.tasks = tasks
        self.fanout = Fanout(services.settings.mailbox_size, tasks, _as_client_sees_it, _passes)

    def check(self, request: Request) -> Document:
        """Parsed and validated, once for each text. Errors: RequestError."""
        if not request.query.strip():
            raise _as_client_sees_it(Fault(FaultCode.BAD_INPUT, "There is no operation in the request."))
        try:
            return self._known(request) or self._learn(request)
        except RequestError as error:
            raise _as_client_sees_it(error) from None

    def _known(self, request: Request) -> Document | None:
        key = (request.query, request.operation_name)
        if key in self._documents:
            self._documents.move_to_end(key)
        return self._documents.get(key)

    def _learn(self, request: Request) -> Document:
        """Validating a widget's document takes a millisecond, and everybody sends the same."""
        document = documents.check(self._schema.core, request)
        if len(request.query) <= _DOCUMENT_MAX:
            self._documents[request.query, request.operation_name] = document
            while len(self._documents) > _DOCUMENTS:
                self._documents.popitem(last=False)
        return document

    async def run(self, request: Request, context: Context) -> str:
        """The encoded result of a query or mutation. Errors: RequestError."""
        variables = dict(request.variables or {})
        result = await self._schema.execute(request.query, variables, context, operation_name=request.operation_name)
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            raise _as_client_sees_it(RequestError(result.errors))
        return _encoded(result.data, result.errors)

    def subscribe(
        self, document: Document, request: Request, viewer: Viewer, outlet: Outlet, cursor: str | None = None
    ) -> Member:
        """The encoded results of a subscription go to the outlet. `cursor` wins over what the operation says.

        Errors: RequestError, now or later, to the outlet.
        """
        try:
            begun = subscriptions.begin(self._schema.core, document, request.variables, _CURSOR)
        except RequestError as error:
            raise _as_client_sees_it(error) from None
        audience = self._audience(document, viewer)

        async def source() -> tuple[Feed, Execute]:
            return await self._source(document, request, Context(self._services, audience))

        key = _Shared(document.text, request.operation_name, begun.rest, audience)
        return self.fanout.join(key, source, cursor or begun.argument, outlet)

    async def _source(self, document: Document, request: Request, context: Context) -> tuple[Feed, Execute]:
        """The subscription's feed, and the execution of its events; the context is theirs alone."""
        kind = self._schema.execution_context_class
        executor = subscriptions.prepare(kind, self._schema.core, document, request, context)
        feed = await subscriptions.source_of(executor)

        async def execute(event: object) -> bytes:
            result: ExecutionResult = await subscriptions.execute_event(executor, event)
            if result.errors and _passes(failure := RequestError(result.errors)):
                raise failure  # the event is told when it can be, instead of a hole where it was
            return _encoded(result.data, result.errors).encode()

        return feed, execute

    def _audience(self, document: Document, viewer: Viewer) -> Viewer:
        """As whom the group's operation runs: the viewer themself only where the answer depends on who they are."""
        if document.selects(self._schema.private_fields):
            return viewer
        return Viewer(None, viewer.role if viewer.role in _SEES_MORE else None)


def _passes(defect: Exception | None) -> bool:
    """Whether it is worth waiting for, as a database that is busy."""
    if isinstance(defect, RequestError):
        return any(_passes(error.original_error) for error in defect.errors)
    return isinstance(defect, Fault) and defect.code is FaultCode.UNAVAILABLE


def _as_client_sees_it(defect: Exception) -> RequestError:
    """Logged here, once, with the id that every client's answer carries."""
    if isinstance(defect, RequestError):
        return RequestError([presented(one, defect.valid) for one in defect.errors], defect.valid)
    return RequestError([presented(GraphQLError(str(defect), original_error=defect))])


def _encoded(data: Mapping[str, Any] | None, errors: Sequence[GraphQLError] | None) -> str:
    payload: dict[str, Any] = {"data": data}
    if errors:
        payload["errors"] = [presented(error).formatted for error in errors]
    return encode(payload)
