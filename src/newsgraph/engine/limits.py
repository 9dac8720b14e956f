"""What a request may amount to, counted before it costs anything: the document when it is parsed, and its variables.

Each fragment is counted once, however often it is spread, so the time is linear in the document. Limiters that walk
every path take 2^n steps for n fragments that are each spread twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken at all. The largest page in `schema/operations` has 263 tokens, 9 levels and no alias.

    `depth`: of braces, those of fragments included. `variables`: that an operation defines. `introspection`: whether
    the schema may be asked for; where it may not, errors suggest no names either.
    """

    characters: int = 100_000
    tokens: int = 3_000
    comments: int = 1_000
    operations: int = 50
    fragments: int = 100
    depth: int = 20
    root_fields: int = 30
    aliases: int = 50
    directives: int = 50
    variables: int = 50
    variables_depth: int = 8
    variables_size: int = 500_000
    introspection: bool = True


DEFAULTS = Limits()
_MESSAGE = 500  # characters of an error


def too_much(code: str, what: str, most: int, node: Node | None = None) -> GraphQLError:
    return GraphQLError(f"There are more than {most} {what}.", node, extensions={"code": code, "limit": most})


def shortened(message: str) -> str:
    """Errors quote what they are about: twenty of them would send a document back twenty times."""
    return message if len(message) <= _MESSAGE else f"{message[: _MESSAGE - 4]} ..."


def too_deep(limits: Limits) -> GraphQLError:
    return too_much("DOCUMENT_TOO_DEEP", "levels of braces or brackets in the document", limits.depth)


# Documents


class _Sum(NamedTuple):
    """Of a selection with everything below it; `fields` are its own."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0


class _TooDeep(Exception):
    """Deeper than anybody needs to look."""


def excess(parsed: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """What the document has too much of. It need not be valid: unknown fragments and circles count nothing."""
    operations = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
    fragments = {one.name.value: one for one in parsed.definitions if isinstance(one, FragmentDefinitionNode)}
    found = []
    if len(operations) > limits.operations:
        found.append(too_much("TOO_MANY_QUERIES", "operations in the document", limits.operations))
    if len(parsed.definitions) - len(operations) > limits.fragments:
        found.append(too_much("TOO_MANY_FRAGMENTS", "fragments in the document", limits.fragments))
    if found:
        return found
    counter = _Counter(fragments, limits.depth)
    try:
        each = (_excess_of(node, counter, limits) for node in [*operations, *fragments.values()])
        return next(filter(None, each), [])
    except _TooDeep:
        return [too_deep(limits)]


def _excess_of(node: Any, counter: _Counter, limits: Limits) -> list[GraphQLError]:
    counted = counter.of(node.selection_set, 1)
    defined = node.variable_definitions or ()
    directives = counted.directives + _directives(node) + sum(map(_directives, defined))
    table = [
        (counted.aliases, limits.aliases, "TOO_MANY_ALIASES", "aliases in the operation"),
        (directives, limits.directives, "TOO_MANY_DIRECTIVES", "directives in the operation"),
        (len(defined), limits.variables, "TOO_MANY_VARIABLES", "variables in the operation"),
    ]
    if isinstance(node, OperationDefinitionNode):
        table.append((counted.fields, limits.root_fields, "TOO_MANY_ROOT_FIELDS", "fields at the top of the operation"))
    return [too_much(code, what, most, node) for actual, most, code, what in table if actual > most]


class _Counter:
    """Counts selections of one document. `level`: how deep they stand, with the fragments that lead to them."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], depth: int) -> None:
        self._fragments = fragments
        self._depth = depth
        self._known: dict[str, _Sum] = {}

    def of(self, selected: SelectionSetNode, level: int) -> _Sum:
        if level > self._depth:
            raise _TooDeep
        depth = fields = aliases = directives = 0
        for node in selected.selections:
            below = self._below(node, level)
            depth = max(depth, below.depth)
            fields += 1 if isinstance(node, FieldNode) else below.fields
            aliases += below.aliases + (isinstance(node, FieldNode) and node.alias is not None)
            directives += below.directives + _directives(node)
        return _Sum(depth + 1, fields, aliases, directives)

    def _below(self, node: Any, level: int) -> _Sum:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value, level)
        return _Sum() if node.selection_set is None else self.of(node.selection_set, level + 1)

    def _fragment(self, name: str, level: int) -> _Sum:
        known = self._known.get(name)
        if known is None:
            fragment = self._fragments.get(name)
            self._known[name] = _Sum()  # until it is counted: it may lead back to itself
            known = self._known[name] = self.of(fragment.selection_set, level + 1) if fragment else _Sum()
        if level + known.depth > self._depth:
            raise _TooDeep
        return known


def _directives(node: Any) -> int:
    return len(node.directives or ())


# Variables


def excess_of_variables(given: Mapping[str, Any], limits: Limits) -> GraphQLError | None:
    """In depth, or in size: characters of texts and names, and one for each other value."""
    size, level = 0, [given]
    for _ in range(limits.variables_depth):
        below: list[Any] = []
        for container in level:
            size += _size(container, below.append)
        if size > limits.variables_size:
            return too_much("VARIABLES_TOO_LARGE", "characters in the variables", limits.variables_size)
        if not below:
            return None
        level = below
    return too_much("VARIABLES_TOO_DEEP", "levels in the variables", limits.variables_depth)


def _size(container: Any, descend: Callable[[Any], object]) -> int:
    size = len(container)
    if isinstance(container, Mapping):
        size += sum(map(len, container))
        container = container.values()
    for value in container:
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list | dict):
            descend(value)
    return size
