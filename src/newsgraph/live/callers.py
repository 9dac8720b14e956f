"""Who calls, remembered: a token is verified and its person looked up once, until something of that changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from newsgraph.domain.events import Entry, TokensRevoked, UserChanged
from newsgraph.domain.users import SignIn

_AGE = timedelta(hours=1)  # after which even an unchanged caller is looked up again


@dataclass(frozen=True, slots=True)
class _Caller:
    sign_in: SignIn
    until: datetime


class Callers:
    """From a token to who it speaks for. Kept are hashes of tokens, at most `most`, of those that `recognise` takes.

    It follows the log (live.tail.Applier) and forgets whoever has changed in any way.
    """

    def __init__(self, recognise: Callable[[str], Awaitable[SignIn]], most: int, clock: Callable[[], datetime]) -> None:
        self._recognise = recognise
        self._most = most
        self._clock = clock
        self._known: OrderedDict[bytes, _Caller] = OrderedDict()
        self._of: dict[int, set[bytes]] = {}
        self._changes = 0

    def __len__(self) -> int:
        return len(self._known)

    async def __call__(self, token: str) -> SignIn:
        """Errors: Fault(UNAUTHENTICATED), Fault(UNAVAILABLE)."""
        key = sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(key)
        if known is not None and self._clock() < known.until:
            self._known.move_to_end(key)
            return known.sign_in
        changes = self._changes
        sign_in = await self._recognise(token)
        if changes == self._changes:  # else it may say what was true before
            self._keep(key, sign_in)
        return sign_in

    def _keep(self, key: bytes, sign_in: SignIn) -> None:
        user_id, until = sign_in.viewer.user_id, self._clock() + _AGE
        if user_id is None or not self._most:
            return
        self._known[key] = _Caller(sign_in, min(until, sign_in.expires_at or until))
        self._of.setdefault(user_id, set()).add(key)
        while len(self._known) > self._most:
            self._drop(next(iter(self._known)))

    def _drop(self, key: bytes) -> None:
        caller = self._known.pop(key)
        user_id = caller.sign_in.viewer.user_id
        if user_id is not None:
            self._of[user_id].discard(key)
            if not self._of[user_id]:
                del self._of[user_id]

    def clear(self) -> None:
        """Everybody is to be verified anew."""
        self._changes += 1
        self._known.clear()
        self._of.clear()

    def apply(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if isinstance(entry.event, TokensRevoked):
                self.clear()
            elif isinstance(entry.event, UserChanged):
                self._changes += 1
                for key in tuple(self._of.get(entry.event.user_id, ())):
                    self._drop(key)

    def lose(self, seq: int) -> None:
        self.clear()

    def trim(self, _seq: int) -> None:
        """What is known of callers stays as it is."""
