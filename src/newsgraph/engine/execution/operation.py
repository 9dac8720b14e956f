"""A compiled operation: executed as it was generated, and by the reference executor wherever that does not do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)
from graphql.execution import Executor, default_field_resolver
from graphql.execution.execute import assume_not_awaitable
from graphql.pyutils.is_awaitable import is_awaitable
from strawberry.execution import optimized_is_awaitable

from newsgraph.engine.execution import awaiting, stepping
from newsgraph.engine.execution.fields import info_class
from newsgraph.engine.execution.infos import Infos, Visit
from newsgraph.engine.execution.source import Compiler, Program
from newsgraph.engine.execution.values import Pending, WayBack

Result = Any
"""What the reference executor returns: an ExecutionResult, or an awaitable of one."""

Reference = Callable[[], Result]


@dataclass(frozen=True, slots=True)
class Ways:
    """What resolvers agree to.

    `inline`: those of queries and events await futures only, see `awaiting.inline`. `mutations`: those at the root of a
    mutation do what they do once, however often they are called for the same field of the same request.
    """

    inline: bool = False
    mutations: bool = False


_VARIANTS = 16  # combinations of what @skip and @include depend on; more are left to the reference executor
_CONDITIONS = ("skip", "include")
_INCREMENTAL = ("defer", "stream")
_PREDICATES = (is_awaitable, optimized_is_awaitable)


class Operation:
    """An operation of a schema, compiled when it is first executed, and anew for each combination of its conditions."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        ways: Ways,
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.fragments = fragments
        changes = operation.operation is OperationType.MUTATION
        self._settle: awaiting.Settle = awaiting.inline if ways.inline and not changes else awaiting.in_tasks
        self._strawberry_info = info_class(schema)
        self._programs: dict[tuple[Any, ...], tuple[Program, Infos] | None] = {}
        directives = list(_directives([operation, *fragments.values()]))
        self._conditions = [name for one in directives if one.name.value in _CONDITIONS for name in _variables(one)]
        self.compilable = (
            (ways.mutations or not changes)
            and schema.get_root_type(operation.operation) is not None
            and not any(one.name.value in _INCREMENTAL for one in directives)
            and not any(fragment.variable_definitions for fragment in fragments.values())
        )

    def run(self, executor: Executor[Any], reference: Reference) -> Result:
        """The result as `reference` would give it; an awaitable if anything has to be awaited."""
        found = self._program(executor) if self.compilable and _is_plain(executor) else None
        if found is None:
            return reference()
        attempt = _Attempt(executor)
        data = attempt.started(found)
        if data is None or (attempt.pending and executor.is_awaitable not in _PREDICATES):
            return attempt.given_up(reference)
        return attempt.finished(data, self._settle, reference) if attempt.pending else ExecutionResult(data, None)

    def at_once(self, executor: Executor[Any]) -> ExecutionResult:
        """The result, on any thread and without an event loop (`stepping`). Errors: WayBack when that does not do."""
        found = self._program(executor) if self.compilable and _is_plain(executor) else None
        if found is None:
            raise WayBack
        return _Attempt(executor).completed(found)

    def _program(self, executor: Executor[Any]) -> tuple[Program, Infos] | None:
        coerced = executor.variable_values.coerced
        key = tuple(coerced.get(name) for name in self._conditions)
        if not all(value is None or isinstance(value, bool) for value in key):
            return None  # the document was not validated
        if key not in self._programs and len(self._programs) < _VARIANTS:
            self._programs[key] = self._compiled(executor)
        return self._programs.get(key)

    def _compiled(self, executor: Executor[Any]) -> tuple[Program, Infos] | None:
        try:
            program = Compiler(executor).program()
        except Exception:  # too large, too deep, or not valid: the reference executor says what is to be said
            return None
        return program, Infos(program.places, self._strawberry_info)


class _Attempt:
    """One execution that may have to be given up."""

    def __init__(self, executor: Executor[Any]) -> None:
        self.pending: list[Pending] = []
        self._running: awaiting.Running = []
        self._visit = Visit()
        self._executor = executor

    def started(self, found: tuple[Program, Infos]) -> dict[str, Any] | None:
        """The response with what needs no waiting in it; None when it has to be given up."""
        try:
            data = self.begun(found)
        except Exception as failure:
            self._leave(failure)
            return None
        return None if self._visit.spoiled else data

    def begun(self, found: tuple[Program, Infos]) -> dict[str, Any]:
        program, makes = found
        executor = self._executor
        infos = makes.make(executor, self._visit)
        arguments = [read(executor, None if at is None else infos[at]) for read, at in program.arguments]
        root = program.bind(self.pending.append, infos, arguments, executor.type_resolver)
        data: dict[str, Any] = root(executor.root_value)
        return data

    async def finished(self, data: dict[str, Any], settle: awaiting.Settle, reference: Reference) -> ExecutionResult:
        try:
            await settle(self.pending, self._running)
        except Exception as failure:
            self._leave(failure)
        else:
            if not self._visit.spoiled:
                return ExecutionResult(data, None)
        finally:
            awaiting.abandon(self.pending)
        try:
            result = reference()
            return await result if is_awaitable(result) else result  # type: ignore[no-any-return]
        finally:
            await awaiting.stop(self._running)

    def completed(self, found: tuple[Program, Infos]) -> ExecutionResult:
        """Errors: WayBack."""
        try:
            data = self.begun(found)
            stepping.run(stepping.settle(self.pending))
        except Exception as failure:
            if isinstance(failure, WayBack):
                awaiting.drop(failure.value)
            raise WayBack from failure
        finally:
            awaiting.abandon(self.pending)
        if self._visit.spoiled:
            raise WayBack
        return ExecutionResult(data, None)

    def given_up(self, reference: Reference) -> Result:
        awaiting.abandon(self.pending)
        return reference()

    def _leave(self, failure: Exception) -> None:
        """What was made and is not understood is awaited in the background, as the reference executor does it."""
        if isinstance(failure, WayBack) and is_awaitable(failure.value):
            self._executor.settle_in_background([failure.value])


def _is_plain(executor: Executor[Any]) -> bool:
    """Whether it does nothing that a compiled operation does not."""
    manager = executor.middleware_manager
    return (
        (manager is None or not manager.middlewares)
        and executor.abort_signal is None
        and executor.hooks is None
        and executor.field_resolver is default_field_resolver
        and executor.is_awaitable in (*_PREDICATES, assume_not_awaitable)
    )


def _directives(nodes: Iterable[Any]) -> Iterator[DirectiveNode]:
    """All of the selections below, each once; fragments are among the nodes. As deep as documents may be."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield from node.directives or ()
        selected: SelectionSetNode | None = getattr(node, "selection_set", None)
        waiting += selected.selections if selected is not None else ()


def _variables(directive: DirectiveNode) -> Iterator[str]:
    for argument in directive.arguments or ():
        if isinstance(argument.value, VariableNode):
            yield argument.value.name.value
