"""What rules decide, where it is kept, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from newsgraph.actions import comments, upkeep, users
from newsgraph.actions.comments import EditComment, FlagComment, RemoveComment
from newsgraph.domain.comments import CommentStatus, FlagReason, ModerationMode, ModerationQueueName, Opinion
from newsgraph.domain.errors import CommentErrorCode, Fault, FaultCode
from newsgraph.domain.events import CommentCause, CommentChanged
from newsgraph.domain.pages import Slice
from newsgraph.domain.users import Role
from newsgraph.policies.submissions import Vocabulary
from newsgraph.policies.words import WordList, Words
from newsgraph.ports.comments import Print
from newsgraph.ports.outside import Question
from tests.actions.conftest import Desk, fault, problem

PUBLISHED, PENDING, WITHHELD, REJECTED, REMOVED = CommentStatus
LONG = "The ferry is late again, and nobody tells the passengers why."


async def status(desk: Desk, comment: int) -> CommentStatus:
    return (await desk.comment(comment)).status


async def lines(desk: Desk, comment: int) -> list[tuple[str | None, str | None, CommentStatus | None, CommentStatus]]:
    return [(line.rule, line.reason, line.before, line.after) for line in await desk.history(comment)]


async def edit(desk: Desk, comment: int, body: str) -> int:
    return await comments.edit(desk.newsroom, desk.who(Role.READER), EditComment(comment, body))


async def report(desk: Desk, comment: int, people: Sequence[str]) -> None:
    for name in people:
        command = FlagComment(comment, FlagReason.SPAM)
        await comments.flag(desk.newsroom, await desk.viewer(name), command)


# The history


async def test_what_holds_a_comment_is_in_its_history(desk: Desk) -> None:
    article = await desk.publish()
    posted = await desk.post(article, "See a.com, b.com and https://c.example")
    assert posted.status is PENDING
    assert await lines(desk, posted.comment_id) == [("links", "3 links", None, PENDING)]
    [event] = await desk.events(CommentChanged)
    assert (event.after, event.queues_after) == (PENDING, {ModerationQueueName.PENDING})


async def test_staff_pass_and_it_is_noted(desk: Desk) -> None:
    comment = await desk.say(await desk.publish(), "A.com b.com c.com", by=desk.who(Role.STAFF))
    assert await lines(desk, comment) == [("staff-pass", None, None, PUBLISHED)]


async def test_listed_words(desk: Desk) -> None:
    lists = [Words([WordList(language, words)]) for language, words in (("en", ("ninny",)), (None, ("noodle",)))]
    desk.newsroom = replace(desk.newsroom, vocabulary=Vocabulary(*lists))
    english, french = await desk.publish(language="en"), await desk.publish("Autre", language="fr")
    found = await problem(desk.say(english, "What a nіnny!"))
    assert (found.code, found.field) == (CommentErrorCode.WORD_BLOCKED, ("input", "body"))
    assert "ninny" in found.message
    assert (await desk.post(french, "What a ninny!")).status is PUBLISHED
    for text, entry in (("Use your n00dle", "noodle"), ("N1nny!", "ninny")):
        posted = await desk.post(english, text)
        assert await lines(desk, posted.comment_id) == [("suspect-words", entry, None, PENDING)]


# Repeats


async def test_the_same_again_is_refused_where_it_stands(desk: Desk) -> None:
    article, other = await desk.publish(), await desk.publish("Other")
    first = await desk.say(article, "I agree.")
    for text in ("I agree.", "i AGREE", "I\u200b agree!!", "І agree"):
        assert (await problem(desk.say(article, text))).code is CommentErrorCode.DUPLICATE
    reply = await desk.say(article, "I agree.", parent=first)
    assert (await problem(desk.say(article, "I agree.", parent=first))).code is CommentErrorCode.DUPLICATE
    await desk.say(article, "I agree.", parent=reply)
    await desk.say(other, "I agree.")
    await desk.say(article, "I agree.", by=await desk.viewer("Other"))
    desk.clock.tick(seconds=3_601)
    await desk.say(article, "I agree.")


async def test_a_longer_text_is_refused_anywhere(desk: Desk) -> None:
    article, other = await desk.publish(), await desk.publish("Other")
    comment = await desk.say(article, LONG)
    assert (await problem(desk.say(other, LONG))).code is CommentErrorCode.DUPLICATE
    await comments.remove(desk.newsroom, desk.who(Role.READER), RemoveComment(comment))
    await desk.say(other, LONG)


async def test_an_edit_is_no_way_round(desk: Desk) -> None:
    article = await desk.publish()
    await desk.say(article, LONG)
    second = await desk.say(article, "Something else.")
    assert (await problem(edit(desk, second, LONG))).code is CommentErrorCode.DUPLICATE
    await edit(desk, second, "Another thing.")
    await edit(desk, second, "another thing")  # its own text is none of the others'
    await desk.say(article, "Something else.")


async def test_what_several_people_say_word_for_word_is_withheld(desk: Desk) -> None:
    article = await desk.publish()
    posted = [await desk.post(article, LONG, by=await desk.viewer(f"Reader {n}")) for n in range(4)]
    assert [one.status for one in posted] == [PUBLISHED, PUBLISHED, WITHHELD, WITHHELD]
    assert await lines(desk, posted[2].comment_id) == [("copied", None, None, WITHHELD)]
    assert (await desk.comment(posted[2].comment_id)).queues == {ModerationQueueName.PENDING}
    short = [await desk.post(article, "Well said.", by=await desk.viewer(f"Reader {n}")) for n in range(4)]
    assert {one.status for one in short} == {PUBLISHED}


async def test_what_was_said_is_forgotten_in_time(desk: Desk) -> None:
    comment = await desk.comment(await desk.say(await desk.publish(), LONG))
    await desk.newsroom.store.write(lambda session: session.comments.add_print(comment, 7))
    anybody = Print(7, 0, desk.clock())
    assert await desk.read(lambda session: session.comments.print_authors(anybody, 9)) == 1
    desk.clock.tick(seconds=3_601)
    await upkeep.upkeep(desk.newsroom)
    assert await desk.read(lambda session: session.comments.print_authors(anybody, 9)) == 0


# People


async def test_first_comments_wait_until_enough_were_published(desk: Desk) -> None:
    desk.configure(comment_first_held=2)
    article, newcomer = await desk.publish(), await desk.viewer("Newcomer")
    first = [await desk.say(article, f"Number {n}.", by=newcomer) for n in range(3)]
    assert [await status(desk, one) for one in first] == [PENDING] * 3
    await desk.moderate(first[0], PUBLISHED)
    assert (await desk.post(article, "Four.", by=newcomer)).status is PENDING
    await desk.moderate(first[1], PUBLISHED)
    [*_, event] = await desk.events(CommentChanged)
    assert (event.cause, event.before, event.after) == (CommentCause.MODERATED, PENDING, PUBLISHED)
    assert (await desk.post(article, "Five.", by=newcomer)).status is PUBLISHED
    assert (await desk.post(article, "Staff.", by=desk.who(Role.STAFF))).status is PUBLISHED


async def test_a_person_may_be_pre_moderated(desk: Desk) -> None:
    article, reader = await desk.publish(), desk.who(Role.READER)
    assert reader.user_id
    before = await desk.say(article, "Before.")

    async def restrict(premoderated: bool | None, banned: bool | None = None) -> None:
        command = users.RestrictUser(reader.user_id or 0, premoderated=premoderated, banned=banned)
        await users.restrict(desk.newsroom, desk.who(Role.MODERATOR), command)

    await restrict(True)
    held = await desk.say(article, "Held.")
    assert await lines(desk, held) == [("author-premoderated", None, None, PENDING)]
    await edit(desk, before, "Changed.")
    assert await status(desk, before) is PENDING
    await restrict(None, banned=False)
    assert (await desk.post(article, "Still.")).status is PENDING
    await restrict(False)
    assert (await desk.post(article, "Free.")).status is PUBLISHED


async def test_ones_own_comments_that_wait(desk: Desk) -> None:
    article, other = await desk.publish(), await desk.publish("Other")
    desk.configure(comment_mode="PRE")
    mine = [await desk.say(where, f"Number {where}.") for where in (article, other)]
    await desk.say(article, "Theirs.", by=await desk.viewer("Other"))
    reader = desk.who(Role.READER).user_id or 0

    async def waiting(article_id: int | None) -> tuple[list[int], int]:
        rows = await desk.read(lambda session: session.comments.waiting(reader, article_id, Slice(9)))
        return [row.id for row in rows], await desk.read(
            lambda session: session.comments.waiting_count(reader, article_id)
        )

    assert await waiting(None) == (mine, 2)
    assert await waiting(other) == ([mine[1]], 1)
    await desk.moderate(mine[0], PUBLISHED)
    await desk.moderate(mine[1], WITHHELD)
    assert await waiting(None) == ([mine[1]], 1)
    await desk.moderate(mine[1], REJECTED)
    assert await waiting(None) == ([], 0)


# Reports


async def test_enough_reports_hold_a_comment(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    await desk.moderate(comment, featured=True)
    await report(desk, comment, ["A", "B", "C", "D", "D"])
    assert await status(desk, comment) is PUBLISHED
    await desk.events()
    await report(desk, comment, ["E"])
    found = await desk.comment(comment)
    assert (found.status, found.featured) == (PENDING, False)
    assert found.queues == {ModerationQueueName.PENDING}
    assert (await lines(desk, comment))[-1] == ("reports", "5 reports", PUBLISHED, PENDING)
    [event] = await desk.events(CommentChanged)
    assert (event.cause, event.before, event.after) == (CommentCause.FLAGGED, PUBLISHED, PENDING)
    assert event.queues_after == {ModerationQueueName.PENDING}
    assert (await desk.article(found.article_id)).comment_count == 0


async def test_the_same_reports_do_not_hold_it_again(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    await report(desk, comment, "ABCDE")
    await desk.moderate(comment, PUBLISHED)
    await report(desk, comment, "ABCDE")
    await report(desk, comment, "FGHI")
    assert await status(desk, comment) is PUBLISHED
    await report(desk, comment, "J")
    assert await status(desk, comment) is PENDING


async def test_reports_may_be_left_to_moderators(desk: Desk) -> None:
    desk.configure(comment_flag_limit=0)
    comment = await desk.say(await desk.publish())
    await report(desk, comment, "ABCDEFG")
    assert await status(desk, comment) is PUBLISHED


# The outside rule


@dataclass
class Outside:
    """Implements ports.outside.OutsideRule; a real one is asked in tests/test_outside.py."""

    opinion: Opinion | None
    asked: list[Question] = field(default_factory=list)

    async def ask(self, question: Question) -> Opinion:
        self.asked.append(question)
        if self.opinion is None:
            raise Fault(FaultCode.UNAVAILABLE, "No answer.")
        return self.opinion


def listen(desk: Desk, opinion: Opinion | None) -> Outside:
    outside = Outside(opinion)
    desk.newsroom = replace(desk.newsroom, outside=outside)
    return outside


@pytest.mark.parametrize("decided", [PENDING, WITHHELD, REJECTED])
async def test_the_outside_rule_decides(desk: Desk, decided: CommentStatus) -> None:
    outside = listen(desk, Opinion(decided, "score 0.9"))
    article = await desk.publish()
    posted = await desk.post(article, "Hm.")
    assert posted.status is decided
    assert await lines(desk, posted.comment_id) == [("outside", "score 0.9", None, decided)]
    [question] = outside.asked
    assert (question.article.id, question.body, question.comment_id) == (article, "Hm.", None)
    assert (await desk.article(article)).comment_count == 0


async def test_it_is_asked_about_a_new_text(desk: Desk) -> None:
    comment = await desk.say(await desk.publish())
    outside = listen(desk, Opinion(WITHHELD, "spam"))
    await edit(desk, comment, "At last!")  # nothing changed
    assert outside.asked == []
    await edit(desk, comment, "Spam")
    assert [question.comment_id for question in outside.asked] == [comment]
    assert await lines(desk, comment) == [("outside", "spam", PUBLISHED, WITHHELD)]


async def test_a_new_text_of_what_waits_is_judged_too(desk: Desk) -> None:
    """It waits for what it waited for, or for worse; its history says what was found in each text."""
    article = await desk.publish()
    await desk.rules(article, mode=ModerationMode.PRE)
    comment = await desk.say(article, "Hm.")
    await edit(desk, comment, "See a.com, b.com and c.com")
    listen(desk, Opinion(WITHHELD, "spam"))
    await edit(desk, comment, "Buy this")
    listen(desk, Opinion(PENDING, "perhaps"))
    await edit(desk, comment, "Buy that")
    listen(desk, Opinion(REJECTED, "surely"))
    await edit(desk, comment, "Buy everything")
    assert await lines(desk, comment) == [
        ("pre-moderation", None, None, PENDING),
        ("links", "3 links", PENDING, PENDING),
        ("outside", "spam", PENDING, WITHHELD),
        ("outside", "perhaps", WITHHELD, WITHHELD),
        ("outside", "surely", WITHHELD, REJECTED),
    ]
    found = await problem(edit(desk, comment, "Once more"))
    assert found.code is CommentErrorCode.INVALID_TRANSITION


async def test_no_objection_leaves_it_to_the_other_rules(desk: Desk) -> None:
    listen(desk, Opinion(PUBLISHED, "fine"))
    article = await desk.publish()
    assert (await desk.post(article, "Hm.")).status is PUBLISHED
    assert (await desk.post(article, "a.com b.com c.com")).status is PENDING


async def test_it_is_asked_only_where_it_matters(desk: Desk) -> None:
    outside, article = listen(desk, Opinion(PUBLISHED)), await desk.publish()
    await desk.say(article, "Staff.", by=desk.who(Role.STAFF))
    await problem(desk.say(article, ""))
    await problem(desk.say(999))
    assert outside.asked == []
    for _ in range(2):
        await desk.post(article, "Once.", key="k")
    assert len(outside.asked) == 1


async def test_without_it_nothing_is_stored_if_so_set(desk: Desk) -> None:
    listen(desk, None)
    article = await desk.publish()
    assert await fault(desk.say(article)) is FaultCode.UNAVAILABLE
    assert (await desk.article(article)).thread_count == 0
