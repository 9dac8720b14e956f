"""Rules about a comment's text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from newsgraph.domain.comments import CommentStatus
from newsgraph.domain.errors import CommentErrorCode, ProblemDetail
from newsgraph.policies.submissions import Ruling, Submission, Verdict

_BODY = ("input", "body")
_LOUD = 0.8  # the part of the letters that are capitals from which a text is shouted: names are not
# Endings by which an address is known without its scheme. Not all that exist: "finished.so we went" is none.
_HOSTS = frozenset(
    [
        "com",
        "net",
        "org",
        "info",
        "biz",
        "io",
        "co",
        "ru",
        "cn",
        "top",
        "xyz",
        "online",
        "site",
        "shop",
        "club",
        "link",
        "click",
        "live",
        "app",
        "dev",
        "me",
        "tv",
    ]
)
_DOTTED = re.compile(r"\w\.\w|://")
# What stands between addresses; scripts that write no blanks, or particles behind a name, let them run into the text.
_TOGETHER = "\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_BETWEEN = re.compile(f"[\\s,;|、。]+|(?<=[a-z0-9])(?=[{_TOGETHER}])|(?<=[{_TOGETHER}])(?=[a-z0-9])")
_CHEROKEE = re.compile("[\u13a0-\u13f5]")
_AROUND = "\"'()[]{}<>.,;:!?*_~“”„‘’«»…"


def length(given: Submission) -> Verdict:
    found, policy = len(given.body), given.policy
    if not any(map(_visible, given.body)):
        problem = ProblemDetail(CommentErrorCode.BODY_EMPTY, "Write something first.", _BODY)
        return replace(problem, limit=policy.min_length, actual=found)
    if found < policy.min_length:
        message = f"Write at least {policy.min_length} characters."
        problem = ProblemDetail(CommentErrorCode.BODY_TOO_SHORT, message, _BODY)
        return replace(problem, limit=policy.min_length, actual=found)
    if found > policy.max_length:
        message = f"Write at most {policy.max_length} characters."
        problem = ProblemDetail(CommentErrorCode.BODY_TOO_LONG, message, _BODY)
        return replace(problem, limit=policy.max_length, actual=found)
    return None


def _visible(character: str) -> bool:
    """Not white space, nor one of the characters that only direct how others are shown."""
    return unicodedata.category(character)[0] not in "ZC"


def banned_words(given: Submission) -> Verdict:
    if given.banned is None or not given.banned.sure:
        return None
    message = f"This site does not take the word “{given.banned.entry.strip('*')}”."
    return ProblemDetail(CommentErrorCode.WORD_BLOCKED, message, _BODY)


def suspect_words(given: Submission) -> Verdict:
    """Also what may be a banned word, but is only guessed to be: a moderator knows better than a rule."""
    found = given.banned or given.find(given.vocabulary.suspect)
    return None if found is None else Ruling("suspect-words", reason=found.entry)


def repeated(given: Submission) -> Verdict:
    """The author's own text: at the same place at any length, elsewhere when it is no mere "I agree"."""
    if not given.repeats.here and not (given.repeats.anywhere and _long(given)):
        return None
    return ProblemDetail(CommentErrorCode.DUPLICATE, "You have said this already.", _BODY)


def copied(given: Submission) -> Verdict:
    """The same long text by several people: a campaign, or one person with many accounts."""
    enough = given.settings.comment_repeat_authors
    if 0 < enough <= given.repeats.authors + 1 and _long(given):
        return Ruling("copied", CommentStatus.WITHHELD)
    return None


def _long(given: Submission) -> bool:
    return len(given.body) >= given.settings.comment_repeat_length


def links(given: Submission) -> Verdict:
    found = count_links(given.text.spelling.folded)
    return Ruling("links", reason=f"{found} links") if found > given.settings.comment_links else None


def count_links(folded: str) -> int:
    """Addresses in a folded text: with a scheme or www., and hosts with a usual ending."""
    if not _DOTTED.search(folded):
        return 0
    return sum(_links_of(piece) for piece in _BETWEEN.split(folded) if "." in piece or "://" in piece)


def _links_of(piece: str) -> int:
    named = max(piece.count("://"), piece.count("www."))
    return named or int(_is_host(re.split("[/?#:]", piece.strip(_AROUND), maxsplit=1)[0]))


def _is_host(name: str) -> bool:
    before, dot, ending = name.rpartition(".")
    return bool(dot and before) and ending in _HOSTS and "@" not in before


def loud(given: Submission) -> Verdict:
    """All capitals; or many signs, and neither a letter nor a figure nor a picture."""
    least = given.settings.comment_loud_length
    if not least or len(given.body) < least:
        return None
    if not any(map(_says_something, given.body)):
        signs = sum(not sign.isspace() for sign in given.body)
        return Ruling("loud", reason="no letters") if signs >= least else None
    return Ruling("loud", reason="capitals") if _shouted(given.body, least) else None


def _says_something(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign) == "So"


def _shouted(body: str, least: int) -> bool:
    """Of letters that have a case: most scripts have none, and Cherokee is written in what Unicode calls capitals."""
    capitals = sum(map(str.isupper, body))
    if capitals < least or capitals < _LOUD * (capitals + sum(map(str.islower, body))):
        return False
    return capitals - len(_CHEROKEE.findall(body)) >= least


def outside(given: Submission) -> Verdict:
    if given.opinion is None or given.opinion.status is CommentStatus.PUBLISHED:
        return None
    return Ruling("outside", given.opinion.status, given.opinion.reason)
