"""Which fields of the schema were answered with a value: selections that ask for everything, and a tally."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ConstDirectiveNode,
    EnumValueNode,
    FieldNode,
    GraphQLAbstractType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse,
)

from newsgraph.domain.users import Role, Viewer


@dataclass(frozen=True, slots=True)
class Selector:
    """Makes selection sets with every field; those with @auth only where the role that asks includes it."""

    schema: GraphQLSchema
    role: Role | None

    def of(self, type_name: str, depth: int) -> str:
        """Composite fields down to `depth`."""
        return "{ " + " ".join(self._selections(self.schema.type_map[type_name], depth, set())) + " }"

    def _members(self, kind: Any, depth: int) -> Iterator[str]:
        """Fragments on each type; a name that means different types in them gets an alias."""
        members = self.schema.get_possible_types(kind)
        types = {(name, str(field.type)) for member in members for name, field in member.fields.items()}
        names = [name for name, _ in types]
        ambiguous = {name for name in names if names.count(name) > 1}
        for member in members:
            yield f"... on {member.name} {{ {' '.join(self._selections(member, depth, ambiguous))} }}"

    def _includes(self, directive: ConstDirectiveNode) -> bool:
        needed = [one.value.value for one in directive.arguments or () if isinstance(one.value, EnumValueNode)]
        return directive.name.value != "auth" or all(Viewer(None, self.role).has(Role[name]) for name in needed)

    def _selections(self, kind: Any, depth: int, ambiguous: set[str]) -> Iterator[str]:
        yield "__typename"
        if is_abstract_type(kind):
            yield from self._members(kind, depth)
            return
        for name, field in kind.fields.items():
            named = get_named_type(field.type)
            if not all(map(self._includes, field.ast_node.directives or ())):
                continue
            alias = f"{name}_{kind.name}: " if name in ambiguous else ""
            if is_leaf_type(named):
                yield alias + name
            elif depth > 0:
                yield f"{alias}{name} {self.of(named.name, depth - 1)}"


class Tally:
    """Coordinates ("Article.slug") that had a value in some answer, and types that were seen."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.seen: set[str] = set()

    def count(self, query: str, data: Mapping[str, Any]) -> None:
        for definition in parse(query).definitions:
            assert isinstance(definition, OperationDefinitionNode)
            root = self._schema.get_root_type(definition.operation)
            self._walk(root, definition.selection_set, data)

    def _walk(self, kind: Any, selections: Any, value: Any) -> None:
        if isinstance(value, list):
            for one in value:
                self._walk(kind, selections, one)
        elif isinstance(value, Mapping) and selections is not None:
            concrete = self._concrete(kind, value)
            for selection in selections.selections:
                self._enter(concrete, selection, value)

    def _concrete(self, kind: Any, value: Mapping[str, Any]) -> GraphQLObjectType:
        if isinstance(kind, GraphQLObjectType):
            return kind
        assert isinstance(kind, GraphQLAbstractType)
        found = self._schema.type_map[value["__typename"]]
        assert isinstance(found, GraphQLObjectType)
        return found

    def _enter(self, concrete: GraphQLObjectType, selection: Any, value: Mapping[str, Any]) -> None:
        if isinstance(selection, InlineFragmentNode):
            if selection.type_condition and selection.type_condition.name.value == concrete.name:
                self._walk(concrete, selection.selection_set, value)
            return
        assert isinstance(selection, FieldNode)
        name = selection.name.value
        answer = value.get(selection.alias.value if selection.alias else name)
        if name.startswith("__") or answer is None:
            return
        self.seen |= {f"{concrete.name}.{name}", concrete.name}
        self.seen |= {f"{one.name}.{name}" for one in concrete.interfaces if name in one.fields}
        field = concrete.fields[name]
        self._walk(get_named_type(field.type), selection.selection_set, answer)


def coordinates(schema: GraphQLSchema) -> set[str]:
    """Every "Type.field" of the object types and interfaces."""
    return {
        f"{name}.{field}"
        for name, kind in schema.type_map.items()
        if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)) and not name.startswith("__")
        for field in kind.fields
    }
