"""Every rule: what it must catch and what it must not, at least ten of each, in several scripts (rulebook.py)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import pytest

from newsgraph.domain.errors import CommentErrorCode, ProblemDetail
from newsgraph.policies.moderation import RULES, judge
from newsgraph.policies.submissions import Rule, Submission
from tests.policies.rulebook import RULEBOOK

LEAST, SCRIPTS = 10, 4
REFUSALS: dict[object, str] = {
    CommentErrorCode.COMMENTS_CLOSED: "comments-open",
    CommentErrorCode.BANNED: "author-banned",
    CommentErrorCode.SUSPENDED: "author-suspended",
    CommentErrorCode.PARENT_UNAVAILABLE: "parent-available",
    CommentErrorCode.TOO_DEEP: "depth",
    CommentErrorCode.BODY_EMPTY: "length",
    CommentErrorCode.BODY_TOO_SHORT: "length",
    CommentErrorCode.BODY_TOO_LONG: "length",
    CommentErrorCode.WORD_BLOCKED: "banned-words",
    CommentErrorCode.DUPLICATE: "repeated",
    CommentErrorCode.RATE_LIMITED: "rate",
}


def decided_by(given: Submission) -> str | None:
    """The rule that has the last word, of all of them in their order."""
    verdict = judge(given, RULES)
    if isinstance(verdict, ProblemDetail):
        return REFUSALS[verdict.code]
    return None if verdict is None else verdict.rule


def scripts(examples: Sequence[Submission]) -> set[str]:
    """In which they are written, by the names of their letters."""
    letters = {sign for given in examples for sign in given.body if sign.isalpha()}
    return {unicodedata.name(letter, "?").partition(" ")[0] for letter in letters}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_it_catches_what_it_should(rule: Rule) -> None:
    caught = RULEBOOK[rule.name].caught
    assert [given.body for given in caught if decided_by(given) != rule.name] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_it_spares_what_it_should(rule: Rule) -> None:
    """As one of all: what another rule has decided before is not its business."""
    spared = RULEBOOK[rule.name].spared
    assert [given.body for given in spared if decided_by(given) == rule.name] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_there_are_enough_examples(rule: Rule) -> None:
    for examples in (RULEBOOK[rule.name].caught, RULEBOOK[rule.name].spared):
        assert len({given.body for given in examples}) >= LEAST
        assert len(scripts(examples)) >= SCRIPTS


def test_no_rule_is_left_out() -> None:
    assert set(RULEBOOK) == {rule.name for rule in RULES}
