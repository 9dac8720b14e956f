"""The demo's people: commenters, a silent crowd that reacts, an editor and a moderator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from newsgraph.actions import users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.demo.newsroom import Content
from newsgraph.domain.users import Claims, Role, Viewer

_CROWD = 60  # more than any comment of the content has reactions


@dataclass(frozen=True, slots=True)
class People:
    editor: Viewer
    moderator: Viewer
    readers: dict[str, Viewer]
    crowd: tuple[Viewer, ...]


async def gather(newsroom: Newsroom, content: Content) -> People:
    """The same people each time, created where they are new."""
    return People(
        editor=await _person(newsroom, "desk:editor", "News desk", Role.EDITOR),
        moderator=await _person(newsroom, "desk:moderator", "Community desk", Role.MODERATOR),
        readers={name: await _person(newsroom, f"reader:{name}", name) for name in content.readers},
        crowd=tuple([await _person(newsroom, f"crowd:{n}", f"Reader {n}") for n in range(_CROWD)]),
    )


async def _person(newsroom: Newsroom, subject: str, name: str, role: Role = Role.READER) -> Viewer:
    return await users.recognise(newsroom, Claims(f"demo:{subject}", name, role, datetime.now(UTC), None))
