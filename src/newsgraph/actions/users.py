"""People: recognising who asks, and keeping out who may not take part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsgraph.actions.newsroom import Call, Keep, Newsroom, kept, once, require
from newsgraph.domain.errors import CommentErrorCode, Fault, FaultCode, Problem, ProblemDetail
from newsgraph.domain.events import TokensRevoked, UserChanged
from newsgraph.domain.text import one_line
from newsgraph.domain.users import Claims, Role, User, Viewer, too_old
from newsgraph.observe import LOG
from newsgraph.policies.access import viewer_of
from newsgraph.ports.store import Session


async def recognise(newsroom: Newsroom, claims: Claims) -> Viewer:
    """Who asks, from a verified token; writes only for somebody new and for newer claims.

    Newer claims that say the same are noted too: else an older token, issued in between and never used, could
    bring back a role that was taken away.
    """
    known = await newsroom.store.read(lambda session: _known(session, claims))
    if known is None or claims.issued_at > known.claims_at:
        known = await newsroom.store.write(lambda session: _recognised(session, claims))
    return viewer_of(known)


async def _known(session: Session, claims: Claims) -> User | None:
    """Errors: UNAUTHENTICATED for a token that was revoked, also of somebody who was never here."""
    known, everybody = await session.users.by_subject(claims.subject), await session.users.revoked_before()
    if too_old(claims.issued_at, everybody, known.revoked_before if known else None):
        raise Fault(FaultCode.UNAUTHENTICATED, "The token was revoked.")
    return known


async def _recognised(session: Session, claims: Claims) -> User:
    before = await _known(session, claims)
    after = await session.users.recognise(claims)
    if before is None or (before.name, before.role) != (after.name, after.role):
        session.log.append(UserChanged(after.id))
    return after


async def named(newsroom: Newsroom, text: str, limit: int) -> Sequence[User]:
    """People whose names have the text in them."""
    return await newsroom.store.read(lambda session: session.users.named(text.strip(), limit))


async def author_of(newsroom: Newsroom, comment_id: int) -> User:
    """Errors: Problem NOT_FOUND, also when it is nobody's any more."""

    async def query(session: Session) -> User | None:
        found = await session.comments.by_ids([comment_id])
        people = await session.users.by_ids([comment.user_id for comment in found])
        return next((one for one in people if not one.is_service), None)

    author = await newsroom.store.read(query)
    if author is None:
        raise Problem(ProblemDetail(CommentErrorCode.NOT_FOUND, "Nobody is known by this comment."))
    return author


async def revoke(newsroom: Newsroom, subject: str, before: datetime) -> datetime:
    """Refuses the person's tokens that were issued before, in every process, and ends their sessions.

    Returns the time that holds now, which is never earlier than one that was given before. Errors: Problem NOT_FOUND.
    """

    async def change(session: Session) -> datetime:
        known = await session.users.by_subject(subject)
        if known is None:
            raise Problem(ProblemDetail(CommentErrorCode.NOT_FOUND, "Nobody has come with this subject yet."))
        after = await session.users.revoke(known.id, before)
        session.log.append(UserChanged(known.id))
        return after.revoked_before or before

    return await newsroom.store.write(change)


async def revoke_all(newsroom: Newsroom, before: datetime) -> datetime:
    """The same of everybody, whoever may come with a token of before; keys of services are not tokens, and stay.

    Returns the time that holds now.
    """

    async def change(session: Session) -> datetime:
        since = await session.users.revoke_all(before)
        session.log.append(TokensRevoked())
        return since

    return await newsroom.store.write(change)


@dataclass(frozen=True, slots=True)
class RestrictUser:
    """`suspended_until` None lifts a suspension, `banned` and `premoderated` None leave what holds."""

    user_id: int
    suspended_until: datetime | Keep | None = Keep.KEEP
    banned: bool | None = None
    premoderated: bool | None = None
    reason: str | None = None
    key: str | None = None


async def restrict(newsroom: Newsroom, viewer: Viewer, command: RestrictUser) -> int:
    """Errors: NOT_FOUND; Fault FORBIDDEN for oneself and for an ADMIN."""
    user_id = require(viewer, Role.MODERATOR)

    async def change(session: Session) -> int:
        before = await _restrictable(session, user_id, command.user_id)
        after = await session.users.restrict(_restricted(before, command))
        if after != before:
            session.log.append(UserChanged(after.id))
            LOG.info("user %d restricted by %d: %s", after.id, user_id, one_line(command.reason or "no reason given"))
        return before.id

    return await once(newsroom, Call(user_id, "restrictUser", command.key), change)


def _restricted(user: User, command: RestrictUser) -> User:
    return replace(
        user,
        suspended_until=kept(command.suspended_until, user.suspended_until),
        banned=user.banned if command.banned is None else command.banned,
        premoderated=user.premoderated if command.premoderated is None else command.premoderated,
    )


async def _restrictable(session: Session, by: int, user_id: int) -> User:
    found = await session.users.by_ids([user_id])
    if not found:
        raise Problem(ProblemDetail(CommentErrorCode.NOT_FOUND, "There is no such person.", ("input", "userId")))
    if user_id == by or found[0].role is Role.ADMIN:
        raise Fault(FaultCode.FORBIDDEN, "Nobody restricts themself or an administrator.")
    return found[0]
