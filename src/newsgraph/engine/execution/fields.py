"""How a field is resolved: as an attribute, by a function called directly, or as graphql-core would call it.

A field of Strawberry's has a resolver that wraps the application's function: it makes an Info, converts arguments,
and asks extensions for leave. Where there are no extensions, the function is called directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from inspect import CO_COROUTINE
from itertools import takewhile
from keyword import iskeyword
from types import FunctionType, MethodType
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    Node,
    Undefined,
    VariableNode,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema import schema_converter
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UNSET

from newsgraph.engine.execution.variables import taken_as_is

Arguments = Callable[[Executor[Any], Any], dict[str, Any]]
"""From the executor, which has the variables, and the field's Info, to the resolver's keyword arguments."""

_IMMUTABLE = (str, int, float, bool, type(None), type(UNSET), Enum)
_NO_VARIABLES = VariableValues({}, {})


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field without a resolver, which is an attribute of the object."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function that is called for each object.

    `named`: parameter names by what goes there: "object", "info" or "raw_info". The first `positional` go by position.
    `function` is None for a field without a resolver, which graphql-core's default resolver reads.
    """

    function: Callable[..., Any] | None
    positional: tuple[str, ...]
    named: Mapping[str, str] = field(default_factory=dict)
    strawberry: StrawberryField | None = None

    @property
    def gives_coroutine(self) -> bool:
        """Whether it always does."""
        function = self.function.__func__ if isinstance(self.function, MethodType) else self.function
        return isinstance(function, FunctionType) and bool(function.__code__.co_flags & CO_COROUTINE)

    @property
    def wants(self) -> set[str]:
        return {*self.positional, *self.named.values()}


def resolution(schema: GraphQLSchema, definition: GraphQLField) -> Attribute | Call:
    own = _own_field(schema, definition)
    if own is None:
        return Call(definition.resolve, ("object", "raw_info"))
    if own.base_resolver is not None:
        return _call(own)
    if own.default_resolver is getattr and own.python_name.isidentifier() and not iskeyword(own.python_name):
        return Attribute(own.python_name)
    return Call(definition.resolve, ("object", "raw_info"))


def _own_field(schema: GraphQLSchema, definition: GraphQLField) -> StrawberryField | None:
    """Strawberry's field, if its wrapper does nothing that we do not. A subclass may do anything."""
    found = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    plain = type(found) is StrawberryField and not found.extensions and not found.is_subscription
    code = getattr(definition.resolve, "__code__", None)
    wrapped = code is not None and code.co_filename == schema_converter.__file__
    return found if plain and wrapped and _converter(schema) is not None else None


def _converter(schema: GraphQLSchema) -> GraphQLCoreConverter | None:
    own = getattr(schema, "_strawberry_schema", None)
    converter = getattr(own, "schema_converter", None)
    return converter if isinstance(converter, GraphQLCoreConverter) else None


def _call(own: StrawberryField) -> Call:
    resolver = own.base_resolver
    assert resolver is not None  # noqa: S101 - only called where there is one
    named = {}
    for parameter in (resolver.parent_parameter, resolver.root_parameter):
        if parameter is not None:
            named[parameter.name] = "object"
    if resolver.info_parameter is not None:
        named[resolver.info_parameter.name] = "info"
    positional = ("object",) if resolver.self_parameter is not None else ()
    function: Any = resolver.wrapped_func  # bound to its type by now, if it was a class's
    return Call(function, *_leading(function, positional, named), own)


def _leading(
    function: Any, positional: tuple[str, ...], named: Mapping[str, str]
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Those by position that may go so: Python calls a function in two thirds of the time then."""
    code = function.__code__ if isinstance(function, FunctionType) else None
    names = () if code is None else code.co_varnames[len(positional) : code.co_argcount]
    leading = list(takewhile(named.__contains__, names))
    rest = {name: what for name, what in named.items() if name not in leading}
    return (*positional, *(named[name] for name in leading)), rest


def constant_arguments(
    schema: GraphQLSchema, definition: GraphQLField, details: FieldDetails, call: Call
) -> dict[str, Any] | None:
    """The arguments, if they are the same in every request and cannot be changed by a resolver."""
    if _has_variables(details.node):
        return None
    try:
        given = get_argument_values(definition, details.node, _NO_VARIABLES)
        if not all(isinstance(value, _IMMUTABLE) for value in given.values()):
            return None
        converted = _converted(schema, call, given, None)
    except Exception:  # the reference executor says what is wrong, if the field is reached
        return None
    return converted if all(isinstance(value, _IMMUTABLE) for value in converted.values()) else None


def arguments(schema: GraphQLSchema, definition: GraphQLField, details: FieldDetails, call: Call) -> Arguments:
    """Reads them once per request. Errors: whatever coercion raises."""
    handed_on = _handed_on(schema, definition, details.node, call)
    made = _made(schema, definition, details.node, call)

    def read(executor: Executor[Any], info: Any) -> dict[str, Any]:
        if made is not None:
            return {made.keyword: made.of(executor.variable_values.coerced[made.variable])}
        if handed_on is not None:
            coerced = executor.variable_values.coerced
            found = {keyword: coerced.get(variable) for keyword, variable in handed_on.items()}
            if None not in found.values():
                return found
        given = get_argument_values(definition, details.node, executor.variable_values)
        return _converted(schema, call, given, info)

    return read


def _handed_on(schema: GraphQLSchema, definition: GraphQLField, node: Node, call: Call) -> dict[str, str] | None:
    """Variables by keyword, if there is nothing but variables that resolvers are given as they are.

    To read an argument with graphql-core and Strawberry takes some 15 microseconds. What an argument is called in
    Python, and whether it is handed on as it is, is tried.
    """
    given: dict[str, Any] = {one.name.value: one.value for one in getattr(node, "arguments", None) or ()}
    if not all(_may_be_handed_on(argument, given.get(name)) for name, argument in definition.args.items()):
        return None
    found: dict[str, str] = {}
    for name, value in given.items():
        probe = str(object())
        converted = _converted(schema, call, {definition.args[name].out_name or name: probe}, None)
        found |= {keyword: value.name.value for keyword, one in converted.items() if one is probe}
    return found if len(found) == len(given) else None


@dataclass(frozen=True, slots=True)
class _Made:
    """An argument that is a variable: an input object, whose `kind` is given its values by their names in Python."""

    keyword: str
    variable: str
    kind: type[Any]
    names: Mapping[str, str]
    implied: Mapping[str, None]

    def of(self, value: Mapping[str, Any]) -> Any:
        names = self.names
        return self.kind(**{**self.implied, **{names[name]: one for name, one in value.items()}})


def _made(schema: GraphQLSchema, definition: GraphQLField, node: Node, call: Call) -> _Made | None:
    """Where a field's only argument is such a variable: Strawberry takes 30 microseconds for what takes 2.

    What its values are called in Python, and whether they are handed on as they are, is tried.
    """
    given: dict[str, Any] = {one.name.value: one.value for one in getattr(node, "arguments", None) or ()}
    if call.strawberry is None or len(definition.args) != 1 or not given:
        return None
    [(name, argument)], [value] = definition.args.items(), given.values()
    inner = argument.type.of_type if isinstance(argument.type, GraphQLNonNull) else None
    if not isinstance(inner, GraphQLInputObjectType) or not isinstance(value, VariableNode):
        return None
    if not all(is_leaf_type(get_nullable_type(one.type)) for one in inner.fields.values()):
        return None
    probes = {one.out_name or key: str(object()) for key, one in inner.fields.items()}
    [(keyword, found)] = _converted(schema, call, {argument.out_name or name: probes}, None).items()
    if getattr(getattr(found, "__strawberry_definition__", None), "from_input", True) is not None:
        return None
    names = {key: own for own, one in vars(found).items() for key, probe in probes.items() if one is probe}
    bare = [one.name for one in fields(found) if one.default is MISSING and one.default_factory is MISSING]
    implied = dict.fromkeys(bare)
    return _Made(keyword, value.name.value, type(found), names, implied) if len(names) == len(probes) else None


def _may_be_handed_on(argument: GraphQLArgument, value: object) -> bool:
    if value is None:
        return not is_required_argument(argument) and argument.default is None and argument.default_value is Undefined
    return isinstance(value, VariableNode) and taken_as_is(argument.type) is not None


def _converted(schema: GraphQLSchema, call: Call, given: dict[str, Any], info: Any) -> dict[str, Any]:
    converter = _converter(schema)
    if call.strawberry is None or converter is None:
        return given
    own = call.strawberry.arguments
    return convert_arguments(given, own, converter.scalar_registry, converter.config, info)


def info_class(schema: GraphQLSchema) -> type[Any] | None:
    """What Strawberry's resolvers are given, from a raw info and the field."""
    converter = _converter(schema)
    return None if converter is None else converter.config.info_class


def _has_variables(node: Node) -> bool:
    return isinstance(node, FieldNode) and any(_mentions(argument.value) for argument in node.arguments or ())


def _mentions(value: Node) -> bool:
    """Whether a value is or contains a variable."""
    if isinstance(value, VariableNode):
        return True
    parts = [*getattr(value, "values", ()), *(field.value for field in getattr(value, "fields", ()))]
    return any(map(_mentions, parts))
