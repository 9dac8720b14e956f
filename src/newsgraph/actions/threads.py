"""A comment with its ancestors: found as far as the viewer may see it, and written with all that follows.

Whatever changes a comment is written here: the row, the counters of its thread and its article, and the event.
"""

from __future__ import annotations

from collections.abc import Sequence

from newsgraph.domain.articles import Article
from newsgraph.domain.comments import Comment, CommentStatus, ModerationAction, Recount, appear, restatus
from newsgraph.domain.errors import CommentErrorCode, Fault, FaultCode, Problem, ProblemDetail
from newsgraph.domain.events import CommentCause, CommentChanged
from newsgraph.domain.users import User, Viewer
from newsgraph.policies.access import article_visible, comment_visible
from newsgraph.policies.submissions import Ruling, Submission
from newsgraph.ports.comments import NewComment
from newsgraph.ports.store import Session


async def article_for(session: Session, viewer: Viewer, article_id: int, name: str) -> Article:
    found = await session.articles.by_ids([article_id])
    if not found or not article_visible(found[0], viewer):
        raise Problem(ProblemDetail(CommentErrorCode.NOT_FOUND, "This article is not here.", ("input", name)))
    return found[0]


async def thread_of(session: Session, viewer: Viewer, comment_id: int) -> list[Comment]:
    """The comment and its ancestors, nearest first."""
    chain = list(await session.comments.chain(comment_id))
    if not chain or not comment_visible(chain[0], viewer):
        raise _not_found()
    await article_for(session, viewer, chain[0].article_id, "id")
    return chain


async def published_thread(session: Session, viewer: Viewer, comment_id: int) -> list[Comment]:
    thread = await thread_of(session, viewer, comment_id)
    if not thread[0].published:
        raise _not_found()
    return thread


async def own_thread(session: Session, viewer: Viewer, comment_id: int) -> list[Comment]:
    thread = await thread_of(session, viewer, comment_id)
    if thread[0].user_id != viewer.user_id:
        raise Fault(FaultCode.FORBIDDEN, "Only its author may do this with a comment.")
    return thread


def _not_found() -> Problem:
    return Problem(ProblemDetail(CommentErrorCode.NOT_FOUND, "This comment is not here.", ("input", "id")))


async def person(session: Session, user_id: int) -> User:
    found = await session.users.by_ids([user_id])
    if not found:
        raise Fault(FaultCode.UNAUTHENTICATED, "Nobody is known by this token: send it again.")
    return found[0]


async def insert(session: Session, given: Submission, thread: Sequence[Comment], ruling: Ruling | None) -> Comment:
    """The new comment below `thread`, whose counters it enters when it is shown at once."""
    status = CommentStatus.PUBLISHED if ruling is None else ruling.status
    depth = 0 if given.parent is None else given.parent.depth + 1
    comment = await session.comments.insert(
        NewComment(given.article_id, given.reply_to, given.author.id, given.body, status, depth)
    )
    await _count(session, [comment, *thread], appear(comment, thread))
    session.log.append(_event(CommentCause.POSTED, None, comment))
    return comment


async def apply(session: Session, thread: list[Comment], after: Comment, cause: CommentCause) -> None:
    """Writes `after` in place of the thread's first comment, with all that follows from its status."""
    await session.comments.save(after)
    await _count(session, thread, restatus(thread, after.status))
    session.log.append(_event(cause, thread[0], after))


async def _count(session: Session, thread: list[Comment], recount: Recount) -> None:
    for before, after in zip(thread[1:], recount.comments[1:], strict=True):
        if after != before:
            await session.comments.save(after)
    if recount.published or recount.listed:
        await session.articles.add_comments(thread[0].article_id, recount.published, recount.listed)


def _event(cause: CommentCause, before: Comment | None, after: Comment) -> CommentChanged:
    return CommentChanged(
        cause=cause,
        comment_id=after.id,
        article_id=after.article_id,
        parent_id=after.parent_id,
        before=None if before is None else before.status,
        after=after.status,
        queues_before=before.queues if before else frozenset(),
        queues_after=after.queues,
    )


async def note(
    session: Session, comment: Comment, before: CommentStatus | None, by: Ruling | int, reason: str | None = None
) -> None:
    """A line of the comment's history; `by` is what a rule decided, or the person who did."""
    if isinstance(by, Ruling):
        action = ModerationAction(comment.id, None, by.rule, before, comment.status, by.reason, session.now)
    else:
        action = ModerationAction(comment.id, by, None, before, comment.status, reason, session.now)
    await session.comments.add_history(action)
