"""Views: which count, and that none is lost or counted twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from newsgraph.actions import views
from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.views import ViewCounter
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import ViewsCounted
from newsgraph.domain.views import ViewCount, Window
from newsgraph.settings import Settings
from tests.actions.conftest import Desk
from tests.conftest import Clock

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def counter(clock: Clock) -> ViewCounter:
    return ViewCounter(Settings(view_window=1800, view_memory=100), clock)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 (compatible; YandexBot/3.0)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp)",
        "Baiduspider+(+http://www.baidu.com/search/spider.htm)",
        "facebookexternalhit/1.1",
        "WhatsApp/2.23.20.0",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 6.1) Chrome/41 Safari/537.36 Google Web Preview",
        "Mozilla/5.0 Chrome-Lighthouse",
        "Feedfetcher-Google; (+http://www.google.com/feedfetcher.html)",
        "Prefetch Proxy",
        "UptimeRobot/2.0",
        "Scrapy/2.11",
        "archive.org_bot",
    ],
)
def test_machines_do_not_count(counter: ViewCounter, agent: str) -> None:
    assert not counter.record(1, "r", agent)


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1",
        "Mozilla/5.0 (Linux; Android 12; CUBOT X70) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
        "okhttp/4.12.0",
        "node",
        "",
    ],
)
def test_people_count(counter: ViewCounter, agent: str) -> None:
    assert counter.record(1, "r", agent)


def test_a_reader_counts_once_an_article_and_window(counter: ViewCounter, clock: Clock) -> None:
    assert counter.record(1, "a", FIREFOX)
    assert not counter.record(1, "a", FIREFOX)
    assert counter.record(2, "a", FIREFOX)
    assert counter.record(1, "b", FIREFOX)
    clock.tick(seconds=1799.9)
    assert not counter.record(1, "a", FIREFOX)
    clock.tick(seconds=0.1)
    assert counter.record(1, "a", FIREFOX)


def test_article_and_reader_are_told_apart(counter: ViewCounter) -> None:
    assert counter.record(1, "2 3", FIREFOX)
    assert counter.record(12, " 3", FIREFOX)
    assert counter.record(1, "half \ud83d", FIREFOX)


def test_memory_is_bounded_and_the_oldest_are_forgotten(counter: ViewCounter) -> None:
    for n in range(101):
        assert counter.record(1, f"r{n}", FIREFOX)
    assert not counter.record(1, "r100", FIREFOX)
    assert not counter.record(1, "r1", FIREFOX)
    assert counter.record(1, "r0", FIREFOX)
    assert len(counter._seen) == 100


def test_without_memory_every_view_counts(clock: Clock) -> None:
    counter = ViewCounter(Settings(view_memory=0), clock)
    assert counter.record(1, "r", FIREFOX)
    assert counter.record(1, "r", FIREFOX)


def test_a_reader_is_a_hash_whose_salt_lives_for_a_day(counter: ViewCounter, clock: Clock) -> None:
    counter.record(1, "192.0.2.1", FIREFOX)
    before = set(counter._seen)
    assert all(len(view) == 16 for view in before)
    clock.tick(hours=12)
    counter.record(1, "192.0.2.1", FIREFOX)
    assert not before & set(counter._seen)
    assert len(counter._seen) == 1
    assert ViewCounter(Settings(), clock).record(1, "192.0.2.1", FIREFOX)


# Writing


async def counted(desk: Desk, article: int) -> tuple[int, int]:
    hour = await desk.read(lambda session: session.views.counts([article], Window.HOUR))
    return (await desk.article(article)).view_count, hour.get(article, 0)


async def test_what_is_pending_is_written_together(desk: Desk, counter: ViewCounter) -> None:
    one, two = await desk.publish("One"), await desk.publish("Two")
    await desk.events()
    for article, readers in ((two, 3), (one, 2)):
        for n in range(readers):
            counter.record(article, f"r{n}", FIREFOX)
    await counter.flush(desk.newsroom)
    assert await desk.events() == [ViewsCounted((one, two))]
    assert (await counted(desk, one), await counted(desk, two)) == ((2, 2), (3, 3))
    await counter.flush(desk.newsroom)
    assert await desk.events() == []


async def test_what_is_not_published_has_no_views(desk: Desk, counter: ViewCounter) -> None:
    hidden = await desk.schedule(hours=1)
    await desk.events()
    for article in (hidden, 999):
        counter.record(article, "r", FIREFOX)
    await counter.flush(desk.newsroom)
    assert await desk.events() == []
    assert await counted(desk, hidden) == (0, 0)


class Broken:
    """A store that cannot be written now."""

    async def write(self, change: Callable[[Any], Awaitable[Any]]) -> Any:
        raise Fault(FaultCode.UNAVAILABLE, "not now")


async def test_what_could_not_be_written_is_written_later(desk: Desk, counter: ViewCounter) -> None:
    article = await desk.publish()
    counter.record(article, "a", FIREFOX)
    broken = Newsroom(Broken(), Settings())  # type: ignore[arg-type]
    with pytest.raises(Fault):
        await counter.flush(broken)
    counter.record(article, "b", FIREFOX)
    await counter.flush(desk.newsroom)
    assert await counted(desk, article) == (2, 2)


async def test_views_counted_elsewhere_are_added(desk: Desk) -> None:
    article = await desk.publish()
    await desk.events()
    await views.add(desk.newsroom, [ViewCount(article, 40), ViewCount(999, 1)])
    assert await counted(desk, article) == (40, 40)
    assert await desk.events() == [ViewsCounted((article,))]
