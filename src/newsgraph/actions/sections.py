"""Sections, each with the lists that every section has."""

from __future__ import annotations

from newsgraph.actions import lists
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.events import SectionChanged
from newsgraph.domain.lists import list_title, standard_keys
from newsgraph.domain.sections import Section
from newsgraph.domain.text import one_line, slugify
from newsgraph.ports.store import Session


async def ensure(session: Session, name: str) -> Section:
    """The section whose slug is the name's, made with its lists when there is none.

    Errors: ValueError for a name without any letter or digit.
    """
    slug = slugify(name)
    if not slug:
        raise ValueError(f"{name!r} has no letter or digit and can name no section")
    known = await session.sections.by_slug(slug)
    if known is not None:
        return known
    section = await session.sections.insert(slug, one_line(name))
    await _create_lists(session, section)
    session.log.append(SectionChanged(slug))
    return section


async def prepare(newsroom: Newsroom) -> None:
    """Makes the lists of the whole site exist. Only reads when they do."""
    keys = [str(key) for key in standard_keys(None)]
    found = await newsroom.store.read(lambda session: session.lists.by_keys(keys))
    if len(found) < len(keys):
        await newsroom.store.write(lambda session: _create_lists(session, None))


async def _create_lists(session: Session, section: Section | None) -> None:
    slug, label, section_id = (section.slug, section.label, section.id) if section else (None, None, None)
    for key in standard_keys(slug):
        await session.lists.create(str(key), list_title(key, label), section_id)
        await lists.refresh(session, key)
