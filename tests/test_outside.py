"""The outside rule, asked over a real socket: what it says, and what happens when it says nothing that can be used."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from newsgraph.domain.comments import CommentStatus, Opinion
from newsgraph.domain.cursors import global_id
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.outside import Breaker, NoAnswer, open_outside, read_opinion, secret_key
from newsgraph.ports.outside import OutsideRule, Question
from newsgraph.settings import Settings, SettingsError
from tests.conftest import Clock
from tests.policies.examples import ARTICLE, person

SECRET = "a secret of twenty-four bytes or more"
QUESTION = Question(ARTICLE, person(), "At last! 👍", parent_id=3)
HELD = Opinion(CommentStatus.PENDING, "no answer")


@dataclass
class Hook:
    """Answers each request with the same bytes, after `wait` was set; notes what it was asked."""

    answer: bytes = b""
    wait: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    open: int = 0
    most: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            self.asked.append((headers, await reader.readexactly(int(headers["content-length"]))))
            self.open += 1
            self.most = max(self.most, self.open)
            await self.wait.wait()
            self.open -= 1
            writer.write(self.answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def http(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    hook.wait.set()
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    hook.port = server.sockets[0].getsockname()[1]
    yield hook
    hook.wait.set()
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def rule(hook: Hook, **changes: Any) -> AsyncIterator[OutsideRule]:
    settings = Settings(moderation_hook=f"http://127.0.0.1:{hook.port}/moderate", moderation_hook_secret=SECRET)
    async with open_outside(replace(settings, **changes), Clock()) as opened:
        assert opened is not None
        yield opened


@pytest.mark.parametrize(
    ("body", "opinion"),
    [
        (b'{"verdict": "publish"}', Opinion(CommentStatus.PUBLISHED)),
        (b'{"verdict": "hold", "reason": "score\\n0.9"}', Opinion(CommentStatus.PENDING, "score 0.9")),
        (b'{"verdict": "withhold", "reason": null}', Opinion(CommentStatus.WITHHELD)),
        (b'{"verdict": "reject", "reason": "spam", "more": [1]}', Opinion(CommentStatus.REJECTED, "spam")),
        (b'{"verdict": "hold", "reason": "\\ud800\\u0000"}', Opinion(CommentStatus.PENDING)),
        (b'{"verdict": "hold", "reason": 7}', Opinion(CommentStatus.PENDING)),
    ],
)
async def test_what_it_says(hook: Hook, body: bytes, opinion: Opinion) -> None:
    hook.answer = http(body)
    async with rule(hook) as outside:
        assert await outside.ask(QUESTION) == opinion


async def test_an_empty_answer_is_no_objection(hook: Hook) -> None:
    hook.answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    async with rule(hook) as outside:
        assert await outside.ask(QUESTION) == Opinion(CommentStatus.PUBLISHED)


async def test_a_long_reason_is_cut(hook: Hook) -> None:
    hook.answer = http(json.dumps({"verdict": "hold", "reason": "word " * 500}).encode())
    async with rule(hook) as outside:
        reason = (await outside.ask(QUESTION)).reason
    assert reason is not None
    assert 400 < len(reason) <= 500


@pytest.mark.parametrize("secret", [SECRET, "whsec_" + b64encode(b"\x00\xff" * 16).decode()])
async def test_the_question_is_signed(hook: Hook, secret: str) -> None:
    """Verified as docs/moderation.md says."""
    hook.answer = http(b'{"verdict": "publish"}')
    async with rule(hook, moderation_hook_secret=secret) as outside:
        await outside.ask(QUESTION)
        await outside.ask(QUESTION)
    (headers, body), (others, _) = hook.asked
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + b64encode(hmac.digest(secret_key(secret), signed, "sha256")).decode()
    # Header values came in lower case; the signature is compared in it, too.
    assert headers["webhook-signature"] == expected.lower()
    assert headers["webhook-timestamp"] == str(int(Clock().now.timestamp()))
    assert headers["webhook-id"] != others["webhook-id"]
    assert json.loads(body) == {
        "type": "comment.submitted",
        "comment": {"id": None, "parentId": global_id("Comment", 3), "body": "At last! 👍"},
        "article": {
            "id": global_id("Article", 1),
            "slug": "ferry-runs-again",
            "headline": "Ferry runs again",
            "language": "en",
        },
        "author": {"id": global_id("Commenter", 7), "name": "Kim"},
    }


BROKEN = {
    "500": http(b'{"verdict": "publish"}', "500 Internal Server Error"),
    "404": http(b"", "404 Not Found"),
    "redirect": http(b"", "302 Found", Location="http://127.0.0.1:9/"),
    "no JSON": http(b"publish"),
    "cut-off JSON": http(b'{"verdict": "publ'),
    "list": http(b'["publish"]'),
    "unknown verdict": http(b'{"verdict": "PUBLISH"}'),
    "verdict of a wrong type": http(b'{"verdict": ["publish"]}'),
    "no verdict": http(b"{}"),
    "bad UTF-8": http(b'{"verdict": "publish\xff"}'),
    "deep": http(b"[" * 9_000),
    "empty": http(b""),
    "too large": http(b'{"verdict": "publish", "x": "' + b"x" * 10_000 + b'"}'),
    "shorter than it says": b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"verdict": "publish"}',
    "no HTTP": b"\x00\x01\x02\r\n\r\n",
    "nothing": b"",
    "compressed": http(b"\x1f\x8b\x08\x00garbage", Content_Encoding="gzip"),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_answer_holds(hook: Hook, answer: bytes) -> None:
    hook.answer = answer
    async with rule(hook) as outside:
        assert await outside.ask(QUESTION) == HELD


async def test_the_setting_says_what_happens_then(hook: Hook) -> None:
    hook.answer = BROKEN["500"]
    async with rule(hook, moderation_hook_failure="publish") as outside:
        assert await outside.ask(QUESTION) == Opinion(CommentStatus.PUBLISHED, "no answer")
    async with rule(hook, moderation_hook_failure="refuse") as outside:
        with pytest.raises(Fault) as caught:
            await outside.ask(QUESTION)
        assert caught.value.code is FaultCode.UNAVAILABLE


async def test_nobody_there(hook: Hook) -> None:
    async with rule(hook, moderation_hook="http://127.0.0.1:9/") as outside:
        assert await outside.ask(QUESTION) == HELD


async def test_a_slow_one_is_not_waited_for(hook: Hook) -> None:
    hook.wait.clear()
    async with rule(hook, moderation_hook_timeout=0.05) as outside:
        assert await outside.ask(QUESTION) == HELD
    assert len(hook.asked) <= 1


async def test_only_so_many_wait_at_once(hook: Hook) -> None:
    """The others wait for their turn, and are answered."""
    hook.answer = http(b'{"verdict": "publish"}')
    hook.wait.clear()
    async with rule(hook, moderation_hook_concurrency=3, moderation_hook_timeout=30.0) as outside:
        asking = [asyncio.create_task(outside.ask(QUESTION)) for _ in range(12)]
        async with asyncio.timeout(10):
            while hook.open < 3:
                await asyncio.sleep(0.005)
        hook.wait.set()
        assert await asyncio.gather(*asking) == [Opinion(CommentStatus.PUBLISHED)] * 12
    assert (hook.most, len(hook.asked)) == (3, 12)


def test_who_does_not_answer_is_left_alone_for_a_while() -> None:
    now = 100.0
    breaker = Breaker(3, 10.0, lambda: now)
    assert [breaker.lets_through() and breaker.failed() for _ in range(3)] == [False, False, True]
    assert not breaker.lets_through()
    now += 10
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False], "one tries for all"
    assert not breaker.failed(), "that is no news"
    now += 9.9
    assert not breaker.lets_through()
    now += 0.1
    assert breaker.lets_through()
    assert breaker.worked()
    assert all(breaker.lets_through() for _ in range(3))
    assert not breaker.worked(), "nor is that"


def test_answers_in_between_count() -> None:
    breaker = Breaker(2, 10.0, lambda: 0.0)
    for _ in range(5):
        assert not breaker.failed()
        assert not breaker.worked()
    patient = Breaker(0, 10.0, lambda: 0.0)
    assert not any(patient.failed() for _ in range(100))
    assert patient.lets_through()


async def test_a_dead_one_slows_nobody_down_for_long(hook: Hook) -> None:
    """It takes connections and says nothing: after the first questions nobody waits for it, and it is not asked."""
    hook.wait.clear()
    async with rule(hook, moderation_hook_timeout=0.2, moderation_hook_patience=3, moderation_hook_pause=3_600.0) as it:
        assert await asyncio.gather(*(it.ask(QUESTION) for _ in range(3))) == [HELD] * 3
        async with asyncio.timeout(5):
            assert [await it.ask(QUESTION) for _ in range(1_000)] == [HELD] * 1_000  # 200 seconds, one by one
    assert len(hook.asked) <= 3


async def test_one_that_comes_back_is_asked_again(hook: Hook) -> None:
    hook.answer = BROKEN["500"]
    async with rule(hook, moderation_hook_patience=1, moderation_hook_pause=0.001) as outside:
        assert await outside.ask(QUESTION) == HELD
        hook.answer = http(b'{"verdict": "publish"}')
        async with asyncio.timeout(10):
            while await outside.ask(QUESTION) == HELD:
                await asyncio.sleep(0.001)
        assert await outside.ask(QUESTION) == Opinion(CommentStatus.PUBLISHED)


async def test_without_an_address_there_is_none() -> None:
    async with open_outside(Settings(), Clock()) as outside:
        assert outside is None


@pytest.mark.parametrize(
    "changes",
    [
        {"moderation_hook": "ftp://x"},
        {"moderation_hook": "http://x", "moderation_hook_secret": "short"},
        {"moderation_hook": "http://x"},
        {"moderation_hook_failure": "ignore"},
        {"moderation_hook_timeout": 0.0},
        {"moderation_hook_concurrency": 0},
        {"moderation_hook_pause": 0.0},
    ],
)
def test_settings_that_cannot_be_used(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"moderation_hook"):
        Settings(**changes)


async def test_a_secret_or_an_address_that_cannot_be_used() -> None:
    good = Settings(moderation_hook="http://127.0.0.1/", moderation_hook_secret=SECRET)
    secret = replace(good, moderation_hook_secret="whsec_" + "!" * 30)
    for settings in (secret, replace(good, moderation_hook="http://[::1/")):
        with pytest.raises(SettingsError):
            async with open_outside(settings, Clock()):
                pass


def test_an_opinion_needs_its_verdict() -> None:
    with pytest.raises(NoAnswer):
        read_opinion(b"null")
