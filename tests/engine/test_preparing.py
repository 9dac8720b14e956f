"""Variables and arguments that are taken as they come are what graphql-core and Strawberry would make of them."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
)

from newsgraph.engine import documents
from newsgraph.engine.documents import Request, RequestError
from newsgraph.engine.execution import compile, compiling
from newsgraph.engine.execution.variables import Variables
from newsgraph.engine.preparing import Executors

SCHEMA = build_schema("""
scalar Odd enum Kind { A } type Query { a: Int }
input Wish { text: String! number: Int loud: Boolean } input Kept { text: String = "a" } input Kinds { kind: Kind }
input Deep { text: String wish: Wish } input Many { text: [String!] } input Which @oneOf { text: String number: Int }
""")
VALUES: list[Any] = [None, "", "a", "1", 0, 7, 2**31 - 1, 2**31, -(2**31), 1.0, 1.5, True, [], ["a"], {}, {"a": 1}]
VALUES += [{"text": "a"}, {"text": "a", "number": 1, "loud": True}, {"text": "a", "number": None}, {"number": 1}]
VALUES += [{"text": None}, {"text": "a", "more": 1}, {"text": "a", "number": "1"}, {"text": 1}, {"text": ["a"]}]
VALUES += [{"text": "a", "wish": {"text": "b"}}, {"kind": "A"}, {"text": "a", "number": 2**31}]
TYPES = ["String", "String!", "ID", "ID!", "Int", "Int!", "Boolean", "Boolean!", "Float", "[Int]", "Odd", "Kind"]
TYPES += ["Wish", "Wish!", "Kept", "Kinds!", "Deep!", "Many!", "Which!", "[Wish!]"]


def _operation(text: str) -> OperationDefinitionNode:
    found = parse(text).definitions[0]
    assert isinstance(found, OperationDefinitionNode)
    return found


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("default", ["", "= null", "= 7", '= "a"', "= true"])
def test_variables_are_coerced_as_graphql_core_coerces_them(type_: str, default: str) -> None:
    operation = _operation(f"query ($v: {type_} {default}, $w: Int = 3) {{ a }}")
    own, given = Variables(SCHEMA, operation), [{}, *({"v": value} for value in VALUES)]
    for one in [*given, *({**one, "w": 4, "other": 5} for one in given)]:
        assert _told(own.coerced(one)) == _told(get_variable_values(SCHEMA, operation.variable_definitions or (), one))


def _told(values: Any) -> Any:
    """Types and defaults are made anew each time, and equal to none but themselves."""
    if isinstance(values, list):
        return values
    sources = {name: (source.signature.name, repr(source.value)) for name, source in values.sources.items()}
    return sources, repr(values.coerced)


def test_a_type_that_is_not_there() -> None:
    operation = _operation("query ($v: Nothing) { a }")
    assert isinstance(Variables(SCHEMA, operation).coerced({"v": 1}), list)


@strawberry.input
class Wish:
    text: str


@strawberry.input
class Longer:
    """With a default of each kind, and a name that is another in Python."""

    some_text: str
    number: int | None
    loud: bool | None = strawberry.UNSET
    word: str = strawberry.field(name="other", default="b")


@strawberry.type
class Query:
    @strawberry.field
    def longed(self, longer: Longer) -> str:
        return repr(longer)

    @strawberry.field
    def wished(self, wish: Wish | None = None) -> str:
        return repr(wish)

    @strawberry.field
    def told(
        self,
        some_text: str | None = strawberry.UNSET,
        named: strawberry.Maybe[str | None] = None,
        number: int = 5,
        wish: Wish | None = None,
    ) -> str:
        return repr([some_text, named, number, wish])

    @strawberry.field
    def heard(self, some_text: str, number: int | None = strawberry.UNSET) -> str:
        return repr([some_text, number])


ARGUMENTS = [
    "query ($t: String) { told(someText: $t) }",
    "query ($t: String) { told(named: $t) }",
    "query ($t: String, $n: Int!) { told(someText: $t, number: $n) }",
    "query ($t: String!) { told(wish: { text: $t }) }",
    "query ($t: String!) { heard(someText: $t) }",
    "query ($t: String!, $n: Int) { heard(someText: $t, number: $n) }",
    'query ($n: Int) { heard(someText: "a", number: $n) }',
    "query ($w: Wish!) { wished(wish: $w) }",
    "query ($w: Wish) { wished(wish: $w) }",
    "query ($l: Longer!) { longed(longer: $l) }",
    'query ($l: Longer = { someText: "c" }) { longed(longer: $l) }',
]
GIVEN: list[dict[str, Any]] = [{}, {"t": "a"}, {"t": "a", "n": 1}, {"t": None, "n": None}, {"t": 1}]
GIVEN += [{"w": None}, {"w": {"text": "a"}}, {"w": {}}, {"w": {"text": "a", "more": 1}}, {"l": None}]
GIVEN += [{"l": {"someText": "a"}}, {"l": {"number": None, "someText": "a", "loud": None}}]
GIVEN += [{"l": {"someText": "a", "other": "c"}}, {"l": {"someText": "a", "word": "c"}}]


@pytest.mark.parametrize("text", ARGUMENTS)
@pytest.mark.parametrize("given", GIVEN, ids=repr)
def test_arguments_are_handed_on_as_strawberry_converts_them(text: str, given: dict[str, Any]) -> None:
    own = strawberry.Schema(Query)
    core: GraphQLSchema = own._schema
    document = documents.check(core, Request(text))
    results = []
    for kind in (own.execution_context_class, compiling(own.execution_context_class)):
        try:
            executor = Executors(kind, core).prepare(document, Request(text, given), None)
            results.append(str(executor.execute_operation()))
        except RequestError as error:
            results.append(str(error))
    assert results[0] == results[1]


class Shown(dict[str, str]):
    pass


class Other(Shown):
    pass


@pytest.mark.parametrize(("value", "asked"), [(Shown(), 0), (Other(), 1)])
def test_instances_of_the_class_that_a_type_shows_are_not_asked_about(value: Shown, asked: int) -> None:
    calls: list[object] = []

    def is_type_of(obj: object, _info: object) -> bool:
        calls.append(obj)
        return isinstance(obj, Shown)

    is_type_of.shows = Shown  # type: ignore[attr-defined]
    kind = GraphQLObjectType("Kind", {"a": GraphQLField(GraphQLString, resolve=lambda *_: "b")}, is_type_of=is_type_of)
    core = GraphQLSchema(GraphQLObjectType("Query", {"it": GraphQLField(kind, resolve=lambda *_: value)}))
    result = compile(core, parse("{ it { a } }")).execute()
    assert (result.data, len(calls)) == ({"it": {"a": "b"}}, asked)
