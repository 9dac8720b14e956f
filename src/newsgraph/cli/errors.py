"""How a failed command ends: one line on standard error and an exit status, never a traceback."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

import click

from newsgraph.domain.errors import Fault, Problem
from newsgraph.engine.persisted import BadTrusted
from newsgraph.observe import LOG
from newsgraph.rehearsal.player import RehearsalFailed
from newsgraph.rehearsal.storyboard import StoryboardError
from newsgraph.settings import SettingsError
from newsgraph.storage.migrations import UnusableDatabase

FAILED = 1
MISUSED = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class Shell(click.Group):
    """A group whose commands return their exit status (None: 0) and whose errors are one line each."""

    def main(self, *args: Any, **options: Any) -> Any:
        try:
            status = super().main(*args, **{**options, "standalone_mode": False})
        except click.Abort:
            status = INTERRUPTED
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            status = error.exit_code
        except Exception as error:
            status, message = explain(error)
            click.echo(f"newsgraph: {' '.join(message.split())}", err=True)
            LOG.debug("where it was raised", exc_info=error)
        sys.exit(status or 0)


def explain(error: Exception) -> tuple[int, str]:
    """The exit status that an error deserves, and what to say of it."""
    match error:
        case ExceptionGroup():
            return explain(error.exceptions[0])
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "newsgraph"
            return MISUSED, f"{error.format_message()} (See {command} --help.)"
        case click.ClickException():
            return error.exit_code, error.format_message()
        case SettingsError() | StoryboardError():
            return MISUSED, str(error)
        case _:
            return FAILED, _reason(error)


def _reason(error: Exception) -> str:
    match error:
        case OSError(filename=str(), strerror=str()):
            return f"{error.filename}: {error.strerror}"
        case OSError() | Fault() | Problem() | UnusableDatabase() | BadTrusted() | RehearsalFailed() | sqlite3.Error():
            return str(error)
        case _:
            return f"{type(error).__name__}: {error} (a defect; --log-level DEBUG shows where)"
