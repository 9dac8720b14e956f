"""One vocabulary of change: what an event touches is what streams listen to and what answers depend on.

Tags are scoped by parent, so that a comment on one article wakes nobody who reads another.
"""

from __future__ import annotations

from newsgraph.domain.events import (
    ArticleCause,
    ArticleChanged,
    AuthorChanged,
    CommentChanged,
    Event,
    ListChanged,
    ListCurated,
    SectionChanged,
    TokensRevoked,
    UserChanged,
    ViewsCounted,
)

MODERATION = "moderation"


def touched(event: Event) -> frozenset[str]:
    """Every tag that the event changes; never empty, and always with the event's own topic among them."""
    match event:
        case CommentChanged():
            tags = [f"comment:{event.comment_id}", MODERATION]
        case ArticleChanged():
            tags = [f"slug:{event.slug}", f"articles:{event.section}", "articles"]
            tags += [f"articles:{event.section_before}"] if event.section_before else []
            if event.cause is ArticleCause.RECOUNTED:
                tags += [f"comments:{event.article_id}", f"views:{event.article_id}"]
        case ViewsCounted():
            tags = [f"views:{article_id}" for article_id in event.article_ids]
        case SectionChanged():
            tags = ["sections"]
        case AuthorChanged():
            tags = ["authors"]
        case ListChanged() | ListCurated() | UserChanged() | TokensRevoked():
            tags = []
    return frozenset([event.topic, *tags])
