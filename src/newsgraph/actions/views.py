"""Views: which ones count, and writing them together."""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import blake2b

from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.errors import Fault
from newsgraph.domain.events import ViewsCounted
from newsgraph.domain.views import Mark, ViewCount
from newsgraph.policies.machines import is_machine
from newsgraph.ports.store import Session
from newsgraph.settings import Settings

_BATCH = 2_000  # views in one transaction: some 20 ms in which nobody else writes


@dataclass(frozen=True, slots=True)
class View:
    """`reader` tells readers apart: an id, or an address with an agent. `ahead`: fetched before anybody asked."""

    article_id: int
    reader: str
    agent: str
    ahead: bool = False


class ViewCounter:
    """Counts in memory, once a reader and article within `view_window`; `flush` writes what has come together.

    Who read what is remembered only as a keyed hash. All processes have its key, the salt, from the database, where
    the next day's takes its place: from then on, nobody can find out any more what a hash was made of. What other
    processes have counted is looked up there, too. Two views that come to two processes within `view_flush` are both
    answered as counted, and counted once.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._window = timedelta(seconds=settings.view_window)
        self._memory = settings.view_memory
        self._clock = clock
        self._salt = b""
        self._salted_on: date | None = None
        self._seen: OrderedDict[int, datetime] = OrderedDict()  # in the order of counting
        self._pending: dict[int, Mark] = {}

    @property
    def remembered(self) -> int:
        """Readers of an article who are known to have been here."""
        return len(self._seen)

    @property
    def waiting(self) -> int:
        """Views that are not written yet."""
        return len(self._pending)

    async def record(self, newsroom: Newsroom, view: View) -> bool:
        """Whether this view counts. Errors: Fault(UNAVAILABLE) when the database cannot be asked for repeats.

        It does not when nobody has asked for it, nor when the same reader's view of the article counted just now, nor
        when the article is not published, nor when more are waiting to be written than may be remembered.
        """
        if view.ahead or is_machine(view.agent) or self._full:
            return False
        await self.renew_salt(newsroom)
        now, key = self._clock(), self._key(view)
        if self._repeated(key, now):
            return False
        mark = Mark(key, view.article_id, now)
        try:
            before = await newsroom.store.read(partial(_counted_at, mark=mark, window=self._window))
        except (Fault, NotPublished) as error:
            self._seen.pop(key, None)
            if isinstance(error, Fault):
                raise
            return False
        if before is not None:
            self._seen[key] = before  # its window began with the view that another process counted
            return False
        if self._full:  # by those that came while this one was looked for
            self._seen.pop(key, None)
            return False
        self._pending[key] = mark
        return True

    @property
    def _full(self) -> bool:
        return len(self._pending) >= self._memory

    async def flush(self, newsroom: Newsroom) -> None:
        """Writes the pending views, a batch a transaction. Those of one that fails are pending still."""
        while self._pending:
            batch = list(self._pending.values())[:_BATCH]
            await newsroom.store.write(partial(_count, marks=batch, window=self._window))
            for mark in batch:
                if self._pending.get(mark.key) is mark:
                    del self._pending[mark.key]

    def _key(self, view: View) -> int:
        seen = f"{view.article_id} {view.reader}".encode("utf-8", "replace")
        return int.from_bytes(blake2b(seen, key=self._salt, digest_size=8).digest(), signed=True)

    def _repeated(self, key: int, now: datetime) -> bool:
        counted = self._seen.get(key)
        if counted is not None and abs(now - counted) < self._window:  # a clock may be set back
            return True
        self._seen[key] = now
        self._seen.move_to_end(key)
        while len(self._seen) > self._memory:
            self._seen.popitem(last=False)
        return False

    async def renew_salt(self, newsroom: Newsroom) -> None:
        """A new day's salt; what was remembered under the old one can match nothing any more.

        Done at the start, too, so that views are counted when nothing can be written later. Errors: Fault(UNAVAILABLE)
        without any; where today's cannot be written the old one is in use until it can.
        """
        today = self._clock().date()
        if today == self._salted_on:
            return
        try:
            salt = await newsroom.store.write(partial(_salt, day=today, fresh=secrets.token_bytes(32)))
        except Fault:
            if not self._salt:
                raise
            return
        if today != self._salted_on:  # else another call was faster
            self._salt, self._salted_on = salt, today
            self._seen.clear()


async def _salt(session: Session, day: date, fresh: bytes) -> bytes:
    return await session.views.salt(day, fresh)


class NotPublished(Exception):
    """Nobody reads such an article."""


async def _counted_at(session: Session, mark: Mark, window: timedelta) -> datetime | None:
    """When another process has counted the same reader's view, within the window. Errors: NotPublished."""
    found = await session.articles.by_ids([mark.article_id])
    if not found or not found[0].published:
        raise NotPublished
    return await session.views.marked_at(mark, window)


async def _count(session: Session, marks: Sequence[Mark], window: timedelta) -> None:
    """Counts the marks that no other process has set within the window, with one event."""
    fresh = await session.views.mark(marks, window)
    views = Counter(mark.article_id for mark in marks if mark.key in fresh)
    await _add(session, [ViewCount(article_id, count) for article_id, count in sorted(views.items())])


async def add(newsroom: Newsroom, counts: Sequence[ViewCount]) -> None:
    """Adds views that were counted elsewhere, with one event; what is not published is left out."""
    await newsroom.store.write(partial(_add, counts=counts))


async def _add(session: Session, counts: Sequence[ViewCount]) -> None:
    found = await session.articles.by_ids([count.article_id for count in counts])
    published = {article.id for article in found if article.published}
    counted = [count for count in counts if count.article_id in published]
    if counted:
        await session.views.add(counted)
        session.log.append(ViewsCounted(tuple(count.article_id for count in counted)))
