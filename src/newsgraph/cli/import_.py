"""`newsgraph import`: take in feeds and files."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import click

from newsgraph import app
from newsgraph.actions.imports import BATCH, ImportReport, import_drafts
from newsgraph.actions.newsroom import Newsroom
from newsgraph.cli.options import STORE, with_settings
from newsgraph.domain.articles import ArticleDraft
from newsgraph.domain.errors import Fault, ImportErrorCode
from newsgraph.importers import ImportFormatError
from newsgraph.parsing import Parser
from newsgraph.settings import Settings, declared
from newsgraph.sources import Source, SourceError, read_sources

UNUSABLE = ImportErrorCode.UNUSABLE.value
_IMPORT = [
    *("embed_hosts", "link_rel"),
    *(setting.name for setting in declared() if setting.name.startswith("import_")),
]


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item of a source that could not be used; `where` is its place in the source, or its own id."""

    source: str
    where: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A source of which nothing could be used."""

    source: str
    code: str
    reason: str


@dataclass(slots=True)
class Tally:
    """What has been done so far. `skipped` are files in a folder that are nothing to import."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    failed: list[Unread] = field(default_factory=list)
    skipped: list[Unread] = field(default_factory=list)

    def add(self, source: str, report: ImportReport) -> None:
        self.created += report.created
        self.updated += report.updated
        self.unchanged += report.unchanged
        self.rejected += [Rejected(source, one.where, UNUSABLE, one.reason) for one in report.rejected]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where everything goes, and whether somebody watches it go."""

    newsroom: Newsroom
    parser: Parser
    section: str
    watched: bool
    tally: Tally = field(default_factory=Tally)


@click.command(name="import")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--section", default="News", show_default=True, help="Section of articles whose source names none.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@click.option("--quiet", is_flag=True, help="Print nothing but what went wrong.")
@with_settings(*STORE, *_IMPORT)
def import_(settings: Settings, sources: tuple[str, ...], section: str, as_json: bool, quiet: bool) -> int:
    """Import articles from files, folders, http(s) addresses, or standard input (-).

    RSS, Atom, JSON Feed and JSON Lines are told apart by what they contain. What was imported before is found again:
    changed articles are updated, the others left alone. Items that cannot be used are listed, and the rest goes in.

    The exit status is 1 when a source could not be read or nothing of it could be used.
    """
    watched = sys.stderr.isatty() and not quiet
    tally = asyncio.run(_import(settings, sources, section, watched))
    if as_json:
        click.echo(json.dumps(asdict(tally), ensure_ascii=False))
    else:
        _tell(tally, quiet)
    return 1 if tally.failed else 0


async def _import(settings: Settings, sources: Sequence[str], section: str, watched: bool) -> Tally:
    async with app.open_newsroom(settings) as newsroom, Parser(settings) as parser:
        desk = Desk(newsroom, parser, section, watched)
        async for source in read_sources(sources, settings):
            if isinstance(source, SourceError):
                list_ = desk.tally.skipped if source.skipped else desk.tally.failed
                list_.append(Unread(source.name, source.code.value, source.reason))
            else:
                try:
                    await _take(desk, source)
                except Fault as fault:  # of the database: the sources after this one would meet it, too
                    desk.tally.failed.append(Unread(source.name, ImportErrorCode.UNAVAILABLE.value, fault.message))
                    break
    return desk.tally


async def _take(desk: Desk, source: Source) -> None:
    tally = desk.tally
    try:
        parsed = await desk.parser.parse(source.data, source.name, source.content_type)
    except ImportFormatError as error:
        stranger = source.listed and error.code is ImportErrorCode.NOT_SUPPORTED
        list_ = tally.skipped if stranger else tally.failed
        list_.append(Unread(source.name, error.code.value, error.message))
        return
    used = tally.created + tally.updated + tally.unchanged
    tally.rejected += [Rejected(source.name, one.where, one.code.value, one.reason) for one in parsed.broken]
    await _store(desk, source.name, parsed.drafts)
    if parsed.items and tally.created + tally.updated + tally.unchanged == used:
        tally.failed.append(Unread(source.name, UNUSABLE, "none of its items can be used"))


async def _store(desk: Desk, name: str, drafts: Sequence[ArticleDraft]) -> None:
    batches = [drafts[start : start + BATCH] for start in range(0, len(drafts), BATCH)]
    with click.progressbar(length=len(drafts), label=_shown(name), file=sys.stderr, hidden=not desk.watched) as bar:
        for batch in batches:
            desk.tally.add(name, await import_drafts(desk.newsroom, batch, desk.section))
            bar.update(len(batch))


def _tell(tally: Tally, quiet: bool) -> None:
    """What went wrong to standard error, the rest to standard output."""
    for one in tally.rejected:
        click.echo(_shown(f"{one.source}: {one.where}: {one.reason}"), err=True)
    for source in tally.failed:
        click.echo(_shown(f"newsgraph: {source.source}: {source.reason}"), err=True)
    if quiet:
        return
    for source in tally.skipped:
        click.echo(_shown(f"{source.source}: skipped, {source.reason}"))
    counts = f"{tally.created} created, {tally.updated} updated, {tally.unchanged} unchanged"
    click.echo(f"{counts}, {len(tally.rejected)} rejected")


def _shown(text: str) -> str:
    """What others have written must not move the cursor of whoever reads it."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
