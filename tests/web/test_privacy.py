"""One request, byte for byte, by many people in any order: each gets what a server that keeps nothing tells them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from graphql import FieldDefinitionNode, ObjectTypeDefinitionNode, parse, print_ast

from newsgraph.actions import articles, comments, users
from newsgraph.domain.comments import CommentStatus, FlagReason, ModerationMode, ReactionKind
from newsgraph.domain.cursors import global_id
from newsgraph.domain.users import ANONYMOUS, Claims, Role, Viewer
from newsgraph.engine.documents import Request
from newsgraph.graph import schema
from newsgraph.graph.answers import Answers, Asked
from tests.flows.conftest import token_for
from tests.web.desk import Desk

PUBLIC, DRAFT, GONE = (global_id("Article", number) for number in (1, 2, 3))
PLAIN, WAITING, FLAGGED = (global_id("Comment", number) for number in (1, 4, 5))
PEOPLE = [global_id("Commenter", number) for number in range(1, 9)]

# For every field that the schema calls PRIVATE an operation that selects it.
PRIVATE = {
    "Comment.viewerReaction": f'query P {{ node(id: "{PLAIN}") {{ ... on Comment {{ body viewerReaction }} }} }}',
    "Comment.flags": f'query P {{ node(id: "{FLAGGED}") {{ ... on Comment {{ body flags {{ reason note }} }} }} }}',
    "Comment.history": f'query P {{ node(id: "{WAITING}") {{ ... on Comment {{ body history {{ rule to }} }} }} }}',
    "Commenter.standing": f'{{ node(id: "{PLAIN}") {{ ... on Comment {{ author {{ standing {{ banned }} }} }} }} }}',
    "CommentPolicy.viewerMayPost": '{ article(slug: "public") { headline commentPolicy { viewerMayPost } } }',
    "CommentPolicy.viewerWaitUntil": '{ article(slug: "public") { headline commentPolicy { viewerWaitUntil } } }',
    "Query.viewer": (
        "{ viewer { name role banned suspendedUntil pendingComments { totalCount nodes { body } } } sections { slug } }"
    ),
    "Query.moderationQueue": "{ moderationQueue(queue: PENDING) { nodes { body author { name } } } }",
    "RankedList.curation": '{ rankedList(key: "latest") { title curation { pinned { id } excluded { id } } } }',
}

# What each role sees more of, without any field that is called PRIVATE.
BY_ROLE = [
    f'{{ nodes(ids: ["{PUBLIC}", "{DRAFT}", "{GONE}"]) {{ ... on Article {{ headline status bodyText }} }} }}',
    '{ draft: article(slug: "draft") { headline } gone: article(slug: "gone") { headline commentCount } }',
    f'{{ nodes(ids: ["{PLAIN}", "{WAITING}", "{FLAGGED}"]) {{ ... on Comment {{ body status author {{ name }} }} }} }}',
    '{ article(slug: "public") { comments { totalCount nodes { body status author { name } } } } }',
    f"{{ nodes(ids: {json.dumps(PEOPLE)}) {{ ... on Commenter {{ name badges }} }} }}",
    f'{{ node(id: "{DRAFT}") {{ ... on Article {{ youMayAlsoLike {{ title items {{ nodes {{ slug }} }} }} }} }} }}',
]


ACCEPT = {"accept": "application/json"}


@dataclass
class Person:
    name: str
    role: Role | None
    viewer: Viewer = ANONYMOUS

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.role is None else {"authorization": f"Bearer {token_for(self.role, self.name)}"}


@dataclass
class Crowd:
    """`people`: nobody in particular, two readers who did different things, and one of each role that sees more."""

    desk: Desk
    http: httpx.AsyncClient
    plain: Answers
    people: list[Person]

    async def asks(self, person: Person, text: str) -> bytes:
        answer = await self.http.get(self.desk.url, params={"query": text}, headers=ACCEPT | person.headers)
        assert not self._own(person, text) or "public" not in answer.headers["cache-control"]
        return answer.content

    def _own(self, person: Person, text: str) -> bool:
        document = self.desk.operations.check(Request(text))
        return self.plain.hint(document).private or bool(person.viewer.audience)

    async def told(self, person: Person, text: str) -> bytes:
        """What a server tells them that keeps nothing."""
        request = Request(text)
        asked = Asked(self.desk.operations.check(request), request, person.viewer)
        return (await self.plain.query(lambda: asked, None, person.viewer)).body


@pytest.fixture
async def crowd(desk: Desk) -> AsyncIterator[Crowd]:
    people = [Person("Nobody", None), Person("Ann", Role.READER), Person("Bob", Role.READER)]
    people += [Person(role.value, role) for role in (Role.STAFF, Role.MODERATOR, Role.EDITOR, Role.ADMIN)]
    for person in people[1:]:
        assert person.role
        claims = Claims(f"test:{person.role.value}:{person.name}", person.name, person.role, _long_ago(), None)
        person.viewer = await users.recognise(desk.newsroom, claims)
    await furnish(desk, {person.name: person.viewer for person in people})
    services = desk.services
    async with httpx.AsyncClient() as http:
        yield Crowd(desk, http, Answers(schema.build(), services, None), people)


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def _long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


async def furnish(desk: Desk, who: dict[str, Viewer]) -> None:
    """An article that is public, one to come and one taken back; below the first all kinds of comments."""
    room, editor = desk.newsroom, who["EDITOR"]
    for slug, later in (("public", None), ("draft", _later()), ("gone", None)):
        command = articles.PublishArticle(slug, None, "<p>.</p>", "Asia", ("Ada Writer",), slug, publish_at=later)
        await articles.publish(room, editor, command)
    await articles.retract(room, editor, articles.RetractArticle(3))
    await comments.post(room, who["Ann"], comments.PostComment(1, None, "Plain."))
    await comments.post(room, who["Ann"], comments.PostComment(1, None, "Withheld."))
    await comments.post(room, who["MODERATOR"], comments.PostComment(1, 2, "Below what is withheld."))
    await comments.moderate(room, who["MODERATOR"], comments.ModerateComment(2, CommentStatus.WITHHELD))
    await articles.set_comment_rules(room, who["ADMIN"], articles.SetCommentRules(1, mode=ModerationMode.PRE))
    await comments.post(room, who["Ann"], comments.PostComment(1, None, "Waiting."))
    await comments.post(room, who["MODERATOR"], comments.PostComment(1, None, "Flagged."))
    await comments.react(room, who["Bob"], comments.ReactToComment(1, ReactionKind.LIKE))
    await comments.flag(room, who["Bob"], comments.FlagComment(5, FlagReason.SPAM, "Secret remark"))
    await users.restrict(room, who["ADMIN"], users.RestrictUser(who["Bob"].user_id or 0, _later(), banned=True))
    await desk.services.tail.catch_up()


def test_every_private_field_is_asked_for() -> None:
    kinds = [one for one in parse(schema.sdl()).definitions if isinstance(one, ObjectTypeDefinitionNode)]
    fields = [(kind, field) for kind in kinds for field in kind.fields or ()]

    assert set(PRIVATE) == {f"{kind.name.value}.{field.name.value}" for kind, field in fields if _private(field)}


def _private(field: FieldDefinitionNode) -> bool:
    return "PRIVATE" in "".join(map(print_ast, field.directives or ()))


@pytest.mark.parametrize("text", [*PRIVATE.values(), *BY_ROLE])
async def test_each_is_told_what_is_theirs_whoever_asked_before(crowd: Crowd, text: str) -> None:
    told = {person.name: await crowd.told(person, text) for person in crowd.people}
    assert len(set(told.values())) > 1, "it depends on who asks"
    for order in _orders(crowd.people):
        for person in [*order, *order]:
            assert await crowd.asks(person, text) == told[person.name]


def _orders(people: Sequence[Person]) -> list[Sequence[Person]]:
    """Everybody is first once, and last once."""
    rotated = [[*people[place:], *people[:place]] for place in range(len(people))]
    return [*rotated, *(order[::-1] for order in rotated)]
