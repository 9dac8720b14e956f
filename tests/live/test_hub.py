from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from newsgraph.domain.comments import CommentStatus
from newsgraph.domain.events import CommentCause, CommentChanged, Entry
from newsgraph.domain.tags import MODERATION
from newsgraph.live.hub import Hub


def entry(seq: int, article: int = 1) -> Entry:
    event = CommentChanged(CommentCause.POSTED, seq, article, None, None, CommentStatus.PUBLISHED)
    return Entry(seq, datetime.fromtimestamp(0, UTC), event)


def entries(*numbers: int) -> list[Entry]:
    return [entry(number) for number in numbers]


async def test_entries_come_in_order_and_once() -> None:
    hub = Hub(capacity=10)
    with hub.attach("comments:1") as mailbox:
        hub.deliver(entries(1, 2))
        hub.deliver(entries(3))

        assert await mailbox.take() == entries(1, 2, 3)
        assert mailbox.take_nowait() == []


async def test_only_the_tags_that_an_entry_touches_are_woken() -> None:
    hub = Hub(capacity=10)
    with hub.attach("comments:1") as here, hub.attach("comments:2") as there, hub.attach(MODERATION) as desk:
        hub.deliver([entry(1, article=1)])

        assert here.take_nowait() == desk.take_nowait() == [entry(1)]
        assert there.take_nowait() == []


async def test_a_full_mailbox_says_once_that_something_was_lost_and_goes_on() -> None:
    hub = Hub(capacity=2)
    with hub.attach("comments:1") as mailbox:
        hub.deliver(entries(1, 2, 3, 4))
        assert await mailbox.take() is None

        hub.deliver(entries(5))
        assert await mailbox.take() == entries(5)


async def test_one_full_mailbox_costs_no_other() -> None:
    hub = Hub(capacity=2)
    with hub.attach("comments:1") as slow, hub.attach("comments:1") as quick:
        for number in range(5):
            hub.deliver(entries(number))
            assert quick.take_nowait() == entries(number)

        assert slow.take_nowait() is None


async def test_what_was_lost_for_everybody() -> None:
    hub = Hub(capacity=2)
    with hub.attach("comments:1") as one, hub.attach(MODERATION) as other:
        hub.deliver(entries(1))
        hub.lose()

        assert one.take_nowait() is None
        assert other.take_nowait() is None


async def test_taking_waits_for_an_entry() -> None:
    hub = Hub(capacity=2)
    with hub.attach("comments:1") as mailbox:
        taking = asyncio.create_task(mailbox.take())
        await asyncio.sleep(0)
        assert not taking.done()

        hub.deliver(entries(1))
        assert await taking == entries(1)


async def test_nothing_stays_of_who_left() -> None:
    hub = Hub(capacity=2)

    def break_off() -> None:
        with hub.attach("comments:1"), hub.attach("comments:1"), hub.attach(MODERATION):
            assert len(hub) == 3
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()

    assert len(hub) == 0
    assert hub._by_tag == {}
