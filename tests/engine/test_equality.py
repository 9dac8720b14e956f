"""Compiled execution answers as the reference does, byte for byte: made-up operations, our own, and with faults."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from graphql import DocumentNode, ExecutionResult, OperationDefinitionNode, OperationType, parse, print_ast
from graphql.utilities import separate_operations

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Role, Viewer
from newsgraph.engine import documents, subscriptions
from newsgraph.engine.documents import Request
from newsgraph.engine.preparing import Executors
from newsgraph.graph.context import Context
from newsgraph.ports.feeds import Stage, Standing
from tests.engine.generating import Generated, Pool, generate
from tests.engine.newsroom import VIEWERS, WAYS, Both, counting

# What the reference executor leaves behind when it cancels: its own coroutines, and a totalCount that it was given.
_LEFT = "Exception ignored in. <coroutine object (Executor|GraphQLCoreConverter|Context.read)"
pytestmark = pytest.mark.filterwarnings(f"ignore:{_LEFT}:pytest.PytestUnraisableExceptionWarning")

OPERATIONS = Path(__file__).parents[2] / "schema" / "operations"
MODERATOR = Viewer(2, Role.MODERATOR)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What the reference left behind is found here, and not in another test."""
    yield
    gc.collect()


_LISTED = (
    "{ articles(first: 20) { nodes { id slug url } } sections { slug id } authors(first: 5) { nodes { slug id } } }"
)
_COMMENTED = "{ articles(first: 20) { nodes { comments(first: 5) { nodes { id } pageInfo { endCursor } } } } }"


async def _pool(both: Both) -> Pool:
    """Values that are found in the newsroom, and some that are not."""
    context = Context(both.services)
    found: Any = (await both.run(both.reference, parse(_LISTED), {}, context)).data
    below: Any = (await both.run(both.reference, parse(_COMMENTED), {}, context)).data
    articles, comments = found["articles"]["nodes"], [node["comments"] for node in below["articles"]["nodes"]]
    ids = [one["id"] for one in articles + found["sections"] + found["authors"]["nodes"]]
    commented = [one["id"] for page in comments for one in page["nodes"]]
    return {
        "slug": [one["slug"] for one in articles] + ["nothing"],
        "url": [one["url"] for one in articles[:5]] + ["https://nothing.example/"],
        "section": [one["slug"] for one in found["sections"]] + ["nothing"],
        "author": [one["slug"] for one in found["authors"]["nodes"]],
        "after": [page["pageInfo"]["endCursor"] for page in comments if page["nodes"]] + ["no cursor"],
        "first": [1, 2, 3, -1],
        "last": [1, 2],
        "keys": ["latest", "latest/asia", "popular", "must-reads", "nothing"],
        "key": ["latest", "popular", "nothing"],
        "focus": commented[:10],
        "query": ["the", "city", '"'],
        "ID": ids + commented + ["no id"],
        "Int": [0, 1, 2],
        "String": ["a", "", "über"],
        "URL": ["https://nothing.example/"],
        "Boolean": [True, False],
        "DateTime": ["2026-01-31T09:30:00Z", "2026-11-24T09:30:00+01:00"],
        "StreamCursor": ["nothing"],
    }


def _made(both: Both, pool: Pool, seeds: Iterator[int], wanted: int) -> Iterator[tuple[int, Generated]]:
    while wanted:
        seed = next(seeds)
        made = generate(both.schema.core, pool, seed)
        if made is not None:
            wanted -= 1
            yield seed, made


@pytest.mark.parametrize("part", range(4))
async def test_operations_made_up(both: Both, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pool, clean, before = await _pool(both), 0, both.ways_back
    for seed, made in _made(both, pool, iter(range(part * 10_000, 10**9)), 450):
        with counting(monkeypatch) as executed:
            result = await _same(both, made, seed)
        if result is not None and not result.errors:
            clean += 1
            assert len(executed) == 1, f"seed {seed}: what has no errors is compiled"
            assert both.ways_back == before, f"seed {seed}: and done at once"
        before = both.ways_back
    assert clean > 150


async def _same(both: Both, made: Generated, seed: int) -> ExecutionResult | None:
    try:
        viewer, way = VIEWERS[seed % 3], "tasks" if seed % 4 == 0 else "inline" if seed % 4 == 1 else "at once"
        return await both.equal(made.document, made.variables, viewer, way)
    except BaseException as failure:
        failure.add_note(f"seed {seed}\n{made.text}\n{made.variables}")
        raise


# Faults


class Faults:
    """Resolvers that go wrong now and then, in the same places whoever executes; without a seed they never do."""

    def __init__(self) -> None:
        self.seed: int | None = None

    def spoil(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        if iscoroutinefunction(function):

            @wraps(function)
            async def spoiled(*args: Any, **kwargs: Any) -> Any:
                random = self._random(name, kwargs)
                self._raise(random)
                return self._changed(await function(*args, **kwargs), random)

            return spoiled

        @wraps(function)
        def spoiled_at_once(*args: Any, **kwargs: Any) -> Any:
            random = self._random(name, kwargs)
            self._raise(random)
            return self._changed(function(*args, **kwargs), random)

        return spoiled_at_once

    def _random(self, name: str, kwargs: dict[str, Any]) -> Random:
        return Random(f"{self.seed} {name} {getattr(kwargs.get('root'), 'id', '')}")

    def _raise(self, random: Random) -> None:
        chance = 1.0 if self.seed is None else random.random()
        if chance < 0.03:
            raise RuntimeError("a defect")
        if chance < 0.06:
            raise Fault(FaultCode.NOT_FOUND, "It went away.")

    def _changed(self, value: Any, random: Random) -> Any:
        chance = 1.0 if self.seed is None else random.random()
        if chance < 0.03:
            return None
        if chance < 0.06:
            return random.choice([object(), math.nan, 2**40, True, "", [None], ValueError("returned"), {"a": 1}])
        if chance < 0.2 and is_dataclass(value) and not isinstance(value, type):
            name = random.choice([field.name for field in fields(value) if field.init])
            return replace(value, **{name: random.choice([None, math.inf, 2**31, False, 1.5, ValueError("held")])})
        if chance < 0.25 and isinstance(value, list):
            return random.choice([tuple(value), iter(value), (one for one in value), [*value, None]])
        return value


@pytest.fixture
def faults(both: Both, monkeypatch: pytest.MonkeyPatch) -> Faults:
    found = Faults()
    for type_ in both.schema.schema_converter.type_map.values():
        for field in getattr(type_.definition, "fields", ()):
            resolver = getattr(field, "base_resolver", None)
            if resolver is not None and not field.is_subscription:
                monkeypatch.setattr(resolver, "wrapped_func", found.spoil(resolver.wrapped_func, field.name))
    return found


@pytest.mark.parametrize("part", range(2))
async def test_operations_with_faults_in_resolvers(both: Both, faults: Faults, part: int) -> None:
    pool, failed = await _pool(both), 0
    for seed, made in _made(both, pool, iter(range(part * 10_000 + 5_000_000, 10**9)), 250):
        faults.seed = seed
        result = await _same(both, made, seed)
        failed += result is not None and bool(result.errors)
    assert failed > 100


# Our own operations


def _documents(kind: OperationType) -> list[Any]:
    found = []
    for path in sorted(OPERATIONS.glob("*.graphql")):
        for name, document in separate_operations(parse(path.read_text("utf-8"))).items():
            [operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
            if operation.operation is kind:
                found.append(pytest.param(document, operation, id=name))
    return found


def _variables(operation: OperationDefinitionNode, pool: Pool) -> dict[str, Any]:
    given = {
        "articleId": pool["ID"][0],
        "slug": pool["slug"][0],
        "section": "asia",
        "first": 3,
        "query": "the",
        "keys": ["latest", "popular"],
    }
    names = [one.variable.name.value for one in operation.variable_definitions or () if not one.default_value]
    return {name: given[name] for name in names if name in given}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("document", "operation"), _documents(OperationType.QUERY))
async def test_our_own_queries(
    both: Both, document: DocumentNode, operation: OperationDefinitionNode, way: str
) -> None:
    variables, before = _variables(operation, await _pool(both)), both.ways_back
    result = await both.equal(document, variables, MODERATOR, way)
    assert both.ways_back == before
    assert result is not None
    assert result.errors is None
    assert result.data is not None
    assert all(value is not None for value in result.data.values())


@pytest.mark.parametrize(("document", "operation"), _documents(OperationType.SUBSCRIPTION))
async def test_our_own_subscriptions(
    both: Both, document: DocumentNode, operation: OperationDefinitionNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request(print_ast(document), _variables(operation, await _pool(both)))
    checked = documents.check(both.schema.core, request)
    context = Context(both.services, MODERATOR)
    reference, compiled = (
        Executors(kind, both.schema.core).prepare(checked, request, context)
        for kind in (both.reference, both.compiled["inline"])
    )
    feed = await subscriptions.source_of(reference)
    start = both.services.streams.position(0).encode()
    answer = (await feed.answers({Standing(Stage.OPENING, start)}, 50))[Standing(Stage.OPENING, start)]
    assert answer.happenings
    for happening in answer.happenings:
        wanted = await subscriptions.execute_event(reference, happening.event)
        with counting(monkeypatch) as executed:
            found = await subscriptions.execute_event(compiled, happening.event)
        assert found == wanted
        assert not executed, "every event is executed by compiled code"
