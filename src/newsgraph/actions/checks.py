"""Recounting everything that is kept twice, and putting right what has drifted, while others read and write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from newsgraph.actions import lists
from newsgraph.actions.editions import announce
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.checks import Drift
from newsgraph.domain.comments import Comment
from newsgraph.domain.errors import Fault
from newsgraph.domain.events import ArticleCause, CommentCause, CommentChanged, ListCurated, ViewsCounted
from newsgraph.ports.store import Session

LIMIT = 5_000  # drifts of one check at once: what they take in memory
BATCH = 100  # of them mended in one transaction: some 20 ms in which nobody else writes

Tell = Callable[[Session, Sequence[Drift]], Awaitable[None]]
Find = Callable[[Session, int], Awaitable[Sequence[Drift]]]
Mend = Callable[[Session, Drift], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Check:
    """`what` is its meaning in a line. `tell` appends the events by which clients learn of what was mended.

    `mends` False: nobody but a person can say what is right. `writes`: it can only be made where changes are made.
    `find` and `mend` do what SQL does not: the store has statements for the others.
    """

    name: str
    what: str
    tell: Tell | None = None
    mends: bool = True
    writes: bool = False
    find: Find | None = None
    mend: Mend | None = None

    async def found(self, session: Session, limit: int) -> Sequence[Drift]:
        return await (self.find(session, limit) if self.find else session.checks.find(self.name, limit))

    async def mended(self, session: Session, drift: Drift) -> bool:
        return await (self.mend(session, drift) if self.mend else session.checks.mend(self.name, drift))


@dataclass(slots=True)
class Report:
    """Of one check: what was found, how many of them were mended, and how many are there at the end."""

    check: Check
    found: list[Drift] = field(default_factory=list)
    mended: int = 0
    left: int = 0


async def check(newsroom: Newsroom, one: Check) -> Sequence[Drift]:
    """What has drifted, at most LIMIT of it. Errors: Fault(UNAVAILABLE)."""

    async def find(session: Session) -> Sequence[Drift]:
        return await one.found(session, LIMIT)

    return await (newsroom.store.write(find) if one.writes else newsroom.store.read(find))


async def run(newsroom: Newsroom, one: Check, fix: bool) -> Report:
    """Checks, mends if it may, and checks again until nothing is left or nothing more can be done."""
    found = await check(newsroom, one)
    report = Report(one, list(found), left=len(found))
    mended = 1
    while fix and one.mends and found and mended:
        mended = await _mend_all(newsroom, one, found)
        found = await check(newsroom, one)
        report.mended, report.left = report.mended + mended, len(found)
    return report


async def _mend_all(newsroom: Newsroom, one: Check, found: Sequence[Drift]) -> int:
    """How many were mended: none where nothing can be written, as in a file that is damaged.

    Rows that change all the time are counted and mended while nobody else may write.
    """
    mended = 0
    try:
        for batch in _batches(found):
            mended += await newsroom.store.write(partial(_mend, one=one, drifts=batch))
        return mended or await newsroom.store.write(partial(_recount, one=one))
    except Fault:  # the store has said in the log what ails it
        return mended


async def _recount(session: Session, one: Check) -> int:
    return await _mend(session, one, await one.found(session, BATCH))


async def _mend(session: Session, one: Check, drifts: Sequence[Drift]) -> int:
    mended = [drift for drift in drifts if await one.mended(session, drift)]
    if mended and one.tell is not None:
        await one.tell(session, mended)
    return len(mended)


def _batches(found: Sequence[Drift]) -> Iterator[Sequence[Drift]]:
    for start in range(0, len(found), BATCH):
        yield found[start : start + BATCH]


async def _tell_comments(session: Session, drifts: Sequence[Drift]) -> None:
    for comment in await session.comments.by_ids([int(drift.key) for drift in drifts]):
        session.log.append(_recounted(comment, comment))


async def _tell_flags(session: Session, drifts: Sequence[Drift]) -> None:
    """Reports decide in which queues a comment stands."""
    stored = {int(drift.key): int(drift.stored or 0) for drift in drifts}
    for comment in await session.comments.by_ids(list(stored)):
        session.log.append(_recounted(replace(comment, flag_count=stored[comment.id]), comment))


def _recounted(before: Comment, after: Comment) -> CommentChanged:
    return CommentChanged(
        CommentCause.RECOUNTED,
        after.id,
        after.article_id,
        after.parent_id,
        before.status,
        after.status,
        before.queues,
        after.queues,
    )


async def _tell_articles(session: Session, drifts: Sequence[Drift]) -> None:
    for article in await session.articles.by_ids([int(drift.key) for drift in drifts]):
        await announce(session, ArticleCause.RECOUNTED, article, article)


async def _tell_views(session: Session, drifts: Sequence[Drift]) -> None:
    session.log.append(ViewsCounted(tuple(int(drift.key) for drift in drifts)))


async def _tell_lists(session: Session, drifts: Sequence[Drift]) -> None:
    for drift in drifts:
        session.log.append(ListCurated(str(drift.key)))


# From top to bottom: what others are counted from comes before them.
CHECKS: tuple[Check, ...] = (
    Check("integrity", "Pages and rows are whole (PRAGMA quick_check).", mends=False),
    Check("indexes", "Every index has what its table has (PRAGMA integrity_check)."),
    Check("references", "Every row that is referred to is there (PRAGMA foreign_key_check).", mends=False),
    Check("places", "A reply stands below the article of what it replies to.", _tell_comments),
    Check("depths", "A reply is one deeper than what it replies to.", _tell_comments),
    Check("descendants", "Published comments below a comment.", _tell_comments),
    Check("replies", "Replies that a comment shows.", _tell_comments),
    Check("likes", "A comment's reactions of the kind LIKE.", _tell_comments),
    Check("insightfuls", "A comment's reactions of the kind INSIGHTFUL.", _tell_comments),
    Check("disagrees", "A comment's reactions of the kind DISAGREE.", _tell_comments),
    Check("flags", "A comment's reports that no moderator has answered.", _tell_flags),
    Check("comments", "An article's published comments.", _tell_articles),
    Check("threads", "An article's threads that are shown.", _tell_articles),
    Check("views", "An article's views are not fewer than those in its time buckets.", _tell_views),
    Check("bylines", "The time of publication that an author's page is sorted by.", _tell_articles),
    Check("tags", "The time of publication that a tag's page is sorted by.", _tell_articles),
    Check("hidden", "What readers do not see stands in no list.", mend=lists.rerank),
    Check("ranked", "Latest Stories and editors' own lists are in order.", find=lists.misranked, mend=lists.rerank),
    Check("listed", "What stands in a ranked list is known to be in it."),
    Check("unlisted", "What is known to be in a ranked list stands in it."),
    Check("versions", "A list's version is the number of the last event that changed it.", _tell_lists),
    Check("statuses", "A comment is what the last line of its history says.", mends=False),
    Check("prints", "Texts are remembered as their authors'."),
    Check("erased", "Nothing is left of people who were erased; --fix lets a server erase it."),
    Check("numbers", "The log's last number is the last event's."),
    Check("gaps", "No event is missing since trimmed_seq; streams from before the gap start anew."),
    Check("trimmed", "No event is left from before trimmed_seq."),
    Check("search", "What is searched is what is written.", _tell_articles),
    Check("unsearched", "Nothing is searched that does not exist."),
    Check("words", "The index of words is whole (FTS5's integrity-check).", writes=True),
)
