"""One transaction over everything that is kept."""

from __future__ import annotations

from datetime import datetime

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


class SqlSession:
    """Implements ports.store.Session. `pending` collects a write's events; a read has None."""

    def __init__(self, sql: Sql, now: datetime, pending: Pending | None) -> None:
        self.now = now
        self.articles = SqlArticles(sql, now)
        self.authors = SqlAuthors(sql)
        self.checks = SqlChecks(sql)
        self.comments = SqlComments(sql, now)
        self.erasures = SqlErasures(sql, now)
        self.keys = SqlKeys(sql, now)
        self.lists = SqlLists(sql, now)
        self.log = SqlLog(sql, now, pending)
        self.rates = SqlRates(sql, now)
        self.receipts = SqlReceipts(sql, now)
        self.sections = SqlSections(sql)
        self.users = SqlUsers(sql)
        self.views = SqlViews(sql, now)
