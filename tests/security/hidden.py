"""Everything that is hidden on a site, who may see it, and who asks."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

from newsgraph.actions import articles, comments, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.domain.comments import CommentStatus
from newsgraph.domain.cursors import Position, global_id
from newsgraph.domain.users import Role, Viewer
from newsgraph.ports.log import Head
from newsgraph.settings import Settings
from tests.flows.conftest import SECRET, token_for
from tests.security.site import (
    DRAFT,
    FLAGGED,
    OF_RETRACTED,
    PENDING,
    PLAIN,
    PUBLIC,
    REJECTED,
    REMARK,
    REMOVED,
    RETRACTED,
    SECRETS,
    WITHHELD,
    Site,
    opened_site,
    person,
)

# Beside what `site` hides: a draft, comments of which the replies are still there, and a person who may not write.
REAL_DRAFT = global_id("Article", 4)
TOMB_REJECTED, TOMB_WITHHELD, TOMB_REMOVED, EDITED, SUSPENDED_SAID = (global_id("Comment", n) for n in range(8, 13))
LURKER = "xlurkerx"  # somebody who has signed in and said nothing in public
REASON, BEFORE, UNTIL, SUBJECT = "xreasonx", "xbeforex", "2099-01-01", "test:READER:Reader"
TOMBS = {TOMB_REJECTED: "xtombrejectedx", TOMB_WITHHELD: "xtombwithheldx", TOMB_REMOVED: "xtombremovedx"}

MODERATORS, EDITORS, NOBODY_AT_ALL = {"moderator", "admin"}, {"editor", "admin"}, set[str]()
MAY_SEE: Mapping[str, set[str]] = {
    SECRETS[DRAFT]: EDITORS,
    "xrealdraftx": EDITORS,
    SECRETS[RETRACTED]: EDITORS | MODERATORS,
    SECRETS[OF_RETRACTED]: EDITORS | MODERATORS,
    SECRETS[WITHHELD]: MODERATORS | {"author"},
    SECRETS[PENDING]: MODERATORS | {"author"},
    SECRETS[REJECTED]: MODERATORS,
    TOMBS[TOMB_REJECTED]: MODERATORS,
    TOMBS[TOMB_WITHHELD]: MODERATORS,
    REMARK: MODERATORS,
    REASON: MODERATORS,
    UNTIL: MODERATORS,
    SECRETS[REMOVED]: NOBODY_AT_ALL,
    TOMBS[TOMB_REMOVED]: NOBODY_AT_ALL,
    BEFORE: NOBODY_AT_ALL,
    SUBJECT: NOBODY_AT_ALL,
    LURKER: MODERATORS,
}

# That something is there at all, told by its id. Who wrote a comment knows what became of it.
MAY_KNOW_OF: Mapping[str, set[str]] = {
    DRAFT: EDITORS,
    REAL_DRAFT: EDITORS,
    RETRACTED: EDITORS | MODERATORS,
    OF_RETRACTED: EDITORS | MODERATORS,
    WITHHELD: MODERATORS | {"author"},
    PENDING: MODERATORS | {"author"},
    REJECTED: MODERATORS | {"author"},
    REMOVED: MODERATORS | {"author"},
}

ARTICLES = (PUBLIC, DRAFT, RETRACTED, REAL_DRAFT)
COMMENTS = (PLAIN, WITHHELD, REJECTED, REMOVED, FLAGGED, PENDING, OF_RETRACTED, *TOMBS, EDITED, SUSPENDED_SAID)

# A moderator asks first: what is kept of their answer must not be another one's.
WHO: Mapping[str, tuple[Role, str] | None] = {
    "moderator": (Role.MODERATOR, "Moderator"),
    "nobody": None,
    "author": (Role.READER, "Reader"),
    "stranger": (Role.READER, "Other"),
    "staff": (Role.STAFF, "Staff"),
    "banned": (Role.MODERATOR, "Banned"),
    "admin": (Role.ADMIN, "Admin"),
    "editor": (Role.EDITOR, "Editor"),
}


def signed(who: str) -> dict[str, str]:
    found = WHO[who]
    return {} if found is None else {"authorization": f"Bearer {token_for(*found)}"}


def shown(text: str) -> set[str]:
    return {secret for secret in MAY_SEE if secret in text}


def told(text: str, who: str) -> set[str]:
    """The secrets in it that are none of theirs, and the ids of what they must not know of."""
    known = {id_ for id_, seen in MAY_KNOW_OF.items() if f'"{id_}"' in text and who not in seen}
    return known | {secret for secret in shown(text) if who not in MAY_SEE[secret]}


def theirs(who: str) -> set[str]:
    return {secret for secret, seen in MAY_SEE.items() if who in seen}


@asynccontextmanager
async def opened_house(folder: Path) -> AsyncIterator[Site]:
    settings = Settings(database=f"sqlite:///{folder / 'news.db'}", secret=SECRET, list_interval=0.05, rate_viewer=0)
    async with opened_site(settings, _hide_more) as site:
        with closing(sqlite3.connect(folder / "news.db")) as file:
            file.execute("UPDATE articles SET status = 'DRAFT', published_at = NULL WHERE id = 4")
            file.commit()
        yield site


async def _hide_more(room: Newsroom) -> None:
    editor, moderator = await person(room, Role.EDITOR), await person(room, Role.MODERATOR)
    later = datetime(2099, 6, 1, tzinfo=UTC)
    draft = articles.PublishArticle(
        "xrealdraftx", "xrealdraftx", "<p>xrealdraftx</p>", "Asia", ("Ada Writer",), "xrealdraftx", publish_at=later
    )
    await articles.publish(room, editor, draft)
    poster = await person(room, Role.STAFF, "Poster")
    posts = [comments.PostComment(1, None, text) for text in (*TOMBS.values(), BEFORE)]
    *tombs, edited = [(await comments.post(room, poster, one)).comment_id for one in posts]
    await comments.edit(room, poster, comments.EditComment(edited, "After."))
    await person(room, Role.READER, LURKER)
    suspended = await person(room, Role.STAFF, "Suspended")
    await comments.post(room, suspended, comments.PostComment(1, None, "From somebody who may not write now."))
    for tomb in tombs:
        await comments.post(room, poster, comments.PostComment(1, tomb, "A reply."))
    for tomb, status in zip(tombs, (CommentStatus.REJECTED, CommentStatus.WITHHELD), strict=False):
        await comments.moderate(room, moderator, comments.ModerateComment(tomb, status, reason=REASON))
    await comments.remove(room, poster, comments.RemoveComment(tombs[2]))
    await _restrict(room, moderator, suspended, until=datetime(2099, 1, 1, tzinfo=UTC))
    await _restrict(room, moderator, await person(room, Role.MODERATOR, "Banned"), until=None)


async def _restrict(room: Newsroom, moderator: Viewer, who: Viewer, until: datetime | None) -> None:
    command = users.RestrictUser(who.user_id or 0, until, banned=until is None)
    await users.restrict(room, moderator, command)


def beginning(head: Head) -> str:
    """A cursor from before everything."""
    return Position(head.epoch, 0).encode()
