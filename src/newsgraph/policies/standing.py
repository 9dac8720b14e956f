"""Rules about where a comment is to stand and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from newsgraph.domain.comments import CommentStatus, ModerationMode
from newsgraph.domain.errors import CommentErrorCode, ProblemDetail
from newsgraph.domain.users import Role, User
from newsgraph.policies.submissions import Ruling, Submission, Verdict

RATE_SPAN = timedelta(minutes=1)
_PARENT = ("input", "parentId")


def comments_open(given: Submission) -> Verdict:
    if given.policy.open:
        return None
    message = "Comments on this article are closed."
    if not given.settings.comments_open:
        message = "This site takes no comments at present."
    return ProblemDetail(CommentErrorCode.COMMENTS_CLOSED, message, ("input", "articleId"))


def banned(author: User) -> ProblemDetail | None:
    message = "This account may not take part any more."
    return ProblemDetail(CommentErrorCode.BANNED, message) if author.banned else None


def suspended(author: User, now: datetime) -> ProblemDetail | None:
    until = author.suspended_until
    if until is None or until <= now:
        return None
    return ProblemDetail(CommentErrorCode.SUSPENDED, "This account is suspended for a time.", retry_at=until)


def parent_available(given: Submission) -> Verdict:
    parent = given.parent
    if given.reply_to is None or (parent and parent.published and parent.article_id == given.article_id):
        return None
    return ProblemDetail(CommentErrorCode.PARENT_UNAVAILABLE, "The comment to reply to is not there any more.", _PARENT)


def depth(given: Submission) -> Verdict:
    found = 0 if given.parent is None else given.parent.depth + 1
    if found <= given.policy.max_depth:
        return None
    problem = ProblemDetail(CommentErrorCode.TOO_DEEP, "This thread goes no deeper: reply further up.", _PARENT)
    return replace(problem, limit=given.policy.max_depth, actual=found)


def rate_ends(recent: Sequence[datetime], rate: int, now: datetime) -> datetime | None:
    """When somebody who posted at these times, newest first, may post again; None when that is now."""
    counted = [posted for posted in recent if now - RATE_SPAN < posted < now + RATE_SPAN]  # clocks are set back, too
    return counted[rate - 1] + RATE_SPAN if 0 < rate <= len(counted) else None


def rate(given: Submission) -> Verdict:
    until = rate_ends(given.recent, given.settings.comment_rate, given.now)
    if until is None:
        return None
    message = "You are writing quickly. Wait a little."
    return ProblemDetail(CommentErrorCode.RATE_LIMITED, message, retry_at=until)


def staff_pass(given: Submission) -> Verdict:
    return None if given.author.role is Role.READER else Ruling("staff-pass", CommentStatus.PUBLISHED)


def first_comments(given: Submission) -> Verdict:
    return Ruling("first-comments") if given.published < given.settings.comment_first_held else None


def author_premoderated(given: Submission) -> Verdict:
    return Ruling("author-premoderated") if given.author.premoderated else None


def pre_moderation(given: Submission) -> Verdict:
    return Ruling("pre-moderation") if given.policy.mode is ModerationMode.PRE else None
