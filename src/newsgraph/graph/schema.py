"""The schema, put together."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext, ExecutionResult

from newsgraph.graph import types
from newsgraph.graph.context import Context
from newsgraph.graph.errors import PresentErrors
from newsgraph.graph.mutations import Mutation
from newsgraph.graph.queries import Query
from newsgraph.graph.scalars import SCALARS
from newsgraph.graph.subscriptions import Subscription


class NewsSchema(strawberry.Schema):
    """Gives each operation a context of its own, since a socket's lives as long as the socket."""

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> ExecutionResult:
        own = _own(context_value)
        return await super().execute(query, variable_values, own, *args, **kwargs)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Every operation that comes over a socket."""
        own = _own(context_value)
        return await super().stream(query, variable_values, own, *args, **kwargs)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: PresentErrors logs defects; what clients did wrong is no news for our log."""


def _own(context: Any) -> Any:
    return context.for_operation() if isinstance(context, Context) else context


def build() -> NewsSchema:
    return NewsSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[types.Commenter],
        extensions=[PresentErrors],
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def sdl() -> str:
    """The public schema in GraphQL's schema definition language, ending with a line end."""
    return build().as_str().strip() + "\n"
