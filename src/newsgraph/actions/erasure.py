"""What is held on one person: handed out, and erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.threads import apply
from newsgraph.domain.comments import CommentStatus, ReactionKind
from newsgraph.domain.errors import CommentErrorCode, Problem, ProblemDetail
from newsgraph.domain.events import CommentCause, UserChanged
from newsgraph.domain.users import User
from newsgraph.ports.store import Session

_COUNTS = {
    ReactionKind.LIKE: "likes",
    ReactionKind.INSIGHTFUL: "insightfuls",
    ReactionKind.DISAGREE: "disagrees",
}


class Mode(Enum):
    """What becomes of a person's comments."""

    TOMBSTONE = "tombstone"
    ANONYMOUS = "anonymous"


async def export(newsroom: Newsroom, subject: str) -> Mapping[str, Any]:
    """All that is held on the person, by kind; times are in milliseconds since 1970. Errors: Problem NOT_FOUND."""

    async def query(session: Session) -> Mapping[str, Any]:
        return await session.users.held((await _person(session, subject)).id)

    return await newsroom.store.read(query)


async def erase(newsroom: Newsroom, subject: str, mode: Mode) -> int:
    """Everything of the person is gone or no longer theirs, in one transaction; returns how many comments it was.

    Whoever comes with this subject afterwards is somebody new. Errors: Problem NOT_FOUND.
    """

    async def change(session: Session) -> int:
        user = await _person(session, subject)
        await _take_back(session, user)
        comments = await session.users.comments(user.id)
        for comment_id in comments:
            await _unsay(session, comment_id, mode)
        await session.users.forget(user.id)
        session.log.append(UserChanged(user.id))
        return len(comments)

    return await newsroom.store.write(change)


async def _person(session: Session, subject: str) -> User:
    found = await session.users.by_subject(subject.strip())
    if found is None:
        raise Problem(ProblemDetail(CommentErrorCode.NOT_FOUND, "Nobody is known by this subject."))
    return found


async def _take_back(session: Session, user: User) -> None:
    """Their reactions and reports, and what these counted."""
    for comment_id in await session.users.reacted(user.id):
        thread = list(await session.comments.chain(comment_id))
        kind = await session.comments.set_reaction(comment_id, user.id, None)
        if kind is not None:
            count = {_COUNTS[kind]: getattr(thread[0], _COUNTS[kind]) - 1}
            await apply(session, thread, replace(thread[0], **count), CommentCause.REACTED)
    for comment_id in await session.users.take_back_flags(user.id):
        thread = list(await session.comments.chain(comment_id))
        if thread[0].flag_count:  # a moderator's approval may have answered it
            after = replace(thread[0], flag_count=thread[0].flag_count - 1)
            await apply(session, thread, after, CommentCause.FLAGGED)


async def _unsay(session: Session, comment_id: int, mode: Mode) -> None:
    thread = list(await session.comments.chain(comment_id))
    if mode is Mode.ANONYMOUS:
        await apply(session, thread, thread[0], CommentCause.EDITED)
        return
    after = replace(thread[0], status=CommentStatus.REMOVED, body="", featured=False)
    await apply(session, thread, after, CommentCause.REMOVED)
