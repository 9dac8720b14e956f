"""Keys of services: taken while they hold, and nothing that looks like one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click.testing import CliRunner

from newsgraph.cli import cli
from newsgraph.settings import Settings
from tests.security.cases import Back, Case, Sent
from tests.security.site import Site

_WHO = "{ viewer { name role } }"
BOT = Back(data={"viewer": {"name": "Importer", "role": "EDITOR"}})
REFUSED = Back(401, "UNAUTHENTICATED", data=None)


async def run(settings: Settings, *arguments: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, cli, ["key", *arguments, "--database", settings.database])
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def asks(key: str, back: Back) -> Case:
    return Case("", Sent(_WHO, headers={"authorization": f"Bearer {key}"}), back)


async def test_a_key_is_taken_until_it_is_revoked(site: Site, settings: Settings) -> None:
    key = await run(settings, "create", "--name", "Im\u202eporter", "--role", "EDITOR", "--expires", "7d")
    assert key.startswith("ngk_")
    await site.keeps(asks(key, BOT))
    await site.keeps_by_socket(asks(key, BOT))
    assert key[:12] in (listed := await run(settings, "list"))
    assert "used -" not in listed
    data = Path(settings.database.removeprefix("sqlite:///"))
    assert not [file for file in data.parent.iterdir() if key.encode() in file.read_bytes()], "only a hash is kept"
    async with site.socket({"authorization": f"Bearer {key}"}) as opened:
        await opened.recv()
        await run(settings, "revoke", key[:12])
        async with asyncio.timeout(10):
            await opened.wait_closed()
    assert opened.close_code == 4403
    await site.keeps(asks(key, REFUSED))
    await site.refuses_by_socket(asks(key, REFUSED))
    assert "revoked" in await run(settings, "list")


async def test_what_only_looks_like_a_key_is_refused(site: Site, settings: Settings) -> None:
    key = await run(settings, "create", "--name", "Importer", "--role", "EDITOR")
    for other in ("ngk_", key[:-1], key + "A", key.upper(), key[4:], "ngk_' OR 1=1 --".replace(" ", "")):
        await site.keeps(asks(other, REFUSED))
    await site.keeps(asks(key, BOT))


async def test_a_key_ends_when_it_was_to_end(site: Site, settings: Settings) -> None:
    key = await run(settings, "create", "--name", "Importer", "--role", "EDITOR", "--expires", "1s")
    async with asyncio.timeout(10):
        while (await site.send(asks(key, BOT).sent)).status_code != 401:
            await asyncio.sleep(0.05)
