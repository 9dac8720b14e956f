"""Views: which count, and that none is lost or counted twice."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from newsgraph.actions import views
from newsgraph.actions.articles import publish_due
from newsgraph.actions.upkeep import upkeep
from newsgraph.actions.views import View, ViewCounter
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import ViewsCounted
from newsgraph.domain.views import ViewCount, Window
from newsgraph.policies.machines import is_machine
from newsgraph.ports.store import Condition
from newsgraph.settings import Settings
from tests.actions.conftest import Desk
from tests.conftest import Clock

SETTINGS = Settings(view_window=1800, view_memory=100)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@dataclass
class Site:
    """A newsroom with a counter of its own, as one process has it."""

    desk: Desk
    counter: ViewCounter

    async def read(self, article: int, reader: str, agent: str = FIREFOX, **more: bool) -> bool:
        return await self.counter.record(self.desk.newsroom, View(article, reader, agent, **more))

    async def flush(self) -> None:
        await self.counter.flush(self.desk.newsroom)


def site_of(desk: Desk) -> Site:
    return Site(desk, ViewCounter(SETTINGS, desk.clock))


@pytest.fixture
async def site(desk: Desk) -> Site:
    """With the articles 1 and 2."""
    await desk.publish("One")
    await desk.publish("Two")
    await desk.events()
    return site_of(desk)


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
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
        "Cloudflare-Healthchecks/1.0",
        "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)",
        "Feedbin feed-id:1 - 3 subscribers",
    ],
)
def test_machines_do_not_count(agent: str) -> None:
    assert is_machine(agent)


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1",
        "Mozilla/5.0 (Linux; Android 12; CUBOT X70) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
        "okhttp/4.12.0",
        "node",
        "axios/1.7.2",
        "Dart/3.4 (dart:io)",
        "NewsApp/7 CFNetwork/1494 Darwin/23.4.0",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 [FB_IAB/FB4A]",
        "",
    ],
)
def test_people_count(agent: str) -> None:
    assert not is_machine(agent)


def test_of_those_that_are_known_by_name_none_counts() -> None:
    """But libraries, which say nothing of who reads."""
    known = [agent for one in CRAWLER_USER_AGENTS_DATA if one["tags"] != ["http-library"] for agent in one["instances"]]
    missed = [agent for agent in known if not is_machine(agent)]
    assert len(known) > 500
    assert len(missed) <= len(known) // 50, missed


def test_an_agent_without_end_takes_no_time() -> None:
    assert not is_machine("x" * 1_000_000)


async def test_what_nobody_has_asked_for_does_not_count(site: Site) -> None:
    assert not await site.read(1, "a", ahead=True)
    assert not await site.read(1, "a", "Googlebot/2.1")
    assert await site.read(1, "a")


async def test_a_reader_counts_once_an_article_and_window(site: Site, clock: Clock) -> None:
    assert await site.read(1, "a")
    assert not await site.read(1, "a")
    assert await site.read(2, "a")
    assert await site.read(1, "b")
    clock.tick(seconds=1799.9)
    assert not await site.read(1, "a")
    clock.tick(seconds=0.1)
    assert await site.read(1, "a")


async def test_article_and_reader_are_told_apart(site: Site) -> None:
    for n in range(3, 13):
        await site.desk.publish(f"Article {n}")
    assert await site.read(1, "2 3")
    assert await site.read(12, " 3")
    assert await site.read(1, "half \ud83d")


async def test_memory_is_bounded(site: Site) -> None:
    """More than may wait are not counted, and that is said; once written, there is room again."""
    assert [await site.read(1, f"r{n}") for n in range(110)] == [True] * 100 + [False] * 10
    await site.flush()
    assert await site.read(1, "r100")
    assert len(site.counter._seen) <= 100
    assert not await site.read(1, "r0"), "forgotten here, and known by its mark"


async def test_marks_are_forgotten_with_the_window_and_beyond_the_memory(site: Site, clock: Clock) -> None:
    for n in range(250):
        await site.read(1, f"r{n}")
        clock.tick(seconds=1)
        if n % 50 == 0:
            await site.flush()
    await site.flush()
    site.desk.configure(view_memory=100, view_window=1800)
    await upkeep(site.desk.newsroom)
    assert await marks(site) == 100
    clock.tick(hours=1)
    await upkeep(site.desk.newsroom)
    assert await marks(site) == 0


async def marks(site: Site) -> int:
    query = "SELECT count(*) FROM view_marks"
    return int(await site.desk.read(lambda session: ask(session, query)))


async def ask(session: Any, query: str) -> Any:
    return session.views._sql._connection.execute(query).fetchone()[0]


async def test_the_salt_is_everybodys_and_lives_for_a_day(site: Site, clock: Clock) -> None:
    other = site_of(site.desk)
    assert await site.read(1, "192.0.2.1")
    assert await other.read(2, "192.0.2.1")
    assert site.counter._salt == other.counter._salt
    before, salt = set(site.counter._seen), site.counter._salt
    clock.tick(hours=12)
    assert await site.read(1, "192.0.2.1")
    assert site.counter._salt != salt
    assert not before & set(site.counter._seen)
    assert await site.desk.read(lambda session: ask(session, "SELECT salt FROM view_salt")) == site.counter._salt
    assert await site.desk.read(lambda session: ask(session, "SELECT count(*) FROM view_salt")) == 1


async def test_the_old_salt_does_while_a_new_one_cannot_be_written(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_change: object) -> None:
        raise Fault(FaultCode.UNAVAILABLE, "Full.")

    fresh = site_of(site.desk)
    assert await site.read(1, "192.0.2.1")
    with monkeypatch.context() as patch:
        patch.setattr(site.desk.newsroom.store, "write", refuse)
        clock.tick(hours=12)
        salt = site.counter._salt
        assert await site.read(1, "192.0.2.1")
        assert site.counter._salt == salt
        with pytest.raises(Fault):
            await fresh.read(1, "192.0.2.1")
    assert await site.read(2, "192.0.2.1")
    assert site.counter._salt != salt


async def test_a_view_that_another_process_has_written_does_not_count(site: Site) -> None:
    article, other = await site.desk.publish(), site_of(site.desk)
    assert await site.read(article, "a")
    await site.flush()
    assert not await other.read(article, "a")
    await other.flush()
    assert await counted(site.desk, article) == (1, 1)


async def test_views_that_come_to_two_processes_at_once_are_one(site: Site) -> None:
    """Both are told that it counts: neither knows of the other before it is written."""
    article, other = await site.desk.publish(), site_of(site.desk)
    assert await site.read(article, "a")
    assert await other.read(article, "a")
    await site.flush()
    await other.flush()
    assert await counted(site.desk, article) == (1, 1)


async def test_a_process_that_starts_anew_knows_what_was_counted(site: Site) -> None:
    article = await site.desk.publish()
    assert await site.read(article, "a")
    await site.flush()
    assert not await site_of(site.desk).read(article, "a")


@pytest.mark.parametrize("late", [False, True], ids=["written at once", "written late"])
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_no_reader_counts_twice_within_a_window(desk: Desk, seed: int, late: bool) -> None:
    """Several processes, in any order. What is written at once is exact, against a list of what was counted when."""
    chance = random.Random(seed)
    article, sites = await desk.publish(), [site_of(desk) for _ in range(3)]
    last: dict[str, float] = {}
    told, seconds = 0, 0.0
    for _ in range(300):
        if chance.random() < 0.2:
            step = chance.choice([1.0, 60.0, 1_000.0])
            desk.clock.tick(seconds=step)
            seconds += step
        site, reader = chance.choice(sites), f"r{chance.randrange(4)}"
        due = reader not in last or seconds - last[reader] >= SETTINGS.view_window
        counts = await site.read(article, reader)
        told += counts
        if due:
            last[reader] = seconds
        if not late or chance.random() < 0.1:
            await site.flush()
        assert late or counts is due
    for site in sites:
        await site.flush()
    views = (await desk.article(article)).view_count
    assert len(last) <= views <= told
    assert late or views == told


# Writing


async def counted(desk: Desk, article: int) -> tuple[int, int]:
    hour = await desk.read(lambda session: session.views.counts([article], Window.HOUR))
    return (await desk.article(article)).view_count, hour.get(article, 0)


async def test_what_is_pending_is_written_together(desk: Desk, site: Site) -> None:
    one, two = await desk.publish("One"), await desk.publish("Two")
    await desk.events()
    for article, readers in ((two, 3), (one, 2)):
        for n in range(readers):
            await site.read(article, f"r{n}")
    await site.flush()
    assert await desk.events() == [ViewsCounted((one, two))]
    assert (await counted(desk, one), await counted(desk, two)) == ((2, 2), (3, 3))
    await site.flush()
    assert await desk.events() == []


async def test_what_is_not_published_has_no_views(desk: Desk, site: Site) -> None:
    hidden = await desk.schedule(hours=1)
    await desk.events()
    for article in (hidden, 999):
        assert not await site.read(article, "r")
    await site.flush()
    assert await desk.events() == []
    assert await counted(desk, hidden) == (0, 0)
    desk.clock.tick(hours=1)
    await publish_due(desk.newsroom)
    assert await site.read(hidden, "r"), "nothing was remembered of it"


async def test_what_is_retracted_before_it_is_written_has_no_views(desk: Desk, site: Site) -> None:
    assert await site.read(1, "r")
    await desk.retract(1)
    await site.flush()
    assert await counted(desk, 1) == (0, 0)


class Broken:
    """A store that cannot be used now."""

    condition = Condition.DEGRADED

    async def write(self, change: Callable[[Any], Awaitable[Any]]) -> Any:
        raise Fault(FaultCode.UNAVAILABLE, "not now")

    read = write

    async def secret(self) -> str:
        return ""


async def test_what_could_not_be_written_is_written_later(desk: Desk, site: Site) -> None:
    article = await desk.publish()
    await site.read(article, "a")
    broken = replace(desk.newsroom, store=Broken())
    with pytest.raises(Fault):
        await site.counter.flush(broken)
    await site.read(article, "b")
    await site.flush()
    assert await counted(desk, article) == (2, 2)


async def test_what_cannot_be_asked_for_now_may_be_asked_again(desk: Desk, site: Site) -> None:
    article = await desk.publish()
    await site.read(article, "a")
    broken = replace(desk.newsroom, store=Broken())
    with pytest.raises(Fault):
        await site.counter.record(broken, View(article, "b", FIREFOX))
    assert await site.read(article, "b")


async def test_views_counted_elsewhere_are_added(desk: Desk) -> None:
    article = await desk.publish()
    await desk.events()
    await views.add(desk.newsroom, [ViewCount(article, 40), ViewCount(999, 1)])
    assert await counted(desk, article) == (40, 40)
    assert await desk.events() == [ViewsCounted((article,))]
