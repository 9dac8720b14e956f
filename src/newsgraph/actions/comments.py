"""Comments: posting, editing, removing, reacting, reporting and moderating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsgraph.actions.newsroom import Call, Newsroom, once, require, signed_in
from newsgraph.actions.threads import (
    apply,
    article_for,
    insert,
    note,
    own_thread,
    person,
    published_thread,
    thread_of,
)
from newsgraph.domain.comments import TRANSITIONS, Comment, CommentStatus, Flag, FlagReason, ReactionKind
from newsgraph.domain.errors import CommentErrorCode, Fault, FaultCode, Problem, ProblemDetail
from newsgraph.domain.events import CommentCause
from newsgraph.domain.text import normalise_comment, one_line
from newsgraph.domain.users import Role, Viewer
from newsgraph.policies.moderation import (
    EDIT_RULES,
    RATE_SPAN,
    RULES,
    Hold,
    Rule,
    Submission,
    comment_policy,
    editable_until,
    judge,
    rate_ends,
    refusal,
)
from newsgraph.ports.store import Session
from newsgraph.settings import Settings

REMARK_MAX = 1_000  # code points of a report's note or a moderator's reason


@dataclass(frozen=True, slots=True)
class PostComment:
    article_id: int
    parent_id: int | None
    body: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """PENDING is success too: the comment is held for a moderator, not lost."""

    comment_id: int
    status: CommentStatus


@dataclass(frozen=True, slots=True)
class EditComment:
    comment_id: int
    body: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveComment:
    comment_id: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ReactToComment:
    """`kind` None takes the reaction back."""

    comment_id: int
    kind: ReactionKind | None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class FlagComment:
    comment_id: int
    reason: FlagReason
    note: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ModerateComment:
    """`to` None leaves the status, `featured` None leaves that; one of them must be given."""

    comment_id: int
    to: CommentStatus | None = None
    featured: bool | None = None
    reason: str | None = None
    key: str | None = None


async def post(newsroom: Newsroom, viewer: Viewer, command: PostComment) -> Posted:
    """Errors: every CommentErrorCode that the rules of `policies.moderation` name, and NOT_FOUND for the article."""
    user_id = signed_in(viewer)

    async def change(session: Session) -> str:
        article = await article_for(session, viewer, command.article_id, "articleId")
        thread = [] if command.parent_id is None else list(await session.comments.chain(command.parent_id))
        submission = Submission(
            policy=comment_policy(article, newsroom.settings, session.now),
            author=await person(session, user_id),
            body=normalise_comment(command.body),
            now=session.now,
            article_id=article.id,
            reply_to=command.parent_id,
            parent=thread[0] if thread else None,
            rate=newsroom.settings.comment_rate,
            recent=await _recent(session, viewer, newsroom.settings),
        )
        hold = _held(submission, RULES)
        comment = await insert(session, submission, thread, hold)
        if hold is not None:
            await note(session, comment, None, hold)
        return f"{comment.id} {comment.status.value}"

    comment_id, _, status = (await once(newsroom, Call(user_id, "postComment", command.key), change)).partition(" ")
    return Posted(int(comment_id), CommentStatus(status))


async def edit(newsroom: Newsroom, viewer: Viewer, command: EditComment) -> int:
    """A new text by the comment's author; a moderator has to look at it anew.

    Errors: EDIT_WINDOW_EXPIRED, INVALID_TRANSITION for a rejected or removed comment, NOT_FOUND, and the rules
    that a text has to pass. Fault FORBIDDEN for somebody else's comment.
    """
    user_id = signed_in(viewer)

    async def change(session: Session) -> int:
        thread = await own_thread(session, viewer, command.comment_id)
        comment, body = thread[0], normalise_comment(command.body)
        _require_editable(comment, newsroom.settings, session.now)
        if body == comment.body:
            return comment.id
        hold = await _revised(session, newsroom.settings, comment, body)
        after = replace(comment, body=body, edited_at=session.now, moderated=False)
        if hold is not None:
            after = replace(after, status=CommentStatus.PENDING, featured=False)
            await note(session, after, comment.status, hold)
        await apply(session, thread, after, CommentCause.EDITED)
        return comment.id

    return await once(newsroom, Call(user_id, "editComment", command.key), change)


async def remove(newsroom: Newsroom, viewer: Viewer, command: RemoveComment) -> int:
    """Its author's own act, at any time and for good: the text is gone, the thread keeps its shape.

    Removing once more changes nothing. Errors: NOT_FOUND; Fault FORBIDDEN for somebody else's comment.
    """
    user_id = signed_in(viewer)

    async def change(session: Session) -> int:
        thread = await own_thread(session, viewer, command.comment_id)
        comment = thread[0]
        if comment.status is not CommentStatus.REMOVED:
            after = replace(comment, status=CommentStatus.REMOVED, body="", featured=False)
            await apply(session, thread, after, CommentCause.REMOVED)
            await note(session, after, comment.status, user_id)
        return comment.id

    return await once(newsroom, Call(user_id, "removeComment", command.key), change)


async def react(newsroom: Newsroom, viewer: Viewer, command: ReactToComment) -> int:
    """One reaction a person and comment. Errors: NOT_FOUND unless it is published, BANNED, SUSPENDED."""
    user_id = signed_in(viewer)

    async def change(session: Session) -> int:
        thread = await published_thread(session, viewer, command.comment_id)
        _refuse(refusal(await person(session, user_id), session.now))
        comment = thread[0]
        before = await session.comments.set_reaction(comment.id, user_id, command.kind)
        if before is not command.kind:
            await apply(session, thread, _reacted(comment, before, command.kind), CommentCause.REACTED)
        return comment.id

    return await once(newsroom, Call(user_id, "reactToComment", command.key), change)


async def flag(newsroom: Newsroom, viewer: Viewer, command: FlagComment) -> int:
    """Reports a comment to the moderators; once a person, a second report changes nothing.

    Errors: NOT_FOUND unless it is published, BANNED, SUSPENDED, BODY_TOO_LONG for the note.
    """
    user_id = signed_in(viewer)
    note = _remark(command.note, "note")

    async def change(session: Session) -> int:
        thread = await published_thread(session, viewer, command.comment_id)
        _refuse(refusal(await person(session, user_id), session.now))
        comment = thread[0]
        if await session.comments.add_flag(comment.id, user_id, Flag(command.reason, note, session.now)):
            after = replace(comment, flag_count=comment.flag_count + 1)
            await apply(session, thread, after, CommentCause.FLAGGED)
        return comment.id

    return await once(newsroom, Call(user_id, "flagComment", command.key), change)


async def moderate(newsroom: Newsroom, viewer: Viewer, command: ModerateComment) -> int:
    """A moderator's decision. Deciding for the status that it has says that it was looked at.

    Errors: NOT_FOUND, INVALID_TRANSITION (also for featuring what is not published), BODY_TOO_LONG for the reason.
    """
    user_id = require(viewer, Role.MODERATOR)
    reason = _remark(command.reason, "reason")
    if command.to is None and command.featured is None:
        raise Fault(FaultCode.BAD_INPUT, "Say what to change: to, featured, or both.")

    async def change(session: Session) -> int:
        thread = await thread_of(session, viewer, command.comment_id)
        comment = thread[0]
        after = _decided(comment, command)
        decided = command.to is not None
        if after != comment or decided:
            await apply(session, thread, after, CommentCause.MODERATED if decided else CommentCause.FEATURED)
        if decided:
            await note(session, after, comment.status, user_id, reason)
        return comment.id

    return await once(newsroom, Call(user_id, "moderateComment", command.key), change)


async def wait_until(newsroom: Newsroom, viewer: Viewer) -> datetime | None:
    """When the viewer's rate limit ends; None when they may post at once, and for anonymous readers."""
    if not _limited(viewer, newsroom.settings):
        return None

    async def query(session: Session) -> datetime | None:
        recent = await _recent(session, viewer, newsroom.settings)
        return rate_ends(recent, newsroom.settings.comment_rate, session.now)

    return await newsroom.store.read(query)


async def _recent(session: Session, viewer: Viewer, settings: Settings) -> Sequence[datetime]:
    """The viewer's latest posts, as far as their rate limit asks for them; newest first."""
    if not _limited(viewer, settings):
        return ()
    return await session.comments.posted_since(signed_in(viewer), session.now - RATE_SPAN, settings.comment_rate)


def _limited(viewer: Viewer, settings: Settings) -> bool:
    return settings.comment_rate > 0 and viewer.role is Role.READER


async def _revised(session: Session, settings: Settings, comment: Comment, body: str) -> Hold | None:
    """Whether a published comment has to wait again with its new text."""
    [article] = await session.articles.by_ids([comment.article_id])
    revision = Submission(
        policy=comment_policy(article, settings, session.now),
        author=await person(session, comment.user_id),
        body=body,
        now=session.now,
        article_id=article.id,
    )
    hold = _held(revision, EDIT_RULES)
    return hold if comment.published else None


def _held(submission: Submission, rules: Sequence[Rule]) -> Hold | None:
    verdict = judge(submission, rules)
    if isinstance(verdict, ProblemDetail):
        raise Problem(verdict)
    return verdict


def _refuse(problem: ProblemDetail | None) -> None:
    if problem is not None:
        raise Problem(problem)


def _require_editable(comment: Comment, settings: Settings, now: datetime) -> None:
    if comment.status in (CommentStatus.REJECTED, CommentStatus.REMOVED):
        raise _impossible("This comment cannot be edited any more.", "id")
    if now > editable_until(comment, settings):
        message = "The time for editing this comment is over."
        raise Problem(ProblemDetail(CommentErrorCode.EDIT_WINDOW_EXPIRED, message, ("input", "id")))


def _remark(text: str | None, name: str) -> str | None:
    """A note or reason on one line, None when nothing is left of it."""
    line = one_line(text or "")
    if len(line) > REMARK_MAX:
        message = f"At most {REMARK_MAX} characters."
        raise Problem(
            ProblemDetail(CommentErrorCode.BODY_TOO_LONG, message, ("input", name), limit=REMARK_MAX, actual=len(line))
        )
    return line or None


def _decided(comment: Comment, command: ModerateComment) -> Comment:
    after = comment if command.to is None else _moved(comment, command.to)
    featured = after.featured if command.featured is None else command.featured
    if command.featured and not after.published:
        raise _impossible("Only a published comment can be featured.", "featured")
    return replace(after, featured=featured and after.published)


def _moved(comment: Comment, to: CommentStatus) -> Comment:
    confirmed = to is comment.status and to in _CONFIRMABLE
    if not confirmed and to not in TRANSITIONS[comment.status]:
        raise _impossible(f"A comment that is {comment.status.value} cannot become {to.value}.", "to")
    flags = 0 if to is CommentStatus.PUBLISHED else comment.flag_count  # approving answers the reports
    return replace(comment, status=to, moderated=True, flag_count=flags)


# What a moderator may decide for once more. PENDING is no decision, REMOVED not theirs.
_CONFIRMABLE = frozenset(TRANSITIONS) - {CommentStatus.PENDING, CommentStatus.REMOVED}


def _impossible(message: str, name: str) -> Problem:
    return Problem(ProblemDetail(CommentErrorCode.INVALID_TRANSITION, message, ("input", name)))


def _reacted(comment: Comment, before: ReactionKind | None, after: ReactionKind | None) -> Comment:
    def change(kind: ReactionKind) -> int:
        return int(after is kind) - int(before is kind)

    return replace(
        comment,
        likes=comment.likes + change(ReactionKind.LIKE),
        insightfuls=comment.insightfuls + change(ReactionKind.INSIGHTFUL),
        disagrees=comment.disagrees + change(ReactionKind.DISAGREE),
    )
