"""Who is signed in on this process's open connections, and what ends that: expiry, revocation, a ban, another role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import Entry, TokensRevoked, UserChanged
from newsgraph.domain.users import ANONYMOUS, SignIn, User, too_old
from newsgraph.observe import LOG, report_fault
from newsgraph.policies.access import viewer_of
from newsgraph.ports.store import Session as StoreSession
from newsgraph.ports.store import Store

_RETRY = 1.0  # seconds after which people are looked up again when that has failed


class Holder(Protocol):
    """The connection that a session belongs to."""

    def resume(self) -> None:
        """The session is sure again: what was held back may go out."""
        ...

    def expel(self, fault: Fault) -> None:
        """The session is over, for this reason: nothing goes out any more."""
        ...


class Session:
    """One sign-in of one connection. Whoever delivers something asks `holds` first, each time.

    A session in doubt does not hold: its person has changed in some way and has not been looked up yet.
    """

    __slots__ = ("_clock", "_expires_at", "_holder", "_issued_at", "banned", "doubtful", "viewer")

    def __init__(self, sign_in: SignIn, clock: Callable[[], datetime], holder: Holder) -> None:
        self.viewer = sign_in.viewer
        self.doubtful = False
        self.banned: bool | None = None  # not known before the first look
        self._expires_at = sign_in.expires_at
        self._issued_at = sign_in.issued_at
        self._clock = clock
        self._holder = holder

    def holds(self) -> bool:
        if self._expires_at is not None and self._clock() >= self._expires_at:
            self._holder.expel(Fault(FaultCode.UNAUTHENTICATED, "The token has expired."))
            return False
        return not self.doubtful

    def look(self, user: User | None, revoked_before: datetime | None) -> None:
        """The person as they are now; None when there is no such person any more. Everybody's tokens from before
        `revoked_before` are refused.
        """
        fault = self._objection(user, revoked_before)
        if fault is not None:
            self._holder.expel(fault)
        elif self.doubtful:
            self.doubtful = False
            self._holder.resume()

    def _objection(self, user: User | None, revoked_before: datetime | None) -> Fault | None:
        if user is None:
            return Fault(FaultCode.UNAUTHENTICATED, "This account does not exist any more.")
        if too_old(self._issued_at, user.revoked_before, None if user.is_service else revoked_before):
            return Fault(FaultCode.UNAUTHENTICATED, "The token was revoked.")
        banned_before, self.banned = self.banned, user.banned
        if user.banned and banned_before is False:
            return Fault(FaultCode.FORBIDDEN, "This account may not take part any more.")
        if viewer_of(user) != self.viewer:
            return Fault(FaultCode.FORBIDDEN, "The role of this account has changed.")
        return None


class _Nobody:
    """Holds the session of everybody who has not signed in: nothing ends it, and nothing holds it back."""

    def resume(self) -> None: ...

    def expel(self, fault: Fault) -> None: ...


class Sessions:
    """All sessions of one process. It follows the log ahead of the streams (live.tail.Applier).

    A session begins in doubt, since its person may have changed while their token was being verified.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._of: dict[int, set[Session]] = {}
        self._doubted: set[int] = set()
        self._called = asyncio.Event()
        self._looked = asyncio.Event()
        self.anonymous = Session(SignIn(ANONYMOUS), clock, _Nobody())

    def __len__(self) -> int:
        """Sessions of signed-in people that are open now."""
        return sum(map(len, self._of.values()))

    def open(self, sign_in: SignIn, holder: Holder) -> Session:
        """Close it with the connection. Nothing of `holder` is called before this has returned."""
        user_id = sign_in.viewer.user_id
        if user_id is None:
            return self.anonymous
        session = Session(sign_in, self._clock, holder)
        self._of.setdefault(user_id, set()).add(session)
        self._doubt([user_id])
        return session

    def close(self, session: Session) -> None:
        user_id = session.viewer.user_id
        if user_id is None or user_id not in self._of:
            return
        self._of[user_id].discard(session)
        if not self._of[user_id]:
            del self._of[user_id]

    async def settled(self, session: Session) -> None:
        """Waits while the session is in doubt: for ever when it is expelled, so that its connection has to end this."""
        while session.doubtful:
            await self._looked.wait()

    def apply(self, entries: Sequence[Entry]) -> None:
        if any(isinstance(entry.event, TokensRevoked) for entry in entries):
            self._doubt(tuple(self._of))
        self._doubt(entry.event.user_id for entry in entries if isinstance(entry.event, UserChanged))

    def lose(self, seq: int) -> None:
        self._doubt(tuple(self._of))

    def trim(self, _seq: int) -> None:
        """What is known of people stays as it is."""

    def _doubt(self, user_ids: Iterable[int]) -> None:
        for user_id in user_ids:
            for session in self._of.get(user_id, ()):
                session.doubtful = True
                self._doubted.add(user_id)
        if self._doubted:
            self._called.set()

    async def run(self) -> None:
        """Looks up whoever is in doubt, until cancelled."""
        while True:
            await self._called.wait()
            self._called.clear()
            doubted, self._doubted = self._doubted, set()
            try:
                await self._look_up(doubted)
            except Exception as error:
                _report(error)
                await asyncio.sleep(_RETRY)
                self._doubt(doubted)

    async def _look_up(self, user_ids: set[int]) -> None:
        """What changes while they are read puts them in doubt again, and they are read again."""

        async def look(session: StoreSession) -> tuple[Sequence[User], datetime | None]:
            return await session.users.by_ids(list(user_ids)), await session.users.revoked_before()

        users, revoked_before = await self._store.read(look)
        found = {user.id: user for user in users}
        for user_id in user_ids - self._doubted:
            for session in tuple(self._of.get(user_id, ())):
                session.look(found.get(user_id), revoked_before)
        self._looked.set()
        self._looked = asyncio.Event()


def _report(error: Exception) -> None:
    if isinstance(error, Fault):
        LOG.warning("people cannot be looked up, trying again: %s", error)
    else:
        report_fault(error, "looking up people")
