"""Resolvers of people: who asks, and who commented."""

from __future__ import annotations

import strawberry

from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import User
from newsgraph.graph.comments import require_moderator
from newsgraph.graph.context import Info


async def viewer(info: Info) -> User | None:
    user_id = info.context.viewer.user_id
    return None if user_id is None else await info.context.loaders.user.load(user_id)


async def standing(root: User, info: Info) -> User:
    require_moderator(info.context)
    return root


def viewer_id(root: User) -> strawberry.ID:
    return strawberry.ID(global_id("Viewer", root.id))


def commenter_id(root: User) -> strawberry.ID:
    return strawberry.ID(global_id("Commenter", root.id))


def commenter(root: User) -> User:
    return root
