"""Sections come with their lists, authors with their slugs."""

from __future__ import annotations

import asyncio

import pytest

from newsgraph.actions import authors, sections
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.authors import Byline
from newsgraph.domain.events import AuthorChanged, SectionChanged
from newsgraph.ports.store import Store
from newsgraph.settings import Settings
from tests.actions.conftest import Desk

STANDARD = ["latest", "must-reads", "popular@hour", "popular", "popular@week", "popular@month", "popular@all_time"]


async def test_the_whole_sites_lists_are_made_once(store: Store) -> None:
    newsroom = Newsroom(store, Settings())
    await asyncio.gather(sections.prepare(newsroom), sections.prepare(newsroom))
    await sections.prepare(newsroom)
    found = await store.read(lambda session: session.lists.by_keys(STANDARD))
    assert {stored.list.key for stored in found} == set(STANDARD)
    assert {stored.list.title for stored in found} == {"Latest Stories", "Must-Reads", "Popular Now"}


async def test_a_section_is_made_with_its_lists(desk: Desk) -> None:
    section = await desk.newsroom.store.write(lambda session: sections.ensure(session, " Fish &  Ships "))
    assert (section.slug, section.name) == ("fish-ships", "Fish & Ships")
    keys = ["latest/fish-ships", "must-reads/fish-ships", "popular/fish-ships", "popular/fish-ships@week"]
    found = await desk.read(lambda session: session.lists.by_keys(keys))
    assert len(found) == len(keys)
    assert {stored.list.section_id for stored in found} == {section.id}
    assert (await desk.listed("latest/fish-ships")).list.title == "[FISH & SHIPS] Latest Stories"
    assert await desk.events() == [SectionChanged("fish-ships")]


async def test_a_known_section_is_found_by_any_spelling(desk: Desk) -> None:
    for name in ("News", "news", " NEWS "):
        section = await desk.newsroom.store.write(lambda session, name=name: sections.ensure(session, name))  # type: ignore[misc]
        assert section.name == "News"
    assert await desk.events() == []


async def test_authors_are_made_and_completed(desk: Desk) -> None:
    for byline in (Byline("Cy Pen"), Byline("Cy Pen"), Byline("cy pen", bio="Writes."), Byline("Cy Pen", bio="More")):
        await desk.newsroom.store.write(lambda session, byline=byline: authors.ensure(session, byline))  # type: ignore[misc]
    (author,) = await desk.read(lambda session: session.authors.by_slugs(["cy-pen"]))
    assert (author.name, author.bio) == ("Cy Pen", "Writes.")
    assert await desk.events() == [AuthorChanged("cy-pen")] * 2


async def test_names_need_a_letter(desk: Desk) -> None:
    with pytest.raises(ValueError, match="section"):
        await desk.newsroom.store.write(lambda session: sections.ensure(session, "!!!"))
    with pytest.raises(ValueError, match="author"):
        await desk.newsroom.store.write(lambda session: authors.ensure(session, Byline("…")))
