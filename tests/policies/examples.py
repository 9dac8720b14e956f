"""An article, a comment, people and what they send in, to be changed by each test as it needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from newsgraph.domain.articles import Article, ArticleStatus
from newsgraph.domain.comments import Comment, CommentPolicy, CommentRules, CommentStatus
from newsgraph.domain.users import Role, User, Viewer
from newsgraph.policies.moderation import comment_policy
from newsgraph.policies.submissions import Submission, Text
from newsgraph.settings import Settings

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

ARTICLE = Article(
    id=1,
    slug="ferry-runs-again",
    url=None,
    headline="Ferry runs again",
    standfirst=None,
    language="en",
    lead_image=None,
    status=ArticleStatus.PUBLISHED,
    published_at=NOW,
    updated_at=NOW,
    reading_minutes=1,
    section_id=1,
    view_count=0,
    comment_count=0,
    thread_count=0,
    rules=CommentRules(),
)

COMMENT = Comment(
    id=10,
    article_id=1,
    parent_id=None,
    user_id=7,
    body="At last!",
    status=CommentStatus.PUBLISHED,
    depth=0,
    created_at=NOW,
    edited_at=None,
    featured=False,
    moderated=False,
    flag_count=0,
    reply_count=0,
    descendants=0,
    likes=0,
    insightfuls=0,
    disagrees=0,
)


def person(role: Role = Role.READER, suspended_until: datetime | None = None, banned: bool = False) -> User:
    return User(7, "u:7", "Kim", role, suspended_until, banned, NOW)


def viewer(role: Role, user_id: int = 1) -> Viewer:
    return Viewer(user_id, role)


POLICY = comment_policy(ARTICLE, Settings(), NOW)
FAMILY = "👩‍👩‍👧‍👦"  # 7 code points


def submission(body: str = "At last!", limits: dict[str, Any] | None = None, **changes: Any) -> Submission:
    """`limits`: settings that are not the default."""
    given = Submission(POLICY, person(), Text(body), NOW, article_id=1, settings=Settings(**limits or {}))
    return replace(given, **changes)


def policy(**changes: Any) -> CommentPolicy:
    return replace(POLICY, **changes)
