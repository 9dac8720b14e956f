"""One transaction over everything that is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from newsgraph.storage.articles import SqlArticles
from newsgraph.storage.authors import SqlAuthors
from newsgraph.storage.checks import SqlChecks
from newsgraph.storage.comments import SqlComments
from newsgraph.storage.connection import Sql
from newsgraph.storage.erasures import SqlErasures
from newsgraph.storage.keys import SqlKeys
from newsgraph.storage.lists import SqlLists
from newsgraph.storage.log import Pending, SqlLog
from newsgraph.storage.rates import SqlRates
from newsgraph.storage.receipts import SqlReceipts
from newsgraph.storage.sections import SqlSections
from newsgraph.storage.users import SqlUsers
from newsgraph.storage.views import SqlViews

T = TypeVar("T")


class _part(Generic[T]):  # noqa: N801 - as property and cached_property
    """Made when it is first used: a transaction uses two or three of fourteen, and all took 3 microseconds."""

    def __init__(self, make: Callable[[SqlSession], T]) -> None:
        self._make = make

    def __set_name__(self, _owner: type[SqlSession], name: str) -> None:
        self._name = name

    def __get__(self, session: SqlSession, _owner: type[SqlSession]) -> T:
        made = session.__dict__[self._name] = self._make(session)
        return made


class SqlSession:
    """Implements ports.store.Session. `pending` collects a write's events; a read has None."""

    def __init__(self, sql: Sql, now: datetime, pending: Pending | None) -> None:
        self.now = now
        self._sql = sql
        self._pending = pending

    articles = _part(lambda s: SqlArticles(s._sql, s.now))
    authors = _part(lambda s: SqlAuthors(s._sql))
    checks = _part(lambda s: SqlChecks(s._sql))
    comments = _part(lambda s: SqlComments(s._sql, s.now))
    erasures = _part(lambda s: SqlErasures(s._sql, s.now))
    keys = _part(lambda s: SqlKeys(s._sql, s.now))
    lists = _part(lambda s: SqlLists(s._sql, s.now))
    log = _part(lambda s: SqlLog(s._sql, s.now, s._pending))
    rates = _part(lambda s: SqlRates(s._sql, s.now))
    receipts = _part(lambda s: SqlReceipts(s._sql, s.now))
    sections = _part(lambda s: SqlSections(s._sql))
    users = _part(lambda s: SqlUsers(s._sql))
    views = _part(lambda s: SqlViews(s._sql, s.now))
