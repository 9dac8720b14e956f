"""Judging a text: what the rules look at is gathered in its transaction, the outside rule is asked before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from newsgraph.actions.newsroom import Call, Newsroom, receipt_of
from newsgraph.domain.articles import Article
from newsgraph.domain.comments import Comment, CommentStatus, Opinion
from newsgraph.domain.errors import Problem, ProblemDetail
from newsgraph.domain.users import Role, User
from newsgraph.policies.moderation import comment_policy, judge
from newsgraph.policies.spelling import language_of
from newsgraph.policies.standing import RATE_SPAN
from newsgraph.policies.submissions import Repeats, Rule, Ruling, Submission, Text
from newsgraph.ports.comments import Print
from newsgraph.ports.outside import Question
from newsgraph.ports.store import Session
from newsgraph.settings import Settings


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that somebody wants to stand on an article: a new comment, or the new text of `comment`.

    `thread` is the comment to reply to with its ancestors, nearest first; empty when it is not there.
    """

    article: Article
    author: User
    body: str
    reply_to: int | None = None
    thread: Sequence[Comment] = ()
    comment: Comment | None = None


Drafting = Callable[[Session], Awaitable[Draft]]


async def gather(newsroom: Newsroom, session: Session, draft: Draft, opinion: Opinion | None = None) -> Submission:
    """All that the rules look at; `opinion` is the outside rule's."""
    settings, text = newsroom.settings, Text(draft.body, language_of(draft.article.language))
    # Of the newsroom's own people no rule asks what they have written.
    written = await _written(session, settings, draft, text) if draft.author.role is Role.READER else {}
    return Submission(
        policy=comment_policy(draft.article, settings, session.now),
        author=draft.author,
        text=text,
        now=session.now,
        article_id=draft.article.id,
        settings=settings,
        vocabulary=newsroom.vocabulary,
        reply_to=draft.reply_to,
        parent=draft.thread[0] if draft.thread else None,
        opinion=opinion,
        **written,
    )


async def _written(session: Session, settings: Settings, draft: Draft, text: Text) -> dict[str, Any]:
    """What its author has written before, as fields of a Submission."""
    return {
        "recent": () if draft.comment else await recent(session, draft.author.id, settings),
        "repeats": await _repeats(session, settings, draft, text),
        "published": await _published(session, draft, settings),
    }


async def recent(session: Session, user_id: int, settings: Settings) -> Sequence[datetime]:
    """Somebody's latest posts, as far as their rate limit asks for them; newest first."""
    if not settings.comment_rate:
        return ()
    return await session.comments.posted_since(user_id, session.now - RATE_SPAN, settings.comment_rate)


async def _repeats(session: Session, settings: Settings, draft: Draft, text: Text) -> Repeats:
    comment = draft.comment
    if not settings.comment_repeat_window:
        return Repeats()
    since = session.now - timedelta(seconds=settings.comment_repeat_window)
    print_ = Print(text.fingerprint, draft.author.id, since, comment.id if comment else 0)
    if not await session.comments.printed(print_):
        return Repeats()
    own = await session.comments.own_prints(print_)
    parent_id = comment.parent_id if comment else draft.reply_to
    others = await session.comments.print_authors(print_, settings.comment_repeat_authors)
    return Repeats((draft.article.id, parent_id) in own, bool(own), others)


async def _published(session: Session, draft: Draft, settings: Settings) -> int:
    if not settings.comment_first_held:
        return 0
    besides = draft.comment.id if draft.comment else 0
    return await session.comments.published_of(draft.author.id, besides, settings.comment_first_held)


async def remember(session: Session, given: Submission, comment: Comment) -> None:
    """Of a comment that is stored, what it says, to find the same text again."""
    if given.settings.comment_repeat_window and given.author.role is Role.READER:
        await session.comments.add_print(comment, given.text.fingerprint)


def ruling(given: Submission, rules: Sequence[Rule]) -> Ruling | None:
    """Errors: Problem, for what a rule refuses."""
    verdict = judge(given, rules)
    if isinstance(verdict, ProblemDetail):
        raise Problem(verdict)
    return verdict


async def ask_outside(newsroom: Newsroom, call: Call, rules: Sequence[Rule], drafting: Drafting) -> Opinion | None:
    """What the outside rule says, if there is one; None where it need not be asked.

    It is asked before the transaction, so that nobody waits for it but who writes; and only about what our own rules
    would store, by somebody who does not pass anyway, and once for each clientMutationId that was served.
    """
    if newsroom.outside is None:
        return None

    async def prepare(session: Session) -> Question | None:
        if await receipt_of(session, call) is not None:
            return None
        draft = await drafting(session)
        if draft.comment is not None and draft.comment.body == draft.body:
            return None
        found = ruling(await gather(newsroom, session, draft), rules)
        return None if found and found.status is CommentStatus.PUBLISHED else _question(draft)

    question = await newsroom.store.read(prepare)
    return None if question is None else await newsroom.outside.ask(question)


def _question(draft: Draft) -> Question:
    comment = draft.comment
    parent_id = comment.parent_id if comment else draft.reply_to
    return Question(draft.article, draft.author, draft.body, parent_id, comment.id if comment else None)
