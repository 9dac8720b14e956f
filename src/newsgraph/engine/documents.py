"""Documents: parsed and validated once for each text, within bounds of memory and of time.

What a document costs before it is executed is bounded by its size. Parsing is linear in characters and tokens.
Validation is not: fields that may have to be merged are compared in pairs, and graphql-core's own bound of that is half
a second. Here it is a twenty-fifth of it, of which the largest operation in `schema/operations` uses 8 of 20,000. The
most expensive text of 3,000 tokens that was found takes 10 ms to parse and 50 ms to validate (AMD EPYC, Python 3.11);
without the bounds 800 KB of field names took seven seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import ASTValidationRule, OverlappingFieldsCanBeMergedRule, ValidationContext, ValidationRule

from newsgraph.engine.bounded import OVERHEAD, Bounded
from newsgraph.engine.limits import DEFAULTS, Limits, excess, shortened, too_deep, too_much

T = TypeVar("T")

_COMPARISONS = 20_000  # of fields that may have to be merged: some 50 ms
_ERRORS = 20  # that are reported; each unknown name is compared with all known ones for suggestions, 1 ms and more
_TOKEN = 1_000  # bytes for each token: 400 to 560 of the parsed document, the rest for what is derived from it
_OPERATION = 1_000  # bytes of a Document beside what is parsed
_REFUSED = 1_000_000  # bytes of what is remembered of refused texts
_ABORTED = "Validation aborted."  # all that graphql-core says then
_HIDDEN = {"code": "INTROSPECTION_DISABLED"}


class RequestError(Exception):
    """The operation cannot begin; `errors` say why. `valid`: whether its document fits the schema."""

    def __init__(self, errors: Sequence[GraphQLError], valid: bool = True) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
        self.valid = valid


@dataclass(frozen=True, slots=True)
class Request:
    """An operation as a client sends it. `query` is empty where `document_id` or `extensions` name the document."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    document_id: str | None = None
    extensions: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document that is valid for the schema, the operation that is asked for, and what it was found to use.

    `fields`: names of all fields that are selected. `places`: those, and each with the name of the field above it,
    as in "node.authors"; ".authors" stands at the top of the operation, or of a fragment, which may be anywhere.
    `variables`: names of variables, once for each use of their value.
    """

    text: str
    parsed: DocumentNode
    operation: OperationDefinitionNode
    fields: frozenset[str]
    places: frozenset[str]
    variables: tuple[str, ...]
    _derived: dict[Callable[[Document], Any], Any] = field(default_factory=dict, repr=False)

    def selects(self, names: frozenset[str]) -> bool:
        """Whether a field of one of these names is selected anywhere in the document."""
        return not self.fields.isdisjoint(names)

    @property
    def is_subscription(self) -> bool:
        return self.operation.operation is OperationType.SUBSCRIPTION

    def derived(self, make: Callable[[Document], T]) -> T:
        """What `make` finds in this document, made once: its cost, say, or a compiled function.

        It is remembered by `make` itself: a function or method that is there for good, not one made for each call.
        """
        if make not in self._derived:
            self._derived[make] = make(self)
        found: T = self._derived[make]
        return found


class _Uses(Visitor):
    """What a document uses, found in one walk."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: set[str] = set()
        self.below: set[str] = set()
        self.variables: list[str] = []

    def enter_field(self, node: FieldNode, _key: Any, _parent: Any, _path: Any, ancestors: Sequence[Any]) -> None:
        above = next((one.name.value for one in reversed(ancestors) if isinstance(one, FieldNode)), "")
        self.fields.add(node.name.value)
        self.below.add(f"{above}.{node.name.value}")

    def enter_variable_definition(self, _node: Any, *_: Any) -> Any:
        return self.SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.variables.append(node.name.value)


class _Overlaps(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _COMPARISONS


_RULES = [_Overlaps if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules]

ByName = Mapping[str | None, Document]
"""A text's operations by name; under None the one that needs none."""


class Documents:
    """The documents of one schema that are known: at most `memory` bytes of them, as they are when parsed.

    Texts that are asked for again stay, however many others are asked for once. What is refused is remembered apart: a
    page that was published with an invalid document sends it with every reader, and finding its faults again would cost
    some 4 ms each time. Whoever wants to be refused for new reasons pays the full price, which the limits bound.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits = DEFAULTS, memory: int = 32_000_000) -> None:
        self._schema = schema
        self._limits = limits
        self._known: Bounded[str, ByName] = Bounded(memory)
        self._refused: Bounded[str, Sequence[GraphQLError]] = Bounded(_REFUSED)

    def get(self, text: str, operation_name: str | None = None) -> Document:
        """The operation of this name, or the only one. Errors: RequestError."""
        return _named(self.learn(text), operation_name)

    def knows(self, text: str) -> bool:
        """Whether it takes no work to learn: valid or not."""
        return self._known.get(text) is not None or self._refused.get(text) is not None

    def learn(self, text: str) -> ByName:
        """All operations of a text that is valid. Errors: RequestError."""
        if len(text) > self._limits.characters:
            return _checked(self._schema, text, self._limits)  # refused: not looked for, since that reads all of it
        return self._known.get(text) or self._check(text)

    def _check(self, text: str) -> ByName:
        refused = self._refused.get(text)
        if refused is not None:
            raise RequestError(refused, valid=False)
        try:
            operations = _checked(self._schema, text, self._limits)
        except RequestError as error:
            self._refuse(text, error)
            raise
        self._known.put(text, operations, _weight(text, operations))
        return operations

    def _refuse(self, text: str, error: RequestError) -> None:
        errors = [_without_nodes(one) for one in error.errors]
        weight = OVERHEAD + sys.getsizeof(text) + sum(2_000 + sys.getsizeof(one.message) for one in errors)
        self._refused.put(text, errors, weight)


def check(schema: GraphQLSchema, request: Request, limits: Limits = DEFAULTS) -> Document:
    """Parses and validates, remembering nothing. Errors: RequestError."""
    return _named(_checked(schema, request.query, limits), request.operation_name)


def _checked(schema: GraphQLSchema, text: str, limits: Limits) -> ByName:
    """Errors: RequestError."""
    try:
        parsed = _parsed(text, limits)
        errors = excess(parsed, limits) or _faults(schema, parsed, limits)
    except RecursionError:  # brackets in brackets: of values, or of types
        errors = [too_deep(limits)]
    if errors:
        raise RequestError(errors, valid=False)
    return _operations(text, parsed)


def _parsed(text: str, limits: Limits) -> DocumentNode:
    """Errors: RequestError."""
    if len(text) > limits.characters:
        raise RequestError(
            [too_much("DOCUMENT_TOO_LONG", "characters in the document", limits.characters)], valid=False
        )
    try:
        return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
    except GraphQLError as error:
        raise RequestError([_of_size(error, limits)], valid=False) from None


def _of_size(error: GraphQLError, limits: Limits) -> GraphQLError:
    """graphql-core tells what is too much from what is no GraphQL by its words alone."""
    if f"more than {limits.tokens} tokens." in error.message:
        return too_much("TOO_MANY_TOKENS", "tokens in the document", limits.tokens)
    if f"more than {limits.comments} comments." in error.message:
        return too_much("TOO_MANY_COMMENTS", "comments in the document", limits.comments)
    return too_deep(limits) if "nested too deeply" in error.message else error


def _faults(schema: GraphQLSchema, parsed: DocumentNode, limits: Limits) -> list[GraphQLError]:
    rules: list[type[ASTValidationRule]] = [*_RULES] if limits.introspection else [_NoIntrospection, *_RULES]
    errors = validate(schema, parsed, rules, max_errors=_ERRORS, hide_suggestions=not limits.introspection)
    return [_explained(error) for error in _together(errors)]


class _NoIntrospection(ValidationRule):
    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.name.value in ("__schema", "__type"):
            error = GraphQLError("The schema cannot be asked for here.", node, extensions=_HIDDEN)
            self.report_error(error)


def _together(errors: Sequence[GraphQLError]) -> list[GraphQLError]:
    """Of several errors that say the same one, with all their places: ten unknown directives are one mistake."""
    by_message: dict[str, list[GraphQLError]] = {}
    for error in errors:
        by_message.setdefault(error.message, []).append(error)
    return [_merged(same) for same in by_message.values()]


def _merged(errors: Sequence[GraphQLError]) -> GraphQLError:
    nodes = [node for error in errors for node in error.nodes or ()]
    return GraphQLError(shortened(errors[0].message), nodes, extensions=errors[0].extensions)


def _explained(error: GraphQLError) -> GraphQLError:
    if error.message != _ABORTED:
        return error
    return GraphQLError(
        "The document is too complex: too many fields of one name, or fragments within fragments.",
        extensions={"code": "DOCUMENT_TOO_COMPLEX"},
    )


def _operations(text: str, parsed: DocumentNode) -> ByName:
    """At least one: fragments that nothing uses are not valid."""
    uses = _Uses()
    visit(parsed, uses)
    fields, places, variables = frozenset(uses.fields), frozenset(uses.fields | uses.below), tuple(uses.variables)
    found: dict[str | None, Document] = {
        node.name.value if node.name else None: Document(text, parsed, node, fields, places, variables)
        for node in parsed.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    return {None: next(iter(found.values())), **found} if len(found) == 1 else found


def _named(operations: ByName, name: str | None) -> Document:
    document = operations.get(name)
    if document is None:
        raise RequestError([GraphQLError("There is no such operation, or several and none is named.")])
    return document


def _weight(text: str, operations: ByName) -> int:
    """In bytes. Twice the text: a long string in it is there once more as a value."""
    tokens = next(iter(operations.values())).parsed.token_count
    return OVERHEAD + _OPERATION * len(operations) + 2 * sys.getsizeof(text) + _TOKEN * tokens


def _without_nodes(error: GraphQLError) -> GraphQLError:
    """The same to a client, without what was parsed, which is fifty times as large as the text."""
    return GraphQLError(error.message, source=error.source, positions=error.positions, extensions=error.extensions)
