"""How long an answer may be kept by others, and by whom: what the schema's @cacheControl says of what is selected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)

from newsgraph.engine.documents import Document
from newsgraph.graph.directives import CacheControl, CacheScope


@dataclass(frozen=True, slots=True)
class Hint:
    """`max_age`: seconds. `private`: the answer is one person's."""

    max_age: int
    private: bool


def hint_of(schema: GraphQLSchema, document: Document) -> Hint:
    """The lowest age of all that is selected. A root field below which nothing has an age is not to be kept."""
    root = schema.get_root_type(document.operation.operation)
    fragments = {one.name.value: one for one in document.parsed.definitions if isinstance(one, FragmentDefinitionNode)}
    reader = _Reader(schema, fragments)
    ages: list[int] = []
    for field in reader.fields(document.operation.selection_set, root):
        found = list(reader.below(*field))
        ages.append(min((one.max_age for one in found if isinstance(one.max_age, int)), default=0))
        reader.private = reader.private or any(one.scope is CacheScope.PRIVATE for one in found)
    return Hint(min(ages, default=0), reader.private)


class _Reader:
    """Reads hints of one document."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self.private = False

    def below(self, node: FieldNode, parent: Any) -> Iterable[CacheControl]:
        """Of the field, its type, and all that is selected of it."""
        definition = parent.fields[node.name.value]
        kind = get_named_type(definition.type)
        yield from _declared(definition)
        yield from _declared(kind)
        for field in self.fields(node.selection_set, kind):
            yield from self.below(*field)

    def fields(self, selected: SelectionSetNode | None, parent: Any) -> Iterable[tuple[FieldNode, Any]]:
        """With the type that each belongs to; without introspection, which is always the same."""
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                if not node.name.value.startswith("__"):
                    yield node, parent
            else:
                yield from self._fragment(node, parent)

    def _fragment(self, node: Any, parent: GraphQLNamedType) -> Iterable[tuple[FieldNode, Any]]:
        if isinstance(node, FragmentSpreadNode):
            node = self._fragments[node.name.value]
        on: Any = node.type_condition
        kind = self._schema.type_map[on.name.value] if on is not None else parent
        if isinstance(node, InlineFragmentNode | FragmentDefinitionNode):
            yield from self.fields(node.selection_set, kind)


def _declared(definition: Any) -> Iterable[CacheControl]:
    """What Strawberry keeps of a definition."""
    own = definition.extensions.get("strawberry-definition")
    directives = getattr(own, "directives", None) or ()
    return [one for one in directives if isinstance(one, CacheControl)]
