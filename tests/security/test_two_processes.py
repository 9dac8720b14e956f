"""Two servers on one database: what is decided about somebody at one, or by a command, holds at the other at once."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from click.testing import CliRunner
from websockets.asyncio.client import ClientConnection

from newsgraph import app
from newsgraph.auth import tokens
from newsgraph.cli import cli
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Claims, Role
from newsgraph.settings import Settings
from tests.flows.conftest import SECRET, furnish
from tests.flows.processes import server_process
from tests.security.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = 10.0  # seconds that a busy machine may take; a quiet one takes hundredths
_WHO = "{ viewer { id name role banned } }"
_QUEUE = "{ moderationQueue(queue: PENDING) { totalCount } }"


@dataclass(frozen=True)
class Pair:
    one: Site
    other: Site
    settings: Settings

    async def run(self, *arguments: str) -> str:
        full = [*arguments, "--database", self.settings.database]
        result = await asyncio.to_thread(CliRunner().invoke, cli, full)
        assert result.exit_code == 0, result.output
        return result.stdout.strip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """A viewer may ask for a hundred small things at once, and two a second."""
    database = f"sqlite:///{tmp_path_factory.mktemp('pair') / 'news.db'}"
    settings = Settings(database=database, secret=SECRET, rate_viewer=20, rate_burst=50.0)
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(furnish)
    async with AsyncExitStack() as stack:
        starting = [stack.enter_async_context(_site(settings)) for _ in range(2)]
        one, other = [await site for site in starting]
        yield Pair(one, other, settings)


@asynccontextmanager
async def _site(settings: Settings) -> AsyncIterator[Site]:
    async with server_process(settings) as served, httpx.AsyncClient(base_url=served.url, timeout=30) as http:
        yield Site(served.url, http)


def token(name: str, role: Role = Role.READER, **ago: float) -> dict[str, str]:
    claims = Claims(f"pair:{name}", name, role, datetime.now(UTC) - timedelta(**ago), None)
    return {"authorization": f"Bearer {tokens.issue(SECRET, claims)}"}


async def asks(site: Site, headers: dict[str, str], query: str = _WHO, **variables: Any) -> Any:
    answer = await site.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    return answer.json()


async def code(site: Site, headers: dict[str, str], query: str = _WHO) -> str | None:
    """Of the first error, if there is one."""
    body = await asks(site, headers, query)
    return body["errors"][0]["extensions"]["code"] if "errors" in body else None


async def soon(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SOON):
        while not await is_so():
            await asyncio.sleep(0.01)


async def refused_soon(site: Site, headers: dict[str, str]) -> None:
    async def refused() -> bool:
        return await code(site, headers) == "UNAUTHENTICATED"

    await soon(refused)


@asynccontextmanager
async def streams(pair: Pair, headers: dict[str, str], query: str) -> AsyncIterator[list[ClientConnection]]:
    """The same stream at both, ready."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(site.socket(headers)) for site in (pair.one, pair.other)]
        for one in opened:
            assert json.loads(await one.recv()) == {"type": "connection_ack"}
            await one.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
            assert json.loads(await one.recv())["type"] == "next"
        yield opened


_LATEST = "subscription { latestStories { __typename } }"
_MODERATION = "subscription { moderationEvents { __typename } }"


async def closed(opened: list[ClientConnection]) -> list[tuple[int | None, str | None]]:
    async with asyncio.timeout(SOON):
        await asyncio.gather(*(one.wait_closed() for one in opened))
    return [(one.close_code, one.close_reason) for one in opened]


async def test_revoking_somebodys_tokens_holds_at_both(pair: Pair) -> None:
    old = token("Rae", seconds=60)
    for site in (pair.one, pair.other):
        assert await code(site, old) is None
    async with streams(pair, old, _LATEST) as opened:
        await pair.run("user", "revoke", "pair:Rae")
        assert await closed(opened) == [(4403, "The token was revoked.")] * 2
    new = token("Rae", seconds=-1)  # made when the others had been revoked, however long that took
    for site in (pair.one, pair.other):
        await refused_soon(site, old)
        assert await code(site, new) is None


async def test_revoking_by_time_leaves_newer_ones(pair: Pair) -> None:
    old, new = token("Tim", hours=3), token("Tim", hours=1)
    for site in (pair.one, pair.other):
        assert (await code(site, old), await code(site, new)) == (None, None)
    await pair.run("user", "revoke", "pair:Tim", "--before", f"{datetime.now(UTC) - timedelta(hours=2):%Y-%m-%dT%H:%M}")
    for site in (pair.one, pair.other):
        await refused_soon(site, old)
        assert await code(site, new) is None


async def test_a_key_that_is_revoked_is_refused_at_both(pair: Pair) -> None:
    key = await pair.run("key", "create", "--name", "Importer", "--role", "EDITOR")
    headers = {"authorization": f"Bearer {key}"}
    for site in (pair.one, pair.other):
        assert (await asks(site, headers))["data"]["viewer"]["role"] == "EDITOR"
    async with streams(pair, headers, _LATEST) as opened:
        await pair.run("key", "revoke", key[:12])
        assert [number for number, _ in await closed(opened)] == [4403, 4403]
    for site in (pair.one, pair.other):
        await refused_soon(site, headers)


async def test_a_ban_at_one_is_a_ban_at_the_other(pair: Pair) -> None:
    """In answers that are kept, in rights, and in open streams."""
    banned, admin = token("Mo", Role.MODERATOR, seconds=9), token("Ada", Role.ADMIN, seconds=9)
    for site in (pair.one, pair.other):
        for _ in range(2):
            assert (await asks(site, banned))["data"]["viewer"]["banned"] is False
            assert await code(site, banned, _QUEUE) is None
    user_id = (await asks(pair.one, banned))["data"]["viewer"]["id"]
    mutation = "mutation ($input: RestrictUserInput!) { restrictUser(input: $input) { userErrors { code } } }"
    async with streams(pair, banned, _MODERATION) as opened:
        given = {"userId": commenter(user_id), "banned": True}
        assert (await asks(pair.one, admin, mutation, input=given))["data"]["restrictUser"] == {"userErrors": []}
        assert [number for number, _ in await closed(opened)] == [4403, 4403]

    async def told() -> bool:
        viewer = (await asks(pair.other, banned))["data"]["viewer"]
        return bool(viewer["banned"] and await code(pair.other, banned, _QUEUE) == "FORBIDDEN")

    assert await code(pair.one, banned, _QUEUE) == "FORBIDDEN", "at once where it was decided"
    await soon(told)


def commenter(viewer_id: str) -> str:
    """The same person as others see them."""
    return global_id("Commenter", int(b64decode(viewer_id).decode().partition(":")[2]))


async def test_many_first_sign_ins_at_both_make_one_person(pair: Pair) -> None:
    headers = [token("Newcomer", seconds=age) for age in range(20)]
    found = await asyncio.gather(*(asks(site, one) for one in headers for site in (pair.one, pair.other)))
    assert len({body["data"]["viewer"]["id"] for body in found}) == 1


async def test_of_two_tokens_at_both_the_newer_one_counts(pair: Pair) -> None:
    for person in range(5):
        old, new = token(f"P{person}", Role.ADMIN, seconds=90), token(f"P{person}", Role.READER, seconds=60)
        await asyncio.gather(asks(pair.one, old), asks(pair.other, new), asks(pair.other, old), asks(pair.one, new))

        async def lost(old: dict[str, str] = old) -> bool:
            roles = [(await asks(site, old))["data"]["viewer"]["role"] for site in (pair.one, pair.other)]
            return roles == ["READER", "READER"]

        await soon(lost)


async def test_who_has_spent_what_they_may_at_one_is_refused_at_the_other(pair: Pair) -> None:
    """Alone the other would have answered for half a minute."""
    greedy, modest = token("Greedy", seconds=9), token("Modest", seconds=9)

    async def limited(site: Site) -> bool:
        return await code(site, greedy) == "RATE_LIMITED"

    async with asyncio.timeout(30):
        while not await limited(pair.one):
            pass
    for _ in range(15):  # who takes little is not told of
        await code(pair.other, greedy)
    asked = 0
    async with asyncio.timeout(30):
        while not await limited(pair.other):
            asked += 1
            await asyncio.sleep(0.2)
    assert asked < 60
    assert await code(pair.other, modest) is None


async def test_revoking_everybodys_tokens_holds_for_people_who_were_never_here(pair: Pair) -> None:
    """Last, since it is for everybody. Keys of services are no tokens."""
    key = {"authorization": f"Bearer {await pair.run('key', 'create', '--name', 'Feed', '--role', 'STAFF')}"}
    known, stranger = token("Known", Role.EDITOR, seconds=60), token("Stranger", seconds=60)
    for site in (pair.one, pair.other):
        assert (await code(site, known), await code(site, key)) == (None, None)
    async with streams(pair, key, _LATEST) as kept:
        async with streams(pair, known, _LATEST) as opened:
            assert "Everybody: tokens" in await pair.run("user", "revoke", "--all")
            assert await closed(opened) == [(4403, "The token was revoked.")] * 2
        for site in (pair.one, pair.other):
            await refused_soon(site, known)
            assert await code(site, stranger) == "UNAUTHENTICATED"
            assert await code(site, token("Stranger", seconds=-1)) is None
            assert await code(site, key) is None
        for one in kept:
            await one.send(json.dumps({"type": "ping"}))
            while json.loads(await one.recv())["type"] != "pong":
                pass
