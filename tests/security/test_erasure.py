"""Erased people: nothing of them is left, neither in an answer nor in the files."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgraph import app
from newsgraph.actions import comments, users
from newsgraph.cli import cli
from newsgraph.domain.users import Claims, Role
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


async def ask(settings: Settings, *command: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, cli, [*command, "--database", settings.database])
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_all_that_is_held_is_exported(site: Site, settings: Settings) -> None:
    status, text = await run(settings, "export")
    held = json.loads(text)
    assert status == 0
    assert held["account"]["subject"] == SUBJECT
    assert SECRETS[WITHHELD] in [comment["body"] for comment in held["comments"]]
    assert held["flags"][0]["note"] == REMARK
    assert {line["commentId"] for line in held["history"]} >= {2, 3, 4}


async def test_somebody_is_found_by_name_and_by_a_comment(site: Site, settings: Settings) -> None:
    line = f"{SUBJECT}  READER  Reader\n"
    assert await ask(settings, "user", "find", "read") == line
    assert await ask(settings, "user", "find", "--comment", "1") == line
    assert await ask(settings, "user", "find", "--comment", PLAIN) == line
    assert await ask(settings, "user", "find", "nobody of this name") == ""
    for wrong in ((), ("read", "--comment", "1"), ("--comment", "first"), ("--comment", "999")):
        result = await asyncio.to_thread(
            CliRunner().invoke, cli, ["user", "find", *wrong, "--database", settings.database]
        )
        assert result.exit_code != 0


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
    await ask(settings, "check")
    again = Case("", Sent("{ viewer { name } }", by=Role.READER), Back(data={"viewer": {"name": "Reader"}}))
    await site.keeps(again)  # somebody new
    assert json.loads((await run(settings, "export"))[1])["comments"] == []


MANY = 1_000
_BODY = "xmany{}x, and a few words more."


async def write_much(settings: Settings) -> None:
    """The reader's colleague, by whom no rule holds anything; each text is another."""
    async with app.open_newsroom(settings) as newsroom:
        since = datetime.now(UTC) - timedelta(minutes=1)
        claims = Claims(SUBJECT, "Reader", Role.STAFF, since + timedelta(seconds=1), None)
        viewer = await users.recognise(newsroom, claims)
        for start in range(0, MANY, 200):
            bodies = [_BODY.format(number) for number in range(start, start + 200)]
            posts = [comments.post(newsroom, viewer, comments.PostComment(1, None, body)) for body in bodies]
            await asyncio.gather(*posts)


async def test_what_was_killed_in_the_middle_goes_on(site: Site, settings: Settings) -> None:
    """And at the end nothing is left in the files, without writing them anew or with it."""
    await write_much(settings)
    with closing(sqlite3.connect(settings.database.removeprefix("sqlite:///"))) as file:

        def left() -> int:
            return int(file.execute("SELECT count(*) FROM comments WHERE body LIKE 'xmany%'").fetchone()[0])

        command = ("-m", "newsgraph", "user", "erase", SUBJECT, "--no-vacuum")
        environment = os.environ | {"NEWSGRAPH_DATABASE": settings.database}
        erasing = await asyncio.create_subprocess_exec(sys.executable, *command, env=environment)
        async with asyncio.timeout(30):
            while left() == MANY:
                await asyncio.sleep(0.001)
        erasing.kill()
        await erasing.wait()
        assert 0 < left() < MANY
        assert (await run(settings, "export"))[0] == 1, "the account went first"
        said = await run(settings, "erase", "--no-vacuum")
        assert (said[0], left()) == (0, 0)
    await ask(settings, "check")
    assert "MB now" in await ask(settings, "vacuum")
    assert found(settings, SUBJECT, "xmany", "Reader") == []
