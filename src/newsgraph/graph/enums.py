"""The domain's enumerations as the public schema shows them."""

from __future__ import annotations

from enum import Enum

import strawberry

from newsgraph.domain.articles import ArticleOrder, ArticleStatus
from newsgraph.domain.comments import (
    CommentOrder,
    CommentStatus,
    FlagReason,
    ModerationMode,
    ModerationQueueName,
    ReactionKind,
)
from newsgraph.domain.errors import ArticleErrorCode, CommentErrorCode, ListErrorCode
from newsgraph.domain.lists import RankKind, RankReason
from newsgraph.domain.users import Role
from newsgraph.domain.views import Window
from newsgraph.live.streams import ResetReason

DESCRIPTIONS: dict[type[Enum], str] = {
    ArticleOrder: "By time of publication; articles published at the same time keep a fixed order.",
    ArticleStatus: "Readers see PUBLISHED articles only; editors see all.",
    CommentOrder: "How a page of comments is sorted. Ties keep a fixed order.",
    CommentStatus: (
        "PUBLISHED is seen by everybody. PENDING waits for approval, WITHHELD was held back, REJECTED was turned "
        "down, REMOVED was taken back by its author."
    ),
    ModerationQueueName: (
        "UNMODERATED: shown, and nobody has looked at it yet. REPORTED: shown, and readers have flagged it. "
        "PENDING: held until a moderator decides."
    ),
    ModerationMode: "PRE: comments are held until approved. POST: they are shown at once.",
    ReactionKind: "What a reader can say of a comment with one tap; one at a time.",
    FlagReason: "Why a reader reports a comment.",
    CommentErrorCode: "What can be wrong with a comment or with its author's right to post it.",
    ArticleErrorCode: "What can be wrong with an article.",
    ListErrorCode: "What can be wrong with a change to a ranked list.",
    RankKind: "What a list is ranked by.",
    RankReason: "Why an article stands in a list.",
    Role: "What a viewer may do. Each role may also comment; ADMIN may do everything.",
    Window: "The time over which views are counted, up to now.",
    ResetReason: (
        "TRIMMED: what was missed is no longer kept, or too much. EPOCH_CHANGED: the cursor is from another "
        "database or from before a restore. SLOW_CONSUMER: this client read too slowly. "
        "INVALID_CURSOR: this is no cursor of this server."
    ),
}


for _enum, _description in DESCRIPTIONS.items():
    strawberry.enum(_enum, description=_description)

__all__ = [
    "ArticleErrorCode",
    "ArticleOrder",
    "ArticleStatus",
    "CommentErrorCode",
    "CommentOrder",
    "CommentStatus",
    "FlagReason",
    "ListErrorCode",
    "ModerationMode",
    "ModerationQueueName",
    "RankKind",
    "RankReason",
    "ReactionKind",
    "ResetReason",
    "Role",
    "Window",
]
