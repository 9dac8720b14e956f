"""Clients as npm has them: whatever breaks, each gets every comment once and in order."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.clients.proxy import place_of, proxying
from tests.clients.scripts import Script, running
from tests.flows.conftest import Newsstand, token_for
from tests.flows.processes import server_process
from tests.flows.test_live import post
from tests.flows.test_resume import STREAM

CUTS = 3
RESTARTING = {
    "graphql_ws": r"1001 The server is restarting; retry in \d+ ms",
    "graphql_sse": r"",
    "event_source": r".*",
    "apollo_multipart": r".*The server is restarting\.",
    "apollo_websocket": r"1001 The server is restarting; retry in \d+ ms",
}
CLIENTS = tuple(RESTARTING)


def task(url: str, article: str, **more: object) -> dict[str, Any]:
    """What a script is told."""
    return {"url": f"{url}/graphql", "query": STREAM, "variables": {"articleId": article, "after": None}} | more


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_broken_connection_loses_nothing(stand: Newsstand, scripts: Path, name: str) -> None:
    """Comments come while the client listens, at the very cut, and while it is away."""
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    posted: list[str] = []

    async def say(body: str) -> None:
        posted.append(body)
        await post(reader, article, body)

    async with proxying(stand.url) as proxy, running(scripts / f"{name}.mjs", task(proxy.url, article)) as client:
        assert not (await client.ready())["resumed"]
        await say("Live.")
        await client.comment("Live.")
        for number in range(CUTS):
            await say(f"At cut {number}.")
            proxy.cut()
            await client.until("dropped")
            await say(f"After cut {number}.")
            proxy.upstream = place_of(stand.url)
            assert (await client.ready())["resumed"]
        await say("Last.")
        await client.comment("Last.")

    assert client.bodies == posted
    assert len(client.events) == len(posted) + CUTS + 1, "and nothing else but StreamReady each time"


async def test_a_server_that_stops_sends_everybody_to_the_next(
    furnished: Settings, stand: Newsstand, scripts: Path
) -> None:
    """On the same port, which refuses connections meanwhile. Comments come in through another process."""
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(server_process(furnished))
        clients = [
            await stack.enter_async_context(running(scripts / f"{name}.mjs", task(old.url, article)))
            for name in CLIENTS
        ]
        await asyncio.gather(*(client.ready() for client in clients))
        await post(reader, article, "Before.")
        await asyncio.gather(*(client.comment("Before.") for client in clients))

        old.process.send_signal(signal.SIGTERM)
        reasons = await asyncio.gather(*(client.until("dropped") for client in clients))
        await old.process.wait()
        await post(reader, article, "Meanwhile.")
        await stack.enter_async_context(server_process(furnished, port=old.port))
        ready = await asyncio.gather(*(client.ready() for client in clients))
        await post(reader, article, "After.")
        await asyncio.gather(*(client.comment("After.") for client in clients))

    assert [(one["resumed"], one["replayed"]) for one in ready] == [(True, 1)] * len(CLIENTS)
    assert [client.bodies for client in clients] == [["Before.", "Meanwhile.", "After."]] * len(CLIENTS)
    for name, reason in zip(CLIENTS, reasons, strict=True):
        assert re.fullmatch(RESTARTING[name], reason), name


async def test_graphql_ws_comes_back_with_a_fresh_token(stand: Newsstand, scripts: Path) -> None:
    """Left to itself, with all its defaults: it asks for its parameters anew each time."""
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    given = task(stand.url, article, stock=True, signIn=True)
    async with running(scripts / "graphql_ws.mjs", given) as client:
        expiry = await sign_in(client, seconds=3)
        await client.ready()
        await asyncio.sleep((expiry - datetime.now(UTC)).total_seconds() + 0.05)
        await post(reader, article, "Too late for the first token.")
        reason = await client.until("dropped")
        await sign_in(client, seconds=600)
        ready = await client.ready()
        await client.comment("Too late for the first token.")

    assert reason == "4403 The token has expired."
    assert (ready["resumed"], ready["replayed"]) == (True, 1)
    assert len(client.bodies) == 1


async def sign_in(client: Script, seconds: int) -> datetime:
    """Answers with a token for so many seconds; returns when it expires, which is at a whole one."""
    await client.until("asked")
    expiry = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    await client.answer(token_for(Role.READER, "Kim", expiry))
    return expiry


async def test_apollo_does_not_repeat_what_can_never_succeed(stand: Newsstand, scripts: Path) -> None:
    """Its RetryLink would, if this came as an error of the transport."""
    async with running(scripts / "apollo_multipart.mjs", task(stand.url, "nonsense")) as client:
        assert "There is no such article." in await client.failure()
