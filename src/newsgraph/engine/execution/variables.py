"""Coercing variables: those that are taken as they come without asking graphql-core again in every request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    get_variable_values,
    is_required_input_field,
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


def _fits(type_: Any) -> Fits | None:
    """The same, for input objects of such values, too."""
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if not isinstance(inner, GraphQLInputObjectType):
        return taken_as_is(type_)
    looks = {name: _fits_field(field) for name, field in inner.fields.items()}
    if inner.is_one_of or inner.out_type is not GraphQLInputObjectType.out_type or None in looks.values():
        return None
    return _object_fits(looks, {name for name, field in inner.fields.items() if is_required_input_field(field)})


def _fits_field(field: GraphQLInputField) -> Fits | None:
    """None for one that has a default, or another name in Python."""
    fits = taken_as_is(field.type)
    if fits is None or field.out_name or field.default is not None or field.default_value is not Undefined:
        return None
    return fits if isinstance(field.type, GraphQLNonNull) else lambda value: value is None or fits(value)


def _object_fits(looks: Mapping[str, Any], required: Set[str]) -> Fits:
    def fits(value: Any) -> bool:
        if type(value) is not dict or not required <= value.keys() <= looks.keys():
            return False
        return all(looks[name](one) for name, one in value.items())

    return fits


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
    fits = None if isinstance(signature, GraphQLError) else _fits(signature.type)
    return None if fits is None or isinstance(signature, GraphQLError) else _Plain(signature.name, signature, fits)
