"""Ways to execute compiled: one document at a time, or as an executor class for whoever takes one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from graphql.execution import Executor
from graphql.type import GraphQLResolveInfoHelpers

from newsgraph.engine.execution.operation import Operation, Result, Ways

_REFERENCE = ("graphql", "strawberry", "typing", "builtins", "abc")  # packages whose executors do what we do


class Compiled:
    """One operation of a document, for any number of requests."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, name: str | None, kind: type[Executor[Any]]):
        self._schema = schema
        self._document = document
        self._name = name
        self._kind = kind

    def execute(
        self, root_value: object = None, context: object = None, variables: Mapping[str, Any] | None = None
    ) -> Result:
        """An ExecutionResult, or an awaitable of one if anything has to be awaited. Raises what graphql-core raises.

        `variables` as they came with the request: not coerced yet.
        """
        built = self._kind.build(self._schema, self._document, root_value, context, dict(variables or {}), self._name)
        return ExecutionResult(None, built) if isinstance(built, list) else built.execute_operation()


def compile(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None = None, *, inline: bool = False
) -> Compiled:
    """An operation of a validated document. `inline`: its resolvers await futures only, see `awaiting.inline`."""
    own = getattr(schema, "_strawberry_schema", None)
    kind = Executor if own is None else own.execution_context_class
    return Compiled(schema, document, operation_name, compiling(kind, inline=inline, capacity=1))


def compiling(
    base: type[Executor[Any]], *, inline: bool = False, mutations: bool = False, capacity: int = 500
) -> type[Executor[Any]]:
    """An executor class that compiles what it executes, and does the rest as `base` does.

    `mutations`: also those with one field at the root, whose resolver does what it does once (`operation.Ways`).

    It remembers the `capacity` operations that were used last, by their syntax trees: it is of use where documents
    are parsed once. A `base` that is none of graphql-core's or Strawberry's may do anything, so it does everything.
    """
    operations = Operations(Ways(inline, mutations), capacity)
    known = is_reference(base)

    class CompilingExecutor(base):  # type: ignore[misc, valid-type]
        @property
        def async_helpers(self) -> GraphQLResolveInfoHelpers:
            """Made when they are asked for: kept, they and the executor keep each other until a garbage collection."""
            return GraphQLResolveInfoHelpers(gather=self.gather_async_work, track=self.track_async_work)

        @async_helpers.setter
        def async_helpers(self, helpers: GraphQLResolveInfoHelpers) -> None:
            pass

        def execute_operation(self, serially: bool | None = None) -> Any:
            reference = partial(super().execute_operation, serially)
            return operations.of(self).run(self, reference) if known and not serially else reference()

        def at_once(self) -> Callable[[], ExecutionResult] | None:
            return partial(operations.of(self).at_once, self) if known else None

    return CompilingExecutor


def is_reference(kind: type[Executor[Any]]) -> bool:
    """Whether an executor does what graphql-core's does, and nothing of its own."""
    return all(parent.__module__.partition(".")[0] in _REFERENCE for parent in kind.__mro__)


def at_once(executor: Executor[Any]) -> Callable[[], ExecutionResult] | None:
    """Runs the operation on whatever thread it is called, without an event loop; None where it is not compiled.

    Its resolvers may await each other and what loaders of `loading.AtOnce` read. Errors: WayBack when that does not
    do: then the executor has to be made anew, and execute the operation as usual.
    """
    begin: Callable[[], Callable[[], ExecutionResult] | None] | None = getattr(executor, "at_once", None)
    return None if begin is None else begin()


class Operations:
    """By their syntax trees, which they keep: an id is only good while its object lives."""

    def __init__(self, ways: Ways, capacity: int) -> None:
        self._ways = ways
        self._capacity = capacity
        self._known: OrderedDict[tuple[int, int], Operation] = OrderedDict()

    def of(self, executor: Executor[Any]) -> Operation:
        key = (id(executor.schema), id(executor.operation))
        known = self._known.get(key)
        if known is None or known.fragments != executor.fragment_definitions:
            known = self._learn(key, executor)
        self._known.move_to_end(key)
        return known

    def _learn(self, key: tuple[int, int], executor: Executor[Any]) -> Operation:
        made = Operation(executor.schema, executor.operation, executor.fragment_definitions, self._ways)
        self._known[key] = made
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return made
