"""What ports.users promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from newsgraph.domain.erasures import Mode
from newsgraph.domain.users import Claims, Role, User
from tests.contract.room import Room


async def test_a_person_is_created_once(room: Room) -> None:
    claims = Claims("idp|1", "Kim", Role.MODERATOR, room.clock(), None)
    user = await room.write(lambda s: s.users.recognise(claims))
    assert user == User(user.id, "idp|1", "Kim", Role.MODERATOR, None, False, room.clock())
    assert await room.write(lambda s: s.users.recognise(claims)) == user
    assert await room.read(lambda s: s.users.by_subject("idp|1")) == user
    assert list(await room.read(lambda s: s.users.by_ids([user.id, 999]))) == [user]
    assert await room.read(lambda s: s.users.by_subject("idp|2")) is None


async def test_newer_claims_update_and_older_ones_change_nothing(room: Room) -> None:
    at = room.clock()
    old = Claims("1", "Kim", Role.EDITOR, at, None)
    new = Claims("1", "Kim Lee", Role.READER, at + timedelta(seconds=1), None)
    first = await room.write(lambda s: s.users.recognise(old))
    second = await room.write(lambda s: s.users.recognise(new))
    assert (second.id, second.name, second.role) == (first.id, "Kim Lee", Role.READER)
    assert await room.write(lambda s: s.users.recognise(old)) == second
    assert await room.read(lambda s: s.users.by_subject("1")) == second


async def test_restrictions_outlive_new_claims(room: Room) -> None:
    user, until = await room.user("kim"), room.clock() + timedelta(days=1)
    asked = replace(user, suspended_until=until, banned=True, premoderated=True)
    assert await room.write(lambda s: s.users.restrict(asked)) == asked
    room.clock.tick(hours=1)
    again = await room.user("kim")
    assert (again.suspended_until, again.banned, again.premoderated) == (until, True, True)
    readmitted = await room.write(lambda s: s.users.restrict(user))
    assert (readmitted.suspended_until, readmitted.banned, readmitted.premoderated) == (None, False, False)


async def test_people_are_found_by_a_part_of_their_name(room: Room) -> None:
    for subject in ("kim", "akim", "KIMBERLY", "lee", " key kim"):
        await room.user(subject)
    gone = await room.user("kimono")
    await room.write(lambda s: s.erasures.begin(gone, Mode.TOMBSTONE))
    for text in ("kim", "KIM"):
        found = await room.read(lambda s, text=text: s.users.named(text, 9))  # type: ignore[misc]
        assert [user.subject for user in found] == ["akim", "kim", "KIMBERLY"]
    assert [user.subject for user in await room.read(lambda s: s.users.named("kim", 1))] == ["akim"]
    assert list(await room.read(lambda s: s.users.named("%", 9))) == []


async def test_nobody_cannot_be_restricted(room: Room) -> None:
    nobody = replace(await room.user("kim"), id=999)
    with pytest.raises(LookupError):
        await room.write(lambda s: s.users.restrict(nobody))


async def test_the_time_before_which_tokens_are_refused_never_goes_back(room: Room) -> None:
    assert await room.read(lambda s: s.users.revoked_before()) is None
    now, day = room.clock(), timedelta(days=1)
    for asked, noted in ((now, now), (now - day, now), (now + day, now + day)):
        assert await room.write(lambda s, asked=asked: s.users.revoke_all(asked)) == noted  # type: ignore[misc]
        assert await room.read(lambda s: s.users.revoked_before()) == noted


async def test_nobody_is_given_a_receipt_who_is_not_there(room: Room) -> None:
    kim = await room.user("kim")
    await room.write(lambda s: s.erasures.begin(kim, Mode.TOMBSTONE))
    await room.write(lambda s: s.receipts.keep(kim.id, "m", "k", "{}"))
    assert await room.read(lambda s: s.receipts.find(kim.id, "m", "k")) is None
