"""Upkeep throws away what is past its time, and nothing else."""

from __future__ import annotations

from newsgraph.actions import views
from newsgraph.actions.upkeep import upkeep
from newsgraph.domain.views import ViewCount, Window
from tests.actions.conftest import Desk


async def kept(desk: Desk) -> int:
    return len(await desk.read(lambda session: session.log.after(0, 10_000)))


async def test_old_events_go_and_new_ones_stay(desk: Desk) -> None:
    await desk.publish("Old")
    desk.clock.tick(days=6)
    before = await kept(desk)
    await upkeep(desk.newsroom)
    assert await kept(desk) == before
    desk.clock.tick(days=2)
    await desk.publish("New")
    fresh = await kept(desk) - before
    await upkeep(desk.newsroom)
    assert await kept(desk) == fresh


async def test_no_more_events_are_kept_than_asked_for(desk: Desk) -> None:
    desk.configure(log_retention_count=3)
    await desk.publish()
    await desk.publish()
    await upkeep(desk.newsroom)
    assert await kept(desk) == 3


async def test_a_key_is_forgotten_after_a_day(desk: Desk) -> None:
    article = await desk.publish()
    first = await desk.post(article, "a", key="k")
    desk.clock.tick(hours=23, minutes=59)
    await upkeep(desk.newsroom)
    assert await desk.post(article, "a", key="k") == first
    desk.clock.tick(minutes=2)
    await upkeep(desk.newsroom)
    assert await desk.post(article, "a", key="k") != first


async def test_buckets_that_no_window_reads_go(desk: Desk) -> None:
    article = await desk.publish()
    await views.add(desk.newsroom, [ViewCount(article, 3)])
    desk.clock.tick(days=20)
    await upkeep(desk.newsroom)
    month = await desk.read(lambda session: session.views.counts([article], Window.MONTH))
    assert month == {article: 3}
    desk.clock.tick(days=20)
    await upkeep(desk.newsroom)
    assert await desk.newsroom.store.write(lambda session: session.views.prune()) == 0
    assert (await desk.article(article)).view_count == 3
