"""Coercing variables: those that are taken as they come without asking graphql-core again in every request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    get_variable_values,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

_ERRORS = 50  # that are reported

Fits = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_number(value: Any) -> bool:
    return type(value) is int and -2147483648 <= value <= 2147483647


_FITS: dict[object, Fits] = {
    GraphQLString: _is_text,
    GraphQLID: _is_text,
    GraphQLBoolean: _is_flag,
    GraphQLInt: _is_number,
}


def taken_as_is(type_: Any) -> Fits | None:
    """Tells which values of an input type are what they are coerced to; None where that takes more than a look."""
    return _FITS.get(type_.of_type if isinstance(type_, GraphQLNonNull) else type_)


class _Plain(NamedTuple):
    name: str
    signature: GraphQLVariableSignature
    fits: Fits


class Variables:
    """Of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, suggest: bool = True) -> None:
        self._schema = schema
        self._suggest = suggest
        self._definitions = operation.variable_definitions or ()
        found = [_plain(get_variable_signature(schema, one)) for one in self._definitions]
        self._plain = [one for one in found if one is not None] if None not in found else None

    def coerced(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """As get_variable_values says, which takes some 10 microseconds a variable; errors are its own."""
        values = self._as_is(given)
        return values or get_variable_values(
            self._schema, self._definitions, dict(given), max_errors=_ERRORS, hide_suggestions=not self._suggest
        )

    def _as_is(self, given: Mapping[str, Any]) -> VariableValues | None:
        """None where anything is missing, null or does not fit."""
        if self._plain is None:
            return None
        sources, coerced = {}, {}
        for name, signature, fits in self._plain:
            value = given.get(name)
            if not fits(value):
                return None
            sources[name], coerced[name] = VariableValueSource(signature, value), value
        return VariableValues(sources, coerced)


def _plain(signature: GraphQLVariableSignature | GraphQLError) -> _Plain | None:
    fits = None if isinstance(signature, GraphQLError) else taken_as_is(signature.type)
    return None if fits is None or isinstance(signature, GraphQLError) else _Plain(signature.name, signature, fits)
