"""A clock that jumps: what is numbered keeps its order, nobody is locked out, and nothing is lost."""

from __future__ import annotations

import pytest

from newsgraph.actions import comments
from newsgraph.actions.upkeep import upkeep
from newsgraph.actions.views import View, ViewCounter
from newsgraph.domain.comments import CommentOrder
from newsgraph.domain.events import CommentChanged
from newsgraph.domain.pages import Slice
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.actions.conftest import Desk

JUMPS = [-86_400.0, -3_600.0, -1.0, 1.0, 3_600.0, 86_400.0]


@pytest.mark.parametrize("jump", JUMPS)
async def test_every_comment_is_on_exactly_one_page_and_the_log_goes_on(desk: Desk, jump: float) -> None:
    article = await desk.publish()
    await desk.events()
    said = [await desk.say(article, f"Before {n}") for n in range(3)]
    desk.clock.tick(seconds=jump)
    said += [await desk.say(article, f"After {n}", parent=parent) for n, parent in enumerate([None, said[0]])]
    assert [event.comment_id for event in await desk.events(CommentChanged)] == said
    assert (await desk.article(article)).comment_count == 5
    for order in CommentOrder:
        assert sorted(await paged(desk, article, order)) == sorted(said[:4])


async def paged(desk: Desk, article: int, order: CommentOrder) -> list[int]:
    """The ids of an article's threads, two a page."""
    found: list[int] = []
    after = None
    while True:
        asked = Slice(2, after=after)
        pages = await desk.read(lambda session: session.comments.pages_of_articles([article], order, asked))  # noqa: B023
        page = list(pages.get(article, ()))[:2]
        if not page:
            return found
        found += [comment.id for comment in page]
        last = page[-1]
        place = {CommentOrder.MOST_REPLIED: last.reply_count, CommentOrder.MOST_REACTED: 0}
        after = (place.get(order, int(last.created_at.timestamp() * 1_000)), last.id)


@pytest.mark.parametrize("jump", JUMPS)
async def test_nobody_is_kept_from_writing_longer_than_the_limit_says(desk: Desk, jump: float) -> None:
    desk.configure(comment_rate=2)
    article, reader = await desk.publish(), desk.who(Role.READER)
    for n in range(2):
        await desk.say(article, f"Before {n}")
    desk.clock.tick(seconds=jump)
    until = await comments.wait_until(desk.newsroom, reader)
    assert until is None or 0 < (until - desk.clock()).total_seconds() <= 61


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_view_is_not_waited_for_until_the_old_time_comes_again(desk: Desk, jump: float) -> None:
    article, counter = await desk.publish(), ViewCounter(Settings(view_window=1_800), desk.clock)
    assert await counter.record(desk.newsroom, View(article, "r", ""))
    desk.clock.tick(seconds=jump)
    assert await counter.record(desk.newsroom, View(article, "r", "")) is (abs(jump) >= 1_800)


async def test_a_jump_ahead_drops_events_and_no_comment(desk: Desk) -> None:
    article = await desk.publish()
    said = await desk.say(article, "Still here")
    desk.clock.tick(days=400)
    await upkeep(desk.newsroom)
    desk.clock.tick(days=-400)
    await upkeep(desk.newsroom)
    assert (await desk.comment(said)).body == "Still here"
    desk.seen = (await desk.read(lambda session: session.log.head())).trimmed_seq
    again = await desk.say(article, "And I")
    assert [event.comment_id for event in await desk.events(CommentChanged)] == [again]
