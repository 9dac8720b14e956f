"""Who may see what. Every path to an article or a comment asks here, `node(id:)` and replayed events too."""

from __future__ import annotations

from newsgraph.domain.articles import Article, ArticleStatus
from newsgraph.domain.comments import Comment, CommentStatus
from newsgraph.domain.users import Role, User, Viewer


def viewer_of(user: User) -> Viewer:
    """As whom a person asks. A ban takes away whatever their role would give them beyond reading."""
    return Viewer(user.id, Role.READER if user.banned else user.role)


def article_visible(article: Article, viewer: Viewer) -> bool:
    """Published articles are everybody's; drafts, scheduled and retracted ones are the editors'.

    Moderators still see a retracted one: it was public, and its comments stay in their queues.
    """
    retracted = article.status is ArticleStatus.RETRACTED
    return article.published or viewer.has(Role.EDITOR) or (retracted and viewer.has(Role.MODERATOR))


def comment_visible(comment: Comment, viewer: Viewer) -> bool:
    """Whether the comment is there at all for this viewer, be it as a tombstone. Its article must be visible too."""
    return comment.listed or _own(comment, viewer) or viewer.has(Role.MODERATOR)


def comment_body_visible(comment: Comment, viewer: Viewer) -> bool:
    """Whether the viewer sees the comment's body and author, or only that something stands there."""
    match comment.status:
        case CommentStatus.PUBLISHED:
            return True
        case CommentStatus.PENDING | CommentStatus.WITHHELD:
            return _own(comment, viewer) or viewer.has(Role.MODERATOR)
        case CommentStatus.REJECTED:
            return viewer.has(Role.MODERATOR)
        case CommentStatus.REMOVED:
            return False


def _own(comment: Comment, viewer: Viewer) -> bool:
    return viewer.user_id is not None and viewer.user_id == comment.user_id
