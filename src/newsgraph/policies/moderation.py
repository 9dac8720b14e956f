"""What happens to a comment before it is stored: rules in one list, read from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from newsgraph.domain.articles import Article
from newsgraph.domain.comments import Comment, CommentPolicy, CommentStatus, ModerationMode
from newsgraph.domain.errors import ProblemDetail
from newsgraph.domain.users import User
from newsgraph.policies import standing, wording
from newsgraph.policies.submissions import Rule, Ruling, Submission, Verdict
from newsgraph.settings import Settings


def comment_policy(article: Article, settings: Settings, now: datetime) -> CommentPolicy:
    """The article's rules with the site's settings filled in, as they hold at `now`."""
    rules, closes_at = article.rules, _closes_at(article, settings)
    longest = rules.max_length or settings.comment_max_length
    taken = settings.comments_open and article.published and rules.open
    return CommentPolicy(
        open=taken and (closes_at is None or now < closes_at),
        closes_at=closes_at,
        mode=rules.mode or ModerationMode(settings.comment_mode),
        min_length=min(settings.comment_min_length, longest),
        max_length=longest,
        edit_window_seconds=int(settings.comment_edit_window),
        max_depth=settings.comment_max_depth,
    )


def _closes_at(article: Article, settings: Settings) -> datetime | None:
    """The article's own time, else the one that its age gives it."""
    if article.rules.closes_at is not None or not settings.comment_close_age or article.published_at is None:
        return article.rules.closes_at
    return article.published_at + timedelta(seconds=settings.comment_close_age)


def editable_until(comment: Comment, settings: Settings) -> datetime:
    return comment.created_at + timedelta(seconds=settings.comment_edit_window)


def refusal(author: User, now: datetime) -> ProblemDetail | None:
    """Why this person may neither write, react nor report at present."""
    return standing.banned(author) or standing.suspended(author, now)


def held_by_reports(comment: Comment, settings: Settings) -> Ruling | None:
    """Whether a published comment has so many unanswered reports that it has to wait for a moderator.

    A moderator who publishes it has answered those it had: only new ones count from then on.
    """
    enough = settings.comment_flag_limit
    if comment.published and 0 < enough <= comment.flag_count:
        return Ruling("reports", reason=f"{comment.flag_count} reports")
    return None


_STRICTNESS = (CommentStatus.PUBLISHED, CommentStatus.PENDING, CommentStatus.WITHHELD, CommentStatus.REJECTED)


def judge(submission: Submission, rules: Iterable[Rule]) -> Verdict:
    """The first problem; else the strictest ruling, of equals the first; else None: the comment may be shown.

    A ruling that publishes ends the list.
    """
    found: Ruling | None = None
    for rule in rules:
        verdict = rule.check(submission)
        if isinstance(verdict, ProblemDetail):
            return verdict
        if verdict is not None and verdict.status is CommentStatus.PUBLISHED:
            return found or verdict
        if verdict is not None and (found is None or stricter(verdict.status, found.status)):
            found = verdict
    return found


def stricter(one: CommentStatus, other: CommentStatus) -> bool:
    """Whether less is shown of a comment with the one; REMOVED is its author's own act, and no rule's."""
    return _STRICTNESS.index(one) > _STRICTNESS.index(other)


RULES: tuple[Rule, ...] = (
    Rule("comments-open", "Nothing else matters where nobody may write.", standing.comments_open),
    Rule(
        "author-banned",
        "Before all that concerns the text: who may not write should not have to mend it first.",
        lambda given: standing.banned(given.author),
        edits=True,
    ),
    Rule(
        "author-suspended",
        "After the ban, which has no end to wait for.",
        lambda given: standing.suspended(given.author, given.now),
        edits=True,
    ),
    Rule("parent-available", "Before the depth, which is counted from the parent.", standing.parent_available),
    Rule("depth", "Before the text: no wording makes a thread deeper.", standing.depth),
    Rule("length", "The first about the text: what is too long is not read any further.", wording.length, edits=True),
    Rule(
        "staff-pass",
        "After what binds everybody, before what guards against strangers: staff may quote what readers may not say.",
        standing.staff_pass,
        edits=True,
    ),
    Rule(
        "banned-words",
        "Before repetition: the text has to be changed anyway.",
        wording.banned_words,
        edits=True,
    ),
    Rule("repeated", "Before the rate: who sends twice by mistake is told so.", wording.repeated, edits=True),
    Rule(
        "rate", "The last that refuses: only a comment that is fit to be stored uses up the allowance.", standing.rate
    ),
    Rule(
        "outside",
        "The first that may hold: it is asked over the network, and only about what would be stored.",
        wording.outside,
        edits=True,
    ),
    Rule(
        "copied", "Before milder suspicions: of two rules that hold, the stricter decides.", wording.copied, edits=True
    ),
    Rule("links", "Of what holds, the surest sign of advertising.", wording.links, edits=True),
    Rule("suspect-words", "After the links, whose number needs no list.", wording.suspect_words, edits=True),
    Rule("loud", "After the words: how it is said tells less than what is said.", wording.loud, edits=True),
    Rule(
        "first-comments",
        "After the text, so that the history names what is wrong with it rather than that its author is new.",
        standing.first_comments,
        edits=True,
    ),
    Rule(
        "author-premoderated",
        "After what they are new to: a moderator's decision about the person, whatever the text.",
        standing.author_premoderated,
        edits=True,
    ),
    Rule(
        "pre-moderation",
        "The last, since it says nothing of the comment: all of them wait.",
        standing.pre_moderation,
        edits=True,  # else an approved text could become another one
    ),
)

EDIT_RULES: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.edits)
