"""What ports.sections promises."""

from __future__ import annotations

import pytest

from newsgraph.ports.store import Refused
from tests.contract.room import Room


async def test_sections_are_in_page_order_and_new_ones_at_its_end(room: Room) -> None:
    sections = [await room.section(slug) for slug in ("world", "asia", "sport")]
    assert list(await room.read(lambda s: s.sections.all())) == sections
    assert [section.name for section in sections] == ["World", "Asia", "Sport"]
    assert sorted(section.position for section in sections) == [section.position for section in sections]


async def test_by_slug(room: Room) -> None:
    asia = await room.section("asia")
    assert await room.read(lambda s: s.sections.by_slug("asia")) == asia
    assert await room.read(lambda s: s.sections.by_slug("nowhere")) is None


async def test_a_slug_is_unique(room: Room) -> None:
    await room.section("asia")
    with pytest.raises(Refused):
        await room.write(lambda s: s.sections.insert("asia", "Again"))
