"""Revoked tokens: refused at once, on every path and in other processes, and streams that hang on them end."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

from click.testing import CliRunner

from newsgraph.auth import tokens
from newsgraph.cli import cli
from newsgraph.domain.users import Claims, Role
from newsgraph.settings import Settings
from tests.flows.conftest import SECRET
from tests.security.cases import Back, Case, Sent
from tests.security.site import Site

SUBJECT = "test:EDITOR:Editor"
_WHO = "{ viewer { name } }"


def token(**ago: float) -> dict[str, str]:
    issued = datetime.now(UTC) - timedelta(**ago)
    return {"authorization": f"Bearer {tokens.issue(SECRET, Claims(SUBJECT, 'Editor', Role.EDITOR, issued, None))}"}


async def run(settings: Settings, *arguments: str) -> tuple[int, str]:
    """The command in another thread with a loop of its own, as another process would run it."""
    full = ["user", "revoke", *arguments, "--database", settings.database]
    result = await asyncio.to_thread(CliRunner().invoke, cli, full)
    return result.exit_code, result.output


def asks(headers: dict[str, str], back: Back) -> Case:
    return Case("", Sent(_WHO, headers=headers), back)


TAKEN, REFUSED = Back(data={"viewer": {"name": "Editor"}}), Back(401, "UNAUTHENTICATED", data=None)


async def test_revoked_tokens_are_refused_and_their_streams_end(site: Site, settings: Settings) -> None:
    old = token(seconds=30)
    await site.keeps(asks(old, TAKEN))
    await site.keeps(asks(old, TAKEN))  # remembered
    async with site.socket(old) as opened:
        assert json.loads(await opened.recv()) == {"type": "connection_ack"}
        query = "subscription { latestStories { __typename } }"
        await opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        await opened.recv()
        assert (await run(settings, SUBJECT))[0] == 0
        async with asyncio.timeout(10):
            await opened.wait_closed()
    assert (opened.close_code, opened.close_reason) == (4403, "The token was revoked.")
    await site.keeps(asks(old, REFUSED))
    await site.refuses_by_socket(asks(old, REFUSED))
    await site.keeps(asks(token(seconds=-1), TAKEN))  # by a clock that is ahead a little
    await site.keeps(asks(old, REFUSED))


async def test_a_page_knows_nobody_by_a_cookie_with_a_revoked_token(site: Site, settings: Settings) -> None:
    cookie = {"cookie": f"newsgraph_session={token(seconds=30)['authorization'].removeprefix('Bearer ')}"}

    async def known() -> bool:
        page = await site.http.get("/about", headers=cookie)
        given = (await site.http.get("/session/token", headers=cookie)).json()["token"]
        assert ("Editor" in page.text) == (given is not None)
        return given is not None

    assert await known()
    assert (await run(settings, SUBJECT))[0] == 0
    async with asyncio.timeout(10):
        while await known():
            await asyncio.sleep(0.01)
    assert (await site.http.get("/desk/lists", headers=cookie)).headers["location"].startswith("/sign-in")


async def test_only_those_of_before_are_refused_and_it_is_never_taken_back(site: Site, settings: Settings) -> None:
    await site.keeps(asks(token(seconds=30), TAKEN))
    before = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    assert (await run(settings, SUBJECT, "--before", before))[0] == 0
    assert (await run(settings, SUBJECT, "--before", "2020-01-01"))[0] == 0
    await site.keeps(asks(token(hours=2), REFUSED))
    await site.keeps(asks(token(minutes=30), TAKEN))


async def test_what_cannot_be_revoked_is_said(site: Site, settings: Settings) -> None:
    assert (await run(settings, "nobody"))[0] == 1
    assert (await run(settings, SUBJECT, "--before", "2999-01-01"))[0] == 2
    await site.keeps(asks(token(seconds=30), TAKEN))
