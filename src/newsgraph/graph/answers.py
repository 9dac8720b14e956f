"""Answers of queries, kept until something that they depend on changes; and of mutations, which are seen at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from graphql import ExecutionResult

from newsgraph.domain.errors import Fault
from newsgraph.domain.events import Entry as LogEntry
from newsgraph.domain.tags import touched
from newsgraph.domain.users import Viewer
from newsgraph.engine.documents import Document, Request
from newsgraph.engine.execution import WayBack
from newsgraph.engine.responses import Answer, Entry, Responses
from newsgraph.graph.context import Context, Reader, Services, giving_up
from newsgraph.graph.dependencies import CURSORS, Dependencies
from newsgraph.graph.encoding import as_json
from newsgraph.graph.execution import Execution, encoded
from newsgraph.graph.hints import Hint, hint_of
from newsgraph.graph.schema import NewsSchema
from newsgraph.observe import LOG
from newsgraph.ports.store import Session

Key = tuple[str, str | None, bytes, str]
"""Of an answer: text, operation, variables and audience. Equal for all who may share it, whoever they are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation and who asks."""

    document: Document
    request: Request
    viewer: Viewer
    reader: Reader = field(default_factory=Reader)


Ask = Callable[[], Asked]


class Drops:
    """Drops what the log's events spoil, ahead of the streams (live.tail.Applier)."""

    def __init__(self, responses: Responses[Key]) -> None:
        self._responses = responses

    def apply(self, entries: Sequence[LogEntry]) -> None:
        for entry in entries:
            self._responses.drop(touched(entry.event), entry.seq)

    def lose(self, seq: int) -> None:
        self._responses.lose(seq)

    def trim(self, seq: int) -> None:
        """An older page sends its readers to where the log is gone, and is what they would get when they return."""
        self._responses.drop([CURSORS], seq)


class Answers:
    """Runs the queries and mutations of one process. `responses` None keeps nothing."""

    def __init__(self, schema: NewsSchema, services: Services, responses: Responses[Key] | None) -> None:
        settings = services.settings
        self.execution = Execution(schema, settings.compiled_execution, settings.introspection)
        self._schema = schema
        self._services = services
        self._responses = responses
        self._lasting = services.settings.response_age

    def hint(self, document: Document) -> Hint:
        return document.derived(self._hint)

    def _hint(self, document: Document) -> Hint:
        return hint_of(self._schema.core, document)

    def audience(self, document: Document, viewer: Viewer) -> Viewer:
        """As whom an operation runs: the viewer themself only where the answer depends on who they are."""
        if document.selects(self._schema.private_fields):
            return viewer
        return Viewer(None, viewer.role if viewer.audience else None)

    def key(self, asked: Asked) -> Key | None:
        """None for what is one person's alone, or where nothing is kept. Nobody in particular may share with others."""
        audience = self.audience(asked.document, asked.viewer)
        if self._responses is None or audience.user_id is not None:
            return None
        return asked.document.text, _name(asked.document), _variables(asked), audience.audience

    def at_hand(self, key: Key, viewer: Viewer) -> Entry | None:
        """What needs no work at all."""
        entry = None if self._responses is None else self._responses.get(key)
        return None if entry is None or viewer.user_id in entry.apart else entry

    def under_way(self, key: Key) -> bool:
        """Whether somebody has this answer made already."""
        return self._responses is not None and self._responses.under_way(key)

    async def query(self, ask: Ask, key: Key | None, viewer: Viewer) -> Entry | Answer:
        """Asks only if the answer has to be made, and for all who wait for it once. Errors: RequestError."""
        if key is None or self._responses is None:
            return await self._make(ask(), viewer)

        async def shared() -> Answer:
            asked = ask()
            return await self._make(asked, self.audience(asked.document, viewer))

        entry = await self._responses.fill(key, shared)
        return await self._own(ask()) if viewer.user_id in entry.apart else entry

    async def _own(self, asked: Asked) -> Answer:
        """For one person, where others with the same question are told something else: nobody else may keep it."""
        return replace(await self._make(asked, asked.viewer), max_age=0.0)

    async def mutate(self, asked: Asked) -> bytes:
        """The encoded result, when it is in the answers that come after it. Errors: RequestError."""
        context = Context(self._services, asked.viewer, asked.reader)
        result = await self._run(asked, context)
        try:
            await self._services.tail.catch_up()
        except Fault as fault:  # what was written is written, and will be seen when the log can be read again
            LOG.warning("the log cannot be read after a mutation: %s", fault)
        return encoded(result.data, result.errors)

    async def _make(self, asked: Asked, viewer: Viewer) -> Answer:
        """`as_of` comes first: what changes while this reads makes it old."""
        as_of = self._services.tail.position
        context = Context(self._services, viewer, asked.reader, Dependencies(asked.document.places))
        run = self.execution.at_once(asked.document, asked.request, context)
        if run is not None:
            try:
                return await self._services.newsroom.store.read(partial(self._at_once, context, run, as_of))
            except WayBack:
                context.leave()
        return self._answer(await self._run(asked, context), context.depends, as_of)

    async def _at_once(
        self, context: Context, run: Callable[[], ExecutionResult], as_of: int, session: Session
    ) -> Answer:
        """All of it on the reader's thread, and of one snapshot. Errors: WayBack."""
        context.enter(session)
        result = run()
        context.loaders.forget()
        return self._answer(result, context.depends, as_of)

    def _answer(self, result: ExecutionResult, depends: Dependencies, as_of: int) -> Answer:
        lasting = 0.0 if result.errors or not depends.lasting else self._age(depends.until)
        body = encoded(result.data, result.errors)
        return Answer(body, as_of, frozenset(depends.tags), lasting, frozenset(depends.apart))

    async def _run(self, asked: Asked, context: Context) -> ExecutionResult:
        with giving_up(context, context.settings.operation_timeout):
            result = await self.execution.run(asked.document, asked.request, context)
        if not result.errors:  # else what the failed part waited for may still go on
            context.loaders.forget()
        return result

    def _age(self, until: datetime | None) -> float:
        if until is None:
            return self._lasting
        return min(self._lasting, max(0.0, (until - self._services.clock()).total_seconds()))

    def left(self, entry: Entry) -> float:
        """For how many seconds more the answer is kept at most."""
        return 0.0 if self._responses is None else self._responses.left(entry)

    def coded(self, key: Key, entry: Entry, coding: str, encode: Callable[[bytes], bytes]) -> bytes:
        """The body in a content coding (RFC 9110, 8.4.1), made once while the answer is kept."""
        return encode(entry.body) if self._responses is None else self._responses.encoded(key, entry, coding, encode)


def _name(document: Document) -> str | None:
    name = document.operation.name
    return name.value if name else None


def _variables(asked: Asked) -> bytes:
    """Those that the operation has, in canonical form."""
    given = asked.request.variables or {}
    names = sorted(one.variable.name.value for one in asked.document.operation.variable_definitions or ())
    return as_json([(name, given[name]) for name in names if name in given])
