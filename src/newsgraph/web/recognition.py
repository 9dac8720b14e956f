"""From a token to who it speaks for: the signature, the rules, the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from newsgraph import sources
from newsgraph.actions import keys, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.auth import tokens
from newsgraph.auth.keys import Ages, Keyring, read_keys
from newsgraph.auth.tokens import Trust, UnknownKey
from newsgraph.domain.users import Claims, SignIn
from newsgraph.live.callers import Callers
from newsgraph.settings import Settings, SettingsError

_SHORT = timedelta(minutes=5)  # of a token for scripts; they ask for another one when they need it


class Recognition:
    """Made once for each process; `callers` is what HTTP and WebSocket ask. Errors: settings.SettingsError.

    `secret` is believed (HS256) unless it is empty. `keyring` has an identity provider's keys, if one is configured.
    """

    def __init__(self, newsroom: Newsroom, secret: str, clock: Callable[[], datetime]) -> None:
        settings = newsroom.settings
        self._newsroom = newsroom
        self._clock = clock
        self._trust = Trust(secret, rules=tokens.rules_of(settings))
        self.callers = Callers(self._recognise, settings.caller_cache, clock)
        self.keyring: Keyring | None = None
        if settings.jwks:
            ages = Ages(settings.jwks_refresh, settings.jwks_cooldown, settings.jwks_keep)
            self.keyring = Keyring(partial(sources.read_jwks, settings), ages, self.callers.clear)

    async def _recognise(self, token: str) -> SignIn:
        if token.startswith(keys.PREFIX):
            return await keys.recognise(self._newsroom, token, self._clock())
        claims = await self._verified(token)
        viewer = await users.recognise(self._newsroom, claims)
        return SignIn(viewer, self._trust.rules.good_until(claims), claims.issued_at)

    async def shorten(self, token: str) -> str:
        """A token for the same person that ends soon, where we can sign one; else the token itself.

        It is as old as the one it is made from, so that both are revoked together. Errors: Fault(UNAUTHENTICATED).
        """
        if not self._trust.secret or token.startswith(keys.PREFIX):
            return token
        claims, ends = await self._verified(token), self._clock() + _SHORT
        if claims.expires_at is not None:
            ends = min(ends, claims.expires_at)
        return tokens.issue(self._trust.secret, replace(claims, expires_at=ends), self._trust.rules)

    async def _verified(self, token: str) -> Claims:
        try:
            return self._verify(token)
        except UnknownKey:
            if self.keyring is None:
                raise
        await self.keyring.look_again()
        return self._verify(token)

    def _verify(self, token: str) -> Claims:
        trust = self._trust
        if self.keyring is not None:
            trust = Trust(trust.secret, self.keyring.current(), trust.rules)
        return tokens.verify(trust, token, self._clock())


async def opened(newsroom: Newsroom, clock: Callable[[], datetime]) -> Recognition:
    """With the keys loaded, if they can be. Without a provider and a secret it is the database's own that counts."""
    settings = newsroom.settings
    secret = settings.secret or ("" if settings.jwks else await newsroom.store.secret())
    recognition = Recognition(newsroom, secret, clock)
    if recognition.keyring is not None:
        await recognition.keyring.refresh()
    return recognition


async def check(settings: Settings) -> None:
    """So that what is wrong is said before anything is served. A provider that cannot be reached may come back.

    Errors: SettingsError.
    """
    tokens.rules_of(settings)
    if settings.jwks and "://" not in settings.jwks:
        try:
            read_keys(await sources.read_jwks(settings))
        except (OSError, ValueError) as error:
            raise SettingsError(f"jwks: {settings.jwks} {error}.") from None
