"""Erased people: nothing of them is left, neither in an answer nor in the files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgraph.cli import cli
from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.security.cases import Back, Case, Sent
from tests.security.site import PENDING, PLAIN, REMARK, SECRETS, WITHHELD, Site

SUBJECT = "test:READER:Reader"


async def run(settings: Settings, command: str, *more: str) -> tuple[int, str]:
    full = ["user", command, SUBJECT, *more, "--database", settings.database]
    result = await asyncio.to_thread(CliRunner().invoke, cli, full)
    return result.exit_code, result.stdout


def found(settings: Settings, *texts: str) -> list[str]:
    """Those that stand in any of the database's files."""
    path = Path(settings.database.removeprefix("sqlite:///"))
    data = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*") if not file.name.endswith("-shm"))
    return [text for text in texts if text.encode() in data]


async def test_all_that_is_held_is_exported(site: Site, settings: Settings) -> None:
    status, text = await run(settings, "export")
    held = json.loads(text)
    assert status == 0
    assert held["account"]["subject"] == SUBJECT
    assert SECRETS[WITHHELD] in [comment["body"] for comment in held["comments"]]
    assert held["flags"][0]["note"] == REMARK
    assert {line["commentId"] for line in held["history"]} >= {2, 3, 4}


@pytest.mark.parametrize(("mode", "body"), [("tombstone", None), ("anonymous", "Plain.")])
async def test_nothing_of_an_erased_person_is_left(site: Site, settings: Settings, mode: str, body: str | None) -> None:
    query = f'{{ node(id: "{PLAIN}") {{ ... on Comment {{ body author {{ name }} }} }} }}'
    await site.keeps(Case("", Sent(query), Back(data={"node": {"body": "Plain.", "author": {"name": "Reader"}}})))
    assert found(settings, SUBJECT, REMARK) == [SUBJECT, REMARK]
    assert (await run(settings, "erase", "--mode", mode))[0] == 0
    shown = None if body is None else {"body": body, "author": {"name": "Anonymous"}}
    async with asyncio.timeout(10):
        while (await site.send(Sent(query))).json()["data"]["node"] != shown:
            await asyncio.sleep(0.01)
    gone = [SUBJECT, REMARK, *([SECRETS[PENDING], SECRETS[WITHHELD]] if mode == "tombstone" else [])]
    assert found(settings, *gone) == []
    assert (await run(settings, "export"))[0] == 1
    counted = await asyncio.to_thread(CliRunner().invoke, cli, ["check", "--database", settings.database])
    assert counted.exit_code == 0, counted.stdout
    again = Case("", Sent("{ viewer { name } }", by=Role.READER), Back(data={"viewer": {"name": "Reader"}}))
    await site.keeps(again)  # somebody new
    assert json.loads((await run(settings, "export"))[1])["comments"] == []
