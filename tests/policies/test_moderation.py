"""The rules for comments, each at its edge, and the order in which they speak."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsgraph.domain.articles import ArticleStatus
from newsgraph.domain.comments import CommentPolicy, CommentRules, CommentStatus, ModerationMode, Opinion
from newsgraph.domain.errors import CommentErrorCode, ProblemDetail
from newsgraph.domain.text import normalise_comment
from newsgraph.domain.users import Role
from newsgraph.policies.moderation import (
    EDIT_RULES,
    RULES,
    comment_policy,
    editable_until,
    held_by_reports,
    judge,
)
from newsgraph.policies.standing import rate_ends
from newsgraph.policies.submissions import Repeats, Ruling, Submission, Text, Vocabulary
from newsgraph.policies.words import WordList, Words
from newsgraph.settings import Settings
from tests.policies.examples import ARTICLE, COMMENT, FAMILY, NOW, person, policy, submission

SOON, AGO = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)
LATER = NOW + timedelta(days=1)
PARENT = replace(COMMENT, user_id=8)
STAFF = Ruling("staff-pass", CommentStatus.PUBLISHED)
NINNY = Words([WordList(None, ("ninny",))])


def problem(given: Submission) -> ProblemDetail:
    verdict = judge(given, RULES)
    assert isinstance(verdict, ProblemDetail)
    return verdict


def test_a_plain_comment_is_shown_at_once() -> None:
    assert judge(submission(), RULES) is None
    assert judge(submission(reply_to=10, parent=PARENT), RULES) is None


@pytest.mark.parametrize(
    ("rules", "status", "is_open"),
    [
        (CommentRules(), ArticleStatus.PUBLISHED, True),
        (CommentRules(open=False), ArticleStatus.PUBLISHED, False),
        (CommentRules(closes_at=SOON), ArticleStatus.PUBLISHED, True),
        (CommentRules(closes_at=NOW), ArticleStatus.PUBLISHED, False),
        (CommentRules(closes_at=AGO), ArticleStatus.PUBLISHED, False),
        (CommentRules(), ArticleStatus.SCHEDULED, False),
        (CommentRules(), ArticleStatus.DRAFT, False),
        (CommentRules(), ArticleStatus.RETRACTED, False),
    ],
)
def test_comments_are_open_or_closed(rules: CommentRules, status: ArticleStatus, is_open: bool) -> None:
    found = comment_policy(replace(ARTICLE, rules=rules, status=status), Settings(), NOW)
    assert found.open is is_open
    verdict = judge(submission(policy=found), RULES)
    assert (verdict is None) is is_open
    if not is_open:
        assert problem(submission(policy=found)).code is CommentErrorCode.COMMENTS_CLOSED


def test_the_policy_fills_in_what_the_article_leaves_open() -> None:
    settings = Settings(comment_max_length=500, comment_min_length=20, comment_mode="PRE", comment_max_depth=2)
    plain = comment_policy(ARTICLE, settings, NOW)
    assert plain == CommentPolicy(True, None, ModerationMode.PRE, 20, 500, 300, 2)
    own = CommentRules(closes_at=LATER, mode=ModerationMode.POST, max_length=10)
    found = comment_policy(replace(ARTICLE, rules=own), settings, NOW)
    assert found == CommentPolicy(True, LATER, ModerationMode.POST, 10, 10, 300, 2)


@pytest.mark.parametrize(
    ("age", "own", "days", "is_open"),
    [
        (0.0, None, 9_999, True),
        (86_400.0, None, 0, True),
        (86_400.0, None, 0.999, True),
        (86_400.0, None, 1, False),
        (86_400.0, None, 400, False),
        (86_400.0, NOW + timedelta(days=9), 8, True),
        (86_400.0, NOW + timedelta(days=9), 9, False),
        (86_400.0, NOW + timedelta(hours=1), 0.5, False),
    ],
)
def test_comments_close_with_the_articles_age(age: float, own: Any, days: float, is_open: bool) -> None:
    settings = Settings(comment_close_age=age)
    article = replace(ARTICLE, rules=CommentRules(closes_at=own))
    found = comment_policy(article, settings, NOW + timedelta(days=days))
    assert found.open is is_open
    assert found.closes_at == (own or (NOW + timedelta(seconds=age) if age else None))


def test_a_site_may_take_no_comments_at_all() -> None:
    settings = Settings(comments_open=False)
    closed = submission(policy=comment_policy(ARTICLE, settings, NOW), settings=settings)
    found = problem(closed)
    assert found.code is CommentErrorCode.COMMENTS_CLOSED
    assert "site" in found.message
    assert problem(replace(closed, author=person(Role.ADMIN))).code is CommentErrorCode.COMMENTS_CLOSED


@pytest.mark.parametrize(("published", "least", "held"), [(0, 0, False), (0, 1, True), (1, 1, False), (2, 3, True)])
def test_first_comments_wait(published: int, least: int, held: bool) -> None:
    given = submission(published=published, limits={"comment_first_held": least})
    assert judge(given, RULES) == (Ruling("first-comments") if held else None)


def test_who_is_pre_moderated_waits() -> None:
    assert judge(submission(author=replace(person(), premoderated=True)), RULES) == Ruling("author-premoderated")


@pytest.mark.parametrize(("flags", "limit", "held"), [(4, 5, False), (5, 5, True), (9, 5, True), (9, 0, False)])
def test_reports_hold_what_is_published(flags: int, limit: int, held: bool) -> None:
    comment, settings = replace(COMMENT, flag_count=flags), Settings(comment_flag_limit=limit)
    assert held_by_reports(comment, settings) == (Ruling("reports", reason=f"{flags} reports") if held else None)
    for status in set(CommentStatus) - {CommentStatus.PUBLISHED}:
        assert held_by_reports(replace(comment, status=status), settings) is None


def test_the_banned_and_the_suspended_are_told() -> None:
    assert problem(submission(author=person(banned=True))).code is CommentErrorCode.BANNED
    suspended = problem(submission(author=person(suspended_until=SOON)))
    assert (suspended.code, suspended.retry_at) == (CommentErrorCode.SUSPENDED, SOON)
    assert judge(submission(author=person(suspended_until=NOW)), RULES) is None


@pytest.mark.parametrize(
    "parent",
    [
        None,
        replace(PARENT, article_id=2),
        *(replace(PARENT, status=status) for status in CommentStatus if status is not CommentStatus.PUBLISHED),
        replace(PARENT, status=CommentStatus.REMOVED, descendants=3),
    ],
)
def test_a_reply_needs_a_published_parent_of_the_same_article(parent: Any) -> None:
    found = problem(submission(reply_to=10, parent=parent))
    assert (found.code, found.field) == (CommentErrorCode.PARENT_UNAVAILABLE, ("input", "parentId"))


def test_a_thread_is_only_so_deep() -> None:
    assert judge(submission(reply_to=10, parent=replace(PARENT, depth=3)), RULES) is None
    found = problem(submission(reply_to=10, parent=replace(PARENT, depth=4)))
    assert (found.code, found.limit, found.actual) == (CommentErrorCode.TOO_DEEP, 4, 5)


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("x" * 300, 300),
        ("x" * 301, 301),
        (FAMILY * 42 + "x" * 6, 300),
        (FAMILY * 43, 301),
        ("e\u0301" * 300, 300),  # composed by NFC: one code point each
        ("e\u0301" * 301, 301),
        ("x\u0301" * 150, 300),  # there is no such letter: two code points each
        ("x\u0301" * 150 + "x", 301),
        ("  " + "x" * 300 + "\n\n", 300),
        ("a\r\nb" * 100, 300),
        ("\u1100\u1161\u11a8" * 300, 300),  # Hangul written as jamo
        ("\x00\x07" + "x" * 300, 300),
    ],
)
def test_length_is_code_points_after_nfc_and_trimming(written: str, length: int) -> None:
    body = normalise_comment(written)
    assert len(body) == length
    verdict = judge(submission(body=body), RULES)
    if length <= 300:
        assert verdict is None
    else:
        found = problem(submission(body=body))
        assert (found.code, found.limit, found.actual) == (CommentErrorCode.BODY_TOO_LONG, 300, length)
        assert found.field == ("input", "body")


@pytest.mark.parametrize("written", ["", "  \n\t ", "\u200b\u200d", "\u00a0", "\x00", "\ud800", "\u2060\u202e"])
def test_what_shows_nothing_is_empty(written: str) -> None:
    assert problem(submission(body=normalise_comment(written))).code is CommentErrorCode.BODY_EMPTY


@pytest.mark.parametrize("written", ["x", "👍", FAMILY, "。", "\u0301", "−1", "ok\u200b"])
def test_one_sign_is_enough(written: str) -> None:
    assert judge(submission(body=normalise_comment(written)), RULES) is None


def test_a_site_may_ask_for_more() -> None:
    found = problem(submission(policy=policy(min_length=3), body="no"))
    assert (found.code, found.limit, found.actual) == (CommentErrorCode.BODY_TOO_SHORT, 3, 2)
    assert judge(submission(policy=policy(min_length=3), body="yes"), RULES) is None


def test_the_rate_limit_says_when_it_ends() -> None:
    posts = [NOW - timedelta(seconds=s) for s in (1, 20, 59)]
    limited = submission(limits={"comment_rate": 3}, recent=posts)
    found = problem(limited)
    assert (found.code, found.retry_at) == (CommentErrorCode.RATE_LIMITED, NOW + timedelta(seconds=1))
    assert judge(replace(limited, now=NOW + timedelta(seconds=1)), RULES) is None
    for rate in (4, 0):
        assert judge(replace(limited, settings=Settings(comment_rate=rate)), RULES) is None
    for role in set(Role) - {Role.READER}:
        assert judge(replace(limited, author=person(role)), RULES) == STAFF


@pytest.mark.parametrize(
    ("seconds", "rate", "waits"),
    [([], 1, None), ([60], 1, None), ([59.9], 1, 0.1), ([5, 10], 2, 50), ([5, 10, 15], 2, 50), ([5], 2, None)],
)
def test_waiting(seconds: list[float], rate: int, waits: float | None) -> None:
    posts = [NOW - timedelta(seconds=s) for s in seconds]
    assert rate_ends(posts, rate, NOW) == (None if waits is None else NOW + timedelta(seconds=waits))


@pytest.mark.parametrize("role", list(Role))
def test_pre_moderation_holds_readers_only(role: Role) -> None:
    verdict = judge(submission(policy=policy(mode=ModerationMode.PRE), author=person(role)), RULES)
    assert verdict == (Ruling("pre-moderation") if role is Role.READER else STAFF)


def test_a_problem_is_said_rather_than_a_hold() -> None:
    assert problem(submission(policy=policy(mode=ModerationMode.PRE), body="")).code is CommentErrorCode.BODY_EMPTY


# From top to bottom: with everything wrong, mending one thing after another.
_MENDING: list[tuple[CommentErrorCode, Callable[[Submission], Submission]]] = [
    (CommentErrorCode.COMMENTS_CLOSED, lambda s: replace(s, policy=replace(s.policy, open=True))),
    (CommentErrorCode.BANNED, lambda s: replace(s, author=replace(s.author, banned=False))),
    (CommentErrorCode.SUSPENDED, lambda s: replace(s, author=replace(s.author, suspended_until=None))),
    (CommentErrorCode.PARENT_UNAVAILABLE, lambda s: replace(s, parent=replace(PARENT, depth=9))),
    (CommentErrorCode.TOO_DEEP, lambda s: replace(s, parent=PARENT)),
    (CommentErrorCode.BODY_EMPTY, lambda s: replace(s, text=Text("WHAT A NINNY, WHAT A NINNY! a.com b.com c.com"))),
    (CommentErrorCode.WORD_BLOCKED, lambda s: replace(s, vocabulary=Vocabulary(suspect=NINNY))),
    (CommentErrorCode.DUPLICATE, lambda s: replace(s, repeats=Repeats(authors=9))),
    (CommentErrorCode.RATE_LIMITED, lambda s: replace(s, recent=())),
]

# What then holds it, the stricter first, each taken away in turn.
_SPARING: list[tuple[str, Callable[[Submission], Submission]]] = [
    ("outside", lambda s: replace(s, opinion=None)),
    ("copied", lambda s: replace(s, repeats=Repeats())),
    ("links", lambda s: replace(s, text=Text("WHAT A NINNY, WHAT A NINNY!"))),
    ("suspect-words", lambda s: replace(s, vocabulary=Vocabulary())),
    ("loud", lambda s: replace(s, text=Text("Hm."))),
    ("first-comments", lambda s: replace(s, published=1)),
    ("author-premoderated", lambda s: replace(s, author=replace(s.author, premoderated=False))),
    ("pre-moderation", lambda s: replace(s, policy=replace(s.policy, mode=ModerationMode.POST))),
]


def test_the_rules_speak_in_their_order() -> None:
    given = submission(
        body="",
        limits={"comment_rate": 1, "comment_first_held": 1},
        policy=policy(open=False, mode=ModerationMode.PRE),
        author=replace(person(banned=True, suspended_until=LATER), premoderated=True),
        reply_to=10,
        vocabulary=Vocabulary(NINNY, NINNY),
        repeats=Repeats(here=True, anywhere=True, authors=9),
        recent=[NOW],
        opinion=Opinion(CommentStatus.WITHHELD, "spam"),
    )
    for code, mend in _MENDING:
        assert problem(given).code is code
        given = mend(given)
    for rule, spare in _SPARING:
        verdict = judge(given, RULES)
        assert isinstance(verdict, Ruling)
        assert verdict.rule == rule
        given = spare(given)
    assert judge(given, RULES) is None
    named = [str(rule.name) for rule in RULES]
    assert [rule for rule, _ in _SPARING] == named[named.index("outside") :]


def test_the_stricter_ruling_decides() -> None:
    held = submission("Look: a.com b.com c.com", policy=policy(mode=ModerationMode.PRE))
    for status in (CommentStatus.WITHHELD, CommentStatus.REJECTED):
        assert judge(replace(held, opinion=Opinion(status, "no")), RULES) == Ruling("outside", status, "no")
    for opinion in (Opinion(CommentStatus.PUBLISHED), None):
        assert judge(replace(held, opinion=opinion), RULES) == Ruling("links", reason="3 links")


def test_staff_pass_what_guards_against_strangers() -> None:
    given = submission(
        "WHAT A NINNY, WHAT A NINNY! a.com b.com c.com",
        vocabulary=Vocabulary(NINNY, NINNY),
        repeats=Repeats(here=True, anywhere=True, authors=9),
        limits={"comment_first_held": 9},
    )
    for role in set(Role) - {Role.READER}:
        staff = replace(given, author=person(role))
        assert judge(staff, RULES) == STAFF
        assert judge(replace(staff, text=Text("x" * 301)), RULES) != STAFF
        assert judge(replace(staff, policy=policy(open=False)), RULES) != STAFF


def test_every_rule_has_a_name_of_its_own_and_a_reason() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.why for rule in RULES)


def test_an_edit_passes_what_concerns_the_text_and_its_author() -> None:
    names = [rule.name for rule in EDIT_RULES]
    assert set(map(str, (rule.name for rule in RULES))) - set(names) == {
        "comments-open",
        "parent-available",
        "depth",
        "rate",
    }


def test_the_edit_window_begins_with_the_comment() -> None:
    assert editable_until(COMMENT, Settings(comment_edit_window=60.5)) == NOW + timedelta(seconds=60.5)


def test_the_family_is_what_the_comment_says() -> None:
    assert len(FAMILY) == 7
    assert unicodedata.is_normalized("NFC", FAMILY)
