"""What the rules for comments look at, and what they can say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from newsgraph.domain.comments import Comment, CommentPolicy, CommentStatus, Opinion
from newsgraph.domain.errors import ProblemDetail
from newsgraph.domain.users import User
from newsgraph.policies.spelling import Spelling, fingerprint, spell
from newsgraph.policies.words import Match, Words
from newsgraph.settings import Settings


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The site's lists: words that it does not take, and words that a moderator should see."""

    banned: Words = field(default_factory=Words)
    suspect: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True)
class Repeats:
    """Where the same text was posted lately. `here`, `anywhere`: by the same author; `authors`: how many others."""

    here: bool = False
    anywhere: bool = False
    authors: int = 0


@dataclass(frozen=True)
class Text:
    """A comment's text, normalised, with what is found out about it once. `language`: of what it is written about."""

    body: str
    language: str = ""

    @cached_property
    def spelling(self) -> Spelling:
        return spell(self.body, self.language)

    @cached_property
    def fingerprint(self) -> int:
        return fingerprint(self.spelling)


@dataclass(frozen=True)
class Submission:
    """All that a rule may look at. `recent` are the author's own posts, newest first.

    `published` counts the author's other comments that readers see, as far as a rule asks for them.
    """

    policy: CommentPolicy
    author: User
    text: Text
    now: datetime
    article_id: int
    settings: Settings = field(default_factory=Settings)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    reply_to: int | None = None
    parent: Comment | None = None
    recent: Sequence[datetime] = ()
    repeats: Repeats = field(default_factory=Repeats)
    published: int = 0
    opinion: Opinion | None = None

    @property
    def body(self) -> str:
        return self.text.body

    @cached_property
    def banned(self) -> Match | None:
        """Looked for once, for two rules."""
        return self.find(self.vocabulary.banned)

    def find(self, words: Words) -> Match | None:
        return words.find(self.text.spelling, self.text.language) if words else None


@dataclass(frozen=True, slots=True)
class Ruling:
    """The comment is taken, with this status. `rule` and `reason` are what its history says.

    PENDING holds it for a moderator, WITHHELD as well, as something worse; PUBLISHED spares it the rules below.
    """

    rule: str
    status: CommentStatus = CommentStatus.PENDING
    reason: str | None = None


Verdict = ProblemDetail | Ruling | None


@dataclass(frozen=True, slots=True)
class Rule:
    """`why` says why it stands where it stands; `edits`: whether a changed text passes it again."""

    name: str
    why: str
    check: Callable[[Submission], Verdict]
    edits: bool = False
