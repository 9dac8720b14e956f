"""The demo's newsroom in a database, and its operations through both executors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from inspect import isawaitable
from typing import Any

import pytest
from graphql import DocumentNode, ExecutionResult
from graphql.execution import Executor

from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.domain.users import Role, Viewer
from newsgraph.engine.execution import WayBack, at_once, compiling
from newsgraph.graph.context import Context, Services
from newsgraph.graph.schema import NewsSchema
from newsgraph.live.hub import Hub
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.ports.store import Session

WAYS = ("at once", "inline", "tasks")
VIEWERS = [Viewer(None, None), Viewer(1, Role.READER), Viewer(2, Role.MODERATOR)]
NOW = datetime(2026, 11, 25, tzinfo=UTC)


async def services_of(newsroom: Newsroom) -> Services:
    head = await newsroom.store.read(lambda session: session.log.head())
    streams = Streams(newsroom.store, Hub(100), head.position.epoch, replay_limit=1_000)
    tail = Tail(newsroom.store, Hub(100))
    return Services(newsroom, streams, ViewCounter(newsroom.settings, lambda: NOW), tail, lambda: NOW)


@dataclass
class Both:
    """Executes an operation twice, each time with loaders of its own."""

    schema: NewsSchema
    services: Services
    reference: type[Executor[Any]]
    compiled: dict[str, type[Executor[Any]]]
    ways_back: int = 0  # what was not done at once

    @classmethod
    def of(cls, schema: NewsSchema, services: Services) -> Both:
        base = schema.execution_context_class
        ways = {way: compiling(base, inline=way != "tasks") for way in WAYS}
        return cls(schema, services, base, ways)

    async def equal(
        self, document: DocumentNode, variables: Mapping[str, Any], viewer: Viewer, way: str = "inline"
    ) -> ExecutionResult | None:
        """The result, which is the same byte for byte; None when there is nothing to compare.

        With errors it depends on what is read first: of those below a field that becomes null only one is kept. Then
        both executors go over what was read already, and in one of a few tries they have to agree.
        """
        context = Context(self.services, viewer)
        again = "inline" if way == "at once" else way  # that reads everything anew, and fails on the loop as this does
        try:
            wanted = await self.run(self.reference, document, variables, context)
            found = await self.run(self.compiled[way], document, variables, Context(self.services, viewer))
            for _ in range(3 if wanted.errors else 0):
                if _text(found) == _text(wanted):
                    break
                wanted = await self.run(self.reference, document, variables, context)
                found = await self.run(self.compiled[again], document, variables, context)
        except asyncio.CancelledError:
            # On an error in a field that may not be null, graphql-core cancels what its siblings wait for. A loader's
            # future that another branch waits for, too, then ends the whole operation.
            return None
        assert _text(found) == _text(wanted)
        return found

    async def run(
        self, kind: type[Executor[Any]], document: DocumentNode, variables: Mapping[str, Any], context: Context
    ) -> ExecutionResult:
        built = kind.build(self.schema.core, document, None, context, dict(variables))
        if isinstance(built, list):
            return ExecutionResult(None, built)
        begun = at_once(built) if kind is self.compiled["at once"] else None
        if begun is not None:
            try:
                return await self.services.newsroom.store.read(partial(_entered, context, begun))
            except WayBack:
                self.ways_back += 1
                context.leave()
                return await self.run(kind.__mro__[1], document, variables, context)
        result: Any = built.execute_operation()
        result = await result if isawaitable(result) else result
        assert isinstance(result, ExecutionResult)
        return result


async def _entered(context: Context, run: Callable[[], ExecutionResult], session: Session) -> ExecutionResult:
    context.enter(session)
    return run()


def _text(result: ExecutionResult) -> str:
    errors = sorted(json.dumps(error.formatted, sort_keys=True) for error in result.errors or ())
    return "\n".join([json.dumps(result.data), *errors])


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Executor[Any]]]:
    """Executors whose operation came to the reference."""
    executed: list[Executor[Any]] = []
    original = Executor.execute_operation

    def execute(self: Executor[Any], serially: bool | None = None) -> Any:
        executed.append(self)
        return original(self, serially)

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "execute_operation", execute)
        yield executed
