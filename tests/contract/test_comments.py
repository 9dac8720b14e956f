"""What ports.comments promises."""

# ruff: noqa: B023 -- each lambda is used up before its loop goes on

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from newsgraph.domain.articles import Article
from newsgraph.domain.comments import (
    Comment,
    CommentOrder,
    CommentStatus,
    Flag,
    FlagReason,
    ModerationAction,
    ModerationQueueName,
    ReactionKind,
)
from newsgraph.domain.pages import Slice
from newsgraph.ports.comments import NewComment
from newsgraph.ports.store import Refused, Session
from tests.contract.room import Key, Room, milliseconds, walk

KEYS: dict[CommentOrder, Callable[[Comment], Key]] = {
    CommentOrder.NEWEST: lambda c: (milliseconds(c.created_at), c.id),
    CommentOrder.OLDEST: lambda c: (milliseconds(c.created_at), c.id),
    CommentOrder.MOST_REPLIED: lambda c: (c.reply_count, c.id),
    CommentOrder.MOST_REACTED: lambda c: (c.likes + c.insightfuls + c.disagrees, c.id),
}


def ids(comments: Sequence[Comment]) -> list[int]:
    return [comment.id for comment in comments]


async def test_an_inserted_comment_is_found_as_it_was_given(room: Room) -> None:
    article, user = await room.article(), await room.user()
    new = NewComment(article.id, None, user.id, "Größe 👍\nx", CommentStatus.PENDING, 0)
    comment = await room.write(lambda s: s.comments.insert(new))
    assert comment == Comment(
        id=comment.id,
        article_id=article.id,
        parent_id=None,
        user_id=user.id,
        body="Größe 👍\nx",
        status=CommentStatus.PENDING,
        depth=0,
        created_at=room.clock(),
        edited_at=None,
        featured=False,
        moderated=False,
        flag_count=0,
        reply_count=0,
        descendants=0,
        likes=0,
        insightfuls=0,
        disagrees=0,
    )
    assert list(await room.read(lambda s: s.comments.by_ids([comment.id, 999]))) == [comment]


async def test_inserting_touches_no_counter(room: Room) -> None:
    article = await room.article()
    top = await room.comment(article)
    await room.comment(article, top)
    assert list(await room.read(lambda s: s.comments.by_ids([top.id]))) == [top]
    assert list(await room.read(lambda s: s.articles.by_ids([article.id]))) == [article]


async def test_a_comment_needs_its_article_parent_and_user(room: Room) -> None:
    article, user = await room.article(), await room.user()
    good = NewComment(article.id, None, user.id, "x", CommentStatus.PUBLISHED, 0)
    for new in (replace(good, article_id=999), replace(good, parent_id=999), replace(good, user_id=999)):
        with pytest.raises(Refused):
            await room.write(lambda s: s.comments.insert(new))


async def test_the_chain_is_the_comment_and_its_ancestors(room: Room) -> None:
    article = await room.article()
    chain: list[Comment] = []
    for _ in range(5):
        chain.insert(0, await room.comment(article, chain[0] if chain else None))
    await room.comment(article, chain[1])
    assert list(await room.read(lambda s: s.comments.chain(chain[0].id))) == chain
    assert list(await room.read(lambda s: s.comments.chain(chain[-1].id))) == chain[-1:]
    assert list(await room.read(lambda s: s.comments.chain(999))) == []


async def test_save_writes_everything_that_can_change(room: Room) -> None:
    comment = await room.comment(await room.article())
    room.clock.tick(minutes=1)
    changed = await room.save(
        comment,
        body="Edited",
        status=CommentStatus.WITHHELD,
        edited_at=room.clock(),
        featured=True,
        moderated=True,
        flag_count=1,
        reply_count=2,
        descendants=3,
        likes=4,
        insightfuls=5,
        disagrees=6,
    )
    assert list(await room.read(lambda s: s.comments.by_ids([comment.id]))) == [changed]


@pytest.mark.parametrize("counter", ["flag_count", "reply_count", "descendants", "likes", "insightfuls", "disagrees"])
async def test_counters_refuse_to_go_below_zero(room: Room, counter: str) -> None:
    comment = await room.comment(await room.article())
    with pytest.raises(Refused):
        await room.save(comment, **{counter: -1})
    assert list(await room.read(lambda s: s.comments.by_ids([comment.id]))) == [comment]


# --- pages ---------------------------------------------------------------------------------------------------------


async def thread(room: Room, parent: Comment | None = None) -> list[Comment]:
    """Ten listed comments with many equal sort keys, and some that no page lists."""
    article = await room.article() if parent is None else (await article_of(room, parent))
    chance, listed = random.Random(3), list[Comment]()
    for _ in range(10):
        comment = await room.comment(article, parent)
        counts = {name: chance.randrange(2) for name in ("likes", "insightfuls", "disagrees", "reply_count")}
        listed.append(await room.save(comment, **counts))
        room.clock.tick(milliseconds=chance.randrange(2))
    tombstone = await room.comment(article, parent, CommentStatus.REMOVED)
    listed.append(await room.save(tombstone, descendants=1, reply_count=1))
    for status in CommentStatus:
        if status is not CommentStatus.PUBLISHED:
            await room.comment(article, parent, status)
    return listed


async def article_of(room: Room, comment: Comment) -> Article:
    (article,) = await room.read(lambda s: s.articles.by_ids([comment.article_id]))
    return article


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("order", CommentOrder)
@pytest.mark.parametrize("replies", [False, True])
async def test_pages_hold_every_listed_comment_once(
    room: Room, order: CommentOrder, backward: bool, replies: bool
) -> None:
    parent = await room.comment(await room.article()) if replies else None
    comments = await thread(room, parent)
    parent_id = comments[0].article_id if parent is None else parent.id
    expected = sorted(comments, key=KEYS[order], reverse=order is not CommentOrder.OLDEST)

    async def fetch(asked: Slice) -> Sequence[Comment]:
        async def query(session: Session) -> Mapping[int, Sequence[Comment]]:
            pages = session.comments.pages_of_comments if replies else session.comments.pages_of_articles
            return await pages([parent_id], order, asked)

        return (await room.read(query)).get(parent_id, ())

    for size in (1, 3, 20):
        assert ids(await walk(fetch, KEYS[order], size, backward)) == ids(expected)
    first, last = expected[2], expected[8]
    between = await fetch(Slice(20, after=KEYS[order](first), before=KEYS[order](last), backward=backward))
    assert ids(between) == ids(expected[3:8][::-1] if backward else expected[3:8])


async def test_one_statement_pages_many_parents(room: Room) -> None:
    first, second = await thread(room), await thread(room)
    parents = [first[0].article_id, second[0].article_id, 999]
    pages = await room.read(lambda s: s.comments.pages_of_articles(parents, CommentOrder.OLDEST, Slice(3)))
    assert ids(pages[parents[0]]) == ids(first[:4])
    assert ids(pages[parents[1]]) == ids(second[:4])
    assert not pages.get(999)
    a, b = first[0], second[0]
    replies = [await room.comment(await article_of(room, top), top) for top in (a, a, b)]
    pages = await room.read(lambda s: s.comments.pages_of_comments([b.id, a.id], CommentOrder.NEWEST, Slice(5)))
    assert {key: ids(page) for key, page in pages.items()} == {a.id: ids(replies[1::-1]), b.id: ids(replies[2:])}


async def test_top_level_pages_have_no_replies(room: Room) -> None:
    article = await room.article()
    top = await room.comment(article)
    await room.comment(article, top)
    pages = await room.read(lambda s: s.comments.pages_of_articles([article.id], CommentOrder.NEWEST, Slice(5)))
    assert ids(pages[article.id]) == [top.id]


async def test_pages_are_stable_under_inserts_between_them(room: Room) -> None:
    comments = await thread(room)
    article_id = comments[0].article_id
    newest = sorted(comments, key=KEYS[CommentOrder.NEWEST], reverse=True)
    after = KEYS[CommentOrder.NEWEST](newest[3])
    article = await article_of(room, comments[0])
    for _ in range(3):
        await room.comment(article)
    pages = await room.read(
        lambda s: s.comments.pages_of_articles([article_id], CommentOrder.NEWEST, Slice(50, after=after))
    )
    assert ids(pages[article_id]) == ids(newest[4:])


# --- moderation ----------------------------------------------------------------------------------------------------


async def test_queues_hold_what_the_domain_says(room: Room) -> None:
    article, other = await room.article(), await room.article()
    comments: list[Comment] = []
    for where in (article, other):
        for status in CommentStatus:
            for moderated in (False, True):
                for flag_count in (0, 2):
                    room.clock.tick(milliseconds=len(comments) % 2)
                    comment = await room.comment(where, status=status)
                    comments.append(await room.save(comment, moderated=moderated, flag_count=flag_count))
    for name in ModerationQueueName:
        for place in (None, article.id):
            waiting = [c for c in comments if name in c.queues and place in (None, c.article_id)]
            await check_queue(room, name, place, waiting)


async def check_queue(room: Room, name: ModerationQueueName, place: int | None, waiting: list[Comment]) -> None:
    assert len(waiting) >= 2
    for backward in (False, True):
        found = await walk(
            lambda asked: room.read(lambda s: s.comments.queue(name, place, asked)),
            KEYS[CommentOrder.OLDEST],
            3,
            backward,
        )
        assert ids(found) == ids(waiting)
    assert await room.read(lambda s: s.comments.queue_count(name, place)) == len(waiting)


async def test_history_is_oldest_first(room: Room) -> None:
    comment, user = await room.comment(await room.article()), await room.user()
    at = room.clock()
    posted = ModerationAction(comment.id, None, "links", None, CommentStatus.PENDING, "Two links", at)
    approved = ModerationAction(
        comment.id, user.id, None, CommentStatus.PENDING, CommentStatus.PUBLISHED, None, at + timedelta(seconds=1)
    )
    await room.write(lambda s: s.comments.add_history(posted))
    await room.write(lambda s: s.comments.add_history(approved))
    other = await room.comment(await room.article())
    history = await room.read(lambda s: s.comments.history([other.id, comment.id]))
    assert list(history[comment.id]) == [posted, approved]
    assert not history.get(other.id)


async def test_a_person_flags_a_comment_once(room: Room) -> None:
    comment = await room.comment(await room.article())
    kim, lee = await room.user("kim"), await room.user("lee")
    first = Flag(FlagReason.SPAM, None, room.clock())
    second = Flag(FlagReason.OTHER, "Note", room.clock() + timedelta(seconds=1))
    assert await room.write(lambda s: s.comments.add_flag(comment.id, kim.id, first))
    assert not await room.write(lambda s: s.comments.add_flag(comment.id, kim.id, second))
    assert await room.write(lambda s: s.comments.add_flag(comment.id, lee.id, second))
    flags = await room.read(lambda s: s.comments.flags([comment.id]))
    assert list(flags[comment.id]) == [first, second]


async def test_reactions_are_set_changed_and_taken_back(room: Room) -> None:
    comment = await room.comment(await room.article())
    kim, lee = await room.user("kim"), await room.user("lee")

    async def react(user_id: int, kind: ReactionKind | None) -> ReactionKind | None:
        return await room.write(lambda s: s.comments.set_reaction(comment.id, user_id, kind))

    assert await react(kim.id, ReactionKind.LIKE) is None
    assert await react(kim.id, ReactionKind.LIKE) is ReactionKind.LIKE
    assert await react(lee.id, ReactionKind.DISAGREE) is None
    assert await react(kim.id, ReactionKind.INSIGHTFUL) is ReactionKind.LIKE
    mine = await room.read(lambda s: s.comments.reactions_of(kim.id, [comment.id, 999]))
    assert mine == {comment.id: ReactionKind.INSIGHTFUL}
    assert await react(kim.id, None) is ReactionKind.INSIGHTFUL
    assert await react(kim.id, None) is None
    assert await room.read(lambda s: s.comments.reactions_of(kim.id, [comment.id])) == {}
    assert list(await room.read(lambda s: s.comments.by_ids([comment.id]))) == [comment]


async def test_when_a_person_posted_newest_first(room: Room) -> None:
    article, times = await room.article(), []
    for _ in range(4):
        times.append((await room.comment(article, status=CommentStatus.PENDING)).created_at)
        room.clock.tick(seconds=10)
    user = await room.user("kim")
    assert list(await room.read(lambda s: s.comments.posted_since(user.id, times[1], 9))) == times[:0:-1]
    assert list(await room.read(lambda s: s.comments.posted_since(user.id, times[0], 2))) == times[:1:-1]
    assert list(await room.read(lambda s: s.comments.posted_since(999, times[0], 2))) == []
