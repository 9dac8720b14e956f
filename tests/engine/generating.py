"""Operations made up from a schema: fields, aliases, fragments, variables and directives, all by one seed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)

_DEPTH = 4
_BREADTH = 4

Pool = Mapping[str, Sequence[Any]]
"""Values that make sense, by the name of an argument or input field, else by the name of a type."""


@dataclass(frozen=True)
class Generated:
    text: str
    document: DocumentNode
    variables: dict[str, Any]


def generate(schema: GraphQLSchema, pool: Pool, seed: int) -> Generated | None:
    """A valid query; None when what was made up is not one, as two fields of one key may not go together."""
    writer = _Writer(schema, pool, Random(seed))
    text = writer.text()
    document = parse(text)
    return None if validate(schema, document) else Generated(text, document, writer.values)


class _Writer:
    def __init__(self, schema: GraphQLSchema, pool: Pool, random: Random) -> None:
        self.values: dict[str, Any] = {}
        self._schema = schema
        self._pool = pool
        self._random = random
        self._declared: list[str] = []
        self._fragments: list[str] = []
        self._numbers = count()

    def text(self) -> str:
        body = self._selection(self._schema.query_type, _DEPTH)
        declared = f"({', '.join(self._declared)})" if self._declared else ""
        return "\n".join([f"query Made{declared} {body}", *self._fragments])

    def _selection(self, type_: Any, depth: int) -> str:
        parts = [self._part(type_, depth) for _ in range(self._random.randint(1, _BREADTH))]
        return "{ " + " ".join([part for part in parts if part] or ["__typename"]) + " }"

    def _part(self, type_: Any, depth: int) -> str:
        chance = self._random.random()
        if depth > 0 and (chance < 0.15 or (is_abstract_type(type_) and chance < 0.6)):
            return self._fragment(type_, depth)
        if chance < 0.2:
            return f"{self._alias(0.3)}__typename{self._directive()}"
        return self._field(type_, depth)

    def _fragment(self, type_: Any, depth: int) -> str:
        on = self._random.choice([type_, *self._below(type_)])
        body = self._selection(on, depth - 1)
        if self._random.random() < 0.4:
            name = f"F{next(self._numbers)}"
            self._fragments.append(f"fragment {name} on {on.name} {body}")
            return f"...{name}{self._directive()} ...{name}"
        condition = f" on {on.name}" if on is not type_ or self._random.random() < 0.7 else ""
        return f"...{condition}{self._directive()} {body}"

    def _below(self, type_: Any) -> Sequence[Any]:
        if is_abstract_type(type_):
            return list(self._schema.get_possible_types(type_))
        return list(type_.interfaces)

    def _field(self, type_: Any, depth: int) -> str:
        fields = getattr(type_, "fields", {})
        names = [
            name for name, field in fields.items() if depth > 0 or not is_composite_type(get_named_type(field.type))
        ]
        if not names:
            return "__typename"
        name = self._random.choice(names)
        field = fields[name]
        arguments = self._arguments(field.args)
        alias = self._alias(1 if arguments else 0.2)
        composite = is_composite_type(get_named_type(field.type))
        body = self._selection(get_named_type(field.type), depth - 1) if composite else ""
        return f"{alias}{name}{arguments}{self._directive()} {body}"

    def _alias(self, chance: float) -> str:
        return f"a{next(self._numbers)}: " if self._random.random() < chance else ""

    def _directive(self) -> str:
        if self._random.random() > 0.12:
            return ""
        name = self._random.choice(["skip", "include"])
        if self._random.random() < 0.4:
            return f" @{name}(if: {self._random.choice(['true', 'false'])})"
        return f" @{name}(if: {self._variable('Boolean!', self._random.random() < 0.5)})"

    # Arguments

    def _arguments(self, args: Mapping[str, GraphQLArgument]) -> str:
        given = [self._argument(name, arg) for name, arg in args.items() if self._wanted(name, arg)]
        return f"({', '.join(given)})" if given else ""

    def _wanted(self, name: str, arg: GraphQLArgument) -> bool:
        return is_non_null_type(arg.type) or name == "first" or self._random.random() < 0.3

    def _argument(self, name: str, arg: GraphQLArgument) -> str:
        value = self._value(name, arg.type)
        if self._random.random() < 0.5:
            return f"{name}: {_literal(value, arg.type)}"
        if not is_non_null_type(arg.type) and self._random.random() < 0.3:
            return f"{name}: {self._declare(str(arg.type))}"  # and no value
        if value is not None and self._random.random() < 0.2:
            return f"{name}: {self._declare(f'{get_nullable_type(arg.type)} = {_literal(value, arg.type)}')}"
        return f"{name}: {self._variable(str(arg.type), _plain(value))}"

    def _variable(self, type_: str, value: object) -> str:
        name = self._declare(type_)
        self.values[name[1:]] = value
        return name

    def _declare(self, type_: str) -> str:
        name = f"$v{next(self._numbers)}"
        self._declared.append(f"{name}: {type_}")
        return name

    def _value(self, name: str, type_: Any) -> Any:
        if not is_non_null_type(type_) and self._random.random() < 0.1:
            return None
        type_ = get_nullable_type(type_)
        if is_list_type(type_):
            return [self._value(name, type_.of_type) for _ in range(self._random.randint(0, 3))]
        if isinstance(type_, GraphQLInputObjectType):
            fields = [(key, field) for key, field in type_.fields.items() if self._random.random() < 0.4]
            return {key: self._value(key, field.type) for key, field in fields}
        if isinstance(type_, GraphQLEnumType):
            return _Name(self._random.choice(list(type_.values)))
        return self._random.choice(self._pool.get(name) or self._pool[type_.name])


class _Name(str):
    """An enum's value: a name in a literal, a string in a variable."""

    __slots__ = ()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, _Name) else value


def _literal(value: Any, type_: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_literal(one, None)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_literal(one, None) for one in value)}]"
    if isinstance(value, _Name):
        return str(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return json.dumps(value)
