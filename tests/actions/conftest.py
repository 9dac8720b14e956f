"""A newsroom with a section, an author, and somebody of every role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from newsgraph.actions import articles, authors, comments, lists, sections, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.articles import Article
from newsgraph.domain.authors import Byline
from newsgraph.domain.comments import Comment, CommentStatus, ModerationAction
from newsgraph.domain.errors import Fault, FaultCode, Problem, ProblemDetail
from newsgraph.domain.events import Event
from newsgraph.domain.lists import ListKey, parse_list_key
from newsgraph.domain.users import ANONYMOUS, Claims, Role, Viewer
from newsgraph.ports.lists import StoredList
from newsgraph.ports.store import Session, Store
from newsgraph.settings import Settings
from tests.conftest import Clock

T = TypeVar("T")


@dataclass
class Desk:
    """What a test does without saying how; `events` reads what happened since it was last asked."""

    newsroom: Newsroom
    clock: Clock
    people: dict[Role, Viewer] = field(default_factory=dict)
    seen: int = 0

    async def viewer(self, name: str, role: Role = Role.READER) -> Viewer:
        return await users.recognise(self.newsroom, Claims(f"test:{name}", name, role, self.clock(), None))

    def configure(self, **changes: Any) -> None:
        self.newsroom = replace(self.newsroom, settings=replace(self.newsroom.settings, **changes))

    def settings(self) -> Settings:
        return self.newsroom.settings

    def who(self, role: Role | None) -> Viewer:
        return ANONYMOUS if role is None else self.people[role]

    async def read(self, query: Callable[[Session], Awaitable[T]]) -> T:
        return await self.newsroom.store.read(query)

    async def events(self, *kinds: type[Event]) -> list[Any]:
        """Those of the given kinds since the last time."""
        entries = await self.read(lambda session: session.log.after(self.seen, 10_000))
        self.seen = entries[-1].seq if entries else self.seen
        return [entry.event for entry in entries if not kinds or isinstance(entry.event, kinds)]

    # Articles

    async def publish(self, headline: str = "Ferry runs again", **changes: Any) -> int:
        command = articles.PublishArticle(headline, None, f"<p>{headline}.</p>", "News", ("Ada Writer",))
        return await articles.publish(self.newsroom, self.people[Role.EDITOR], replace(command, **changes))

    async def schedule(self, **later: float) -> int:
        return await self.publish(publish_at=self.clock() + timedelta(**later))

    async def retract(self, article_id: int) -> int:
        return await articles.retract(self.newsroom, self.people[Role.EDITOR], articles.RetractArticle(article_id))

    async def rules(self, article_id: int, **changes: Any) -> int:
        command = articles.SetCommentRules(article_id, **changes)
        return await articles.set_comment_rules(self.newsroom, self.people[Role.MODERATOR], command)

    async def article(self, article_id: int) -> Article:
        (found,) = await self.read(lambda session: session.articles.by_ids([article_id]))
        return found

    # Comments

    async def say(self, article_id: int, body: str = "At last!", parent: int | None = None, **by: Any) -> int:
        return (await self.post(article_id, body, parent, **by)).comment_id

    async def post(
        self, article_id: int, body: str, parent: int | None = None, by: Viewer | None = None, key: str | None = None
    ) -> comments.Posted:
        command = comments.PostComment(article_id, parent, body, key)
        return await comments.post(self.newsroom, by or self.people[Role.READER], command)

    async def moderate(self, comment_id: int, to: CommentStatus | None = None, **changes: Any) -> int:
        command = comments.ModerateComment(comment_id, to, **changes)
        return await comments.moderate(self.newsroom, self.people[Role.MODERATOR], command)

    async def comment(self, comment_id: int) -> Comment:
        (found,) = await self.read(lambda session: session.comments.by_ids([comment_id]))
        return found

    async def history(self, comment_id: int) -> Sequence[ModerationAction]:
        return (await self.read(lambda session: session.comments.history([comment_id]))).get(comment_id, ())

    # Lists

    async def curate(self, key: str, *pinned: int, **changes: Any) -> str:
        command = replace(lists.CurateList(key, None, pinned), **changes)
        return await lists.curate(self.newsroom, self.people[Role.EDITOR], command)

    async def listed(self, key: str) -> StoredList:
        (found,) = await self.read(lambda session: session.lists.by_keys([key]))
        return found

    async def ids(self, key: str) -> list[int]:
        return [item.article_id for item in (await self.listed(key)).items]

    async def refresh(self, key: str) -> None:
        await self.newsroom.store.write(lambda session: lists.refresh(session, list_key(key)))


def list_key(text: str) -> ListKey:
    key = parse_list_key(text)
    assert key is not None
    return key


async def problem(action: Awaitable[object]) -> ProblemDetail:
    with pytest.raises(Problem) as caught:
        await action
    return caught.value.detail


async def fault(action: Awaitable[object]) -> FaultCode:
    with pytest.raises(Fault) as caught:
        await action
    return caught.value.code


@pytest.fixture
async def desk(store: Store, clock: Clock) -> Desk:
    desk = Desk(Newsroom(store, Settings()), clock)
    await sections.prepare(desk.newsroom)
    await store.write(lambda session: sections.ensure(session, "News"))
    await store.write(lambda session: sections.ensure(session, "Asia"))
    for name in ("Ada Writer", "Bo Scribe"):
        await store.write(lambda session, name=name: authors.ensure(session, Byline(name)))  # type: ignore[misc]
    desk.people = {role: await desk.viewer(role.value.title(), role) for role in Role}
    await desk.events()
    return desk


@pytest.fixture
def now(clock: Clock) -> datetime:
    return clock()
