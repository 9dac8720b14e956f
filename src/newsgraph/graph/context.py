"""What a resolver works with: who asks, the newsroom, and loaders that read each thing once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import strawberry

from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.domain.pages import PageLimits
from newsgraph.domain.sections import Section
from newsgraph.domain.users import ANONYMOUS, Viewer
from newsgraph.engine.execution import stepping
from newsgraph.engine.loading import AtOnce, Batch
from newsgraph.graph.dependencies import Dependencies
from newsgraph.graph.loaders import Loaders, Sections
from newsgraph.live.kept import Kept
from newsgraph.live.streams import Streams
from newsgraph.live.tail import Tail
from newsgraph.ports.store import Session
from newsgraph.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """What one process shares between all its requests."""

    newsroom: Newsroom
    streams: Streams
    views: ViewCounter
    tail: Tail
    clock: Callable[[], datetime]
    sections: Kept[Sequence[Section]] = field(default_factory=lambda: Kept("sections"))

    @property
    def settings(self) -> Settings:
        return self.newsroom.settings


@dataclass(frozen=True, slots=True)
class Reader:
    """Where a request comes from: only for telling one reader's views from another's, never kept.

    `ahead`: the browser fetches in advance what nobody has asked for yet.
    """

    address: str = ""
    agent: str = ""
    ahead: bool = False


@dataclass(slots=True)
class Context:
    """One operation's context; `loaders` are fresh for each operation, and for each event of a subscription.

    `done`: the outcomes of a mutation's changes, by the nodes of their fields, each told by a call.
    """

    services: Services
    viewer: Viewer = ANONYMOUS
    reader: Reader = field(default_factory=Reader)
    depends: Dependencies = field(default_factory=Dependencies)
    session: Session | None = None
    done: dict[int, Callable[[], Any]] = field(default_factory=dict)
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self._batch(), self.viewer, self.depends, self._kept())

    def _batch(self) -> Batch[Session]:
        return Batch(self.read) if self.session is None else AtOnce(self.session)

    def enter(self, session: Session) -> None:
        """From here on, everything is read from this session, on its thread, which has no event loop."""
        self.session = session
        self.__post_init__()

    def leave(self) -> None:
        """Back on the event loop, with nothing of what was read there."""
        self.session = None
        self.refresh()

    def refresh(self) -> None:
        """Forget what was read, and what of it was noted: from here on, everything is read anew."""
        self.depends = Dependencies(self.depends.fields)
        self.__post_init__()

    def give_up(self) -> None:
        """Stops what is being read."""
        self.loaders.give_up()

    def _kept(self) -> Sections | None:
        """Not for mutations, which see what they have written before the log is read."""
        services = self.services
        return None if self.depends.fields is None else Sections(services.sections, services.tail.position)

    def now(self) -> datetime:
        return self.services.clock()

    async def read(self, query: Callable[[Session], Awaitable[T]]) -> T:
        session = self.session
        return await (self.services.newsroom.store.read(query) if session is None else query(session))

    async def together(self, work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """The results in their order: what all of it reads is read in one go."""
        return await (asyncio.gather(*work) if self.session is None else stepping.together(work))

    @property
    def newsroom(self) -> Newsroom:
        return self.services.newsroom

    @property
    def settings(self) -> Settings:
        return self.services.settings

    @property
    def page_limits(self) -> PageLimits:
        return PageLimits(self.settings.page_default, self.settings.page_maximum)


@contextmanager
def giving_up(context: Context, patience: float) -> Iterator[None]:
    """What is read within is read no more when it was cancelled, or after so many seconds (0: whenever it ends).

    A task that waits for a loader only hears that it was cancelled when the loader has ended (engine.loading).
    """
    loop = asyncio.get_running_loop()
    timer = loop.call_later(patience, context.give_up) if patience else None
    try:
        yield
    except asyncio.CancelledError:
        context.give_up()
        raise
    finally:
        if timer is not None:
            timer.cancel()


Info = strawberry.Info[Context, None]
