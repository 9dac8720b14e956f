"""Comments: posting, editing, removing, reacting, reporting and moderating."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from newsgraph.actions.moderation import Draft, ask_outside, gather, recent, remember, ruling
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
from newsgraph.domain.comments import FINAL, TRANSITIONS, Comment, CommentStatus, Flag, FlagReason, ReactionKind
from newsgraph.domain.errors import CommentErrorCode, Fault, FaultCode, Problem, ProblemDetail
from newsgraph.domain.events import CommentCause
from newsgraph.domain.text import normalise_comment, one_line
from newsgraph.domain.users import Role, Viewer
from newsgraph.policies.moderation import EDIT_RULES, RULES, editable_until, held_by_reports, refusal, stricter
from newsgraph.policies.standing import rate_ends
from newsgraph.policies.submissions import Submission
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
    """PENDING is success too: the comment is held for a moderator, not lost.

    `comment`: as it was written; None for a repeat, which has to look for what has become of it.
    """

    comment_id: int
    status: CommentStatus
    comment: Comment | None = field(default=None, compare=False)


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
    call = Call(signed_in(viewer), "postComment", command.key)
    body = normalise_comment(command.body)

    async def draft(session: Session) -> Draft:
        article = await article_for(session, viewer, command.article_id, "articleId")
        thread = () if command.parent_id is None else await session.comments.chain(command.parent_id)
        return Draft(article, await person(session, call.user_id), body, command.parent_id, thread)

    opinion = await ask_outside(newsroom, call, RULES, draft)
    written: list[Comment] = []

    async def change(session: Session) -> str:
        drafted = await draft(session)
        given = await gather(newsroom, session, drafted, opinion)
        found = ruling(given, RULES)
        comment = await insert(session, given, drafted.thread, found)
        await remember(session, given, comment)
        if found is not None:
            await note(session, comment, None, found)
        written.append(comment)
        return f"{comment.id} {comment.status.value}"

    comment_id, _, status = (await once(newsroom, call, change)).partition(" ")
    return Posted(int(comment_id), CommentStatus(status), *written)


async def edit(newsroom: Newsroom, viewer: Viewer, command: EditComment) -> int:
    """A new text by the comment's author; a moderator has to look at it anew.

    Errors: EDIT_WINDOW_EXPIRED, INVALID_TRANSITION for a rejected or removed comment, NOT_FOUND, and the rules
    that a text has to pass. Fault FORBIDDEN for somebody else's comment.
    """
    call = Call(signed_in(viewer), "editComment", command.key)
    body = normalise_comment(command.body)

    async def draft(session: Session) -> Draft:
        comment = (await own_thread(session, viewer, command.comment_id))[0]
        _require_editable(comment, newsroom.settings, session.now)
        [article] = await session.articles.by_ids([comment.article_id])
        return Draft(article, await person(session, comment.user_id), body, comment=comment)

    opinion = await ask_outside(newsroom, call, EDIT_RULES, draft)

    async def change(session: Session) -> int:
        drafted = await draft(session)
        if drafted.comment is not None and drafted.comment.body != body:
            given = await gather(newsroom, session, drafted, opinion)
            await _revise(session, drafted.comment, given)
        return command.comment_id

    return await once(newsroom, call, change)


async def _revise(session: Session, comment: Comment, given: Submission) -> None:
    """A published comment may have to wait again with its new text. One that waits goes on waiting, or does worse."""
    found = ruling(given, EDIT_RULES)
    after = replace(comment, body=given.body, edited_at=session.now, moderated=False)
    if found is not None and found.status is not CommentStatus.PUBLISHED:
        if stricter(found.status, comment.status):
            after = replace(after, status=found.status, featured=False)
        await note(session, after, comment.status, found)
    await remember(session, given, after)
    await apply(session, list(await session.comments.chain(comment.id)), after, CommentCause.EDITED)


async def remove(newsroom: Newsroom, viewer: Viewer, command: RemoveComment) -> int:
    """Its author's own act, at any time and for good: the text is gone, the thread keeps its shape.

    Removing once more changes nothing. Errors: NOT_FOUND; Fault FORBIDDEN for somebody else's comment.
    """
    user_id = signed_in(viewer)

    async def change(session: Session) -> int:
        await person(session, user_id)
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
    remark = _remark(command.note, "note")

    async def change(session: Session) -> int:
        thread = await published_thread(session, viewer, command.comment_id)
        _refuse(refusal(await person(session, user_id), session.now))
        comment = thread[0]
        if await session.comments.add_flag(comment.id, user_id, Flag(command.reason, remark, session.now)):
            await _flagged(session, newsroom.settings, thread)
        return comment.id

    return await once(newsroom, Call(user_id, "flagComment", command.key), change)


async def _flagged(session: Session, settings: Settings, thread: list[Comment]) -> None:
    """One report more; with enough of them the comment waits for a moderator."""
    after = replace(thread[0], flag_count=thread[0].flag_count + 1)
    found = held_by_reports(after, settings)
    if found is not None:
        after = replace(after, status=found.status, featured=False)
        await note(session, after, thread[0].status, found)
    await apply(session, thread, after, CommentCause.FLAGGED)


async def moderate(newsroom: Newsroom, viewer: Viewer, command: ModerateComment) -> int:
    """A moderator's decision. Deciding for the status that it has says that it was looked at.

    Errors: NOT_FOUND, INVALID_TRANSITION (also for featuring what is not published), BODY_TOO_LONG for the reason.
    """
    user_id = require(viewer, Role.MODERATOR)
    reason = _remark(command.reason, "reason")
    if command.to is None and command.featured is None:
        raise Fault(FaultCode.BAD_INPUT, "Say what to change: to, featured, or both.")

    async def change(session: Session) -> int:
        await person(session, user_id)
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
        posted = await recent(session, signed_in(viewer), newsroom.settings)
        return rate_ends(posted, newsroom.settings.comment_rate, session.now)

    return await newsroom.store.read(query)


def _limited(viewer: Viewer, settings: Settings) -> bool:
    return settings.comment_rate > 0 and viewer.role is Role.READER


def _refuse(problem: ProblemDetail | None) -> None:
    if problem is not None:
        raise Problem(problem)


def _require_editable(comment: Comment, settings: Settings, now: datetime) -> None:
    if comment.status in FINAL:
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
