"""The outside rule over HTTP: a signed question, as Standard Webhooks has it, and an answer within a stated time."""

from __future__ import annotations

import asyncio
import binascii
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import uuid4

import httpx

from newsgraph import __version__
from newsgraph.domain.comments import CommentStatus, Opinion
from newsgraph.domain.cursors import global_id
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.text import shorten
from newsgraph.observe import LOG
from newsgraph.ports.outside import OutsideRule, Question
from newsgraph.settings import Settings, SettingsError

_ANSWER_MAX = 10_000  # bytes; a verdict and a sentence are a hundred
_REASON_MAX = 500  # code points that the history keeps
_BASE64 = "whsec_"
_VERDICTS = {
    "publish": CommentStatus.PUBLISHED,
    "hold": CommentStatus.PENDING,
    "withhold": CommentStatus.WITHHELD,
    "reject": CommentStatus.REJECTED,
}
_UNANSWERED = {"publish": CommentStatus.PUBLISHED, "hold": CommentStatus.PENDING}


class NoAnswer(Exception):
    """The other side gave none that can be used; the message completes a sentence that begins with its address."""


@asynccontextmanager
async def open_outside(settings: Settings, clock: Callable[[], datetime]) -> AsyncIterator[OutsideRule | None]:
    """None where no address is set. Errors: SettingsError, for a secret that cannot be used."""
    if not settings.moderation_hook:
        yield None
        return
    key = secret_key(settings.moderation_hook_secret)
    try:
        httpx.URL(settings.moderation_hook)
    except httpx.InvalidURL as error:
        raise SettingsError(f"moderation_hook: {error}.") from None
    async with await asyncio.to_thread(_client, settings) as client:
        yield Webhook(settings, key, client, clock)


def _client(settings: Settings) -> httpx.AsyncClient:
    """Goes to the address that was set and nowhere else: no redirects, no proxy. Reads certificates from the disk."""
    return httpx.AsyncClient(
        timeout=settings.moderation_hook_timeout,
        trust_env=False,
        limits=httpx.Limits(max_connections=settings.moderation_hook_concurrency),
        headers={"User-Agent": f"newsgraph/{__version__}", "Accept": "application/json", "Accept-Encoding": "identity"},
    )


def secret_key(secret: str) -> bytes:
    """The bytes that sign: what follows whsec_ in base64, or the text itself."""
    if not secret.startswith(_BASE64):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(_BASE64), validate=True)
    except binascii.Error:
        raise SettingsError("moderation_hook_secret: whsec_ is not followed by base64.") from None


def signature(key: bytes, message: tuple[str, int, bytes]) -> str:
    """Of a message's id, its time in seconds since the epoch, and its body (Standard Webhooks, "Signature scheme")."""
    id_, at, body = message
    return "v1," + b64encode(hmac.digest(key, f"{id_}.{at}.".encode() + body, "sha256")).decode()


class Breaker:
    """Spares who asks the wait for somebody who does not answer.

    After `patience` failures in a row nobody is let through for `pause` seconds; then one is, to see how it is now.
    `patience` 0: everybody always is. `clock`: seconds that never go back.
    """

    def __init__(self, patience: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    def lets_through(self) -> bool:
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._until:
            return False
        self._until = now + self._pause
        return True

    @property
    def is_open(self) -> bool:
        return 0 < self._patience <= self._failures

    def failed(self) -> bool:
        """Whether this was one too many."""
        self._failures += 1
        if not self.is_open:
            return False
        self._until = self._clock() + self._pause
        return self._failures == self._patience

    def worked(self) -> bool:
        """Whether it did not work before."""
        was_open, self._failures = self.is_open, 0
        return was_open


class Webhook:
    """Implements ports.outside.OutsideRule. At most so many questions wait at once; others wait for their turn."""

    def __init__(
        self, settings: Settings, key: bytes, client: httpx.AsyncClient, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._key = key
        self._client = client
        self._clock = clock
        self._turns = asyncio.Semaphore(settings.moderation_hook_concurrency)
        self._breaker = Breaker(settings.moderation_hook_patience, settings.moderation_hook_pause)

    async def ask(self, question: Question) -> Opinion:
        if not self._breaker.lets_through():
            return self._without()
        try:
            async with asyncio.timeout(self._settings.moderation_hook_timeout), self._turns:
                return self._answered(read_opinion(await self._answer(question)))
        except TimeoutError:
            return self._unanswered("did not answer in time")
        except httpx.HTTPError as error:
            return self._unanswered(f"cannot be reached: {error or type(error).__name__}")
        except NoAnswer as error:
            return self._unanswered(str(error))

    async def _answer(self, question: Question) -> bytes:
        body = json.dumps(described(question), ensure_ascii=False).encode(errors="replace")
        id_, at = f"msg_{uuid4().hex}", int(self._clock().timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self._key, (id_, at, body)),
        }
        url = self._settings.moderation_hook
        async with self._client.stream("POST", url, content=body, headers=headers) as response:
            if response.status_code == 204:
                return b'{"verdict": "publish"}'
            if response.status_code != 200:
                raise NoAnswer(f"answered HTTP {response.status_code}")
            return await _bounded(response)

    def _answered(self, opinion: Opinion) -> Opinion:
        if self._breaker.worked():
            LOG.info("moderation_hook answers again")
        return opinion

    def _unanswered(self, why: str) -> Opinion:
        """Nothing of the comment is logged."""
        LOG.warning("moderation_hook %s", why)
        if self._breaker.failed():
            LOG.warning("moderation_hook is not asked for %g seconds", self._settings.moderation_hook_pause)
        return self._without()

    def _without(self) -> Opinion:
        """As the setting has it. Errors: Fault(UNAVAILABLE)."""
        failure = self._settings.moderation_hook_failure
        if failure == "refuse":
            raise Fault(FaultCode.UNAVAILABLE, "Comments cannot be checked at present. Try again in a little while.")
        return Opinion(_UNANSWERED[failure], "no answer")


async def _bounded(response: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > _ANSWER_MAX:
            raise NoAnswer(f"answered more than {_ANSWER_MAX:,} bytes")
    return bytes(data)


def read_opinion(answer: bytes) -> Opinion:
    """Errors: NoAnswer, for what is no verdict."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        raise NoAnswer("answered no JSON") from None
    verdict = found.get("verdict") if isinstance(found, dict) else None
    if not isinstance(verdict, str) or verdict not in _VERDICTS:
        raise NoAnswer("answered no verdict: publish, hold, withhold or reject")
    reason = found.get("reason")
    return Opinion(_VERDICTS[verdict], shorten(reason, _REASON_MAX) or None if isinstance(reason, str) else None)


def described(question: Question) -> dict[str, object]:
    """What is asked, as JSON; ids are those of the GraphQL API."""
    article, author = question.article, question.author
    return {
        "type": "comment.submitted",
        "comment": {
            "id": _id("Comment", question.comment_id),
            "parentId": _id("Comment", question.parent_id),
            "body": question.body,
        },
        "article": {
            "id": _id("Article", article.id),
            "slug": article.slug,
            "headline": article.headline,
            "language": article.language,
        },
        "author": {"id": _id("Commenter", author.id), "name": author.name},
    }


def _id(kind: str, number: int | None) -> str | None:
    return None if number is None else global_id(kind, number)
