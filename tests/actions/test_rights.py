"""Who may do what: every mutation, asked by everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from newsgraph.actions import articles, comments, lists, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.comments import CommentStatus, FlagReason, ReactionKind
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Role, Viewer
from tests.actions.conftest import Desk


@dataclass(frozen=True)
class Place:
    """An article with a comment by the viewer, and somebody else to restrict."""

    article: int
    comment: int
    somebody: int


Attempt = Callable[[Newsroom, Viewer, Place], Awaitable[object]]
EVERYBODY = set(Role)
MODERATORS, EDITORS = {Role.MODERATOR, Role.ADMIN}, {Role.EDITOR, Role.ADMIN}

MUTATIONS: list[tuple[str, set[Role], Attempt]] = [
    ("post", EVERYBODY, lambda n, v, p: comments.post(n, v, comments.PostComment(p.article, None, "x"))),
    ("edit", EVERYBODY, lambda n, v, p: comments.edit(n, v, comments.EditComment(p.comment, "y"))),
    ("remove", EVERYBODY, lambda n, v, p: comments.remove(n, v, comments.RemoveComment(p.comment))),
    (
        "react",
        EVERYBODY,
        lambda n, v, p: comments.react(n, v, comments.ReactToComment(p.comment, ReactionKind.LIKE)),
    ),
    ("flag", EVERYBODY, lambda n, v, p: comments.flag(n, v, comments.FlagComment(p.comment, FlagReason.SPAM))),
    (
        "moderate",
        MODERATORS,
        lambda n, v, p: comments.moderate(n, v, comments.ModerateComment(p.comment, CommentStatus.WITHHELD)),
    ),
    (
        "set_comment_rules",
        MODERATORS,
        lambda n, v, p: articles.set_comment_rules(n, v, articles.SetCommentRules(p.article, open=False)),
    ),
    ("restrict", MODERATORS, lambda n, v, p: users.restrict(n, v, users.RestrictUser(p.somebody, banned=True))),
    ("publish", EDITORS, lambda n, v, p: articles.publish(n, v, articles.PublishArticle("New", None, "", "News"))),
    ("update", EDITORS, lambda n, v, p: articles.update(n, v, articles.UpdateArticle(p.article, headline="New"))),
    ("retract", EDITORS, lambda n, v, p: articles.retract(n, v, articles.RetractArticle(p.article))),
    ("set_ad_slots", EDITORS, lambda n, v, p: articles.set_ad_slots(n, v, p.article, [])),
    ("curate", EDITORS, lambda n, v, p: lists.curate(n, v, lists.CurateList("must-reads", None, (p.article,)))),
]


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize(("permitted", "attempt"), [m[1:] for m in MUTATIONS], ids=[m[0] for m in MUTATIONS])
async def test_every_mutation_by_everybody(
    desk: Desk, role: Role | None, permitted: set[Role], attempt: Attempt
) -> None:
    viewer = desk.who(role)
    article = await desk.publish()
    comment = await desk.say(article, by=viewer if role else None)
    somebody = await desk.viewer("Somebody")
    await desk.events()
    place = Place(article, comment, somebody.user_id or 0)
    if role in permitted:
        await attempt(desk.newsroom, viewer, place)
        return
    with pytest.raises(Fault) as caught:
        await attempt(desk.newsroom, viewer, place)
    assert caught.value.code is (FaultCode.UNAUTHENTICATED if role is None else FaultCode.FORBIDDEN)
    assert await desk.events() == []
