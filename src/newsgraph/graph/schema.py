"""The schema, put together."""

from __future__ import annotations

from functools import cached_property

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from newsgraph.graph import types
from newsgraph.graph.descriptions import describe
from newsgraph.graph.directives import PRIVATE
from newsgraph.graph.mutations import Mutation
from newsgraph.graph.queries import Query
from newsgraph.graph.scalars import SCALARS
from newsgraph.graph.subscriptions import Subscription


class NewsSchema(strawberry.Schema):
    """Strawberry's schema. What is executed is executed by graph.execution, with a Context of its own."""

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


def build() -> NewsSchema:
    schema = NewsSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[types.Commenter],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    describe(schema.core)
    return schema


def sdl() -> str:
    """The public schema in GraphQL's schema definition language, ending with a line end."""
    return build().as_str().strip() + "\n"
