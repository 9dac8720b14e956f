"""What happens to a comment before it is stored: rules in one list, read from top to bottom."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsgraph.domain.articles import Article
from newsgraph.domain.comments import Comment, CommentPolicy, ModerationMode
from newsgraph.domain.errors import CommentErrorCode, ProblemDetail
from newsgraph.domain.users import Role, User
from newsgraph.settings import Settings

RATE_SPAN = timedelta(minutes=1)
_BODY, _PARENT = ("input", "body"), ("input", "parentId")


@dataclass(frozen=True, slots=True)
class Submission:
    """All that a rule may look at. `body` is normalised; `recent` are the author's own posts, newest first."""

    policy: CommentPolicy
    author: User
    body: str
    now: datetime
    article_id: int
    reply_to: int | None = None
    parent: Comment | None = None
    rate: int = 0
    recent: Sequence[datetime] = field(default=())


@dataclass(frozen=True, slots=True)
class Hold:
    """The comment is taken, and waits as PENDING for a moderator. `rule` is what its history says."""

    rule: str


Verdict = ProblemDetail | Hold | None


@dataclass(frozen=True, slots=True)
class Rule:
    """`why` says why it stands where it stands; `edits`: whether a changed text passes it again."""

    name: str
    why: str
    check: Callable[[Submission], Verdict]
    edits: bool = False


def comment_policy(article: Article, settings: Settings, now: datetime) -> CommentPolicy:
    """The article's rules with the site's settings filled in, as they hold at `now`."""
    rules = article.rules
    longest = rules.max_length or settings.comment_max_length
    return CommentPolicy(
        open=article.published and rules.open and (rules.closes_at is None or now < rules.closes_at),
        closes_at=rules.closes_at,
        mode=rules.mode or ModerationMode(settings.comment_mode),
        min_length=min(settings.comment_min_length, longest),
        max_length=longest,
        edit_window_seconds=int(settings.comment_edit_window),
        max_depth=settings.comment_max_depth,
    )


def editable_until(comment: Comment, settings: Settings) -> datetime:
    return comment.created_at + timedelta(seconds=settings.comment_edit_window)


def refusal(author: User, now: datetime) -> ProblemDetail | None:
    """Why this person may neither write, react nor report at present."""
    return _banned(author) or _suspended(author, now)


def rate_ends(recent: Sequence[datetime], rate: int, now: datetime) -> datetime | None:
    """When somebody who posted at these times, newest first, may post again; None when that is now."""
    counted = [posted for posted in recent if posted > now - RATE_SPAN]
    return counted[rate - 1] + RATE_SPAN if 0 < rate <= len(counted) else None


def judge(submission: Submission, rules: Iterable[Rule]) -> Verdict:
    """The first problem; else the first hold; else None: the comment may be shown."""
    held: Hold | None = None
    for rule in rules:
        verdict = rule.check(submission)
        if isinstance(verdict, ProblemDetail):
            return verdict
        held = held or verdict
    return held


def _problem(
    code: CommentErrorCode, message: str, where: tuple[str, ...] | None = None, retry_at: datetime | None = None
) -> ProblemDetail:
    return ProblemDetail(code, message, where, retry_at=retry_at)


def _measured(problem: ProblemDetail, limit: int, actual: int) -> ProblemDetail:
    return replace(problem, limit=limit, actual=actual)


def _open(given: Submission) -> Verdict:
    if given.policy.open:
        return None
    return _problem(CommentErrorCode.COMMENTS_CLOSED, "Comments on this article are closed.", ("input", "articleId"))


def _banned(author: User) -> ProblemDetail | None:
    return _problem(CommentErrorCode.BANNED, "This account may not take part any more.") if author.banned else None


def _suspended(author: User, now: datetime) -> ProblemDetail | None:
    until = author.suspended_until
    if until is None or until <= now:
        return None
    return _problem(CommentErrorCode.SUSPENDED, "This account is suspended for a time.", retry_at=until)


def _parent(given: Submission) -> Verdict:
    parent = given.parent
    if given.reply_to is None or (parent and parent.published and parent.article_id == given.article_id):
        return None
    return _problem(CommentErrorCode.PARENT_UNAVAILABLE, "The comment to reply to is not there any more.", _PARENT)


def _depth(given: Submission) -> Verdict:
    depth = 0 if given.parent is None else given.parent.depth + 1
    if depth <= given.policy.max_depth:
        return None
    problem = _problem(CommentErrorCode.TOO_DEEP, "This thread goes no deeper: reply further up.", _PARENT)
    return _measured(problem, given.policy.max_depth, depth)


def _length(given: Submission) -> Verdict:
    length, policy = len(given.body), given.policy
    if not any(map(_visible, given.body)):
        problem = _problem(CommentErrorCode.BODY_EMPTY, "Write something first.", _BODY)
        return _measured(problem, policy.min_length, length)
    if length < policy.min_length:
        problem = _problem(CommentErrorCode.BODY_TOO_SHORT, f"Write at least {policy.min_length} characters.", _BODY)
        return _measured(problem, policy.min_length, length)
    if length > policy.max_length:
        problem = _problem(CommentErrorCode.BODY_TOO_LONG, f"Write at most {policy.max_length} characters.", _BODY)
        return _measured(problem, policy.max_length, length)
    return None


def _visible(character: str) -> bool:
    """Not white space, nor one of the characters that only direct how others are shown."""
    return unicodedata.category(character)[0] not in "ZC"


def _rate(given: Submission) -> Verdict:
    until = rate_ends(given.recent, given.rate, given.now) if given.author.role is Role.READER else None
    if until is None:
        return None
    return _problem(CommentErrorCode.RATE_LIMITED, "You are writing quickly. Wait a little.", retry_at=until)


def _pre_moderation(given: Submission) -> Verdict:
    held = given.policy.mode is ModerationMode.PRE and given.author.role is Role.READER
    return Hold("pre-moderation") if held else None


RULES: tuple[Rule, ...] = (
    Rule("comments-open", "Nothing else matters where nobody may write.", _open),
    Rule(
        "author-banned",
        "Before all that concerns the text: who may not write should not have to mend it first.",
        lambda given: _banned(given.author),
        edits=True,
    ),
    Rule(
        "author-suspended",
        "After the ban, which has no end to wait for.",
        lambda given: _suspended(given.author, given.now),
        edits=True,
    ),
    Rule("parent-available", "Before the depth, which is counted from the parent.", _parent),
    Rule("depth", "Before the text: no wording makes a thread deeper.", _depth),
    Rule("length", "Before the rate, so that whoever must wait knows that the text will do.", _length, edits=True),
    Rule("rate", "The last that can refuse: only a comment that is fit to be stored uses up the allowance.", _rate),
    Rule(
        "pre-moderation",
        "Holds are last: what is refused needs no moderator.",
        _pre_moderation,
        edits=True,  # else an approved text could become another one
    ),
)

EDIT_RULES: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.edits)
