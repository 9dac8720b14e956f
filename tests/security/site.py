"""A newsroom with something to hide, on a real server, and an attacker's way to talk to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from newsgraph import app
from newsgraph.actions import articles, comments, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.comments import CommentStatus, FlagReason, ModerationMode
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import Claims, Role, Viewer
from newsgraph.settings import Settings
from tests.flows.conftest import furnish, serving, token_for
from tests.security.cases import ANY, Back, Case, Sent

PUBLIC, DRAFT, RETRACTED = (global_id("Article", number) for number in (1, 2, 3))
PLAIN, WITHHELD, REJECTED, REMOVED, FLAGGED, PENDING, OF_RETRACTED = (global_id("Comment", n) for n in range(1, 8))

# The texts of what is hidden, each in one place only.
SECRETS = {
    DRAFT: "xdraftx",
    RETRACTED: "xretractedx",
    WITHHELD: "xwithheldx",
    REJECTED: "xrejectedx",
    REMOVED: "xremovedx",
    PENDING: "xpendingx",
    OF_RETRACTED: "xofretractedx",
}
REMARK = "xremarkx"  # of the report of FLAGGED


@dataclass
class Site:
    url: str
    http: httpx.AsyncClient

    async def send(self, sent: Sent) -> httpx.Response:
        body = json.dumps({"query": sent.query, "variables": sent.variables}).encode()
        content = None if sent.method in ("GET", "HEAD") else body if sent.body is None else sent.body
        kind = {} if content is None else {"content-type": "application/json"}
        headers = kind | _signed(sent) | {name: value.format(here=self.url) for name, value in sent.headers.items()}
        fields = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return await self.http.request(sent.method, sent.path, headers=fields, content=content)

    async def keeps(self, case: Case) -> None:
        """The case's answer is the one that must come back."""
        answer = await self.send(case.sent)
        assert answer.status_code == case.back.status, answer.text
        _check(case.back, answer.json() if answer.content else {}, answer.text + str(answer.headers))

    async def keeps_by_socket(self, case: Case) -> None:
        """The same over a WebSocket: a query or a mutation, after a sign-in that must be taken."""
        async with self.socket(_signed(case.sent) | dict(case.sent.headers)) as opened:
            assert json.loads(await opened.recv()) == {"type": "connection_ack"}
            payload = {"query": case.sent.query, "variables": case.sent.variables}
            await opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            message = json.loads(await opened.recv())
        body = message["payload"] if message["type"] == "next" else {"errors": message["payload"]}
        _check(case.back, body, json.dumps(body))

    async def refuses_by_socket(self, case: Case) -> None:
        """Who cannot be recognised is not let in: 4403, with the message of the answer over HTTP."""
        async with self.socket(_signed(case.sent) | dict(case.sent.headers)) as opened:
            with pytest.raises(ConnectionClosed):
                await opened.recv()
        assert opened.close_code == 4403
        assert (opened.close_reason or "") in (await self.send(case.sent)).text

    @asynccontextmanager
    async def socket(self, payload: Mapping[str, Any], **more: Any) -> AsyncIterator[ClientConnection]:
        """A socket that has sent its connection_init."""
        address = self.url.replace("http", "ws", 1) + "/graphql"
        protocols: Any = ["graphql-transport-ws"]
        async with connect(address, subprotocols=protocols, max_size=None, close_timeout=1, **more) as opened:
            await opened.send(json.dumps({"type": "connection_init", "payload": payload}))
            yield opened


def _signed(sent: Sent) -> dict[str, str]:
    return {} if sent.by is None else {"authorization": f"Bearer {token_for(sent.by, sent.by.value.title())}"}


def _check(back: Back, body: Any, everything: str) -> None:
    codes = [error["extensions"]["code"] for error in body.get("errors", ())]
    assert codes == ([] if back.code is None else [back.code]), body
    assert back.data is ANY or body.get("data") == back.data
    assert [text for text in back.never if text in everything] == []


Hide = Callable[[Newsroom], Awaitable[None]]


@asynccontextmanager
async def opened_site(settings: Settings, *more: Hide) -> AsyncIterator[Site]:
    """`more` hides something besides."""
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(furnish)
        await _hide(newsroom, {role: await person(newsroom, role) for role in Role})
        for hide in more:
            await hide(newsroom)
    async with serving(settings) as url, httpx.AsyncClient(base_url=url) as http:
        yield Site(url, http)


async def person(newsroom: Newsroom, role: Role, called: str = "") -> Viewer:
    """Whom `Sent.by` speaks for, or somebody else of that role."""
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    name = called or role.value.title()
    return await users.recognise(newsroom, Claims(f"test:{role.value}:{name}", name, role, long_ago, None))


async def _hide(room: Newsroom, who: Mapping[Role, Viewer]) -> None:
    """All of what SECRETS names. The reader wrote every comment but the flagged one."""
    editor, moderator, reader = who[Role.EDITOR], who[Role.MODERATOR], who[Role.READER]
    later = datetime.now(UTC) + timedelta(days=1)
    headlines = [("Public", None), (SECRETS[DRAFT], later), (SECRETS[RETRACTED], None)]
    for headline, at in headlines:
        body = f"<p>{headline}.</p>"
        command = articles.PublishArticle(headline, headline, body, "Asia", ("Ada Writer",), headline, publish_at=at)
        await articles.publish(room, editor, command)
    texts = ["Plain.", SECRETS[WITHHELD], SECRETS[REJECTED], SECRETS[REMOVED]]
    for text in texts:
        await comments.post(room, reader, comments.PostComment(1, None, text))
    await comments.post(room, who[Role.STAFF], comments.PostComment(1, None, "Flagged."))
    for number, status in ((2, CommentStatus.WITHHELD), (3, CommentStatus.REJECTED)):
        await comments.moderate(room, moderator, comments.ModerateComment(number, status))
    await comments.remove(room, reader, comments.RemoveComment(4))
    await comments.flag(room, reader, comments.FlagComment(5, FlagReason.SPAM, REMARK))
    await articles.set_comment_rules(room, moderator, articles.SetCommentRules(1, mode=ModerationMode.PRE))
    await comments.post(room, reader, comments.PostComment(1, None, SECRETS[PENDING]))
    await comments.post(room, reader, comments.PostComment(3, None, SECRETS[OF_RETRACTED]))
    await articles.retract(room, editor, articles.RetractArticle(3))
