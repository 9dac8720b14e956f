"""What an answer depends on, collected while it is made: tags of changes that spoil it, and the time until it is true.

Each loader and each resolver that reads says so beside the reading. A tag too many costs a cached answer now and then;
one too few would leave a stale one, so that what is in doubt is noted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from newsgraph.domain.comments import Comment

CURSORS = "cursors"  # the tag of what says from where in the log to go on
_GOING_ON = frozenset({"liveCursor"})


@dataclass(slots=True)
class Dependencies:
    """Of one operation. `fields`: names of all fields that it selects, and their places (Document.places); None for
    what is not known.

    `until`: when the answer begins to be wrong by itself. `lasting`: whether it may be kept at all. `apart`: people who
    may be told something else than others of the same role.
    """

    fields: frozenset[str] | None = None
    tags: set[str] = field(default_factory=set)
    until: datetime | None = None
    lasting: bool = True
    apart: set[int] = field(default_factory=set)

    def on(self, *tags: str) -> None:
        self.tags.update(tags)

    def ends(self, at: datetime) -> None:
        """From then on the answer would be another one, whatever happens."""
        self.until = at if self.until is None else min(self.until, at)

    def articles(self, ids: Iterable[int]) -> None:
        """Articles that were read, or looked for and are not there. Their counters change by themselves: whoever shows
        one says so, and where none is shown a new comment or view is no reason to make the answer anew.
        """
        self.tags.update([f"article:{one}" for one in ids])

    def comments(self, ids: Iterable[int], rows: Iterable[Comment | None] = ()) -> None:
        """How many replies one has changes with those, which are comments of the same article."""
        self.tags.update([f"comment:{one}" for one in ids])
        self.tags.update([f"comments:{row.article_id}" for row in rows if row is not None])

    def goes_on(self) -> None:
        """Where it says so, clients go on in the log from when it was read."""
        if self.selects(_GOING_ON):
            self.tags.add(CURSORS)

    def seen(self, comment: Comment) -> None:
        """Whoever wrote it may see more of it than others, unless it is published."""
        if not comment.published:
            self.apart.add(comment.user_id)

    def selects(self, names: frozenset[str]) -> bool:
        """Whether one of these fields is in the answer, or may be."""
        return self.fields is None or self.surely_selects(names)

    def surely_selects(self, names: frozenset[str]) -> bool:
        """Not where it is not known: for what may be read in advance, but had better not be read in vain."""
        return self.fields is not None and not self.fields.isdisjoint(names)
