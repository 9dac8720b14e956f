"""Whoever asks for too much has to wait, and nobody else: per viewer, per address, over several processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from newsgraph import app
from newsgraph.actions import rates as actions
from newsgraph.domain.errors import RateLimited
from newsgraph.domain.users import ANONYMOUS, Role, Viewer
from newsgraph.settings import Settings
from newsgraph.web.admission import Admission
from newsgraph.web.rates import BASE, Buckets, Rates, place_of
from tests.flows.conftest import token_for
from tests.web.desk import answer, hear, opened_desk, start

FAR, OTHER = "203.0.113.5", "203.0.113.6"
KIM, STAFF = Viewer(7, Role.READER), Viewer(8, Role.EDITOR)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(buckets: Buckets, key: str, points: float) -> int:
    """How often so much can be taken at once."""
    count = 0
    while not buckets.take(key, points):
        count += 1
    return count


# Buckets


def test_a_bucket_gives_its_room_at_once_and_then_its_rate() -> None:
    clock = Clock()
    buckets = Buckets(100, 30, clock)
    assert taken(buckets, "a", 10) == 300
    assert buckets.take("a", 10) == pytest.approx(0.1)
    assert taken(buckets, "b", 10) == 300, "nobody pays for others"
    clock.now += 1
    assert taken(buckets, "a", 10) == 10
    clock.now += 1_000
    assert taken(buckets, "a", 10) == 300


def test_no_rate_is_no_limit() -> None:
    assert not any(Buckets(0, 30).take("a", 10**9) for _ in range(100))


def test_memory_is_bounded_and_whoever_comes_often_is_remembered() -> None:
    clock = Clock()
    buckets = Buckets(100, 30, clock)
    taken(buckets, "flood", 10)
    for number in range(60_000):
        buckets.take(f"other {number}", 10)
        assert number % 1_000 or buckets.take("flood", 10) > 0
    assert len(buckets._held) < 20_000


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (FAR, FAR),
        ("::ffff:203.0.113.5", FAR),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_what_is_one_address(address: str, place: str) -> None:
    assert place_of(address) == place


def test_each_pays_for_themselves() -> None:
    rates = Rates(Settings(rate_address=100, rate_viewer=50, rate_burst=10), Clock())
    for _ in range(5):
        rates.pay(KIM, FAR, 100)
    with pytest.raises(RateLimited):
        rates.pay(KIM, FAR, 100)
    rates.pay(ANONYMOUS, FAR, 500)
    with pytest.raises(RateLimited) as refused:
        rates.pay(ANONYMOUS, FAR, 10)
    assert refused.value.seconds == 1
    rates.pay(STAFF, FAR, 500)
    rates.pay(ANONYMOUS, OTHER, 1_000)
    rates.pay(ANONYMOUS, "127.0.0.1", 10**9)


def test_changes_are_counted_by_their_kind() -> None:
    rates = Rates(Settings(rate_changes=12), Clock())
    for kind in ("postComment", "flagComment"):
        for _ in range(60):
            rates.change(KIM, FAR, kind)
        with pytest.raises(RateLimited):
            rates.change(KIM, FAR, kind)
    for _ in range(600):
        rates.change(ANONYMOUS, FAR, "recordView")
        rates.change(STAFF, FAR, "moderateComment")
    with pytest.raises(RateLimited):
        rates.change(ANONYMOUS, FAR, "recordView")


def test_connections_come_one_after_the_other() -> None:
    admission = Admission(0, 0, Buckets(1, 60, Clock()))
    for _ in range(60):
        with admission.admit(FAR):
            pass
    with pytest.raises(RateLimited), admission.admit(FAR):
        pass
    with admission.admit(OTHER), admission.admit("127.0.0.1"):
        pass


# Over several processes


async def test_processes_tell_each_other(settings: Settings) -> None:
    """Four processes that a flood hits all at once give what one gives, an eighth each, and what a second gives."""
    clock = Clock()
    chosen = replace(settings, rate_address=100, rate_burst=80)
    room = 80 * 100
    async with app.open_newsroom(chosen) as newsroom:
        processes = [Rates(chosen, clock) for _ in range(4)]
        given = 0
        for _ in range(10):
            for one in processes:
                given += sum(_paid(one, 250) for _ in range(8))
            for one in processes:
                await actions.settle(newsroom, one.spent(b"secret"), one.learn)
        assert room <= given <= room + 4 * room / 8 + 4 * 8 * 250
        assert not any(_paid(one, 2_500) for one in processes)


def _paid(rates: Rates, points: int) -> int:
    try:
        rates.pay(ANONYMOUS, FAR, points)
    except RateLimited:
        return 0
    return points


async def test_rows_go_when_they_say_nothing_any_more(settings: Settings) -> None:
    async with app.open_newsroom(settings) as newsroom:
        first = await newsroom.store.write(lambda s: s.rates.settle({5: 100.0}))
        assert first == {5: 100.0}
        second = await newsroom.store.write(lambda s: s.rates.settle({5: 100.0, 6: 0.0}))
        assert 199 < second[5] <= 200


# The whole server


@asynccontextmanager
async def opened(application: Starlette, address: str = FAR) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application, client=(address, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://news.example") as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str = "{ __typename }", role: Role | None = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {token_for(role, 'Kim')}"} if role else {}
    return await client.post("/graphql", json={"query": query}, headers=headers)


async def test_an_address_that_floods_is_told_when_to_come_back(settings: Settings) -> None:
    application = app.build(replace(settings, rate_address=BASE, rate_burst=60))
    async with application.router.lifespan_context(application), opened(application) as flood:
        answers = [await ask(flood) for _ in range(80)]
        refused = [one for one in answers if one.status_code == 429]
        assert 10 < len(refused) < 50
        (error,) = refused[-1].json()["errors"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert error["extensions"]["retryAt"].endswith("Z")
        assert 1 <= int(refused[-1].headers["retry-after"]) <= 60
        async with opened(application, OTHER) as other:
            assert (await ask(other)).status_code == 200
        assert (await ask(flood, role=Role.EDITOR)).status_code == 200, "an office behind one address goes on working"


async def test_nobody_is_somebody_else_by_saying_so(settings: Settings) -> None:
    """Whatever header it is that says so; only what a trusted proxy has added counts."""
    application = app.build(replace(settings, rate_address=BASE, rate_burst=5, trusted_proxies="10.0.0.0/8"))
    async with application.router.lifespan_context(application), opened(application) as liar:
        names = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"]
        statuses = []
        for number in range(30):
            said = dict.fromkeys(names, f"192.0.2.{number}") | {"forwarded": f"for=192.0.2.{number}"}
            answer = await liar.post("/graphql", json={"query": "{ __typename }"}, headers=said)
            statuses.append(answer.status_code)
        assert statuses[:3] == [200] * 3
        assert 429 in statuses[5:12]
        async with opened(application, "10.0.0.1") as proxy:
            behind = [await asked_through(proxy, f"192.0.2.{number}, {OTHER}") for number in range(12)]
            assert (behind[0], behind[-1]) == (200, 429), "one reader, whoever they say that they are"
            assert await asked_through(proxy, "198.51.100.200") == 200, "another one"


async def asked_through(proxy: httpx.AsyncClient, addresses: str) -> int:
    answer = await proxy.post("/graphql", json={"query": "{ __typename }"}, headers={"x-forwarded-for": addresses})
    return answer.status_code


async def test_dear_operations_are_paid_by_who_has_them_made(settings: Settings) -> None:
    dear = "{ articles(first: 100) { nodes { comments(first: 50) { nodes { id } } } } }"
    application = app.build(replace(settings, rate_address=1_000, rate_burst=6))
    async with application.router.lifespan_context(application), opened(application) as client:
        assert (await ask(client, dear)).status_code == 200
        assert (await ask(client, dear)).status_code == 200, "it is kept"
        assert (await ask(client, dear.replace("50", "49"))).status_code == 429


async def test_new_texts_are_paid_for(settings: Settings) -> None:
    application = app.build(replace(settings, rate_address=100, rate_burst=100))
    async with application.router.lifespan_context(application), opened(application) as client:
        texts = ["{ __typename #" + "x" * 2_000 + f"{number}\n}}" for number in range(10)]
        statuses = [(await ask(client, text)).status_code for text in texts]
        assert (statuses[0], statuses[-1]) == (200, 429)
        assert (await ask(client, texts[0])).status_code == 200, "it is known"


async def test_viewers_are_limited_on_sockets_too(settings: Settings) -> None:
    async with opened_desk(replace(settings, rate_viewer=BASE, rate_burst=5, rate_changes=0)) as desk:
        token = {"authorization": f"Bearer {token_for(Role.READER, 'Kim')}"}
        async with desk.socket(token) as opened_socket:
            assert await answer(opened_socket, "{ __typename }") == {"data": {"__typename": "Query"}}
            message: Any = {"type": "next"}
            for number in range(20):
                await start(opened_socket, f"q{number}", "{ __typename }")
                message = await hear(opened_socket)
                if message["type"] == "error":
                    break
                await hear(opened_socket)
        assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_streams_that_come_too_fast_are_told_when_to_come_back(settings: Settings) -> None:
    application = app.build(replace(settings, rate_address=BASE, rate_burst=5))
    async with application.router.lifespan_context(application), opened(application) as client:
        events = {"accept": "text/event-stream", "content-type": "application/json"}
        body = {"query": "{ __typename }"}
        statuses = [(await client.post("/graphql", json=body, headers=events)).status_code for _ in range(9)]
    assert (statuses[0], statuses[-1]) == (200, 429)


async def test_changes_are_limited_by_kind(settings: Settings) -> None:
    flag = 'mutation { flagComment(input: {id: "x", reason: SPAM}) { userErrors { code } } }'
    application = app.build(replace(settings, rate_changes=1))
    async with application.router.lifespan_context(application), opened(application) as client:
        answers = [await ask(client, flag, Role.READER) for _ in range(8)]
        assert [one.status_code for one in answers[:5]] == [200] * 5
        assert answers[-1].status_code == 429
        react = 'reactToComment(input: {id: "x"}) { userErrors { code } }'
        aliased = "mutation {" + " ".join(f"a{n}: {react}" for n in range(6)) + "}"
        assert (await ask(client, aliased, Role.READER)).status_code == 429
        assert (await ask(client, flag, Role.MODERATOR)).status_code == 200


def test_defaults_leave_room_for_a_newsroom_behind_one_address() -> None:
    """500 readers behind one address: a page each second of each 20th, and 60 from the cache, for a minute."""
    clock = Clock()
    rates = Rates(Settings(), clock)
    for _ in range(60):
        clock.now += 1
        for _ in range(25):
            rates.pay(ANONYMOUS, FAR, 300)
        for _ in range(60):
            rates.pay(ANONYMOUS, FAR)
