"""Plays a storyboard: scene after scene, against a clock, or as it is told to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from newsgraph.domain.errors import Fault, Problem
from newsgraph.rehearsal.house import House
from newsgraph.rehearsal.stage import Stage
from newsgraph.rehearsal.storyboard import Scene


class RehearsalFailed(Exception):
    """A scene cannot be played in this newsroom; the message has its line."""


@dataclass(slots=True)
class Player:
    """`speed`: seconds of the storyboard in one of the clock. `steps`: each scene waits until it is told to come.

    `say` is told what happens, in a line. `tokens`: of the people, by their names, for clients.
    """

    stage: Stage
    house: House
    tokens: Mapping[str, str]
    speed: float = 1.0
    steps: bool = False
    say: Callable[[str], None] = lambda _line: None
    state: str = "waiting"
    note: str = ""
    played: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _playing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def scenes(self) -> tuple[Scene, ...]:
        return self.stage.board.scenes

    async def perform(self) -> None:
        """To the end. Begins when somebody listens, unless it is told to before. Errors: RehearsalFailed."""
        if not self.steps:
            await self.house.audience.wait()
            if self.state == "waiting":
                await self.go_on()
        await self.over.wait()
        if self.state == "failed":
            raise RehearsalFailed(self.note)

    async def go_on(self) -> None:
        """To the next pause, or the end; with `steps`, one scene."""
        async with self._playing:
            while self.played < len(self.scenes) and self.state != "failed":
                self.state, self.note = "playing", ""
                await self._play(self.scenes[self.played])
                if self.state == "paused":
                    return
            if self.state != "failed":
                self.state = "over"
            self.over.set()

    async def _play(self, scene: Scene) -> None:
        if not self.steps:
            await asyncio.sleep(scene.after / self.speed)
        self.say(f"{self.played + 1}/{len(self.scenes)} {scene.action} {_short(scene)}".rstrip())
        try:
            await self._act(scene)
        except (Problem, Fault) as error:
            self.state, self.note = "failed", f"line {scene.line}: {scene.action}: {error}"
            return
        self.played += 1
        last = self.played == len(self.scenes)
        if (self.steps and not last) or scene.action == "pause":
            self.state, self.note = "paused", scene.given.get("note", "")

    async def _act(self, scene: Scene) -> None:
        match scene.action:
            case "pause":
                pass
            case "wait":
                await self.house.audience.wait()
            case "drop":
                await self.house.drop(scene.given["for"] / self.speed)
            case "restart":
                await self.house.restart(scene.given["for"] / self.speed)
            case "reset":
                await self.house.reset(scene.given["reason"])
            case _:
                await self.stage.act(scene)

    def status(self) -> dict[str, Any]:
        """As JSON says it to whoever directs the rehearsal."""
        return {
            "title": self.stage.board.title,
            "state": self.state,
            "note": self.note,
            "played": self.played,
            "scenes": len(self.scenes),
            "ids": dict(self.stage.ids),
            "tokens": dict(self.tokens),
        }


def _short(scene: Scene) -> str:
    return " ".join(f"{name}={value}" for name, value in scene.given.items())[:100]


def directing(player: Player) -> Starlette:
    """GET says how far it is; POST goes on, and is answered at the next pause or at the end."""

    async def direct(request: Request) -> Response:
        if request.method == "POST":
            await player.go_on()
        return JSONResponse(player.status(), 500 if player.state == "failed" else 200)

    return Starlette(routes=[Route("/", direct, methods=["GET", "POST"])])
