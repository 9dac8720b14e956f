"""Keys of services: made, used and revoked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.errors import CommentErrorCode, Fault, FaultCode, Problem, ProblemDetail
from newsgraph.domain.events import UserChanged
from newsgraph.domain.keys import ApiKey
from newsgraph.domain.users import Claims, Role, SignIn, Viewer
from newsgraph.ports.store import Session

PREFIX = "ngk_"  # by which programs that look for secrets find it
_BYTES = 32
_START = 12  # characters that are kept to tell keys apart: 48 bits of 256 are known then


async def create(newsroom: Newsroom, name: str, role: Role, expires_at: datetime | None) -> str:
    """The key itself, which is kept nowhere: only its hash is."""
    key = PREFIX + secrets.token_urlsafe(_BYTES)

    async def change(session: Session) -> None:
        # The subject begins with a blank, which no token's does.
        user = await session.users.recognise(Claims(f" key {key[:_START]}", name, role, session.now, None))
        await session.keys.insert(_digest(key), key[:_START], user.id, expires_at)
        session.log.append(UserChanged(user.id))

    await newsroom.store.write(change)
    return key


async def listed(newsroom: Newsroom) -> Sequence[ApiKey]:
    return await newsroom.store.read(lambda session: session.keys.all())


async def revoke(newsroom: Newsroom, start: str) -> ApiKey:
    """By what the key begins with. Its streams end, in every process. Errors: Problem NOT_FOUND."""

    async def change(session: Session) -> ApiKey:
        found = next((key for key in await session.keys.all() if key.start == start[:_START]), None)
        if found is None:
            raise Problem(ProblemDetail(CommentErrorCode.NOT_FOUND, "No key begins like this."))
        await session.keys.revoke(found.id)
        await session.users.revoke(found.user_id, session.now + timedelta(milliseconds=1))
        session.log.append(UserChanged(found.user_id))
        return found

    return await newsroom.store.write(change)


async def recognise(newsroom: Newsroom, key: str, now: datetime) -> SignIn:
    """Whom a key speaks for. Errors: Fault(UNAUTHENTICATED)."""
    found = await newsroom.store.read(lambda session: session.keys.by_hash(_digest(key)))
    if found is None or found.revoked_at is not None:
        raise Fault(FaultCode.UNAUTHENTICATED, "This key is not known, or not any more.")
    if found.expires_at is not None and found.expires_at <= now:
        raise Fault(FaultCode.UNAUTHENTICATED, "This key has expired.")
    if found.used_at is None or found.used_at.date() < now.date():
        await newsroom.store.write(lambda session: session.keys.used(found.id))
    return SignIn(Viewer(found.user_id, found.role), found.expires_at, found.created_at)


def _digest(key: str) -> str:
    """A fast hash: nobody guesses 256 random bits, however fast; slow ones are for what people think up."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
