"""Who may see what: every status, for everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsgraph.domain.articles import ArticleStatus
from newsgraph.domain.comments import CommentStatus
from newsgraph.domain.users import ANONYMOUS, Role, Viewer
from newsgraph.policies.access import article_visible, comment_body_visible, comment_visible, viewer_of
from tests.policies.examples import ARTICLE, COMMENT, person, viewer

EVERYBODY = {"nobody": ANONYMOUS, "author": viewer(Role.READER, COMMENT.user_id)} | {
    role.value: viewer(role) for role in Role
}


@pytest.mark.parametrize("status", list(ArticleStatus))
@pytest.mark.parametrize("who", EVERYBODY)
def test_who_sees_what_is_not_published(status: ArticleStatus, who: str) -> None:
    """Moderators see what was public once: comments on it stay in their queues."""
    staff = {"EDITOR", "ADMIN", "MODERATOR"} if status is ArticleStatus.RETRACTED else {"EDITOR", "ADMIN"}
    expected = status is ArticleStatus.PUBLISHED or who in staff
    assert article_visible(replace(ARTICLE, status=status), EVERYBODY[who]) is expected


MODERATORS = {"MODERATOR", "ADMIN"}
# Who sees a comment without published replies at all, and who sees what it says.
SEEN: dict[CommentStatus, tuple[set[str], set[str]]] = {
    CommentStatus.PUBLISHED: (set(EVERYBODY), set(EVERYBODY)),
    CommentStatus.PENDING: (MODERATORS | {"author"}, MODERATORS | {"author"}),
    CommentStatus.WITHHELD: (MODERATORS | {"author"}, MODERATORS | {"author"}),
    CommentStatus.REJECTED: (MODERATORS | {"author"}, MODERATORS),
    CommentStatus.REMOVED: (MODERATORS | {"author"}, set()),
}


@pytest.mark.parametrize("status", list(CommentStatus))
@pytest.mark.parametrize("who", EVERYBODY)
def test_comments_by_status(status: CommentStatus, who: str) -> None:
    there, readable = SEEN[status]
    comment = replace(COMMENT, status=status)
    assert comment_visible(comment, EVERYBODY[who]) is (who in there)
    assert comment_body_visible(comment, EVERYBODY[who]) is (who in readable)


@pytest.mark.parametrize("status", list(CommentStatus))
@pytest.mark.parametrize("who", EVERYBODY)
def test_with_published_replies_everybody_sees_where_it_stood(status: CommentStatus, who: str) -> None:
    comment = replace(COMMENT, status=status, descendants=1)
    assert comment_visible(comment, EVERYBODY[who])
    assert comment_body_visible(comment, EVERYBODY[who]) is (who in SEEN[status][1])


@pytest.mark.parametrize("role", list(Role))
def test_a_ban_takes_away_what_a_role_gives(role: Role) -> None:
    assert viewer_of(person(role)) == Viewer(7, role)
    assert viewer_of(person(role, banned=True)) == Viewer(7, Role.READER)


def test_nobody_is_not_the_author_of_anything() -> None:
    assert not comment_visible(replace(COMMENT, status=CommentStatus.PENDING), Viewer(None, None))
