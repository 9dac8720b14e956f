"""Each command by itself, on a real database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgraph import __version__
from newsgraph.auth.tokens import Trust, verify
from newsgraph.cli import cli
from newsgraph.domain.users import Role
from newsgraph.graph.schema import sdl
from newsgraph.storage.migrations import known

SECRET = "a secret of thirty-two bytes, or more"
FEED = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>Harbour News</title><link>https://harbour.example/</link>
{items}
</channel></rss>"""
ITEM = """<item><guid isPermaLink="false">{guid}</guid><title>{title}</title>
<description>What happened at the harbour, number {guid}.</description>
<pubDate>Wed, 01 Jul 2026 12:00:00 GMT</pubDate></item>"""
BROKEN = "<item><guid>broken</guid></item>"


@pytest.fixture
def address(database: Path) -> str:
    return f"sqlite:///{database}"


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=environ, prog_name="newsgraph")


def feed(path: Path, *items: str) -> str:
    path.write_text(FEED.format(items="\n".join(items)), "utf-8")
    return str(path)


def items(count: int, title: str = "Ferry late again") -> list[str]:
    return [ITEM.format(guid=number, title=f"{title} {number}") for number in range(count)]


# --- version, schema, migrate ---


def test_version() -> None:
    assert run("--version").stdout == f"newsgraph, version {__version__}\n"


def test_schema_is_printed_and_checked(tmp_path: Path) -> None:
    printed = run("schema")
    assert printed.stdout == sdl().rstrip("\n") + "\n"
    same = tmp_path / "same.graphql"
    same.write_text(printed.stdout, "utf-8")
    assert run("schema", "--check", str(same)).exit_code == 0
    same.write_text(printed.stdout + "# more\n", "utf-8")
    differs = run("schema", "--check", str(same))
    assert (differs.exit_code, differs.stdout) == (1, "")
    assert "is not the schema of this version" in differs.stderr


def test_migrate_makes_a_database_and_lists_what_it_did(address: str, database: Path) -> None:
    names = [step.name for step in known()]
    assert run("migrate", "--database", address).stdout.splitlines() == [f"{name}  applied now" for name in names]
    assert database.exists()
    assert run("migrate", "--database", address).stdout.splitlines() == [f"{name}  was there" for name in names]


def test_migrate_refuses_what_is_no_database(address: str, database: Path) -> None:
    database.write_text("This is a letter.", "utf-8")
    result = run("migrate", "--database", address)
    assert result.exit_code == 1
    assert "cannot be used: file is not a database" in result.stderr
    assert database.read_text("utf-8") == "This is a letter."


# --- token ---


def test_a_token_stands_alone_on_the_last_line_and_is_signed_with_the_configured_secret() -> None:
    result = run("token", "--role", "EDITOR", "--name", "Ada Byron", "--expires", "12h", "--secret", SECRET)
    claims = verify(Trust(SECRET), result.stdout.splitlines()[-1])
    assert (claims.subject, claims.name, claims.role) == ("local:ada-byron", "Ada Byron", Role.EDITOR)
    assert claims.expires_at is not None
    assert abs(claims.expires_at - datetime.now(UTC) - timedelta(hours=12)) < timedelta(minutes=1)


def test_a_token_may_name_a_subject_and_have_no_end() -> None:
    result = run("token", "--role", "READER", "--name", "!!", "--subject", "user:7", NEWSGRAPH_SECRET=SECRET)
    claims = verify(Trust(SECRET), result.stdout.splitlines()[-1])
    assert (claims.subject, claims.expires_at) == ("user:7", None)


def test_without_a_secret_the_databases_own_is_used(address: str) -> None:
    first, second = (run("token", "--role", "READER", "--name", "Ada", "--database", address) for _ in "12")
    assert first.exit_code == second.exit_code == 0
    head = [result.stdout.splitlines()[-1].split(".")[0] for result in (first, second)]
    assert head[0] == head[1]


def test_a_name_that_makes_no_subject_needs_one() -> None:
    result = run("token", "--role", "READER", "--name", "!!", "--secret", SECRET)
    assert result.exit_code == 2
    assert "--subject" in result.stderr


# --- import ---


def test_import_counts_what_it_did_and_the_second_time_nothing(address: str, tmp_path: Path) -> None:
    source = feed(tmp_path / "feed.xml", *items(3))
    assert run("import", source, "--database", address).stdout == "3 created, 0 updated, 0 unchanged, 0 rejected\n"
    assert run("import", source, "--database", address).stdout == "0 created, 0 updated, 3 unchanged, 0 rejected\n"
    feed(tmp_path / "feed.xml", *items(2, "Ferry on time"))
    assert run("import", source, "--database", address).stdout == "0 created, 2 updated, 0 unchanged, 0 rejected\n"


def test_import_takes_more_than_one_batch(address: str, tmp_path: Path) -> None:
    result = run("import", feed(tmp_path / "feed.xml", *items(205)), "--database", address)
    assert result.stdout == "205 created, 0 updated, 0 unchanged, 0 rejected\n"


def test_import_says_where_a_broken_item_stands_and_takes_the_rest(address: str, tmp_path: Path) -> None:
    source = feed(tmp_path / "feed.xml", *items(1), BROKEN)
    result = run("import", source, "--database", address)
    assert (result.exit_code, result.stdout) == (0, "1 created, 0 updated, 0 unchanged, 1 rejected\n")
    assert result.stderr.startswith(f"{source}: item 2: ")


def test_import_fails_when_a_source_cannot_be_read_but_takes_the_others(address: str, tmp_path: Path) -> None:
    good, absent = feed(tmp_path / "feed.xml", *items(1)), str(tmp_path / "absent.xml")
    result = run("import", absent, good, "--database", address)
    assert (result.exit_code, result.stdout) == (1, "1 created, 0 updated, 0 unchanged, 0 rejected\n")
    assert result.stderr == f"newsgraph: {absent}: file not found\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [("<html><body>Hello</body></html>", "is an HTML page, not a feed"), ("", "is empty"), ("[1]", "is a JSON array")],
)
def test_import_fails_for_what_is_no_feed(address: str, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "page").write_text(content, "utf-8")
    result = run("import", str(tmp_path / "page"), "--database", address)
    assert result.exit_code == 1
    assert said in result.stderr


def test_import_fails_when_nothing_of_a_source_can_be_used(address: str, tmp_path: Path) -> None:
    result = run("import", feed(tmp_path / "feed.xml", BROKEN), "--database", address)
    assert result.exit_code == 1
    assert "none of its items can be used" in result.stderr


def test_an_empty_feed_is_no_failure(address: str, tmp_path: Path) -> None:
    assert run("import", feed(tmp_path / "feed.xml"), "--database", address).exit_code == 0


def test_import_of_a_folder_skips_what_is_nothing_to_import(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    feed(folder / "feed.xml", *items(1))
    (folder / "notes.txt").write_text("Buy milk.", "utf-8")
    result = run("import", str(folder), "--database", address)
    assert result.exit_code == 0
    assert "notes.txt: skipped, " in result.stdout


def test_import_prints_one_json_object(address: str, tmp_path: Path) -> None:
    source = feed(tmp_path / "feed.xml", *items(1), BROKEN)
    result = run("import", source, "absent.xml", "--json", "--database", address)
    summary = json.loads(result.stdout)
    assert (summary["created"], summary["updated"], summary["unchanged"]) == (1, 0, 0)
    [rejected], [failed] = summary["rejected"], summary["failed"]
    assert (rejected["source"], rejected["where"]) == (source, "item 2")
    assert failed == {"source": "absent.xml", "code": "UNREADABLE", "reason": "file not found"}
    assert result.stderr == ""
    assert result.exit_code == 1


def test_quiet_import_says_only_what_went_wrong(address: str, tmp_path: Path) -> None:
    source = feed(tmp_path / "feed.xml", *items(1), BROKEN)
    result = run("import", source, "--quiet", "--database", address)
    assert result.stdout == ""
    assert "item 2" in result.stderr


def test_import_reads_standard_input(address: str) -> None:
    text = FEED.format(items="\n".join(items(2)))
    result = CliRunner().invoke(cli, ["import", "-", "--database", address], input=text)
    assert result.stdout == "2 created, 0 updated, 0 unchanged, 0 rejected\n"


def test_import_refuses_private_addresses_unless_told_otherwise(address: str) -> None:
    result = run("import", "http://127.0.0.1:9/feed.xml", "--database", address)
    assert result.exit_code == 1
    assert "import_private_hosts" in result.stderr


# --- check ---


@pytest.fixture
def drifted(address: str, database: Path, tmp_path: Path) -> str:
    """A database in which an article has one comment too many, and an article's author is not there."""
    assert run("import", feed(tmp_path / "feed.xml", *items(2)), "--database", address).exit_code == 0
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE articles SET comment_count = 5 WHERE id = 2")
    return address


def test_check_says_which_row_is_wrong_and_mends_it(drifted: str) -> None:
    found = run("check", "--database", drifted)
    assert found.exit_code == 1
    assert found.stdout.splitlines()[0] == "comments  2: is 5, should be 0"
    assert "1 have drifted. newsgraph check --fix mends it." in found.stdout
    mended = run("check", "--fix", "--database", drifted)
    assert (mended.exit_code, "1 put right, nothing is left." in mended.stdout) == (0, True)
    again = run("check", "--database", drifted)
    assert (again.exit_code, again.stdout.endswith("nothing has drifted.\n")) == (0, True)


def test_check_tells_programs_the_same(drifted: str, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO list_pins VALUES ('latest', 9, 999)")
    found = run("check", "--fix", "--json", "--database", drifted)
    told = json.loads(found.stdout)
    assert (found.exit_code, told["left"]) == (1, 1)
    checks = {check["name"]: check for check in told["checks"] if check["found"]}
    assert checks["comments"] == {
        "name": "comments",
        "found": [{"key": 2, "stored": 5, "right": 0}],
        "mended": 1,
        "left": 0,
    }
    assert (checks["references"]["mended"], checks["references"]["left"]) == (0, 1)
