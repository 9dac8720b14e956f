"""What ports.authors promises."""

# ruff: noqa: B023 -- each lambda is used up before its loop goes on

from __future__ import annotations

import pytest

from newsgraph.domain.authors import Author, Byline
from newsgraph.domain.pages import Slice
from tests.contract.room import Room, walk


async def test_upsert_creates_then_finds(room: Room) -> None:
    byline = Byline("Ada Writer", "ada@news.example", "Writes.", "https://img.example/ada.jpg")
    author, changed = await room.write(lambda s: s.authors.upsert("ada-writer", byline))
    assert changed
    assert author == Author(
        author.id, "ada-writer", "Ada Writer", "ada@news.example", "Writes.", "https://img.example/ada.jpg"
    )
    assert await room.write(lambda s: s.authors.upsert("ada-writer", byline)) == (author, False)
    assert list(await room.read(lambda s: s.authors.by_ids([author.id, 999]))) == [author]
    assert list(await room.read(lambda s: s.authors.by_slugs(["ada-writer", "nobody"]))) == [author]


async def test_upsert_completes_what_the_row_lacks_and_keeps_the_rest(room: Room) -> None:
    await room.write(lambda s: s.authors.upsert("ada", Byline("Ada", None, "Writes.")))
    author, changed = await room.write(lambda s: s.authors.upsert("ada", Byline("ADA", "ada@x.example", "Other.")))
    assert changed
    assert (author.name, author.email, author.bio) == ("Ada", "ada@x.example", "Writes.")
    assert list(await room.read(lambda s: s.authors.by_ids([author.id]))) == [author]
    assert await room.write(lambda s: s.authors.upsert("ada", Byline("Ada", "new@x.example"))) == (author, False)


async def test_authors_of_articles_are_in_byline_order(room: Room) -> None:
    ada, bob, eve = [await room.author(name) for name in ("ada", "bob", "eve")]
    first, second = await room.article([eve.id, ada.id, bob.id]), await room.article([bob.id])
    bare = await room.article()
    found = await room.read(lambda s: s.authors.of_articles([second.id, first.id, bare.id]))
    assert list(found[first.id]) == [eve, ada, bob]
    assert list(found[second.id]) == [bob]
    assert not found.get(bare.id)
    await room.write(lambda s: s.articles.set_authors(first.id, [bob.id, eve.id]))
    assert list((await room.read(lambda s: s.authors.of_articles([first.id])))[first.id]) == [bob, eve]


@pytest.mark.parametrize("backward", [False, True])
async def test_the_page_is_by_name_then_id(room: Room, backward: bool) -> None:
    for slug, name in (("1", "Zoe"), ("2", "Ada"), ("3", "Ada"), ("4", "Émile"), ("5", "ada"), ("6", "Ada")):
        await room.write(lambda s: s.authors.upsert(slug, Byline(name)))
    for size in (1, 2, 4, 9):
        rows = await walk(
            lambda asked: room.read(lambda s: s.authors.page(asked)), lambda a: (a.name, a.id), size, backward
        )
        assert [author.slug for author in rows] == ["2", "3", "6", "1", "5", "4"]
    between = Slice(9, after=("Ada", rows[1].id), before=("ada", rows[4].id))
    assert [a.slug for a in await room.read(lambda s: s.authors.page(between))] == ["6", "1"]
    assert await room.read(lambda s: s.authors.count()) == 6
