"""What ports.receipts promises."""

# ruff: noqa: B023 -- each lambda is used up before its loop goes on

from __future__ import annotations

import pytest

from newsgraph.ports.store import Refused
from tests.contract.room import Room


async def test_a_receipt_belongs_to_one_person_mutation_and_key(room: Room) -> None:
    kim, lee = await room.user("kim"), await room.user("lee")
    await room.write(lambda s: s.receipts.keep(kim.id, "postComment", "k1", '{"id":1}'))
    assert await room.read(lambda s: s.receipts.find(kim.id, "postComment", "k1")) == '{"id":1}'
    for user, mutation, key in ((lee, "postComment", "k1"), (kim, "editComment", "k1"), (kim, "postComment", "k2")):
        assert await room.read(lambda s: s.receipts.find(user.id, mutation, key)) is None


async def test_a_receipt_is_not_overwritten(room: Room) -> None:
    kim = await room.user("kim")
    await room.write(lambda s: s.receipts.keep(kim.id, "m", "k", "first"))
    with pytest.raises(Refused):
        await room.write(lambda s: s.receipts.keep(kim.id, "m", "k", "second"))
    assert await room.read(lambda s: s.receipts.find(kim.id, "m", "k")) == "first"


async def test_prune_drops_the_old_ones(room: Room) -> None:
    kim = await room.user("kim")
    for key in ("1", "2", "3"):
        await room.write(lambda s: s.receipts.keep(kim.id, "m", key, "x"))
        room.clock.tick(hours=1)
    before = room.clock.now.replace(hour=14)
    assert await room.write(lambda s: s.receipts.prune(before)) == 2
    assert await room.read(lambda s: s.receipts.find(kim.id, "m", "2")) is None
    assert await room.read(lambda s: s.receipts.find(kim.id, "m", "3")) == "x"
