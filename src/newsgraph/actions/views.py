"""Views: which ones count, and writing them together."""

from __future__ import annotations

import re
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import blake2b

from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.events import ViewsCounted
from newsgraph.domain.views import ViewCount
from newsgraph.ports.store import Session
from newsgraph.settings import Settings

# What programs call themselves that read for nobody in particular, or before anybody asked. A library's name says
# nothing: apps and sites that report their readers' views use the same ones. Cubot makes telephones.
_MACHINE = re.compile(
    r"(?<!cu)bots?\b|crawl|spider|slurp|archiver|scrap(er|y)|headless|lighthouse|prefetch|prerender|preview"
    r"|facebookexternalhit|whatsapp/|embedly|mediapartners-google|apis-google|feedfetcher|read-aloud|inspection-?tool"
    r"|monitor|uptime|pingdom|validator",
    re.IGNORECASE,
)


class ViewCounter:
    """Counts in memory, once a reader and article within `view_window`; `flush` writes what has come together.

    Who read what is remembered only as a hash with a random salt that lives for a day at most.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._window = timedelta(seconds=settings.view_window)
        self._memory = settings.view_memory
        self._clock = clock
        self._salt = b""
        self._salted_on: date | None = None
        self._seen: OrderedDict[bytes, datetime] = OrderedDict()  # in the order of counting
        self._pending: Counter[int] = Counter()

    def record(self, article_id: int, reader: str, agent: str) -> bool:
        """Whether this view counts. `reader` tells readers apart: an id, or an address with an agent.

        It does not when `agent` declares a machine, nor when the same reader's view of the article counted just now.
        """
        if _MACHINE.search(agent) or self._repeated(article_id, reader):
            return False
        self._pending[article_id] += 1
        return True

    async def flush(self, newsroom: Newsroom) -> None:
        """Writes the pending views in one transaction with one event. When that fails they are pending again."""
        if not self._pending:
            return
        counts, self._pending = self._pending, Counter()
        try:
            await add(newsroom, [ViewCount(article_id, views) for article_id, views in sorted(counts.items())])
        except Exception:
            self._pending.update(counts)
            raise

    def _repeated(self, article_id: int, reader: str) -> bool:
        now = self._clock()
        self._rotate(now.date())
        view = blake2b(f"{article_id} {reader}".encode("utf-8", "replace"), key=self._salt, digest_size=16).digest()
        counted = self._seen.get(view)
        if counted is not None and abs(now - counted) < self._window:  # a clock may be set back
            return True
        self._seen[view] = now
        self._seen.move_to_end(view)
        while len(self._seen) > self._memory:
            self._seen.popitem(last=False)
        return False

    def _rotate(self, today: date) -> None:
        """A new day's salt; what was remembered under the old one can match nothing any more."""
        if today != self._salted_on:
            self._salt, self._salted_on = secrets.token_bytes(32), today
            self._seen.clear()


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
