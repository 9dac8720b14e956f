"""The store: transactions over everything that is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import Protocol, TypeVar

from newsgraph.ports.articles import Articles
from newsgraph.ports.authors import Authors
from newsgraph.ports.checks import Checks
from newsgraph.ports.comments import Comments
from newsgraph.ports.erasures import Erasures
from newsgraph.ports.keys import Keys
from newsgraph.ports.lists import Lists
from newsgraph.ports.log import Log
from newsgraph.ports.rates import Rates
from newsgraph.ports.receipts import Receipts
from newsgraph.ports.sections import Sections
from newsgraph.ports.users import Users
from newsgraph.ports.views import Views

T = TypeVar("T")


class Refused(Exception):
    """A rule of the database itself forbids the row: a counter below zero, a second one of what is unique."""


class Condition(Enum):
    """How the last attempts ended. DEGRADED: some reading or writing fails. DAMAGED: the file itself is broken."""

    OK = "ok"
    DEGRADED = "degraded"
    DAMAGED = "damaged"


class Session(Protocol):
    """One transaction. `now` is its time (UTC), the same for every row that it writes."""

    @property
    def now(self) -> datetime: ...
    @property
    def articles(self) -> Articles: ...
    @property
    def authors(self) -> Authors: ...
    @property
    def checks(self) -> Checks: ...
    @property
    def comments(self) -> Comments: ...
    @property
    def erasures(self) -> Erasures: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def lists(self) -> Lists: ...
    @property
    def log(self) -> Log: ...
    @property
    def rates(self) -> Rates: ...
    @property
    def receipts(self) -> Receipts: ...
    @property
    def sections(self) -> Sections: ...
    @property
    def users(self) -> Users: ...
    @property
    def views(self) -> Views: ...


class Store(Protocol):
    """Runs units of work. Within a unit nothing may be awaited but the session's own methods.

    An implementation may run the unit on another thread, and several units of different callers in one
    transaction; each unit is still all or nothing.
    """

    async def read(self, query: Callable[[Session], Awaitable[T]]) -> T:
        """Runs `query` on one consistent snapshot and returns its result.

        Sees everything that was acknowledged before the call on this process.
        Errors: Fault(UNAVAILABLE) when the database cannot be read now.
        """
        ...

    async def write(self, change: Callable[[Session], Awaitable[T]]) -> T:
        """Runs `change` in a transaction and returns its result once that is durable.

        The events that it appended have their sequence numbers then, and the bell was rung. Whatever `change`
        raises undoes it and is raised here. Errors: Fault(UNAVAILABLE) when the database cannot be written now
        or too many writes are waiting; nothing of the change remains.
        """
        ...

    @property
    def condition(self) -> Condition: ...

    async def secret(self) -> str:
        """The signing secret that this database was created with, for those who configure none of their own."""
        ...
