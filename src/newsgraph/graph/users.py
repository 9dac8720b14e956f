"""Resolvers of people: who asks, and who commented."""

from __future__ import annotations

import strawberry

from newsgraph.domain.cursors import global_id
from newsgraph.domain.tags import MODERATION
from newsgraph.domain.users import Role, User
from newsgraph.graph.comments import require_moderator
from newsgraph.graph.context import Context, Info


async def viewer(info: Info) -> User | None:
    user_id = info.context.viewer.user_id
    return None if user_id is None else await info.context.loaders.user.load(user_id)


async def visible(context: Context, user_id: int) -> User | None:
    """By their number alone people are found who have commented in public: else anybody could read the names of all who
    have ever signed in. Moderators find everybody, and each finds themself.
    """
    user = await context.loaders.user.load(user_id)
    context.depends.apart.add(user_id)
    context.depends.on(MODERATION)
    viewer = context.viewer
    if user is None or viewer.user_id == user_id or viewer.has(Role.MODERATOR):
        return user
    return user if await context.read(lambda session: session.comments.published_of(user_id, 0, 1)) else None


async def standing(root: User, info: Info) -> User:
    require_moderator(info.context)
    return root


def viewer_id(root: User) -> strawberry.ID:
    return strawberry.ID(global_id("Viewer", root.id))


def commenter_id(root: User) -> strawberry.ID:
    return strawberry.ID(global_id("Commenter", root.id))


def commenter(root: User) -> User:
    return root
