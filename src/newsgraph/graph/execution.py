"""Executing operations of the newsroom's schema: compiled where that may be, and encoded as clients get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import ExecutionResult, Executor, GraphQLError

from newsgraph.engine.documents import Document, Request
from newsgraph.engine.execution import at_once, compiling
from newsgraph.engine.preparing import Executors
from newsgraph.graph.context import Context
from newsgraph.graph.encoding import as_json
from newsgraph.graph.errors import presented
from newsgraph.graph.schema import NewsSchema


class Execution:
    """`compiled`: whether queries and events run as functions made for them, or as graphql-core runs everything.

    `suggest`: whether errors in variables may say what else there is.
    """

    def __init__(self, schema: NewsSchema, compiled: bool, suggest: bool = True) -> None:
        base = schema.execution_context_class
        kind: type[Executor[Any]] = compiling(base, inline=True, mutations=True) if compiled else base
        self.executors = Executors(kind, schema.core, suggest)

    async def run(self, document: Document, request: Request, context: Context) -> ExecutionResult:
        """A query or mutation. Errors: RequestError."""
        executor = self.executors.prepare(document, request, context)
        result: Any = executor.execute_operation()
        if executor.is_awaitable(result):
            result = await result
        found: ExecutionResult = result
        return found

    def at_once(self, document: Document, request: Request, context: Context) -> Callable[[], ExecutionResult] | None:
        """A query that runs where the context's session is; None where it is not compiled. Errors: RequestError."""
        return at_once(self.executors.prepare(document, request, context))


def encoded(data: Mapping[str, Any] | None, errors: Sequence[GraphQLError] | None) -> bytes:
    """A response (GraphQL specification, section 7) in JSON."""
    payload: dict[str, Any] = {"data": data}
    if errors:
        payload["errors"] = [presented(error).formatted for error in errors]
    return as_json(payload)
