"""The printed schema: the file in the repository, the contract, and the operations that clients use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    parse,
    print_ast,
    validate,
)

from newsgraph.graph import schema
from newsgraph.graph.descriptions import DESCRIPTIONS, elements

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT.parent / "shared" / "contract"
OPERATIONS = sorted((ROOT / "schema" / "operations").glob("*.graphql"))


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_schema(schema.sdl())


def test_the_file_is_what_the_schema_prints() -> None:
    kept = (ROOT / "schema" / "newsgraph.graphql").read_text("utf-8")

    assert schema.sdl() == kept, "run: make schema"


def test_everything_has_a_description(ours: GraphQLSchema) -> None:
    assert [names[0] for names, element in elements(ours) if not element.description] == []


def test_no_description_is_of_something_that_is_not_there(ours: GraphQLSchema) -> None:
    assert DESCRIPTIONS.keys() - {name for names, _ in elements(ours) for name in names} == set()


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.name)
def test_our_operations_are_valid(ours: GraphQLSchema, path: Path) -> None:
    assert validate(ours, parse(path.read_text("utf-8"))) == []


def test_there_are_operations() -> None:
    assert len(OPERATIONS) >= 5


beside_the_contract = pytest.mark.skipif(not CONTRACT.is_dir(), reason="the public contract lies beside the repository")


@beside_the_contract
def test_everything_in_the_contract_is_in_the_schema(ours: GraphQLSchema) -> None:
    contract = build_schema((CONTRACT / "schema.graphql").read_text("utf-8"))

    assert sorted(set(_facts(contract)) - set(_facts(ours))) == []


@beside_the_contract
def test_the_contracts_operations_are_valid(ours: GraphQLSchema) -> None:
    paths = sorted((CONTRACT / "operations").glob("*.graphql"))

    assert paths
    assert [validate(ours, parse(path.read_text("utf-8"))) for path in paths] == [[] for _ in paths]


def _facts(described: GraphQLSchema) -> Iterator[str]:
    """Everything that a client can rely on, a line each."""
    for directive in described.directives:
        yield from _directive_facts(directive)
    for name, kind in described.type_map.items():
        yield f"{type(kind).__name__} {name}"
        if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            yield from (f"{name} implements {interface}" for interface in kind.interfaces)
            for field, definition in kind.fields.items():
                yield from _field_facts(f"{name}.{field}", definition)
        elif isinstance(kind, GraphQLUnionType):
            yield from (f"{name} may be {member}" for member in kind.types)
        elif isinstance(kind, GraphQLEnumType):
            yield from (f"{name} has {value}" for value in kind.values)
        elif isinstance(kind, GraphQLInputObjectType):
            yield from (f"{name}.{field} takes {_argument(given)}" for field, given in kind.fields.items())


def _field_facts(name: str, field: GraphQLField) -> Iterator[str]:
    yield f"{name}: {field.type}"
    yield from (f"{name}({argument}: {_argument(given)})" for argument, given in field.args.items())


def _directive_facts(directive: GraphQLDirective) -> Iterator[str]:
    yield from (f"@{directive.name} on {location.name}" for location in directive.locations)
    yield from (f"@{directive.name}({name}: {_argument(given)})" for name, given in directive.args.items())


def _argument(given: object) -> str:
    node = getattr(given, "ast_node", None)
    default = node.default_value if node is not None else None
    return f"{given.type} = {print_ast(default)}" if default is not None else str(given.type)  # type: ignore[attr-defined]
