"""What is promised of reading, and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from read.contenders import BY_HAND, CACHED, CONTENDERS, GET, IDIOMATIC, LOOK_UP, NOT_MODIFIED, UNCACHED
from read.report import NOT_YET, Rounds, aligned, digits, ratio


@dataclass(frozen=True, slots=True)
class Target:
    """`contender` is at least so many times as fast as `base`, by CPU time."""

    operation: str
    contender: str
    base: str
    least: float


_PAGES = ("ArticlePage", "FrontPage")
TARGETS = [
    *(Target(page, CACHED, LOOK_UP, 0.8) for page in ("Headline", *_PAGES)),
    *(Target(page, GET, LOOK_UP, 0.9) for page in ("Headline", *_PAGES)),
    *(Target(page, NOT_MODIFIED, GET, 1.0) for page in _PAGES),
    *(Target(page, UNCACHED, IDIOMATIC, 10.0) for page in _PAGES),
    *(Target(page, UNCACHED, BY_HAND, 0.6) for page in _PAGES),
]


def judged(measured: Mapping[str, Rounds]) -> tuple[str, bool]:
    """The table, and whether every target is met. What was not chosen to be measured is left out."""
    lines, met = [["target", "at least", "measured", ""]], True
    for target in TARGETS:
        rounds = measured.get(target.operation, {})
        if {target.contender, target.base} <= rounds.keys():
            found = ratio(rounds, target.contender, target.base)
            good = found is not None and found[0] >= target.least
            lines.append([_about(target), digits(target.least), digits(found[0]) if found else NOT_YET, _verdict(good)])
            met = met and good
    return "\n".join(aligned(lines)), met


def _verdict(good: bool) -> str:
    return "" if good else "MISSED"


def _about(target: Target) -> str:
    return f"{target.operation}: {CONTENDERS[target.contender].about} / {CONTENDERS[target.base].about}"
