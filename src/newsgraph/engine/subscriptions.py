"""A subscription taken apart: its variables, its source of events, and execution of one event.

The steps are those of the GraphQL specification, section 6.2.3: CreateSourceEventStream and ExecuteSubscriptionEvent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ExecutionResult,
    Executor,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    SelectionSetNode,
    VariableNode,
    create_source_event_stream,
    execute_subscription_event,
    get_argument_values,
    get_variable_values,
)

from newsgraph.engine.documents import Document, RequestError


@dataclass(frozen=True, slots=True)
class Begun:
    """A subscription with its variables. `argument`: the value of the argument that only says where it begins.

    `rest`: the other variables in canonical form, equal for subscriptions that differ in nothing but their beginning.
    """

    argument: Any
    rest: str


def begin(
    schema: GraphQLSchema,
    document: Document,
    variables: Mapping[str, Any] | None,
    argument: str,
    suggest: bool = True,
) -> Begun:
    """Coerces the variables; `suggest`: errors may say what else there is. Errors: RequestError."""
    given = dict(variables or {})
    definitions = document.operation.variable_definitions or ()
    values = get_variable_values(schema, definitions, given, hide_suggestions=not suggest)
    if isinstance(values, list):
        raise RequestError(values)
    field = _root_field(document, document.operation.selection_set)
    assert schema.subscription_type is not None  # noqa: S101 - else the document was not valid
    definition = schema.subscription_type.fields[field.name.value]
    own = _own_variable(document, field, argument)
    kept = {name for one in definitions if (name := one.variable.name.value) != own and name in given}
    rest = json.dumps({name: given[name] for name in kept}, sort_keys=True)
    try:
        return Begun(get_argument_values(definition, field, values).get(argument), rest)
    except GraphQLError as error:  # a variable that may be left out where the argument may not
        raise RequestError([error]) from None


def _root_field(document: Document, selected: SelectionSetNode) -> FieldNode:
    """The only field of a subscription (GraphQL specification, section 5.2.4.1), in a fragment or not."""
    first = selected.selections[0]
    if isinstance(first, FieldNode):
        return first
    if not isinstance(first, FragmentSpreadNode):
        return _root_field(document, first.selection_set)  # type: ignore[attr-defined] # an inline fragment
    fragments = [node for node in document.parsed.definitions if isinstance(node, FragmentDefinitionNode)]
    spread = next(node for node in fragments if node.name.value == first.name.value)
    return _root_field(document, spread.selection_set)


def _own_variable(document: Document, field: FieldNode, argument: str) -> str | None:
    """The variable that is this argument of the field and nothing else."""
    given = [one.value for one in field.arguments or () if one.name.value == argument]
    names = [value.name.value for value in given if isinstance(value, VariableNode)]
    return names[0] if names and document.variables.count(names[0]) == 1 else None


async def source_of(executor: Executor[Any]) -> Any:
    """What the subscription's resolver returned. Errors: RequestError."""
    source = create_source_event_stream(executor)
    if executor.is_awaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        raise RequestError(source.errors or [])
    return source


async def execute_event(executor: Executor[Any], event: object) -> ExecutionResult:
    """The operation's result on one event."""
    result: Any = execute_subscription_event(executor.build_per_event_executor(event))
    if executor.is_awaitable(result):
        result = await result
    assert isinstance(result, ExecutionResult)  # noqa: S101 - incremental delivery is no part of subscriptions
    return result
