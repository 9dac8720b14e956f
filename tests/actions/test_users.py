"""People: recognised from their tokens, and kept out where they must be."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from newsgraph.actions import users
from newsgraph.actions.users import RestrictUser
from newsgraph.domain.errors import CommentErrorCode, FaultCode
from newsgraph.domain.events import UserChanged
from newsgraph.domain.users import Claims, Role, User
from tests.actions.conftest import Desk, fault, problem


@pytest.fixture
def claims(now: datetime) -> Claims:
    return Claims("sso:1", "Kim", Role.READER, now, None)


async def user(desk: Desk, user_id: int | None) -> User:
    (found,) = await desk.read(lambda session: session.users.by_ids([user_id or 0]))
    return found


# Recognising


async def test_somebody_new_is_kept_once(desk: Desk, claims: Claims) -> None:
    viewers = await asyncio.gather(*(users.recognise(desk.newsroom, claims) for _ in range(5)))
    [viewer] = set(viewers)
    assert viewer.role is Role.READER
    assert await desk.events() == [UserChanged(viewer.user_id or 0)]
    assert (await user(desk, viewer.user_id)).name == "Kim"


async def test_the_same_token_again_writes_nothing(desk: Desk, claims: Claims) -> None:
    viewer = await users.recognise(desk.newsroom, claims)
    statements: list[str] = []
    desk.newsroom.store.on_statement = statements.append  # type: ignore[attr-defined]
    assert await users.recognise(desk.newsroom, claims) == viewer
    assert [text for text in statements if not text.lstrip().startswith("SELECT")] == []


async def test_newer_claims_change_name_and_role(desk: Desk, claims: Claims) -> None:
    first = await users.recognise(desk.newsroom, claims)
    await desk.events()
    later = claims.issued_at + timedelta(seconds=1)
    promoted = replace(claims, name="Kim Lee", role=Role.EDITOR, issued_at=later)
    viewer = await users.recognise(desk.newsroom, promoted)
    assert (viewer.user_id, viewer.role) == (first.user_id, Role.EDITOR)
    assert (await user(desk, viewer.user_id)).name == "Kim Lee"
    assert await desk.events() == [UserChanged(viewer.user_id or 0)]


async def test_older_claims_change_nothing(desk: Desk, claims: Claims) -> None:
    earlier = claims.issued_at - timedelta(hours=1)
    viewer = await users.recognise(desk.newsroom, claims)
    await desk.events()
    old = replace(claims, name="Old", role=Role.ADMIN, issued_at=earlier)
    assert await users.recognise(desk.newsroom, old) == viewer
    assert (await user(desk, viewer.user_id)).name == "Kim"
    assert await desk.events() == []


async def test_an_unused_token_brings_no_lost_role_back(desk: Desk, claims: Claims) -> None:
    """Reader, then editor (a token never used), then reader again: the second token comes too late."""
    first, second, third = (claims.issued_at + timedelta(hours=hours) for hours in range(3))
    await users.recognise(desk.newsroom, replace(claims, issued_at=first))
    await desk.events()
    await users.recognise(desk.newsroom, replace(claims, issued_at=third))
    assert await desk.events() == []
    late = await users.recognise(desk.newsroom, replace(claims, issued_at=second, role=Role.EDITOR))
    assert late.role is Role.READER


# Restricting


async def restrict(desk: Desk, user_id: int | None, by: Role = Role.MODERATOR, **changes: Any) -> int:
    return await users.restrict(desk.newsroom, desk.who(by), RestrictUser(user_id or 0, **changes))


async def test_suspending_banning_and_lifting(desk: Desk) -> None:
    reader = desk.who(Role.READER).user_id
    until = desk.clock() + timedelta(days=1)
    steps: list[tuple[dict[str, Any], tuple[datetime | None, bool]]] = [
        ({"suspended_until": until}, (until, False)),
        ({"banned": True, "reason": "spam"}, (until, True)),
        ({"suspended_until": None}, (None, True)),
        ({"banned": False}, (None, False)),
    ]
    for changes, (suspended, banned) in steps:
        assert await restrict(desk, reader, **changes) == reader
        found = await user(desk, reader)
        assert (found.suspended_until, found.banned) == (suspended, banned)
        assert await desk.events() == [UserChanged(reader or 0)]
    await restrict(desk, reader)
    await restrict(desk, reader, banned=False)
    assert await desk.events() == []


async def test_a_new_token_lifts_no_ban(desk: Desk, claims: Claims) -> None:
    viewer = await users.recognise(desk.newsroom, claims)
    await restrict(desk, viewer.user_id, banned=True)
    later = claims.issued_at + timedelta(hours=1)
    await users.recognise(desk.newsroom, replace(claims, name="New", issued_at=later))
    assert (await user(desk, viewer.user_id)).banned


@pytest.mark.parametrize("role", [Role.READER, Role.STAFF, Role.EDITOR])
@pytest.mark.parametrize("by", [Role.MODERATOR, Role.ADMIN])
async def test_moderators_restrict_others(desk: Desk, by: Role, role: Role) -> None:
    await restrict(desk, desk.who(role).user_id, by, banned=True)
    assert (await user(desk, desk.who(role).user_id)).banned


@pytest.mark.parametrize("by", [Role.MODERATOR, Role.ADMIN])
async def test_nobody_restricts_themself_or_an_admin(desk: Desk, by: Role) -> None:
    other = await desk.viewer("Other", Role.ADMIN)
    for target in (desk.who(by).user_id, other.user_id):
        assert await fault(restrict(desk, target, by, banned=True)) is FaultCode.FORBIDDEN
        assert not (await user(desk, target)).banned


async def test_there_must_be_somebody(desk: Desk) -> None:
    found = await problem(restrict(desk, 999, banned=True))
    assert (found.code, found.field) == (CommentErrorCode.NOT_FOUND, ("input", "userId"))
