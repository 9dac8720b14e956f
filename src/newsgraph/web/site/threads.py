"""A page of comments as a tree, whatever way they came: in their places, or as the way down to one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from newsgraph.domain.cursors import number


@dataclass(slots=True)
class Thread:
    """A comment and the replies that the page shows. `number` names its place on the page."""

    comment: Mapping[str, Any]
    number: int
    replies: list[Thread] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        """Replies that are elsewhere."""
        return max(0, int(self.comment["replyCount"]) - len(self.replies))


def threads(nodes: Sequence[Mapping[str, Any]]) -> list[Thread]:
    """Those without a parent on the page are its roots, in their order."""
    found: dict[str, Thread] = {}
    roots: list[Thread] = []
    for comment in _all(nodes):
        if comment["id"] in found:
            continue
        thread = found[comment["id"]] = Thread(comment, number(comment["id"], "Comment") or 0)
        above = found.get((comment.get("parent") or {}).get("id", ""))
        (roots if above is None else above.replies).append(thread)
    return roots


def _all(nodes: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Each comment before its replies."""
    for comment in nodes:
        yield comment
        yield from _all((comment.get("replies") or {}).get("nodes", ()))
