"""Comments: posting, editing, removing, reacting, reporting."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from newsgraph.actions import comments, users
from newsgraph.actions.comments import EditComment, FlagComment, ReactToComment, RemoveComment
from newsgraph.domain.comments import (
    CommentStatus,
    Flag,
    FlagReason,
    ModerationAction,
    ModerationMode,
    ModerationQueueName,
    ReactionKind,
)
from newsgraph.domain.errors import CommentErrorCode, FaultCode
from newsgraph.domain.events import CommentCause, CommentChanged
from newsgraph.domain.users import ANONYMOUS, Role, Viewer
from tests.actions.conftest import Desk, fault, problem

UNMODERATED, REPORTED, PENDING = ModerationQueueName
PUBLISHED = CommentStatus.PUBLISHED


async def edit(desk: Desk, comment_id: int, body: str, by: Viewer | None = None) -> int:
    return await comments.edit(desk.newsroom, by or desk.who(Role.READER), EditComment(comment_id, body))


async def remove(desk: Desk, comment_id: int, by: Viewer | None = None) -> int:
    return await comments.remove(desk.newsroom, by or desk.who(Role.READER), RemoveComment(comment_id))


async def react(desk: Desk, comment_id: int, kind: ReactionKind | None, by: Viewer | None = None) -> int:
    return await comments.react(desk.newsroom, by or desk.who(Role.STAFF), ReactToComment(comment_id, kind))


async def flag(desk: Desk, comment_id: int, by: Viewer | None = None, note: str | None = None) -> int:
    command = FlagComment(comment_id, FlagReason.SPAM, note)
    return await comments.flag(desk.newsroom, by or desk.who(Role.STAFF), command)


# Posting


async def test_a_comment_is_shown_counted_and_announced(desk: Desk) -> None:
    article = await desk.publish()
    await desk.events()
    posted = await desk.post(article, "  Cafe\u0301 \r\nopen? ")
    comment = await desk.comment(posted.comment_id)
    assert posted.status is PUBLISHED
    assert (comment.body, comment.depth, comment.status) == ("Café \nopen?", 0, PUBLISHED)
    assert (await desk.article(article)).comment_count == (await desk.article(article)).thread_count == 1
    assert await desk.events() == [
        CommentChanged(
            CommentCause.POSTED, comment.id, article, None, None, PUBLISHED, frozenset(), frozenset({UNMODERATED})
        )
    ]
    assert await desk.history(comment.id) == ()


async def test_replies_count_all_the_way_up(desk: Desk) -> None:
    article = await desk.publish()
    top = await desk.say(article)
    reply = await desk.say(article, parent=top)
    leaf = await desk.say(article, parent=reply)
    first, second, third = [await desk.comment(key) for key in (top, reply, leaf)]
    assert [(c.depth, c.reply_count, c.descendants) for c in (first, second, third)] == [
        (0, 1, 2),
        (1, 1, 1),
        (2, 0, 0),
    ]
    found = await desk.article(article)
    assert (found.comment_count, found.thread_count) == (3, 1)


async def test_pre_moderation_takes_the_comment_and_waits(desk: Desk) -> None:
    article = await desk.publish()
    await desk.rules(article, mode=ModerationMode.PRE)
    await desk.events()
    posted = await desk.post(article, "Hm")
    assert posted.status is CommentStatus.PENDING
    assert (await desk.article(article)).comment_count == 0
    [event] = await desk.events(CommentChanged)
    assert (event.before, event.after, event.queues_after) == (None, CommentStatus.PENDING, frozenset({PENDING}))
    [line] = await desk.history(posted.comment_id)
    assert line == ModerationAction(
        posted.comment_id, None, "pre-moderation", None, CommentStatus.PENDING, None, desk.clock()
    )
    assert (await desk.post(article, "Ours", by=desk.who(Role.STAFF))).status is PUBLISHED


async def test_300_code_points_fit_and_301_do_not(desk: Desk) -> None:
    article = await desk.publish()
    await desk.say(article, "👩‍👩‍👧‍👦" * 42 + "e\u0301" * 6)
    found = await problem(desk.say(article, "👩‍👩‍👧‍👦" * 43))
    assert (found.code, found.limit, found.actual) == (CommentErrorCode.BODY_TOO_LONG, 300, 301)
    await desk.rules(article, max_length=2)
    assert (await problem(desk.say(article, "abc"))).limit == 2
    assert (await desk.article(article)).comment_count == 1


async def test_nothing_can_be_said_where_nothing_is_seen(desk: Desk) -> None:
    hidden = await desk.schedule(hours=1)
    for article in (hidden, 999):
        found = await problem(desk.say(article))
        assert (found.code, found.field) == (CommentErrorCode.NOT_FOUND, ("input", "articleId"))
    assert (await problem(desk.say(hidden, by=desk.who(Role.EDITOR)))).code is CommentErrorCode.COMMENTS_CLOSED


async def test_closed_comments_stay_closed_from_their_moment_on(desk: Desk) -> None:
    article = await desk.publish()
    await desk.rules(article, closes_at=desk.clock() + timedelta(minutes=1))
    await desk.say(article)
    desk.clock.tick(minutes=1)
    assert (await problem(desk.say(article))).code is CommentErrorCode.COMMENTS_CLOSED


async def test_a_reply_needs_its_parent(desk: Desk) -> None:
    article, other = await desk.publish(), await desk.publish("Another")
    elsewhere = await desk.say(other)
    gone = await desk.say(article)
    await remove(desk, gone)
    for parent in (999, elsewhere, gone):
        found = await problem(desk.say(article, parent=parent))
        assert found.code is CommentErrorCode.PARENT_UNAVAILABLE


async def test_threads_end_at_the_deepest_reply(desk: Desk) -> None:
    article = await desk.publish()
    parent = None
    for _ in range(5):
        parent = await desk.say(article, parent=parent)
    assert (await problem(desk.say(article, parent=parent))).code is CommentErrorCode.TOO_DEEP


async def test_the_rate_limit_is_for_readers_and_ends(desk: Desk) -> None:
    desk.configure(comment_rate=2)
    article, reader = await desk.publish(), desk.who(Role.READER)
    start = desk.clock()
    await desk.say(article, "One.")
    desk.clock.tick(seconds=10)
    assert await comments.wait_until(desk.newsroom, reader) is None
    await desk.say(article, "Two.")
    found = await problem(desk.say(article, "Three."))
    assert (found.code, found.retry_at) == (CommentErrorCode.RATE_LIMITED, start + timedelta(minutes=1))
    assert await comments.wait_until(desk.newsroom, reader) == start + timedelta(minutes=1)
    assert await comments.wait_until(desk.newsroom, desk.who(Role.STAFF)) is None
    assert await comments.wait_until(desk.newsroom, ANONYMOUS) is None
    await desk.say(article, by=await desk.viewer("Other"))
    for _ in range(3):
        await desk.say(article, by=desk.who(Role.STAFF))
    desk.clock.tick(seconds=50)
    assert await comments.wait_until(desk.newsroom, reader) is None
    await desk.say(article, "Three.")


async def test_who_is_kept_out_hears_why(desk: Desk) -> None:
    article, reader = await desk.publish(), desk.who(Role.READER)
    comment = await desk.say(article)
    until = desk.clock() + timedelta(hours=1)
    for restriction, code in (
        (users.RestrictUser(reader.user_id or 0, suspended_until=until), CommentErrorCode.SUSPENDED),
        (users.RestrictUser(reader.user_id or 0, banned=True), CommentErrorCode.BANNED),
    ):
        await users.restrict(desk.newsroom, desk.who(Role.MODERATOR), restriction)
        attempts = [
            desk.say(article),
            edit(desk, comment, "Other"),
            react(desk, comment, ReactionKind.LIKE, reader),
            flag(desk, comment, reader),
        ]
        assert [(await problem(attempt)).code for attempt in attempts] == [code] * 4
    await remove(desk, comment)
    assert (await desk.comment(comment)).status is CommentStatus.REMOVED


async def test_what_failed_left_nothing(desk: Desk) -> None:
    article = await desk.publish()
    await desk.events()
    await problem(desk.say(article, ""))
    assert await desk.events() == []
    assert (await desk.article(article)).comment_count == 0


# Doing it once


async def test_ten_posts_at_once_with_one_key_are_one_comment(desk: Desk) -> None:
    article = await desk.publish()
    await desk.events()
    posted = await asyncio.gather(*(desk.post(article, f"No. {n}", key="k") for n in range(10)))
    assert len(set(posted)) == 1
    assert len(await desk.events(CommentChanged)) == 1
    assert (await desk.article(article)).comment_count == 1


async def test_a_key_belongs_to_its_viewer_and_mutation(desk: Desk) -> None:
    article = await desk.publish()
    mine = await desk.post(article, "a", key="k")
    theirs = await desk.post(article, "a", by=desk.who(Role.STAFF), key="k")
    other = await desk.post(article, "c", key="k2")
    assert len({mine.comment_id, theirs.comment_id, other.comment_id}) == 3
    command = EditComment(mine.comment_id, "b", "k")
    assert await comments.edit(desk.newsroom, desk.who(Role.READER), command) == mine.comment_id
    assert (await desk.comment(mine.comment_id)).body == "b"


async def test_a_repeat_answers_the_first_result_whatever_has_happened_since(desk: Desk) -> None:
    article = await desk.publish()
    await desk.rules(article, mode=ModerationMode.PRE)
    first = await desk.post(article, "a", key="k")
    await desk.moderate(first.comment_id, PUBLISHED)
    await desk.rules(article, open=False)
    assert await desk.post(article, "something else", key="k") == first


async def test_failures_are_not_remembered(desk: Desk) -> None:
    article = await desk.publish()
    await desk.rules(article, open=False)
    await problem(desk.post(article, "a", key="k"))
    await desk.rules(article, open=True)
    assert (await desk.post(article, "a", key="k")).status is PUBLISHED


async def test_without_a_key_nothing_is_a_repeat(desk: Desk) -> None:
    desk.configure(comment_repeat_window=0)
    article = await desk.publish()
    posted = [await desk.post(article, "a", key=key) for key in (None, None, "", "")]
    assert len({one.comment_id for one in posted}) == 4


@pytest.mark.parametrize("key", ["x" * 201, "a\nb", "\ud800", "\x00"])
async def test_keys_must_be_fit_to_be_kept(desk: Desk, key: str) -> None:
    assert await fault(desk.post(await desk.publish(), "a", key=key)) is FaultCode.BAD_INPUT


# Editing


async def test_an_edit_changes_the_text_and_asks_for_another_look(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    await desk.moderate(comment, PUBLISHED)
    await desk.events()
    desk.clock.tick(minutes=5)
    assert await edit(desk, comment, " Better  ") == comment
    found = await desk.comment(comment)
    assert (found.body, found.edited_at, found.status, found.moderated) == ("Better", desk.clock(), PUBLISHED, False)
    [event] = await desk.events(CommentChanged)
    assert (event.cause, event.queues_before, event.queues_after) == (
        CommentCause.EDITED,
        frozenset(),
        frozenset({UNMODERATED}),
    )


async def test_the_same_text_is_no_edit(desk: Desk) -> None:
    comment = await desk.say(await desk.publish(), "Café")
    await desk.events()
    await edit(desk, comment, " Cafe\u0301")
    assert (await desk.comment(comment)).edited_at is None
    assert await desk.events() == []


async def test_the_edit_window_closes(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    desk.clock.tick(minutes=5, milliseconds=1)
    assert (await problem(edit(desk, comment, "Late"))).code is CommentErrorCode.EDIT_WINDOW_EXPIRED


async def test_an_edited_text_passes_the_same_rules(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    assert (await problem(edit(desk, comment, " "))).code is CommentErrorCode.BODY_EMPTY
    assert (await problem(edit(desk, comment, "x" * 301))).actual == 301
    assert (await desk.comment(comment)).body == "At last!"


async def test_under_pre_moderation_an_approved_text_cannot_become_another(desk: Desk) -> None:
    article = await desk.publish()
    await desk.rules(article, mode=ModerationMode.PRE)
    comment = await desk.say(article)
    await desk.moderate(comment, PUBLISHED)
    assert (await desk.article(article)).comment_count == 1
    await edit(desk, comment, "Buy things")
    assert (await desk.comment(comment)).status is CommentStatus.PENDING
    assert (await desk.article(article)).comment_count == 0
    assert [line.rule for line in await desk.history(comment)] == ["pre-moderation", None, "pre-moderation"]


@pytest.mark.parametrize("status", [CommentStatus.PENDING, CommentStatus.WITHHELD])
async def test_what_waits_may_be_mended_and_goes_on_waiting(desk: Desk, status: CommentStatus) -> None:
    article = await desk.publish()
    await desk.rules(article, mode=ModerationMode.PRE)
    comment = await desk.say(article)
    if status is CommentStatus.WITHHELD:
        await desk.moderate(comment, status)
    await edit(desk, comment, "Better")
    assert ((await desk.comment(comment)).body, (await desk.comment(comment)).status) == ("Better", status)


async def test_what_is_rejected_or_removed_stays_as_it_is(desk: Desk) -> None:
    article = await desk.publish()
    rejected, removed = await desk.say(article, "One."), await desk.say(article, "Two.")
    await desk.moderate(rejected, CommentStatus.REJECTED)
    await remove(desk, removed)
    for comment in (rejected, removed):
        assert (await problem(edit(desk, comment, "Again"))).code is CommentErrorCode.INVALID_TRANSITION


@pytest.mark.parametrize("role", [Role.STAFF, Role.MODERATOR, Role.EDITOR, Role.ADMIN])
async def test_nobody_else_edits_or_removes(desk: Desk, role: Role) -> None:
    comment = await desk.say(await desk.publish())
    assert await fault(edit(desk, comment, "Mine", desk.who(role))) is FaultCode.FORBIDDEN
    assert await fault(remove(desk, comment, desk.who(role))) is FaultCode.FORBIDDEN


# Removing


async def test_a_removed_comment_is_gone_for_good(desk: Desk) -> None:
    article = await desk.publish()
    comment = await desk.say(article)
    desk.clock.tick(days=400)
    await desk.events()
    assert await remove(desk, comment) == comment
    found = await desk.comment(comment)
    assert (found.status, found.body) == (CommentStatus.REMOVED, "")
    assert (await desk.article(article)).comment_count == (await desk.article(article)).thread_count == 0
    [event] = await desk.events(CommentChanged)
    assert (event.cause, event.before, event.after) == (CommentCause.REMOVED, PUBLISHED, CommentStatus.REMOVED)
    [line] = await desk.history(comment)
    assert (line.user_id, line.before, line.after) == (
        desk.who(Role.READER).user_id,
        PUBLISHED,
        CommentStatus.REMOVED,
    )
    await remove(desk, comment)
    assert await desk.events() == []


async def test_a_tombstone_stands_while_something_stands_on_it(desk: Desk) -> None:
    article = await desk.publish()
    top = await desk.say(article)
    reply = await desk.say(article, parent=top)
    await remove(desk, top)
    assert (await desk.comment(top)).listed
    assert ((await desk.article(article)).comment_count, (await desk.article(article)).thread_count) == (1, 1)
    await remove(desk, reply)
    assert not (await desk.comment(top)).listed
    assert ((await desk.article(article)).comment_count, (await desk.article(article)).thread_count) == (0, 0)


# Reacting


async def test_a_reaction_is_counted_once_a_person(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    await desk.events()
    steps = [
        (ReactionKind.LIKE, (1, 0, 0)),
        (ReactionKind.LIKE, (1, 0, 0)),
        (ReactionKind.DISAGREE, (0, 0, 1)),
        (ReactionKind.INSIGHTFUL, (0, 1, 0)),
        (None, (0, 0, 0)),
        (None, (0, 0, 0)),
    ]
    for kind, counts in steps:
        await react(desk, comment, kind)
        found = await desk.comment(comment)
        assert (found.likes, found.insightfuls, found.disagrees) == counts
    events = await desk.events(CommentChanged)
    assert [event.cause for event in events] == [CommentCause.REACTED] * 4
    assert {(event.before, event.after) for event in events} == {(PUBLISHED, PUBLISHED)}


async def test_many_at_once_are_all_counted(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    crowd = [await desk.viewer(f"r{n}") for n in range(20)]
    await asyncio.gather(*(react(desk, comment, ReactionKind.LIKE, by) for by in crowd for _ in range(2)))
    assert (await desk.comment(comment)).likes == 20


async def test_only_a_published_comment_is_reacted_to_or_reported(desk: Desk) -> None:
    article = await desk.publish()
    top = await desk.say(article)
    await desk.say(article, parent=top)
    await desk.moderate(top, CommentStatus.WITHHELD)
    for comment in (top, 999):
        for by in (desk.who(Role.READER), desk.who(Role.MODERATOR)):
            assert (await problem(react(desk, comment, ReactionKind.LIKE, by))).code is CommentErrorCode.NOT_FOUND
            assert (await problem(flag(desk, comment, by))).code is CommentErrorCode.NOT_FOUND


# Reporting


async def test_a_report_brings_the_comment_before_the_moderators(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    await desk.events()
    await flag(desk, comment, note=" see\nline 2 ")
    await flag(desk, comment, note="again")
    assert (await desk.comment(comment)).flag_count == 1
    [event] = await desk.events(CommentChanged)
    assert (event.cause, event.queues_after) == (CommentCause.FLAGGED, frozenset({UNMODERATED, REPORTED}))
    found = await desk.read(lambda session: session.comments.flags([comment]))
    assert found[comment] == [Flag(FlagReason.SPAM, "see line 2", desk.clock())]
    await flag(desk, comment, desk.who(Role.EDITOR))
    assert (await desk.comment(comment)).flag_count == 2


async def test_notes_have_an_end(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    found = await problem(flag(desk, comment, note="x" * 1_001))
    assert (found.code, found.field, found.limit) == (CommentErrorCode.BODY_TOO_LONG, ("input", "note"), 1_000)
    await flag(desk, comment, note="x" * 1_000)


# What is not there


@pytest.mark.parametrize("status", [CommentStatus.PENDING, CommentStatus.WITHHELD, CommentStatus.REJECTED])
async def test_what_others_cannot_see_is_not_there(desk: Desk, status: CommentStatus) -> None:
    article = await desk.publish()
    await desk.rules(article, mode=ModerationMode.PRE)
    comment = await desk.say(article)
    if status is not CommentStatus.PENDING:
        await desk.moderate(comment, status)
    other = desk.who(Role.EDITOR)
    for attempt in (
        edit(desk, comment, "x", other),
        remove(desk, comment, other),
        react(desk, comment, ReactionKind.LIKE, other),
        flag(desk, comment, other),
    ):
        found = await problem(attempt)
        assert (found.code, found.field) == (CommentErrorCode.NOT_FOUND, ("input", "id"))


async def test_the_comments_of_a_retracted_article_are_there_for_moderators_only(desk: Desk) -> None:
    article = await desk.publish()
    comment = await desk.say(article)
    await desk.retract(article)
    assert (await problem(edit(desk, comment, "x"))).code is CommentErrorCode.NOT_FOUND
    assert (await problem(remove(desk, comment))).code is CommentErrorCode.NOT_FOUND
    assert await desk.moderate(comment, PUBLISHED) == comment


async def test_a_token_of_nobody_known_is_no_identity(desk: Desk) -> None:
    article = await desk.publish()
    assert await fault(desk.say(article, by=Viewer(999, Role.READER))) is FaultCode.UNAUTHENTICATED
