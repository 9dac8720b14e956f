"""The databases that are read: newsgraph's own tables, filled in bulk once and kept in `build/bench/`.

Everything but the database's epoch is the same each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from newsgraph import app
from newsgraph.actions import lists, sections
from newsgraph.domain.cursors import global_id
from newsgraph.domain.lists import Curation, ListFamily, ListKey, standard_keys
from newsgraph.domain.views import ViewCount
from newsgraph.ports.store import Session
from newsgraph.settings import Settings
from read.filling import NOW, Shape, fill

FOLDER = Path(__file__).parents[2] / "build" / "bench"
_SECTIONS = ["World", "Coast", "Harbour", "Valley", "Markets", "Workshop", "Science", "Stage", "Sport", "Letters"]
_READ = 400  # articles that have been read today, evenly spread
_PINNED = 2  # at the head of "Must-Reads"


@dataclass(frozen=True, slots=True)
class Story:
    """One of the articles that are asked for."""

    slug: str
    id: str


def database(name: str, shape: Shape) -> Path:
    """The file, made when there is none yet for this shape, these tables and this way of filling them."""
    path = FOLDER / f"{name}-{_digest(shape)}.db"
    if not path.exists():
        started = time.monotonic()
        print(f"building {path.name}: {shape.articles:,} articles ...", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        for old in FOLDER.glob(f"{name}-*"):
            old.unlink()
        new = path.with_suffix(".new")
        asyncio.run(_build(new, shape))
        new.rename(path)
        print(f"  {path.stat().st_size / 1e6:,.0f} MB in {time.monotonic() - started:.0f} s", flush=True)
    return path


def stories(path: Path, shape: Shape) -> list[Story]:
    """In the order of their ids."""
    with closing(sqlite3.connect(path)) as connection:
        found = [connection.execute("SELECT slug FROM articles WHERE id = ?", (key,)) for key in shape.stories]
        slugs = [str(slug) for cursor in found for (slug,) in cursor]
    return [Story(slug, global_id("Article", key)) for slug, key in zip(slugs, shape.stories, strict=True)]


def _digest(shape: Shape) -> str:
    own = [Path(__file__).with_stem(name) for name in ("database", "filling", "words")]
    texts = [repr(shape), *(source.read_text("utf-8") for source in (*own, *_migrations()))]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:10]


def _migrations() -> Iterator[Path]:
    for file in files("newsgraph.storage.migrations").iterdir():
        if file.name.endswith(".sql"):
            yield Path(str(file))


async def _build(path: Path, shape: Shape) -> None:
    settings = Settings(database=f"sqlite:///{path}")
    async with app.open_newsroom(settings, clock=lambda: NOW) as newsroom:
        for name in _SECTIONS:
            await newsroom.store.write(partial(sections.ensure, name=name))
        found = await newsroom.store.read(lambda session: session.sections.all())
    await asyncio.to_thread(_fill, path, shape, [section.id for section in found])
    async with app.open_newsroom(settings, clock=lambda: NOW) as newsroom:
        await newsroom.store.write(partial(_rank, shape=shape))
        for story in shape.stories:
            await lists.ensure_related(newsroom, story)


def _fill(path: Path, shape: Shape, section_ids: list[int]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        fill(connection, shape, section_ids)


async def _rank(session: Session, shape: Shape) -> None:
    """What has been read, what editors have pinned, and all lists as they follow from that."""
    step = max(1, shape.articles // _READ)
    read = range(step, shape.articles + 1, step)
    await session.views.add([ViewCount(key, 1 + key * 37 % 900) for key in read])
    pins = Curation(pinned=tuple(shape.stories[:_PINNED]))
    await session.lists.set_curation(str(ListKey(ListFamily.MUST_READS)), pins)
    for slug in (None, *(section.slug for section in await session.sections.all())):
        for key in standard_keys(slug):
            await lists.refresh(session, key)
