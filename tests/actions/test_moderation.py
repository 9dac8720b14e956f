"""Moderating: which decisions there are, and what follows from each."""

from __future__ import annotations

import pytest

from newsgraph.actions import comments
from newsgraph.actions.comments import FlagComment, ModerateComment, RemoveComment
from newsgraph.domain.comments import TRANSITIONS, CommentStatus, FlagReason, ModerationMode, ModerationQueueName
from newsgraph.domain.errors import CommentErrorCode, FaultCode
from newsgraph.domain.events import CommentCause, CommentChanged
from newsgraph.domain.pages import Slice
from newsgraph.domain.users import Role
from newsgraph.ports.store import Session
from tests.actions.conftest import Desk, fault, problem

PUBLISHED, PENDING, WITHHELD, REJECTED, REMOVED = CommentStatus
UNMODERATED, REPORTED, WAITING = ModerationQueueName


async def comment_in(desk: Desk, status: CommentStatus) -> int:
    """A comment with this status, the way that readers and moderators bring it about."""
    article = await desk.publish(f"Status {status.value}")
    if status is PENDING:
        await desk.rules(article, mode=ModerationMode.PRE)
    comment = await desk.say(article)
    if status in (WITHHELD, REJECTED):
        await desk.moderate(comment, status)
    if status is REMOVED:
        await comments.remove(desk.newsroom, desk.who(Role.READER), RemoveComment(comment))
    await desk.events()
    return comment


async def flag(desk: Desk, comment: int, role: Role = Role.STAFF) -> None:
    await comments.flag(desk.newsroom, desk.who(role), FlagComment(comment, FlagReason.ABUSIVE))


@pytest.mark.parametrize("to", list(CommentStatus))
@pytest.mark.parametrize("status", list(CommentStatus))
async def test_every_decision(desk: Desk, status: CommentStatus, to: CommentStatus) -> None:
    comment = await comment_in(desk, status)
    confirmed = to is status and status in (PUBLISHED, WITHHELD, REJECTED)
    if not confirmed and to not in TRANSITIONS[status]:
        found = await problem(desk.moderate(comment, to))
        assert (found.code, found.field) == (CommentErrorCode.INVALID_TRANSITION, ("input", "to"))
        assert await desk.events() == []
        return
    assert await desk.moderate(comment, to, reason=" too\nloud ") == comment
    after = await desk.comment(comment)
    assert (after.status, after.moderated) == (to, True)
    [event] = await desk.events(CommentChanged)
    assert (event.cause, event.before, event.after) == (CommentCause.MODERATED, status, to)
    assert event.queues_after == after.queues
    line = (await desk.history(comment))[-1]
    assert (line.user_id, line.rule) == (desk.who(Role.MODERATOR).user_id, None)
    assert (line.before, line.after, line.reason) == (status, to, "too loud")
    article = await desk.article(after.article_id)
    assert article.comment_count == article.thread_count == int(to is PUBLISHED)


async def test_approving_answers_the_reports(desk: Desk) -> None:
    comment = await comment_in(desk, PUBLISHED)
    await flag(desk, comment)
    assert (await desk.comment(comment)).queues == {UNMODERATED, REPORTED}
    await desk.events()
    await desk.moderate(comment, PUBLISHED)
    [event] = await desk.events(CommentChanged)
    assert (event.queues_before, event.queues_after) == ({UNMODERATED, REPORTED}, frozenset())
    assert len((await desk.read(lambda session: session.comments.flags([comment])))[comment]) == 1
    await flag(desk, comment)
    assert (await desk.comment(comment)).queues == frozenset()
    await flag(desk, comment, Role.EDITOR)
    assert (await desk.comment(comment)).queues == {REPORTED}


async def test_queues_hold_what_the_comments_say(desk: Desk) -> None:
    fresh, flagged, waiting = [await comment_in(desk, status) for status in (PUBLISHED, PUBLISHED, PENDING)]
    await flag(desk, flagged)

    async def queued(session: Session) -> dict[ModerationQueueName, list[int]]:
        found = {name: await session.comments.queue(name, None, Slice(9)) for name in ModerationQueueName}
        return {name: [comment.id for comment in waiting] for name, waiting in found.items()}

    queues = await desk.read(queued)
    assert queues == {UNMODERATED: [fresh, flagged], REPORTED: [flagged], WAITING: [waiting]}


async def test_rejecting_a_comment_with_replies_leaves_a_tombstone(desk: Desk) -> None:
    article = await desk.publish()
    top = await desk.say(article)
    reply = await desk.say(article, parent=top)
    await desk.moderate(top, REJECTED)
    found = await desk.article(article)
    assert (found.comment_count, found.thread_count) == (1, 1)
    await desk.moderate(reply, REJECTED)
    found = await desk.article(article)
    assert (found.comment_count, found.thread_count) == (0, 0)
    await desk.moderate(reply, PUBLISHED)
    found = await desk.article(article)
    assert (found.comment_count, found.thread_count) == (1, 1)
    assert (await desk.comment(top)).reply_count == 1


async def test_featuring(desk: Desk) -> None:
    comment = await comment_in(desk, PUBLISHED)
    await desk.moderate(comment, featured=True)
    await desk.moderate(comment, featured=True)
    found = await desk.comment(comment)
    assert (found.featured, found.moderated) == (True, False)
    [event] = await desk.events(CommentChanged)
    assert event.cause is CommentCause.FEATURED
    assert await desk.history(comment) == ()
    await desk.moderate(comment, featured=False)
    assert not (await desk.comment(comment)).featured


async def test_what_is_taken_down_is_not_held_up(desk: Desk) -> None:
    comment = await comment_in(desk, PUBLISHED)
    await desk.moderate(comment, featured=True)
    await desk.moderate(comment, WITHHELD)
    assert not (await desk.comment(comment)).featured
    for to in (None, REJECTED):
        found = await problem(desk.moderate(comment, to, featured=True))
        assert (found.code, found.field) == (CommentErrorCode.INVALID_TRANSITION, ("input", "featured"))
    await desk.moderate(comment, PUBLISHED, featured=True)
    assert (await desk.comment(comment)).featured


async def test_a_decision_says_something(desk: Desk) -> None:
    assert await fault(desk.moderate(await comment_in(desk, PUBLISHED))) is FaultCode.BAD_INPUT


async def test_reasons_have_an_end(desk: Desk) -> None:
    comment = await comment_in(desk, PUBLISHED)
    found = await problem(desk.moderate(comment, REJECTED, reason="x" * 1_001))
    assert (found.code, found.field) == (CommentErrorCode.BODY_TOO_LONG, ("input", "reason"))


async def test_there_must_be_a_comment(desk: Desk) -> None:
    assert (await problem(desk.moderate(999, REJECTED))).code is CommentErrorCode.NOT_FOUND


async def test_a_repeated_decision_with_its_key_is_one(desk: Desk) -> None:
    comment = await comment_in(desk, PUBLISHED)
    for _ in range(3):
        await comments.moderate(desk.newsroom, desk.who(Role.MODERATOR), ModerateComment(comment, WITHHELD, key="k"))
    assert len(await desk.history(comment)) == 1
