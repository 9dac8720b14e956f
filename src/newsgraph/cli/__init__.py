"""The command line: one command a file. Nothing else of the package knows it."""

from __future__ import annotations

import click

from newsgraph import __version__
from newsgraph.cli.check import check
from newsgraph.cli.demo import demo
from newsgraph.cli.errors import Shell
from newsgraph.cli.import_ import import_
from newsgraph.cli.key import key
from newsgraph.cli.migrate import migrate
from newsgraph.cli.replay import replay
from newsgraph.cli.schema import schema
from newsgraph.cli.serve import serve
from newsgraph.cli.token import token
from newsgraph.cli.user import user
from newsgraph.cli.vacuum import vacuum


@click.group(cls=Shell, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="newsgraph")
def cli() -> None:
    """A GraphQL news service with live updates.

    Every setting is an option of `serve`, and an environment variable that starts with NEWSGRAPH_.
    """


for command in (demo, replay, serve, import_, token, key, user, check, vacuum, migrate, schema):
    cli.add_command(command)


def main() -> None:
    cli(prog_name="newsgraph")
