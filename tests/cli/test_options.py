"""Options are the settings: names, defaults, precedence, and what happens to values that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from newsgraph.cli.errors import Shell
from newsgraph.cli.options import duration, with_settings
from newsgraph.settings import Settings, declared, values


@click.group(cls=Shell)
def cli() -> None: ...


@cli.command()
@with_settings()
def every(settings: Settings) -> None:
    click.echo(json.dumps(values(settings)))


@cli.command()
@click.option("--name")
@with_settings("database", "log_level")
def some(settings: Settings, name: str | None) -> int:
    click.echo(f"{name} {settings.database} {settings.port}")
    return 3


@cli.command()
@with_settings(without=("workers",))
def most(settings: Settings) -> None: ...


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=environ)


def test_without_anything_the_defaults_hold() -> None:
    assert json.loads(run("every").stdout) == asdict(Settings())


@pytest.mark.parametrize("setting", declared(), ids=lambda setting: str(setting.name))
def test_help_shows_each_setting_with_its_text_variable_and_default(setting: Any) -> None:
    said = " ".join(run("every", "--help").stdout.replace("-\n", "-").split())
    assert f"--{setting.name.replace('_', '-')}" in said
    assert setting.metadata["help"] in said
    assert f"NEWSGRAPH_{setting.name.upper()}" in said


def test_an_option_wins_over_the_environment_and_that_over_the_default() -> None:
    found = json.loads(run("every", "--port", "1", NEWSGRAPH_PORT="2", NEWSGRAPH_READERS="9").stdout)
    assert (found["port"], found["readers"], found["host"]) == (1, 9, "127.0.0.1")


def test_an_option_wins_even_when_it_says_the_default() -> None:
    assert json.loads(run("every", "--port", "8000", NEWSGRAPH_PORT="2").stdout)["port"] == 8000


def test_switches_have_two_names() -> None:
    assert json.loads(run("every", "--no-graphiql").stdout)["graphiql"] is False
    assert json.loads(run("every", "--graphiql", NEWSGRAPH_GRAPHIQL="off").stdout)["graphiql"] is True


def test_a_command_without_an_option_still_gets_the_setting_from_the_environment() -> None:
    assert run("some", "--name", "x", NEWSGRAPH_PORT="7").stdout == "x sqlite:///newsgraph.db 7\n"
    assert run("some", "--port", "7").exit_code == 2
    assert run("most", "--workers", "7").exit_code == 2


def test_what_a_command_returns_is_its_exit_status() -> None:
    assert run("some").exit_code == 3
    assert run("every").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (["--port", "70000"], {}, "port: 0 to 65535."),
        (["--port", "x"], {}, "'x' is not a valid integer"),
        ([], {"NEWSGRAPH_PORT": "x"}, "NEWSGRAPH_PORT: 'x' is no int."),
        ([], {"NEWSGRAPH_GRAPHIQL": "perhaps"}, "NEWSGRAPH_GRAPHIQL: 'perhaps' is no bool."),
        (["--database", "mysql://x"], {}, "database: only sqlite:///FILE is known."),
        (["--secret", "short"], {}, "secret: at least 32 bytes"),
        (["--comment-mode", "SOON"], {}, "comment_mode: PRE or POST."),
        (["--frob"], {}, "No such option"),
        (["--log-level", "LOUD"], {}, "log_level: DEBUG, INFO, WARNING or ERROR."),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(arguments: list[str], environ: dict[str, str], said: str) -> None:
    result = run("every", *arguments, **environ)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("newsgraph: ")


parse: Callable[[str | None], timedelta | None] = lambda text: duration(  # noqa: E731
    click.Context(cli), click.Option(["--expires"]), text
)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        (None, None),
    ],
)
def test_durations_are_written_as_people_do(text: str | None, span: timedelta | None) -> None:
    assert parse(text) == span


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "1.5h", "1 d", "7days", "999999d", "٣d"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration"):
        parse(text)
