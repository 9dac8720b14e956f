"""A command that fails says why in one line."""

from __future__ import annotations

import sqlite3

import click
import pytest
from click.testing import CliRunner

from newsgraph.cli import cli as real
from newsgraph.cli.errors import Shell, explain
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.settings import SettingsError
from newsgraph.storage.migrations import UnusableDatabase


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (SettingsError("port: 0 to 65535."), 2, "port: 0 to 65535."),
        (Fault(FaultCode.UNAVAILABLE, "Try again."), 1, "Try again."),
        (UnusableDatabase("It is newer."), 1, "It is newer."),
        (FileNotFoundError(2, "No such file or directory", "a.xml"), 1, "a.xml: No such file or directory"),
        (OSError("cannot listen"), 1, "cannot listen"),
        (sqlite3.OperationalError("disk I/O error"), 1, "disk I/O error"),
        (click.ClickException("no"), 1, "no"),
        (ExceptionGroup("many", [Fault(FaultCode.UNAVAILABLE, "Inner.")]), 1, "Inner."),
        (ZeroDivisionError("by zero"), 1, "ZeroDivisionError: by zero (a defect; --log-level DEBUG shows where)"),
    ],
)
def test_each_error_has_a_status_and_a_line(error: Exception, status: int, said: str) -> None:
    assert explain(error) == (status, said)


def shell(error: BaseException) -> Shell:
    @click.group(cls=Shell)
    def group() -> None: ...

    @group.command()
    def fail() -> None:
        raise error

    return group


def test_an_error_of_several_lines_is_told_in_one() -> None:
    result = CliRunner().invoke(shell(OSError("one\ntwo")), ["fail"])
    assert (result.exit_code, result.stderr) == (1, "newsgraph: one two\n")


def test_a_defect_shows_no_traceback() -> None:
    result = CliRunner().invoke(shell(KeyError("x")), ["fail"])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert result.stderr.count("\n") == 1


def test_an_interrupted_command_says_nothing() -> None:
    result = CliRunner().invoke(shell(KeyboardInterrupt()), ["fail"])
    assert (result.exit_code, result.stderr.strip()) == (130, "")


def test_without_a_command_the_help_is_shown() -> None:
    result = CliRunner().invoke(real, [])
    assert result.exit_code == 2
    for name in ("demo", "serve", "import", "token", "migrate", "schema"):
        assert name in result.stderr


def test_unknown_commands_are_misuse() -> None:
    result = CliRunner().invoke(real, ["frob"], prog_name="newsgraph")
    assert (result.exit_code, result.stderr) == (2, "newsgraph: No such command 'frob'. (See newsgraph --help.)\n")
