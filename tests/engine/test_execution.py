"""What compiled execution promises, point by point: equal to the reference, and only run by it where that is needed."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from inspect import isawaitable
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
import strawberry
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    execute_sync,
    get_introspection_query,
    parse,
)
from graphql.execution import Executor
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.permission import BasePermission
from strawberry.types.unset import UNSET

from newsgraph.engine.execution import compile, compiling
from newsgraph.engine.execution.operation import Operation
from newsgraph.engine.execution.values import Classes
from tests.engine.newsroom import counting


class Same:
    """Executes with both executors. `compiled`: whether the reference executor was not needed the last time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.compiled = False

    async def __call__(
        self, schema: Any, text: str, root: object = None, variables: dict[str, Any] | None = None, **more: Any
    ) -> ExecutionResult:
        core = getattr(schema, "_schema", schema)
        document = parse(text)
        kind = getattr(schema, "execution_context_class", Executor)
        built = kind.build(core, document, root, more.get("context"), variables or {})
        wanted: Any = built.execute_operation() if isinstance(built, Executor) else ExecutionResult(None, built)
        wanted = await wanted if isawaitable(wanted) else wanted
        with counting(self._monkeypatch) as executed:
            found = compile(core, document, inline=more.get("inline", False)).execute(
                root, more.get("context"), variables
            )
            found = await found if isawaitable(found) else found
        self.compiled = not executed
        assert json.dumps(found.data, default=repr) == json.dumps(wanted.data, default=repr)
        assert found.errors == wanted.errors
        assert isinstance(found, ExecutionResult)
        return found


@pytest.fixture
def same(monkeypatch: pytest.MonkeyPatch) -> Same:
    return Same(monkeypatch)


# Values


class Word(str):
    __slots__ = ()


_VALUES = ["a", "", "1", "1.0", Word("w"), 0, 1, -1, True, False, 2**31 - 1, 2**31, -(2**31), 2**70, 1.0, 1.5, math.nan]
_VALUES += [math.inf, Decimal("1.5"), Decimal(2), None, b"a", [], {}, object, ValueError("returned")]


@pytest.mark.parametrize("name", ["String", "Int", "Float", "Boolean", "ID"])
@pytest.mark.parametrize("shape", ["{}", "{}!", "[{}]", "[{}!]!"])
async def test_scalars_are_written_as_the_reference_does(same: Same, name: str, shape: str) -> None:
    core = build_schema(f"type Query {{ value: {shape.format(name)} }}")
    for value in _VALUES:
        given = [value] if "[" in shape else value
        await same(core, "{ value }", {"value": given})
        await same(_with_attribute(shape, name), "{ value }", SimpleNamespace(value=given))


def _with_attribute(shape: str, name: str) -> strawberry.Schema:
    kinds: dict[str, Any] = {"String": str, "Int": int, "Float": float, "Boolean": bool, "ID": strawberry.ID}
    types: dict[str, Any] = {
        "{}": kinds[name] | None,
        "{}!": kinds[name],
        "[{}]": list.__class_getitem__(kinds[name] | None) | None,
        "[{}!]!": list.__class_getitem__(kinds[name]),
    }
    query = type("Query", (), {"__annotations__": {"value": types[shape]}})
    return strawberry.Schema(strawberry.type(query))


async def test_plain_values_are_not_left_to_the_reference(same: Same) -> None:
    await same(_with_attribute("{}!", "Int"), "{ value }", SimpleNamespace(value=1))
    assert same.compiled
    await same(_with_attribute("{}!", "Int"), "{ value }", SimpleNamespace(value=2**31))
    assert not same.compiled


# A schema with some of everything


@strawberry.enum
class Colour(Enum):
    RED = "r"
    BLUE = "b"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Cat(Named):
    lives: int = 9


@strawberry.type
class Dog(Named):
    barks: bool = True


@strawberry.type
class Stone:
    weight: float


Thing = Annotated[Cat | Dog | Stone, strawberry.union("Thing")]


@strawberry.input
class Wish:
    colour: Colour = Colour.RED
    words: list[str] = strawberry.field(default_factory=list)
    size: int | None = UNSET
    note: strawberry.Maybe[str | None] = None


@strawberry.input(one_of=True)
class Either:
    left: strawberry.Maybe[int]
    right: strawberry.Maybe[str]


class Keeper(BasePermission):
    message = "no"

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        return bool(info.context and info.context.get("open"))


class Loud(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        return str(next_(source, info, **kwargs)).upper()


@strawberry.type
class Query:
    @strawberry.field
    def things(self) -> list[Thing]:
        return [Cat(name="Tom"), Stone(weight=1.5), Dog(name="Rex")]

    @strawberry.field
    async def named(self) -> list[Named | None]:
        return [Cat(name="Tom"), None, Dog(name="Rex")]

    @strawberry.field
    def said(  # noqa: PLR0917
        self,
        wish: Wish | None = None,
        colours: list[Colour] | None = None,
        at: datetime | None = None,
        either: Either | None = None,
        number: int = 3,
        text: str | None = UNSET,
    ) -> str:
        return repr((wish, colours, at, either, number, text))

    @strawberry.field
    async def grid(self, size: int = 2) -> list[list[int | None]]:
        return [[None if row == column else row for row in range(size)] for column in range(size)]

    @strawberry.field
    def colour(self, given: Colour = Colour.BLUE) -> Colour:
        return given

    @strawberry.field(permission_classes=[Keeper])  # type: ignore[untyped-decorator]
    def kept(self) -> str:
        return "kept"

    @strawberry.field(extensions=[Loud()])  # type: ignore[untyped-decorator]
    def loud(self, word: str = "a") -> str:
        return word

    @staticmethod
    def _told(info: strawberry.Info) -> str:
        selected = [(one.name, one.arguments) for one in info.selected_fields]  # type: ignore[union-attr]
        names = (
            info.field_name,
            info.python_name,
            str(info.return_type),
            info.operation.name and info.operation.name.value,
        )
        values = info.context, info.root_value, info.variable_values, isinstance(info.schema, strawberry.Schema)
        return repr((selected, names, values))

    @strawberry.field
    def told(self, info: strawberry.Info, a: int = 1) -> str:
        return Query._told(info)

    @strawberry.field
    def path(self, info: strawberry.Info) -> str:
        return str(info.path.key)

    @strawberry.field
    def swallowed(self, info: strawberry.Info) -> str:
        try:
            return str(info.path.key)
        except Exception:
            return "no path"

    @strawberry.field
    def stream(self, size: int = 2) -> list[int]:
        async def numbers() -> AsyncIterator[int]:
            for number in range(size):
                yield number

        return numbers()  # type: ignore[return-value]


SCHEMA = strawberry.Schema(Query)


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "{ b: colour a: colour(given: RED) __typename things { __typename } }",
        "{ things { ...on Named { name } ...on Cat { lives } ...on Dog { n: name barks } ... on Stone { weight } } }",
        "{ named { name __typename ...C } things { ...C } } fragment C on Cat { lives name }",
        "{ things { ...A } things { ...B } } fragment A on Stone { weight } fragment B on Stone { w: weight weight }",
        "{ grid a: grid(size: 0) stream(size: 3) }",
        '{ __type(name: "Cat") { name fields { name type { kind ofType { name } } } } __schema { description } }',
    ],
)
async def test_selections_are_equal_and_compiled(same: Same, text: str, inline: bool) -> None:
    result = await same(SCHEMA, text, inline=inline)
    assert result.errors is None
    assert same.compiled


async def test_introspection_as_tools_do_it(same: Same) -> None:
    await same(SCHEMA, get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True))
    assert same.compiled


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ("", {}),
        ("text: null, number: 4", {}),
        ("wish: {}", {}),
        ('wish: {colour: BLUE, words: ["a"], size: null, note: null}', {}),
        ('wish: {note: "n"}, colours: [RED, BLUE], at: "2026-01-31T09:30:00Z"', {}),
        ("wish: $wish", {"wish": {"colour": "BLUE", "words": "one"}}),
        ("wish: $wish", {"wish": None}),
        ("wish: $wish, number: $number, text: $text", {}),
        ("number: $number, text: $text", {"number": 7, "text": None}),
        ("wish: {size: $number, words: [$default]}", {"number": 1}),
        ("text: $default", {}),
        ("text: $default", {"default": None}),
        ("either: {left: 1}", {}),
        ("either: $either", {"either": {"right": "r"}}),
        ("either: $either", {"either": {"right": "r", "left": 1}}),
        ("colours: $colours", {"colours": ["RED"]}),
        ("colours: $colours", {"colours": ["GREEN"]}),
    ],
)
async def test_arguments_are_converted_as_strawberry_does(
    same: Same, arguments: str, variables: dict[str, Any]
) -> None:
    declared = {
        "$wish": "Wish",
        "$number": "Int",
        "$text": "String",
        "$default": 'String = "d"',
        "$either": "Either",
        "$colours": "[Colour!]",
    }
    used = ", ".join(f"{name}: {kind}" for name, kind in declared.items() if name in arguments)
    head = f"query ({used})" if used else "query"
    text = f"{head} {{ said{f'({arguments})' if arguments else ''} }}"
    result = await same(SCHEMA, text, variables=variables)
    assert same.compiled or result.data is None


async def test_each_request_has_its_own_lists_and_inputs() -> None:
    seen: list[Any] = []

    @strawberry.type
    class Query:
        @strawberry.field
        def keep(self, words: list[str], wish: Wish) -> int:
            seen.extend([words, wish])
            words.append("more")
            return len(words)

    operation = compile(strawberry.Schema(Query)._schema, parse('{ keep(words: ["a"], wish: {}) }'))
    assert [operation.execute().data for _ in range(2)] == [{"keep": 2}, {"keep": 2}]
    assert seen[0] is not seen[2]
    assert seen[1] is not seen[3]


@pytest.mark.parametrize("given", [{"a": True}, {"a": False}, {"a": True, "b": False}, {"a": False, "b": True}])
async def test_each_combination_of_conditions(same: Same, given: dict[str, bool]) -> None:
    text = """query ($a: Boolean!, $b: Boolean = true) {
      colour @include(if: $a) ... @skip(if: $b) { grid } ...F @include(if: $b) kept: colour @skip(if: false)
    } fragment F on Query { things @skip(if: $a) { __typename } }"""
    await same(SCHEMA, text, variables=given)
    assert same.compiled


async def test_combinations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"v{number}" for number in range(6)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: colour @skip(if: ${name})" for name in names)
    operation = compile(SCHEMA._schema, parse(f"query ({declared}) {{ __typename {fields} }}"))
    with counting(monkeypatch) as executed:
        for number in range(64):
            given = {name: bool(number >> bit & 1) for bit, name in enumerate(names)}
            result = operation.execute(None, None, given)
            assert list(result.data) == ["__typename", *(name for name in names if not given[name])]
    assert len(executed) == 64 - 16


# What resolvers are told


async def test_an_info_says_what_the_reference_says(same: Same) -> None:
    text = "query Name($v: Int!) { told x: told(a: $v) }"
    await same(SCHEMA, text, "root", {"v": 5}, context={"a": 1})
    assert same.compiled


async def test_a_path_is_the_references_business(same: Same) -> None:
    assert (await same(SCHEMA, "{ a: path }")).data == {"a": "a"}
    assert not same.compiled
    assert (await same(SCHEMA, "{ a: swallowed grid }")).data == {"a": "a", "grid": [[None, 1], [0, None]]}


async def test_permissions_and_extensions_are_asked(same: Same) -> None:
    assert (await same(SCHEMA, "{ kept }", context={"open": True})).errors is None
    assert same.compiled
    assert (await same(SCHEMA, "{ kept }", context={})).errors
    assert (await same(SCHEMA, '{ loud(word: "b") }')).data == {"loud": "B"}
    assert same.compiled


# What is left to the reference


async def test_a_mutation_runs_once_and_by_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def act(self, number: int) -> int:
            done.append(number)
            raise ValueError("after the act")

    schema = strawberry.Schema(Query, Mutation)
    with counting(monkeypatch) as executed:
        result = await compile(schema._schema, parse("mutation { act(number: 1) }")).execute()
    assert result.errors
    assert len(executed) == len(done) == 1


@strawberry.type
class Act:
    number: int

    @strawberry.field
    async def fails(self) -> int:
        raise ValueError("after the act")


@dataclass
class Acts:
    """What mutations do, once for each field of a request; `fails`: a field below that cannot be shown."""

    done: list[int] = field(default_factory=list)
    told: dict[int, Any] = field(default_factory=dict)

    def schema(self) -> Any:
        async def act(info: strawberry.Info, number: int) -> Act:
            node = id(info._raw_info.field_nodes[0])
            if node not in self.told:
                await asyncio.sleep(0)
                self.done.append(number)
                self.told[node] = Act(number=number)
            found: Act = self.told[node]
            return found

        return strawberry.Schema(Query, strawberry.type(type("Mutation", (), {"act": strawberry.mutation(act)})))


@pytest.mark.parametrize(
    ("text", "done", "compiled"),
    [
        ("mutation { act(number: 1) { number } }", [1], True),
        ("mutation { a: act(number: 1) { number } ...{ a: act(number: 1) { again: number } } }", [1], True),
        ("mutation { act(number: 1) { number fails } }", [1], False),
        ("mutation { act(number: 1) { __typename } __typename }", [1], False),
        ("mutation { a: act(number: 1) { number } b: act(number: 2) { number fails } }", [1, 2], False),
    ],
)
async def test_a_mutation_that_remembers_is_compiled(
    monkeypatch: pytest.MonkeyPatch, text: str, done: list[int], compiled: bool
) -> None:
    """Where one field stands at its root; and what it does is done once, whoever executes what is below."""
    acts, other = Acts(), Acts()
    schema = acts.schema()
    kind: Any = compiling(schema.execution_context_class, mutations=True)
    with counting(monkeypatch) as executed:
        found = await kind.build(schema._schema, parse(text)).execute_operation()
    assert (acts.done, not executed) == (done, compiled)
    core = other.schema()
    wanted = await core.execution_context_class.build(core._schema, parse(text)).execute_operation()
    assert (json.dumps(found.data), found.errors) == (json.dumps(wanted.data), wanted.errors)


async def test_a_mutation_that_was_cancelled_is_not_begun_again() -> None:
    begun: list[int] = []

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def act(self) -> int:
            begun.append(1)
            await asyncio.sleep(3_600)
            return 1

    schema = strawberry.Schema(Query, Mutation)
    kind: Any = compiling(schema.execution_context_class, mutations=True)
    running = asyncio.ensure_future(kind.build(schema._schema, parse("mutation { act }")).execute_operation())
    while not begun:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert begun == [1]


async def test_defer_and_stream_are_left_to_the_reference(same: Same) -> None:
    core = build_schema(
        "directive @defer(if: Boolean, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT type Query { a: Int }"
    )
    await same(core, "{ ... @defer { a } }", {"a": 1})
    assert not same.compiled


async def test_what_an_executor_is_told_to_do_besides_is_done_by_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    core, kind = build_schema("type Query { a: Int }"), compiling(Executor)
    for more in [{"middleware": [lambda follow, *args: follow(*args)]}, {"field_resolver": lambda *_: 1}]:
        with counting(monkeypatch) as executed:
            assert execute_sync(core, parse("{ a }"), {"a": 1}, executor_class=kind, **more).data == {"a": 1}  # type: ignore[arg-type]
        assert executed


async def test_an_executor_class_with_ways_of_its_own_is_left_alone() -> None:
    class Shouting(Executor[Any]):
        @staticmethod
        def complete_leaf_value(return_type: Any, result: Any) -> Any:
            return str(result).upper()

    core = build_schema("type Query { a: String }")
    assert execute_sync(core, parse("{ a }"), {"a": "a"}, executor_class=compiling(Shouting)).data == {"a": "A"}


async def test_too_large_an_operation_is_not_compiled(same: Same) -> None:
    fields = " ".join(f"a{number}: colour" for number in range(501))
    await same(SCHEMA, f"{{ {fields} }}")
    assert not same.compiled


async def test_fragments_in_fragments_do_not_multiply(same: Same) -> None:
    """Each level selects the one below twice: two to the fortieth fields, if they were written out."""
    core = build_schema("type Query { a: Query b: Query n: Int }")
    levels = [f"fragment F{n} on Query {{ a {{ ...F{n + 1} }} b {{ ...F{n + 1} }} }}" for n in range(40)]
    text = "{ ...F0 } fragment F40 on Query { n } " + " ".join(levels)
    await same(core, text, {"a": None, "b": {"a": {"a": None}}})
    assert same.compiled


async def test_requests_that_cannot_begin() -> None:
    assert compile(SCHEMA._schema, parse("{ grid }"), "Other").execute().errors
    result = compile(SCHEMA._schema, parse("query ($a: Int!) { grid(size: $a) }")).execute(None, None, {"a": "x"})
    assert result.data is None
    assert "$a" in result.errors[0].message


# Schemas without Strawberry


@dataclass
class Plain:
    name: str = "n"
    calls: list[Any] = field(default_factory=list)

    def method(self, info: Any, **arguments: Any) -> str:
        return f"{info.field_name} {arguments}"

    async def later(self, _info: Any) -> str:
        return "later"


PLAIN = build_schema("type Query { name: String method(a: Int = 1): String later: String deep: [Query!] }")


async def test_the_default_resolver_of_graphql_core(same: Same) -> None:
    root = {"name": "r", "deep": [Plain(), {"name": None, "deep": [Plain()]}], "method": lambda *_, a: str(a)}
    await same(PLAIN, "{ name method deep { name method(a: 2) later deep { name } } }", root)
    assert same.compiled


async def test_values_that_can_be_read_once_are_left_to_the_reference_untouched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def soon(value: Any) -> Any:
        return value

    def roots() -> Iterator[dict[str, Any]]:
        yield {"name": soon("a"), "deep": None}
        yield {"deep": soon([{"name": "a"}])}
        yield {"deep": ({"name": one} for one in "ab")}
        yield {"deep": [soon({"name": soon("b")})]}

    for root in roots():
        result = compile(PLAIN, parse("{ name deep { name } }")).execute(root)
        result = await result if isawaitable(result) else result
        assert result.errors is None
        assert result.data["name"] == "a" or result.data["deep"][0]["name"] in "ab"


async def test_arguments_may_be_called_what_python_reserves(same: Same) -> None:
    core = build_schema("type Query { method(from: Int = 1, class: String, self: Int): String }")
    for text in ['{ method(class: "a") }', "query ($v: Int = 3) { method(from: $v) }"]:
        await same(core, text, {"method": lambda _info, **given: repr(given)})
        assert same.compiled


async def test_a_document_as_deep_as_the_interpreter(same: Same) -> None:
    text = "{ deep " * 150 + "{ name }" + " }" * 150
    await same(PLAIN, text, {"deep": []})


async def test_a_scalar_of_ones_own(same: Same) -> None:
    def serialise(value: Any) -> Any:
        if value == "bad":
            raise ValueError(value)
        return None if value == "none" else f"<{value}>"

    scalar = GraphQLScalarType("Own", serialize=serialise)
    resolvers = {name: GraphQLField(scalar, resolve=lambda _o, info: info.field_name) for name in ("ok", "bad", "none")}
    core = GraphQLSchema(GraphQLObjectType("Query", resolvers))
    await same(core, "{ ok }")
    assert same.compiled
    for text in ["{ ok bad }", "{ none ok }"]:
        assert (await same(core, text)).errors


async def test_types_that_say_whose_they_are_later(same: Same) -> None:
    async def is_type_of(value: Any, _info: Any) -> bool:
        return bool(value["ok"])

    kind = GraphQLObjectType("Kind", {"name": GraphQLField(GraphQLString)}, is_type_of=is_type_of)
    core = GraphQLSchema(GraphQLObjectType("Query", {"one": GraphQLField(kind)}))
    assert (await same(core, "{ one { name } }", {"one": {"ok": True, "name": "n"}})).errors is None
    assert (await same(core, "{ one { name } }", {"one": {"ok": False}})).errors


def test_synchronous_execution_stays_synchronous() -> None:
    result = execute_sync(PLAIN, parse("{ name }"), Plain(), executor_class=compiling(Executor))
    assert result == ({"name": "n"}, None)


# In Strawberry's schema


class Renamed(SchemaExtension):
    def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        return _next(root, info, *args, **kwargs)


@pytest.mark.parametrize("inline", [False, True])
async def test_as_the_executor_class_of_a_schema(monkeypatch: pytest.MonkeyPatch, inline: bool) -> None:
    base = SCHEMA.execution_context_class
    kind = compiling(base, inline=inline)
    plain, renaming = (strawberry.Schema(Query, execution_context_class=kind, extensions=e) for e in ([], [Renamed]))
    for schema, times in ((plain, 0), (renaming, 1)):
        with counting(monkeypatch) as executed:
            result = await schema.execute("{ colour grid }", root_value=None)
        assert (result.data, result.errors) == ({"colour": "BLUE", "grid": [[None, 1], [0, None]]}, None)
        assert len(executed) == times


async def test_what_was_not_validated_does_no_harm(same: Same) -> None:
    await same(SCHEMA, "query ($v: [Int]) { colour @skip(if: $v) }", variables={"v": [1]})
    await same(SCHEMA, "{ nothing colour ...Missing }")
    await same(SCHEMA, "{ ...A } fragment A on Query { colour ...A }")


# Bounds


def test_an_executor_class_remembers_so_many_operations() -> None:
    kind, made = compiling(Executor, capacity=2), []
    original = Operation.__init__

    def remember(self: Operation, *args: Any) -> None:
        made.append(self)
        original(self, *args)

    documents = [parse("{ name }") for _ in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Operation, "__init__", remember)
        for index in (0, 1, 0, 1, 2, 0):
            execute_sync(PLAIN, documents[index], Plain(), executor_class=kind)
    assert len(made) == 4


def test_classes_are_not_remembered_for_ever() -> None:
    classes = Classes()
    for number in range(2_500):
        assert classes.learn(type(f"Made{number}", (), {})())
    assert len(classes) <= 1_000
