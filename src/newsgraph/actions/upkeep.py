"""What is thrown away with time."""

from __future__ import annotations

from datetime import timedelta

from newsgraph.actions import erasures
from newsgraph.actions.newsroom import Newsroom
from newsgraph.ports.store import Session


async def upkeep(newsroom: Newsroom) -> None:
    """Drops events, receipts, prints and what was noted of views when its time is past, each in its own transaction.

    People whose erasing was left in the middle are erased to the end.
    """
    settings = newsroom.settings

    async def trim(session: Session) -> int:
        before = session.now - timedelta(seconds=settings.log_retention_age)
        return await session.log.trim(before, settings.log_retention_count)

    async def forget(session: Session) -> int:
        return await session.receipts.prune(session.now - timedelta(seconds=settings.receipt_age))

    async def unsaid(session: Session) -> int:
        return await session.comments.prune_prints(session.now - timedelta(seconds=settings.comment_repeat_window))

    async def unmark(session: Session) -> int:
        return await session.views.forget(timedelta(seconds=settings.view_window), settings.view_memory)

    for work in (trim, forget, unsaid, unmark, _prune_views):
        await newsroom.store.write(work)
    await erasures.go_on(newsroom)


async def _prune_views(session: Session) -> int:
    return await session.views.prune()
