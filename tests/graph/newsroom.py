"""A newsroom whose answers are kept, beside the same newsroom with nothing kept."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from newsgraph.actions import authors, sections
from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.domain.authors import Byline
from newsgraph.domain.cursors import decode_position
from newsgraph.domain.sections import Section
from newsgraph.domain.tags import touched
from newsgraph.domain.users import Role, Viewer
from newsgraph.engine.documents import Document, Documents, Request
from newsgraph.engine.responses import Entry, Responses
from newsgraph.graph import schema
from newsgraph.graph.answers import Answers, Asked, Drops, Key
from newsgraph.graph.context import Services
from newsgraph.live.hub import Hub
from newsgraph.live.kept import Kept
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.ports.store import Store
from newsgraph.settings import Settings
from tests.actions.conftest import Desk
from tests.conftest import Clock
from tests.live.test_streams import Interleaved

OPERATIONS = Path(__file__).parents[2] / "schema" / "operations"
_CURSOR = re.compile(rb'"(?:liveCursor|streamHead)":"([^"]*)"')
_RECKONED = re.compile(rb'"computedAt":"[^"]*"|"score":[^,}]*|"reasons":\[[^]]*\]')


@cache
def built() -> schema.NewsSchema:
    return schema.build()


@cache
def documents() -> Documents:
    return Documents(built().core)


@dataclass(frozen=True)
class Question:
    """`role` None asks as nobody; `reckoned`: it shows figures that may be those of the ranking before."""

    text: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation: str | None = None
    role: Role | None = None
    reckoned: bool = False

    @property
    def document(self) -> Document:
        return documents().get(self.text, self.operation)

    def __str__(self) -> str:
        return f"{self.document.operation.name and self.document.operation.name.value} {self.variables} {self.role}"


def asked(file: str, operation: str | None = None, role: Role | None = None, **variables: Any) -> Question:
    """An operation of schema/operations."""
    return Question((OPERATIONS / f"{file}.graphql").read_text("utf-8"), variables, operation, role)


@dataclass
class World:
    """`desk` changes the newsroom; nobody hears of it before `settle`."""

    desk: Desk
    services: Services
    responses: Responses[Key]
    kept: Answers

    @property
    def clock(self) -> Clock:
        return self.desk.clock

    @property
    def store(self) -> Store:
        return self.desk.newsroom.store

    @property
    def hits(self) -> int:
        return self.responses.counts().hits

    async def settle(self) -> None:
        await self.services.tail.catch_up()

    async def ask(self, question: Question, viewer: Viewer | None = None) -> bytes:
        """The answer, kept or not."""
        given = self._asked(question, viewer)
        key = self.kept.key(given)
        entry = key and self.kept.at_hand(key, given.viewer)
        return (entry or await self.kept.query(lambda: given, key, given.viewer)).body

    async def anew(self, question: Question, viewer: Viewer | None = None) -> bytes:
        """The answer of a server that keeps nothing."""
        services = replace(self.services, sections=Kept[Sequence[Section]]("sections"))
        given = self._asked(question, viewer)
        return (await Answers(built(), services, None).query(lambda: given, None, given.viewer)).body

    def entry(self, question: Question) -> Entry | None:
        """What is kept of it."""
        given = self._asked(question, None)
        key = self.kept.key(given)
        return key and self.kept.at_hand(key, given.viewer)

    def warm(self, question: Question) -> bool:
        return self.entry(question) is not None

    def interleaved(self, meanwhile: Callable[[], Awaitable[None]], compiled: bool = True) -> World:
        """The same with something happening right before and right after whatever an answer reads.

        `compiled`: it reads all of it at once; else a level at a time.
        """
        store, services = Interleaved(self.store, meanwhile), self.services
        settings = replace(self.desk.settings(), compiled_execution=compiled)
        streams = Streams(store, Hub(10), services.streams.epoch, settings.replay_limit)
        services = replace(services, newsroom=Newsroom(store, settings), streams=streams)
        return replace(self, services=services, kept=Answers(built(), services, self.responses))

    def _asked(self, question: Question, viewer: Viewer | None) -> Asked:
        request = Request(question.text, question.variables, question.operation)
        return Asked(question.document, request, viewer or self.desk.who(question.role))

    async def compare(self, question: Question, at_rest: bool = False) -> None:
        """What is kept is what would be read now; its cursors may be older, if nothing that concerns it came since.

        `at_rest`: nothing was ranked for longer than rankings are apart, so that their figures are the newest, too.
        """
        kept = await self.ask(question)
        await self.settle()  # reading makes a related list
        fresh = await self.anew(question)
        reckoned = question.reckoned and not at_rest
        assert _masked(kept, reckoned) == _masked(fresh, reckoned), str(question)
        if (entry := self.entry(question)) is not None:
            for old, new in zip(_CURSOR.findall(kept), _CURSOR.findall(fresh), strict=True):
                await self._nothing_between(entry, old, new)

    async def _nothing_between(self, entry: Entry, old: bytes, new: bytes) -> None:
        start, end = (decode_position(cursor.decode()) for cursor in (old, new))
        assert start is not None
        assert end is not None
        assert start.seq <= end.seq
        missed = await self.store.read(lambda session: session.log.after(start.seq, 10_000))
        assert not [one for one in missed if one.seq <= end.seq and touched(one.event) & entry.tags]


def _masked(body: bytes, reckoned: bool) -> bytes:
    plain = _CURSOR.sub(b'"cursor":0', body)
    return _RECKONED.sub(b'"reckoned":0', plain) if reckoned else plain


async def world_of(store: Store, clock: Clock) -> World:
    """Two sections, two authors, and somebody of every role."""
    # Only what is said of an answer ends it; and people say the same again and again.
    settings = Settings(response_age=1e6, comment_repeat_window=0)
    desk = await desk_of(Newsroom(store, settings), clock)
    responses = Responses[Key](clock=lambda: clock().timestamp())
    kept, hub = Kept[Sequence[Section]]("sections"), Hub(1_000)
    tail = Tail(store, hub, [kept, Drops(responses)])
    streams = Streams(store, hub, (await tail.start()).epoch, settings.replay_limit)
    services = Services(desk.newsroom, streams, ViewCounter(settings, clock), tail, clock, kept)
    return World(desk, services, responses, Answers(built(), services, responses))


async def desk_of(newsroom: Newsroom, clock: Clock) -> Desk:
    desk = Desk(newsroom, clock)
    await sections.prepare(newsroom)
    for section in ("News", "Asia"):
        await newsroom.store.write(lambda session, name=section: sections.ensure(session, name))  # type: ignore[misc]
    for author in ("Ada Writer", "Bo Scribe"):
        await newsroom.store.write(lambda session, name=author: authors.ensure(session, Byline(name)))  # type: ignore[misc]
    desk.people = {role: await desk.viewer(role.value.title(), role) for role in Role}
    return desk
