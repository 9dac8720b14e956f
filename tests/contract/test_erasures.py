"""What ports.erasures promises."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsgraph.domain.comments import CommentStatus, Flag, FlagReason, ModerationAction, ReactionKind
from newsgraph.domain.erasures import Erasure, Mode
from newsgraph.ports.comments import NewComment
from newsgraph.ports.store import Refused
from tests.contract.room import Room


async def test_who_is_being_erased_is_found_by_nobody(room: Room) -> None:
    kim = await room.user("kim")
    await room.write(lambda s: s.erasures.begin(kim, Mode.ANONYMOUS))
    assert await room.read(lambda s: s.users.by_subject("kim")) is None
    assert list(await room.read(lambda s: s.users.by_ids([kim.id]))) == []
    again = await room.user("kim")
    assert again.id != kim.id
    assert list(await room.read(lambda s: s.erasures.of_subject("kim"))) == [Erasure(kim.id, Mode.ANONYMOUS)]
    assert list(await room.read(lambda s: s.erasures.of_subject("lee"))) == []


async def test_what_was_begun_is_there_until_it_is_finished(room: Room) -> None:
    kim, lee, start = await room.user("kim"), await room.user("lee"), room.clock()
    await room.write(lambda s: s.erasures.begin(kim, Mode.TOMBSTONE))
    await room.write(lambda s: s.erasures.begin(lee, Mode.ANONYMOUS))
    with pytest.raises(Refused):
        await room.write(lambda s: s.erasures.begin(kim, Mode.TOMBSTONE))
    room.clock.tick(minutes=1)
    await room.write(lambda s: s.erasures.note(lee.id))
    assert list(await room.read(lambda s: s.erasures.idle(start))) == []
    late = start + timedelta(seconds=1)
    assert list(await room.read(lambda s: s.erasures.idle(late))) == [Erasure(kim.id, Mode.TOMBSTONE)]
    await room.write(lambda s: s.erasures.finish(kim.id))
    assert list(await room.read(lambda s: s.erasures.idle(late + timedelta(hours=1)))) == [
        Erasure(lee.id, Mode.ANONYMOUS)
    ]


async def test_comments_are_handed_over_a_few_at_a_time(room: Room) -> None:
    article = await room.article([(await room.author()).id])
    kim = await room.user("kim")
    said = [(await room.comment(article)).id for _ in range(3)]
    new = NewComment(article.id, None, (await room.user("lee")).id, "Mine.", CommentStatus.PUBLISHED, 0)
    theirs = (await room.write(lambda s: s.comments.insert(new))).id
    for comment_id in (*said, theirs):
        note = ModerationAction(comment_id, None, "rule", None, CommentStatus.PUBLISHED, "why", room.clock())
        await room.write(lambda s, note=note: s.comments.add_history(note))  # type: ignore[misc]
    assert list(await room.read(lambda s: s.erasures.comments(kim.id, 2))) == said[:2]
    await room.write(lambda s: s.erasures.hand_over(said[:2]))
    assert list(await room.read(lambda s: s.erasures.comments(kim.id, 9))) == said[2:]
    found = await room.read(lambda s: s.comments.by_ids(said))
    [nobody] = await room.read(lambda s: s.users.by_ids([found[0].user_id]))
    assert (nobody.name, found[1].user_id, nobody.is_service) == ("Anonymous", nobody.id, True)
    history = await room.read(lambda s: s.comments.history([*said, theirs]))
    assert [history[one][0].reason for one in (*said, theirs)] == [None, None, "why", "why"]


async def test_reports_say_whether_they_still_count(room: Room) -> None:
    """Those from before a moderator's approval do not."""
    article = await room.article([(await room.author()).id])
    kim, lee = await room.user("kim"), await room.user("lee")
    answered, open_ = [(await room.comment(article)).id for _ in range(2)]
    for comment_id in (answered, open_):
        for user in (kim, lee):
            flag = Flag(FlagReason.SPAM, "note", room.clock())
            await room.write(lambda s, c=comment_id, u=user, f=flag: s.comments.add_flag(c, u.id, f))  # type: ignore[misc]
    room.clock.tick(seconds=1)
    approval = ModerationAction(answered, lee.id, None, None, CommentStatus.PUBLISHED, None, room.clock())
    await room.write(lambda s: s.comments.add_history(approval))
    assert await room.write(lambda s: s.erasures.take_back_flags(kim.id, 9)) == {answered: False, open_: True}
    assert await room.write(lambda s: s.erasures.take_back_flags(kim.id, 9)) == {}
    assert len((await room.read(lambda s: s.comments.flags([open_])))[open_]) == 1


async def test_what_else_is_theirs_is_found_and_taken_away(room: Room) -> None:
    article = await room.article([(await room.author()).id])
    lee, comment = await room.user("lee"), (await room.comment(article)).id
    await room.write(lambda s: s.comments.set_reaction(comment, lee.id, ReactionKind.LIKE))
    for key in ("1", "2", "3"):
        await room.write(lambda s, key=key: s.receipts.keep(lee.id, "m", key, "{}"))  # type: ignore[misc]
    decision = ModerationAction(comment, lee.id, None, None, CommentStatus.REJECTED, "why", room.clock())
    await room.write(lambda s: s.comments.add_history(decision))
    await room.write(lambda s: s.keys.insert("hash", "ngk_abc", lee.id, None))
    held = await room.read(lambda s: s.erasures.held(lee.id))
    assert {name: len(rows) for name, rows in held.items() if name != "account"} == {
        "comments": 0,
        "prints": 0,
        "reactions": 1,
        "flags": 0,
        "receipts": 3,
        "keys": 1,
        "history": 1,
    }
    assert list(await room.read(lambda s: s.erasures.reacted(lee.id, 9))) == [comment]
    assert [await room.write(lambda s: s.erasures.unsign(lee.id, 2)) for _ in range(3)] == [4, 1, 0]
    [line] = (await room.read(lambda s: s.comments.history([comment])))[comment]
    assert (line.user_id, line.reason) == (None, None)
    assert list(await room.read(lambda s: s.keys.all())) == []
