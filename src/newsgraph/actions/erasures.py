"""What is held on one person: handed out, and erased."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from newsgraph.actions.newsroom import Newsroom
from newsgraph.actions.threads import apply
from newsgraph.domain.comments import CommentStatus, ReactionKind
from newsgraph.domain.erasures import Erasure, Mode
from newsgraph.domain.errors import CommentErrorCode, Problem, ProblemDetail
from newsgraph.domain.events import CommentCause, UserChanged
from newsgraph.domain.users import User
from newsgraph.ports.store import Session

_PART = 50  # comments, reactions or reports in one transaction: some 15 ms, for which other changes wait
_IDLE = timedelta(minutes=1)  # after which whoever was at it is believed to be gone

_COUNTS = {
    ReactionKind.LIKE: "likes",
    ReactionKind.INSIGHTFUL: "insightfuls",
    ReactionKind.DISAGREE: "disagrees",
}


async def export(newsroom: Newsroom, subject: str) -> Mapping[str, Any]:
    """All that is held on the person, by kind; times are in milliseconds since 1970. Errors: Problem NOT_FOUND."""

    async def query(session: Session) -> Mapping[str, Any]:
        return await session.erasures.held((await _person(session, subject)).id)

    return await newsroom.store.read(query)


async def begin(newsroom: Newsroom, subject: str, mode: Mode) -> Sequence[Erasure]:
    """The account is nobody's from now on: whoever comes with this subject afterwards is somebody new.

    Returns what is to be finished, with what was begun for the subject before. Errors: Problem NOT_FOUND.
    """
    name = subject.strip()

    async def change(session: Session) -> Sequence[Erasure]:
        begun = await session.erasures.of_subject(name)
        if not begun or await session.users.by_subject(name):
            user = await _person(session, name)
            await session.erasures.begin(user, mode)
            session.log.append(UserChanged(user.id))
        return await session.erasures.of_subject(name)

    return await newsroom.store.write(change)


async def erase(newsroom: Newsroom, subject: str, mode: Mode) -> int:
    """Everything of the person is gone or no longer theirs; returns how many comments it was.

    The account goes at once, the rest in many small transactions. What stops it in the middle does no harm: asked for
    again it goes on, and a server that finds it left alone does so by itself. Errors: Problem NOT_FOUND.
    """
    return sum([await _finish(newsroom, one) for one in await begin(newsroom, subject, mode)])


async def go_on(newsroom: Newsroom) -> None:
    """Finishes what was begun and then left alone."""

    async def query(session: Session) -> Sequence[Erasure]:
        return await session.erasures.idle(session.now - _IDLE)

    for begun in await newsroom.store.read(query):
        await _finish(newsroom, begun)


async def _person(session: Session, subject: str) -> User:
    found = await session.users.by_subject(subject.strip())
    if found is None:
        raise Problem(ProblemDetail(CommentErrorCode.NOT_FOUND, "Nobody is known by this subject."))
    return found


async def _finish(newsroom: Newsroom, begun: Erasure) -> int:
    """Nothing can be added meanwhile, since every change asks for the account first. Returns the number of comments."""
    for part in (_take_back_reactions, _take_back_flags, _unsign):
        await _all_parts(newsroom, begun, part)
    comments = await _all_parts(newsroom, begun, _unsay)
    await newsroom.store.write(lambda session: session.erasures.finish(begun.user_id))
    return comments


Part = Callable[[Session, Erasure], Awaitable[int]]
"""Does a part of the work; returns how much of it, 0 when nothing is left."""


async def _all_parts(newsroom: Newsroom, begun: Erasure, part: Part) -> int:
    """Between two transactions others have as much time as one took: who waits in another process looks again and
    again whether the file is free, and would seldom find it so.
    """

    async def change(session: Session) -> int:
        await session.erasures.note(begun.user_id)
        return await part(session, begun)

    loop, total = asyncio.get_running_loop(), 0
    while True:
        since = loop.time()
        done = await newsroom.store.write(change)
        if not done:
            return total
        total += done
        await asyncio.sleep(loop.time() - since)


async def _take_back_reactions(session: Session, begun: Erasure) -> int:
    found = await session.erasures.reacted(begun.user_id, _PART)
    for comment_id in found:
        thread = list(await session.comments.chain(comment_id))
        kind = await session.comments.set_reaction(comment_id, begun.user_id, None)
        if kind is not None:
            count = {_COUNTS[kind]: getattr(thread[0], _COUNTS[kind]) - 1}
            await apply(session, thread, replace(thread[0], **count), CommentCause.REACTED)
    return len(found)


async def _take_back_flags(session: Session, begun: Erasure) -> int:
    found = await session.erasures.take_back_flags(begun.user_id, _PART)
    for comment_id, counts in found.items():
        thread = list(await session.comments.chain(comment_id))
        if counts and thread[0].flag_count:
            after = replace(thread[0], flag_count=thread[0].flag_count - 1)
            await apply(session, thread, after, CommentCause.FLAGGED)
    return len(found)


async def _unsign(session: Session, begun: Erasure) -> int:
    return await session.erasures.unsign(begun.user_id, _PART)


async def _unsay(session: Session, begun: Erasure) -> int:
    found = await session.erasures.comments(begun.user_id, _PART)
    for comment_id in found:
        thread = list(await session.comments.chain(comment_id))
        if begun.mode is Mode.ANONYMOUS:
            await apply(session, thread, thread[0], CommentCause.EDITED)
        else:
            after = replace(thread[0], status=CommentStatus.REMOVED, body="", featured=False)
            await apply(session, thread, after, CommentCause.REMOVED)
    if found:
        await session.erasures.hand_over(found)
    return len(found)
