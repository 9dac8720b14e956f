"""`newsgraph schema`: the GraphQL schema as text."""

from __future__ import annotations

from pathlib import Path

import click

from newsgraph.graph.schema import sdl


@click.command(name="schema")
@click.option(
    "--check",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Print nothing; exit 1 when FILE says something else.",
)
def schema(check: Path | None) -> int:
    """Print the GraphQL schema in its definition language."""
    text = sdl().rstrip("\n") + "\n"
    if check is None:
        click.echo(text, nl=False)
        return 0
    if check.read_text("utf-8") == text:
        return 0
    raise click.ClickException(f"{check} is not the schema of this version: newsgraph schema > {check}")
