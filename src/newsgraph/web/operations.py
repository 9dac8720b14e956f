"""Operations, however they came: queries and mutations answered, subscriptions shared with all who ask the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Hashable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
)
from starlette.types import Scope

from newsgraph.domain.errors import Fault, FaultCode, RateLimited
from newsgraph.domain.users import ANONYMOUS, Viewer
from newsgraph.engine import subscriptions
from newsgraph.engine.documents import Document, Request, RequestError
from newsgraph.engine.fanout import Execute, Fanout, Member, Outlet
from newsgraph.engine.limits import excess_of_variables
from newsgraph.engine.responses import Answer, Entry
from newsgraph.graph.answers import Answers, Ask, Asked, Key
from newsgraph.graph.context import Context, Services, giving_up
from newsgraph.graph.costs import Budget
from newsgraph.graph.dependencies import Dependencies
from newsgraph.graph.errors import presented
from newsgraph.graph.execution import encoded
from newsgraph.graph.schema import NewsSchema
from newsgraph.observe import Tasks
from newsgraph.ports.feeds import Answer as FeedAnswer
from newsgraph.ports.feeds import Feed, Happening, Standing
from newsgraph.web.documents import Catalogue, limits_of
from newsgraph.web.rates import Rates
from newsgraph.web.uvicorn_http import while_there

_PERHAPS = "It may have been done all the same: repeat it with the same clientMutationId to be told."
_CURSOR = "after"  # the argument of a subscription that says from where a client goes on


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a group's key is made of: equal for subscriptions that may share every result."""

    query: str
    operation_name: str | None
    variables: str
    audience: Hashable


class _Limit:
    """What takes more than so many seconds (0: any number) is cancelled. Errors: Fault(OPERATION_TIMED_OUT).

    A class, since a generator takes 2 microseconds more, and a small query 80.
    """

    __slots__ = ("_limit", "_more", "_seconds")

    def __init__(self, seconds: float, *more: str) -> None:
        self._limit = asyncio.timeout(seconds or None)
        self._seconds = seconds
        self._more = more

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, *raised: Any) -> None:
        try:
            await self._limit.__aexit__(kind, *raised)
        except TimeoutError:
            raise self._fault() from None
        if kind is TimeoutError and self._limit.expired():
            raise self._fault() from None

    def _fault(self) -> Fault:
        message = " ".join((f"The operation took more than {self._seconds:g} seconds.", *self._more))
        return Fault(FaultCode.OPERATION_TIMED_OUT, message)


class Operations:
    """Finds documents, runs their operations, and shares subscriptions between all connections of this process.

    Their work is in `tasks`.
    """

    def __init__(
        self, schema: NewsSchema, services: Services, answers: Answers, catalogue: Catalogue, tasks: Tasks
    ) -> None:
        self._schema = schema
        self._services = services
        self._catalogue = catalogue
        self._limits = limits_of(services.settings)
        self.budget = Budget(schema, services.settings)
        self.rates = Rates(services.settings)
        self.answers = answers
        self.tasks = tasks
        self.fanout = Fanout(services.settings.mailbox_size, tasks, _as_client_sees_it, _passes)

    def check(self, request: Request, address: str = "") -> Document:
        """Found, parsed and validated, once for each text; within all limits. Errors: RequestError, RateLimited.

        Whoever comes from this address with a text that is new pays for it.
        """
        try:
            document = self._catalogue.find(request, lambda points: self.rates.pay(ANONYMOUS, address, points))
            self._measure(document, request)
            return document
        except RateLimited:
            raise
        except (Fault, RequestError) as error:
            raise _as_client_sees_it(error) from None

    def _measure(self, document: Document, request: Request) -> None:
        """Errors: RequestError."""
        if request.variables:
            excess = excess_of_variables(request.variables, self._limits)
            if excess is not None:
                raise RequestError([excess])
        self.budget.check(document, request.variables)

    async def run(self, asked: Asked, scope: Scope | None = None) -> bytes:
        """The encoded result of a query or mutation. Errors: RequestError, and those of `query`."""
        try:
            if asked.document.operation.operation is OperationType.MUTATION:
                self._charge(asked)
                async with self._patience(None, _PERHAPS):
                    return await self.answers.mutate(asked)
            return (await self.query(lambda: asked, self.answers.key(asked), asked.viewer, scope)).body
        except RequestError as error:
            raise _as_client_sees_it(error) from None

    async def query(self, ask: Ask, key: Key | None, viewer: Viewer, scope: Scope | None = None) -> Entry | Answer:
        """A query's answer, at hand or not. `scope`: of an HTTP request that nobody answers any more when it has gone.

        Errors: RequestError, starlette.requests.ClientDisconnect.
        """
        try:
            if key is not None and (entry := self.answers.at_hand(key, viewer)) is not None:
                return entry
            if key is None or not self.answers.under_way(key):
                asked = ask()
                self._charge(asked)
                ask = lambda: asked  # noqa: E731
            with while_there(scope):
                async with _Limit(self._services.settings.operation_timeout):
                    return await self.answers.query(ask, key, viewer)
        except RequestError as error:
            raise _as_client_sees_it(error) from None

    def _charge(self, asked: Asked) -> None:
        """Whoever has an answer made pays for it; waiting for another's is free. Errors: RateLimited."""
        address, document = asked.reader.address, asked.document
        if document.operation.operation is OperationType.MUTATION:
            for kind in document.derived(_kinds):
                self.rates.change(asked.viewer, address, kind)
        self.rates.pay(asked.viewer, address, self.budget.cost(document, asked.request.variables))

    @asynccontextmanager
    async def _patience(self, context: Context | None = None, *more: str) -> AsyncIterator[None]:
        """What takes too long is cancelled, with its reads. Errors: Fault(OPERATION_TIMED_OUT)."""
        patience = self._services.settings.operation_timeout
        reading = nullcontext() if context is None else giving_up(context, patience)
        async with _Limit(patience, *more):
            with reading:
                yield

    def subscribe(
        self, document: Document, request: Request, viewer: Viewer, outlet: Outlet, cursor: str | None = None
    ) -> Member:
        """The encoded results of a subscription go to the outlet. `cursor` wins over what the operation says.

        Errors: RequestError, now or later, to the outlet.
        """
        try:
            begun = subscriptions.begin(
                self._schema.core, document, request.variables, _CURSOR, self._limits.introspection
            )
        except RequestError as error:
            raise _as_client_sees_it(error) from None
        audience = self.answers.audience(document, viewer)

        async def source() -> tuple[Feed, Execute]:
            return await self._source(
                document, request, Context(self._services, audience, depends=Dependencies(document.places))
            )

        key = _Shared(document.text, request.operation_name, begun.rest, audience)
        return self.fanout.join(key, source, cursor or begun.argument, outlet)

    async def _source(self, document: Document, request: Request, context: Context) -> tuple[Feed, Execute]:
        """The subscription's feed, and the execution of its events; the context is theirs alone."""
        executor = self.answers.execution.executors.prepare(document, request, context)
        async with self._patience(context):
            feed = await subscriptions.source_of(executor)

        async def execute(event: object) -> bytes:
            async with self._patience(context):
                result: ExecutionResult = await subscriptions.execute_event(executor, event)
            if result.errors and _passes(failure := RequestError(result.errors)):
                raise failure  # the event is told when it can be, instead of a hole where it was
            return encoded(result.data, result.errors)

        return _Patient(feed, lambda: self._patience(context)), execute


@dataclass(frozen=True, slots=True)
class _Patient:
    """A feed (ports.feeds.Feed) that does not take too long to answer."""

    feed: Feed
    patience: Callable[[], AbstractAsyncContextManager[None]]

    def attached(self) -> AbstractContextManager[AsyncGenerator[Happening, None]]:
        return self.feed.attached()

    async def answers(self, standings: Collection[Standing], limit: int) -> Mapping[Standing, FeedAnswer]:
        async with self.patience():
            return await self.feed.answers(standings, limit)


def _kinds(document: Document) -> tuple[str, ...]:
    """Mutations of an operation, each as often as it is there."""
    fragments = {one.name.value: one for one in document.parsed.definitions if isinstance(one, FragmentDefinitionNode)}

    def within(selected: SelectionSetNode) -> Iterator[str]:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield node.name.value
            elif isinstance(node, FragmentSpreadNode):
                yield from within(fragments[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                yield from within(node.selection_set)

    return tuple(name for name in within(document.operation.selection_set) if not name.startswith("__"))


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
