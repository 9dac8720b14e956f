"""What an operation costs: each field by its weight, and what is selected below a list as often as the list is long.

After IBM's GraphQL Cost Directive specification (https://ibm.github.io/graphql-specs/cost-spec.html): a field costs its
weight once, and below it each object costs 1 more. It is an upper bound: what is skipped counts, fields that go
together count each time, and of a union's fragments all do.

Reckoning is linear in the document, since each fragment is reckoned once, and is done once for each document. Where the
length of a list is a variable, what remains is a short list of sums, a few microseconds for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    value_from_ast_untyped,
)
from graphql.type import GraphQLNonNull

from newsgraph.engine.documents import Document

Variables = Mapping[str, Any]

_SCHEMA_LIST = 3  # of fields, arguments, values and interfaces of a type, on average


@dataclass(frozen=True, slots=True)
class Price:
    """Of a field. `slicing`: arguments that say how long its list is, a number or a list of what is asked for.

    `sized`: fields of its own type that are the list; none: it is the list itself. `assumed`: the length where no
    argument says; None: a page of the usual length.
    """

    weight: int = 0
    slicing: Sequence[str] = ()
    sized: Sequence[str] = ()
    assumed: int | None = None


PriceOf = Callable[[GraphQLField], Price]
"""What a schema says of a field."""


@dataclass(frozen=True, slots=True)
class Pages:
    """`usual`: the length of a page that nobody asked a length of. `longest`: more is refused by who reads it."""

    usual: int
    longest: int


class _Length(NamedTuple):
    """Of a list, by a variable."""

    variable: str
    left_out: Any
    assumed: int
    longest: int

    def of(self, variables: Variables) -> int:
        return _length(variables.get(self.variable, self.left_out), self.assumed, self.longest)


@dataclass(slots=True, eq=False)
class _Sum:
    """A number and what is added to it: so many times another number, or another sum (by its place among them)."""

    fixed: int = 0
    terms: list[tuple[int | _Length, int, int | None]] = field(default_factory=list)
    place: int | None = None


class Cost(NamedTuple):
    """Of an operation. `sums` in the order in which they follow from each other, the last is all; none: it is fixed."""

    fixed: int
    sums: Sequence[_Sum]

    def of(self, variables: Variables) -> int:
        if not self.sums:
            return self.fixed
        values: list[int] = []
        for one in self.sums:
            values.append(one.fixed + sum(_worth(term, variables, values) for term in one.terms))
        return values[-1]


def _worth(term: tuple[int | _Length, int, int | None], variables: Variables, values: Sequence[int]) -> int:
    times, number, place = term
    length = times if isinstance(times, int) else times.of(variables)
    return length * (number if place is None else values[place])


class Costs:
    """Reckons the operations of one schema."""

    def __init__(self, schema: GraphQLSchema, price_of: PriceOf, pages: Pages) -> None:
        self._schema = schema
        self._price_of = price_of
        self._pages = pages
        self._sized = self._sized_fields()

    def of(self, document: Document) -> Cost:
        reckoner = _Reckoner(self, document)
        whole = reckoner.all()
        return Cost(whole.fixed, reckoner.sums if whole.terms else ())

    def _sized_fields(self) -> frozenset[tuple[str, str]]:
        """Fields whose length the field above them says, by type and name."""
        found = set()
        for kind in self._schema.type_map.values():
            for one in getattr(kind, "fields", {}).values():
                if isinstance(one, GraphQLField):
                    found |= {(get_named_type(one.type).name, name) for name in self._price_of(one).sized}
        return frozenset(found)

    # What the reckoner asks

    def price(self, definition: GraphQLField) -> Price:
        return self._price_of(definition)

    def is_sized(self, kind: str, name: str) -> bool:
        return (kind, name) in self._sized

    def type(self, name: str) -> Any:
        return self._schema.type_map[name]

    def field(self, parent: Any, name: str) -> GraphQLField | None:
        found: GraphQLField | None = self._schema.get_field(parent, name)
        return found

    def root(self, document: Document) -> Any:
        return self._schema.get_root_type(document.operation.operation)

    def length(self, node: FieldNode, definition: GraphQLField, defaults: Variables) -> int | _Length:
        """What the longest of the slicing arguments says."""
        price = self._price_of(definition)
        assumed = self._pages.usual if price.assumed is None else price.assumed
        given = [one.value for one in node.arguments or () if one.name.value in price.slicing]
        longest = self._pages.longest
        for value in given:
            if isinstance(value, VariableNode):
                name = value.name.value
                return _Length(name, defaults.get(name), assumed, longest)
        lengths = [_literal(value, assumed, longest) for value in given]
        return max(lengths, default=_default(definition, price, assumed))

    def introspected(self, parent: Any, name: str) -> int:
        if parent.name == "__Schema" and name in ("types", "directives"):
            return len(self._schema.type_map if name == "types" else self._schema.directives)
        return _SCHEMA_LIST


def _literal(value: Any, assumed: int, longest: int) -> int:
    if isinstance(value, ListValueNode):
        return len(value.values)
    return _length(int(value.value), assumed, longest) if isinstance(value, IntValueNode) else assumed


def _default(definition: GraphQLField, price: Price, assumed: int) -> int:
    defaults = [definition.args[name].default_value for name in price.slicing if name in definition.args]
    return next((one for one in defaults if isinstance(one, int)), assumed)


def _length(value: Any, assumed: int, longest: int) -> int:
    if isinstance(value, list):
        return len(value)
    return min(max(value, 0), longest) if isinstance(value, int) else assumed


class _Reckoner:
    """Of one document. A selection is two sums: what is there once, and what is there for each item of its list."""

    def __init__(self, costs: Costs, document: Document) -> None:
        self._costs = costs
        self._document = document
        self._fragments = {
            one.name.value: one for one in document.parsed.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._defaults = {
            one.variable.name.value: value_from_ast_untyped(one.default_value)
            for one in document.operation.variable_definitions or ()
            if one.default_value is not None
        }
        self._known: dict[str, tuple[_Sum, _Sum]] = {}
        self.sums: list[_Sum] = []

    def all(self) -> _Sum:
        once, each = self._selection(self._document.operation.selection_set, self._costs.root(self._document))
        self._add(once, 1, each)
        self.sums.append(once)
        return once

    def _selection(self, selected: SelectionSetNode | None, parent: Any) -> tuple[_Sum, _Sum]:
        once, each = _Sum(), _Sum()
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                sized = self._costs.is_sized(parent.name, node.name.value)
                self._field(node, parent, each if sized else once)
            else:
                below_once, below_each = self._fragment(node, parent)
                self._add(once, 1, below_once)
                self._add(each, 1, below_each)
        return once, each

    def _fragment(self, node: Any, parent: Any) -> tuple[_Sum, _Sum]:
        if not isinstance(node, FragmentSpreadNode):
            on = node.type_condition
            return self._selection(node.selection_set, self._costs.type(on.name.value) if on else parent)
        name = node.name.value
        if name not in self._known:
            fragment = self._fragments[name]
            kind = self._costs.type(fragment.type_condition.name.value)
            self._known[name] = self._selection(fragment.selection_set, kind)
        return self._known[name]

    def _field(self, node: FieldNode, parent: Any, total: _Sum) -> None:
        definition = self._costs.field(parent, node.name.value)
        if definition is None:
            return
        price, kind = self._costs.price(definition), get_named_type(definition.type)
        total.fixed += price.weight
        if is_leaf_type(kind):
            return
        once, each = self._selection(node.selection_set, kind)
        once.fixed += 0 if node.name.value == "ofType" else 1
        if price.sized:
            self._add(once, self._costs.length(node, definition, self._defaults), each)
            self._add(total, 1, once)
            return
        self._add(once, 1, each)
        self._add(total, self._times(node, parent, definition), once)

    def _times(self, node: FieldNode, parent: Any, definition: GraphQLField) -> int | _Length:
        """How often what is below a field is there."""
        if not _is_list(definition.type) or self._costs.is_sized(parent.name, node.name.value):
            return 1
        if parent.name.startswith("__"):
            return self._costs.introspected(parent, node.name.value)
        return self._costs.length(node, definition, self._defaults)

    def _add(self, total: _Sum, times: int | _Length, other: _Sum) -> None:
        if not other.terms and isinstance(times, int):
            total.fixed += times * other.fixed
        elif not other.terms:
            total.terms.append((times, other.fixed, None))
        else:
            total.terms.append((times, 0, self._place(other)))

    def _place(self, one: _Sum) -> int:
        if one.place is None:
            one.place = len(self.sums)
            self.sums.append(one)
        return one.place


def _is_list(kind: Any) -> bool:
    return is_list_type(kind.of_type if isinstance(kind, GraphQLNonNull) else kind)
