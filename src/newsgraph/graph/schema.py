"""The schema, put together."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from newsgraph.graph import types
from newsgraph.graph.directives import PRIVATE
from newsgraph.graph.errors import PresentErrors
from newsgraph.graph.mutations import Mutation
from newsgraph.graph.queries import Query
from newsgraph.graph.scalars import SCALARS
from newsgraph.graph.subscriptions import Subscription


class NewsSchema(strawberry.Schema):
    """Strawberry's schema; each operation needs a Context of its own."""

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> ExecutionResult:
        """Queries and mutations: a subscription has more than one answer, and needs `stream`."""
        allowed = kwargs.get("allowed_operation_types") or OperationType
        kwargs["allowed_operation_types"] = set(allowed) - {OperationType.SUBSCRIPTION}
        return await super().execute(query, variable_values, context_value, *args, **kwargs)

    @property
    def core(self) -> GraphQLSchema:
        """The schema as graphql-core knows it."""
        return self._schema

    @cached_property
    def private_fields(self) -> frozenset[str]:
        """Names of fields whose value depends on who asks: those that the schema marks PRIVATE."""
        described = (definition.definition for definition in self.schema_converter.type_map.values())
        fields = (field for one in described for field in getattr(one, "fields", ()))
        return frozenset(
            self.config.name_converter.get_graphql_name(field) for field in fields if PRIVATE in field.directives
        )

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: PresentErrors logs defects; what clients did wrong is no news for our log."""


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
