"""Counters never drift: after whatever people do, they are what a recount of the rows says."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress

import pytest

from newsgraph.actions import comments
from newsgraph.actions.comments import EditComment, FlagComment, ReactToComment, RemoveComment
from newsgraph.domain.comments import Comment, CommentStatus, FlagReason, ModerationMode, ReactionKind
from newsgraph.domain.errors import Fault, Problem
from newsgraph.domain.events import CommentChanged
from newsgraph.domain.users import Role, Viewer
from newsgraph.ports.store import Session
from tests.actions.conftest import Desk


class Crowd:
    """Does anything at all, from a seed."""

    def __init__(self, desk: Desk, seed: int, article: int, viewers: list[Viewer]) -> None:
        self.desk, self.article, self.viewers = desk, article, viewers
        self.chance = random.Random(seed)
        self.known: list[int] = []

    async def act(self) -> None:
        with suppress(Problem, Fault):  # what is refused must leave nothing, which the recount shows
            await self.chance.choice([self.post, self.post, self.moderate, self.moderate, self.remove, self.rest])()

    def viewer(self) -> Viewer:
        return self.chance.choice(self.viewers)

    async def post(self) -> None:
        parent = self.chance.choice([None, *self.known])
        self.known.append(await self.desk.say(self.article, "x", parent=parent, by=self.viewer()))

    async def moderate(self) -> None:
        to = self.chance.choice([None, *CommentStatus])
        featured = self.chance.choice([None, True, False])
        await self.desk.moderate(self.chance.choice(self.known or [1]), to, featured=featured)

    async def remove(self) -> None:
        command = RemoveComment(self.chance.choice(self.known or [1]))
        await comments.remove(self.desk.newsroom, self.viewer(), command)

    async def rest(self) -> None:
        comment, newsroom = self.chance.choice(self.known or [1]), self.desk.newsroom
        kind = self.chance.choice([None, *ReactionKind])
        mode = self.chance.choice(list(ModerationMode))
        await comments.react(newsroom, self.viewer(), ReactToComment(comment, kind))
        await comments.flag(newsroom, self.viewer(), FlagComment(comment, FlagReason.OTHER))
        await self.desk.rules(self.article, mode=mode)
        await comments.edit(newsroom, self.viewer(), EditComment(comment, f"x{self.chance.random()}"))


def recounted(found: Iterable[Comment]) -> dict[int, tuple[int, int]]:
    """(reply_count, descendants) of every comment, from nothing but parents and statuses."""
    below: dict[int | None, list[Comment]] = defaultdict(list)
    for comment in found:
        below[comment.parent_id].append(comment)
    counts: dict[int, tuple[int, int]] = {}

    def count(comment: Comment) -> tuple[bool, int]:
        parts = [count(child) for child in below[comment.id]]
        published = sum(number for _, number in parts)
        counts[comment.id] = (sum(listed for listed, _ in parts), published)
        shown = comment.status is CommentStatus.PUBLISHED
        return shown or published > 0, published + int(shown)

    for top in below[None]:
        count(top)
    return counts


async def reactions(session: Session, viewers: list[Viewer], ids: list[int]) -> Counter[tuple[int, ReactionKind]]:
    counted: Counter[tuple[int, ReactionKind]] = Counter()
    for viewer in viewers:
        counted.update((await session.comments.reactions_of(viewer.user_id or 0, ids)).items())
    return counted


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_people_do_the_counters_are_right(desk: Desk, seed: int) -> None:
    article = await desk.publish()
    viewers = [await desk.viewer(f"r{n}") for n in range(3)] + [desk.who(Role.STAFF)]
    crowd = Crowd(desk, seed, article, viewers)
    await desk.events()
    for _ in range(120):
        await crowd.act()
    found = await desk.read(lambda session: session.comments.by_ids(crowd.known))
    assert {c.id: (c.reply_count, c.descendants) for c in found} == recounted(found)
    stored = await desk.article(article)
    assert stored.comment_count == sum(c.published for c in found)
    assert stored.thread_count == sum(c.listed for c in found if c.parent_id is None)
    counted = await desk.read(lambda session: reactions(session, viewers, crowd.known))
    for c in found:
        assert (c.likes, c.insightfuls, c.disagrees) == tuple(counted[c.id, kind] for kind in ReactionKind)
    assert statuses(await desk.events(CommentChanged)) == {c.id: (c.status, c.queues) for c in found}


def statuses(events: list[CommentChanged]) -> dict[int, tuple[CommentStatus, object]]:
    """Where the events alone lead; each begins where the one before ended."""
    known: dict[int, tuple[CommentStatus | None, object]] = {}
    for event in events:
        assert known.get(event.comment_id, (None, frozenset())) == (event.before, event.queues_before)
        known[event.comment_id] = (event.after, event.queues_after)
    return {key: (status, queues) for key, (status, queues) in known.items() if status is not None}
