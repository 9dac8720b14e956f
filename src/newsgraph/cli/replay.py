"""`newsgraph replay`: a storyboard, played for a frontend under test."""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import click
import uvicorn
from starlette.types import ASGIApp

from newsgraph import app
from newsgraph.auth.tokens import issue, rules_of
from newsgraph.cli.options import with_settings
from newsgraph.cli.serving import announce, server_options
from newsgraph.rehearsal.house import House, started
from newsgraph.rehearsal.player import Player, directing
from newsgraph.rehearsal.stage import Stage, StageClock
from newsgraph.rehearsal.storyboard import Storyboard, StoryboardError, read_storyboard
from newsgraph.settings import Settings

_OURS = files("newsgraph.rehearsal") / "storyboards"


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is played."""

    speed: float
    steps: bool
    once: bool
    stage_port: int


@click.command(name="replay")
@click.argument("storyboard", required=False)
@click.option("--list", "listed", is_flag=True, help="Name the storyboards that newsgraph has, and what they show.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 1_000), default=1.0, show_default=True, help="20 is 20 times as fast."
)
@click.option("--steps", is_flag=True, help="Play one scene for each POST to the stage door, whatever the clock says.")
@click.option("--once", is_flag=True, help="End when it is over.")
@click.option("--stage-port", type=int, default=8001, show_default=True, help="Port of the stage door; 0: any.")
@with_settings("host", "port", "site_url", "allowed_origins", "log_level")
def replay(settings: Settings, storyboard: str | None, listed: bool, **manner: float) -> int:
    """Play a storyboard: comments, rejections, lists that move, connections that break, resets.

    STORYBOARD is a YAML file, or the name of one of newsgraph's own. What it begins with is served, and its scenes
    follow as soon as somebody listens to a stream. Pages of any site may ask, unless allowed_origins names some. The
    exit status is 1 when a scene could not be played.
    """
    if listed or storyboard is None:
        return _show_all()
    board = _read(storyboard)
    with tempfile.TemporaryDirectory(prefix="newsgraph-replay-") as folder:
        chosen = replace(
            settings,
            **board.settings,
            allowed_origins=settings.allowed_origins or "*",
            database=f"sqlite:///{Path(folder) / 'replay.db'}",
            workers=1,
            jwks="",
        )
        try:
            asyncio.run(_replay(board, chosen, Manner(**manner)))  # type: ignore[arg-type]
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 0
    return 0


def _show_all() -> int:
    for name, text in sorted(_own().items()):
        board = read_storyboard(text)
        click.echo(f"{name:<12}{board.title}. {board.about}")
    return 0


def _own() -> dict[str, str]:
    return {one.name[:-4]: one.read_text("utf-8") for one in _OURS.iterdir() if one.name.endswith(".yml")}


def _read(name: str) -> Storyboard:
    text = _own().get(name)
    try:
        return read_storyboard(Path(name).read_text("utf-8") if text is None else text)
    except UnicodeDecodeError:
        raise StoryboardError(f"{name} is no UTF-8.") from None
    except StoryboardError as error:
        raise StoryboardError(f"{name}: {error}") from None


async def _replay(board: Storyboard, settings: Settings, manner: Manner) -> None:
    _end_on_sigterm()
    async with rehearsing(board, settings, manner) as (player, stage_door):
        announce(player.stage.newsroom.settings)
        click.echo(f"{'Stage':<10}{stage_door}")
        for name, token in player.tokens.items():
            click.echo(f"{'Token':<10}{name}: {token}")
        await player.perform()
        if not manner.once:
            await asyncio.Event().wait()


def _end_on_sigterm() -> None:
    task = asyncio.current_task()
    with suppress(NotImplementedError):  # on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: task and task.cancel())


@asynccontextmanager
async def rehearsing(board: Storyboard, settings: Settings, manner: Manner) -> AsyncIterator[tuple[Player, str]]:
    """The newsroom of the storyboard, served; who plays it, and the address of the stage door."""
    front = _listening(settings.host, settings.port)
    settings = replace(settings, port=front.getsockname()[1])
    clock = StageClock()
    async with app.open_newsroom(settings, clock=clock) as newsroom:
        stage = Stage(newsroom, clock, board)
        await stage.set_up()
        house = House(app.database_path(settings), lambda seen: _Server(seen.before(app.build(settings)), settings))
        player = Player(stage, house, await _tokens(stage), manner.speed, manner.steps, click.echo)
        async with _open(house, front), _stage_door(player, settings.host, manner.stage_port) as stage_door:
            yield player, stage_door


class _Server(uvicorn.Server):
    """Leaves signals to the command: it is one of several that are started and stopped here."""

    def __init__(self, application: ASGIApp, settings: Settings) -> None:
        super().__init__(uvicorn.Config(application, **server_options(settings)))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise OSError(f"cannot listen on {host} port {port}: {error.strerror}.") from None


async def _tokens(stage: Stage) -> dict[str, str]:
    settings = stage.newsroom.settings
    secret = settings.secret or await stage.newsroom.store.secret()
    return {name: issue(secret, stage.claims(name), rules_of(settings)) for name in stage.board.people}


@asynccontextmanager
async def _open(house: House, front: socket.socket) -> AsyncIterator[None]:
    await house.open()
    wire = await asyncio.start_server(house.wire.accept, sock=front)
    try:
        yield
    finally:
        await house.close()
        wire.close()
        await house.wire.close()


@asynccontextmanager
async def _stage_door(player: Player, host: str, port: int) -> AsyncIterator[str]:
    """Its address."""
    opened = _listening(host, port)
    server = _Server(directing(player), player.stage.newsroom.settings)
    serving = await started(server, opened)
    try:
        yield f"http://{host}:{opened.getsockname()[1]}/"
    finally:
        server.should_exit = True
        await serving
