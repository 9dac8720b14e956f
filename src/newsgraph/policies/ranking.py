"""How lists are ranked: candidates, best first, and what editors make of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from newsgraph.domain.lists import Candidate, Curation, Likeness, RankedItem, RankReason

# "You May Also Like": shared words say most. A common author says more than a common section, which many share,
# and freshness decides between equals. Together they are 1: a score is a share of the best possible.
WEIGHTS: dict[RankReason, float] = {
    RankReason.SHARED_TERMS: 0.55,
    RankReason.RECENT: 0.20,
    RankReason.SAME_AUTHOR: 0.15,
    RankReason.SAME_SECTION: 0.10,
}
HALF_LIFE = timedelta(days=14)  # of an article's freshness; up to one of them it is called RECENT
_DIGITS = 6  # of a score: more would be noise


def compose(
    candidates: Iterable[Candidate], curation: Curation, depth: int, pin_reason: RankReason
) -> tuple[RankedItem, ...]:
    """Pins first, in their order, then the candidates in theirs; nothing excluded, nothing twice.

    An exclusion is stronger than a pin. Ranks count from 1 without gaps, at most `depth`.
    """
    pins = (Candidate(article_id, None, (pin_reason,)) for article_id in curation.pinned)
    pinned, shown = set(curation.pinned), set(curation.excluded)
    items: list[RankedItem] = []
    for candidate in (*pins, *candidates):
        if candidate.article_id not in shown:
            shown.add(candidate.article_id)
            items.append(_item(candidate, len(items) + 1, candidate.article_id in pinned))
    return tuple(items[:depth])


def _item(candidate: Candidate, rank: int, pinned: bool) -> RankedItem:
    return RankedItem(candidate.article_id, rank, candidate.score, pinned, candidate.reasons)


def latest(newest: Iterable[int]) -> list[Candidate]:
    """From ids, newest first."""
    return [Candidate(article_id, None, (RankReason.RECENT,)) for article_id in newest]


def popular(scored: Iterable[tuple[int, float]]) -> list[Candidate]:
    """From (article id, score), best first."""
    return [Candidate(article_id, round(score, _DIGITS), (RankReason.MOST_VIEWED,)) for article_id, score in scored]


def backfill(scored: Iterable[tuple[int, float]], newest: Iterable[int]) -> list[Candidate]:
    """What fills "Must-Reads" up below the pins: what was read most this week, then what is new."""
    read = [Candidate(article_id, round(score, _DIGITS), (RankReason.BACKFILL,)) for article_id, score in scored]
    return read + [Candidate(article_id, None, (RankReason.BACKFILL,)) for article_id in newest]


def blend(likenesses: Sequence[Likeness], now: datetime) -> list[Candidate]:
    """ "You May Also Like", best first, ties newest first. Reasons are named by weight, strongest first."""
    best = max((likeness.terms for likeness in likenesses), default=0.0)
    by_age = sorted(likenesses, key=lambda one: (one.published_at, one.article_id), reverse=True)
    return sorted((_blended(one, best, now) for one in by_age), key=lambda found: -(found.score or 0.0))


def _blended(likeness: Likeness, best: float, now: datetime) -> Candidate:
    age = max(now - likeness.published_at, timedelta())
    figures: dict[RankReason, float] = {
        RankReason.SHARED_TERMS: likeness.terms / best if best > 0 else 0.0,
        RankReason.RECENT: 0.5 ** (age / HALF_LIFE),
        RankReason.SAME_AUTHOR: float(likeness.same_author),
        RankReason.SAME_SECTION: float(likeness.same_section),
    }
    score = sum(WEIGHTS[reason] * figure for reason, figure in figures.items())
    reasons = [r for r, figure in figures.items() if (age <= HALF_LIFE if r is RankReason.RECENT else figure > 0)]
    return Candidate(likeness.article_id, round(score, _DIGITS), tuple(reasons))
