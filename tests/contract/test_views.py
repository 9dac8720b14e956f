"""What ports.views promises."""

# ruff: noqa: B023 -- each lambda is used up before its loop goes on

from __future__ import annotations

import pytest

from newsgraph.domain.views import BUCKETS, SHAPES, ViewCount, Window
from tests.contract.room import Room

WINDOWS = [window for window in Window if window is not Window.ALL_TIME]


async def add(room: Room, *views: tuple[int, int]) -> None:
    await room.write(lambda s: s.views.add([ViewCount(*count) for count in views]))


async def test_views_are_added_to_the_article_and_to_every_window(room: Room) -> None:
    first, second, never = [(await room.article()).id for _ in range(3)]
    await add(room, (first, 3), (second, 1))
    await add(room, (first, 4))
    found = {a.id: a.view_count for a in await room.read(lambda s: s.articles.by_ids([first, second, never]))}
    assert found == {first: 7, second: 1, never: 0}
    for window in WINDOWS:
        counts = await room.read(lambda s: s.views.counts([first, second, never], window))
        assert {key: count for key, count in counts.items() if count} == {first: 7, second: 1}


async def test_unknown_articles_are_skipped(room: Room) -> None:
    article = await room.article()
    await add(room, (999, 5), (article.id, 1))
    assert await room.read(lambda s: s.views.counts([999, article.id], Window.HOUR)) == {article.id: 1}


async def test_no_views_is_nothing_to_do(room: Room) -> None:
    await add(room)
    assert await room.read(lambda s: s.views.counts([], Window.HOUR)) == {}


@pytest.mark.parametrize("window", WINDOWS)
async def test_counts_are_unweighted_and_leave_with_the_window(room: Room, window: Window) -> None:
    room.clock.now = room.clock.now.replace(hour=0)
    shape, article = SHAPES[window], (await room.article()).id
    await add(room, (article, 5))
    room.clock.tick(seconds=shape.bucket)
    await add(room, (article, 2))

    async def count() -> int:
        return (await room.read(lambda s: s.views.counts([article], window))).get(article, 0)

    assert await count() == 7
    room.clock.tick(seconds=shape.length - shape.bucket - 1)
    assert await count() == 7
    room.clock.tick(seconds=1)
    assert await count() == 2
    room.clock.tick(seconds=shape.bucket)
    assert await count() == 0


async def test_prune_drops_only_what_no_window_reads(room: Room) -> None:
    article = (await room.article()).id
    hours = 24 * 32
    for _ in range(hours):
        await add(room, (article, 1))
        room.clock.tick(hours=1)
    before = [await room.read(lambda s: s.views.counts([article], window)) for window in WINDOWS]
    dropped = await room.write(lambda s: s.views.prune())
    after = [await room.read(lambda s: s.views.counts([article], window)) for window in WINDOWS]
    assert before == after
    written = {300: hours, 3_600: hours, 86_400: hours // 24 + 1}
    kept = {width: age // max(width, 3_600) for width, age in BUCKETS.items()}
    assert dropped == pytest.approx(sum(written[w] - kept[w] for w in BUCKETS), abs=5)
    assert await room.write(lambda s: s.views.prune()) == 0
