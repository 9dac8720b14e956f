"""The newsroom of a rehearsal: what is there at the start, and what scenes do in it, by the actions that all use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from newsgraph.actions import articles, authors, comments, lists, sections, users, views
from newsgraph.actions.newsroom import Keep, Newsroom
from newsgraph.domain.authors import Byline
from newsgraph.domain.comments import Comment, CommentStatus, FlagReason, ModerationMode, ReactionKind
from newsgraph.domain.cursors import global_id
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.events import CommentChanged
from newsgraph.domain.users import Claims, Role, Viewer
from newsgraph.domain.views import ViewCount
from newsgraph.ports.store import Session
from newsgraph.rehearsal.storyboard import OpeningArticle, OpeningComment, Scene, Storyboard

_DESK = "The desk"  # whoever publishes, curates and moderates in a scene
_BYLINE = Byline("Ada Writer", "ada@newsroom.example", None)


class StageClock:
    """The newsroom's clock: behind the real one while it is told what was there before."""

    def __init__(self) -> None:
        self.ago = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self.ago)


@dataclass(slots=True)
class Stage:
    """Names of the storyboard lead to the ids of what they stand for."""

    newsroom: Newsroom
    clock: StageClock
    board: Storyboard
    articles: dict[str, int] = field(default_factory=dict)
    comments: dict[str, int] = field(default_factory=dict)

    @property
    def ids(self) -> Mapping[str, str]:
        """Global ids, as clients know them."""
        return {name: global_id("Article", id_) for name, id_ in self.articles.items()} | {
            name: global_id("Comment", id_) for name, id_ in self.comments.items()
        }

    async def set_up(self) -> None:
        """What is there at the start, the oldest first."""
        await self.newsroom.store.write(lambda session: authors.ensure(session, _BYLINE))
        for name in dict.fromkeys(article.section for article in self.board.articles):
            await self._section(name)
        for article in sorted(self.board.articles, key=lambda one: -one.ago):
            await self._open(article)
        self.clock.ago = 0.0
        await lists.rank_popular(self.newsroom)
        for article_id in self.articles.values():
            await lists.ensure_related(self.newsroom, article_id)

    async def act(self, scene: Scene) -> None:
        """Errors: Problem and Fault of the action."""
        await ACTS[scene.action](self, **scene.given)

    def claims(self, name: str) -> Claims:
        """Of the person of this name."""
        role = Role.ADMIN if name == _DESK else self.board.cast.get(name, Role.READER)
        return Claims(f"rehearsal:{name}", name, role, datetime.now(UTC), None)

    async def viewer(self, name: str) -> Viewer:
        return await users.recognise(self.newsroom, self.claims(name))

    async def comment(self, name: str) -> Comment:
        """The one of this name, or the one that something happened to last."""

        async def find(session: Session) -> Comment:
            found = self.comments.get(name) or await _newest(session)
            return (await session.comments.by_ids([found]))[0]

        return await self.newsroom.store.read(find)

    async def publish(self, headline: str, **more: Any) -> int:
        section = more.get("section", "Asia")
        await self._section(section)
        body = _html(more.get("body", "The text."))
        command = articles.PublishArticle(headline, more.get("standfirst"), body, section, (_BYLINE.name,))
        return await articles.publish(self.newsroom, await self.viewer(_DESK), command)

    async def post(self, article_id: int, parent_id: int | None, by: str, text: str) -> int:
        command = comments.PostComment(article_id, parent_id, text)
        return (await comments.post(self.newsroom, await self.viewer(by), command)).comment_id

    async def _section(self, name: str) -> None:
        await self.newsroom.store.write(lambda session: sections.ensure(session, name))

    async def _open(self, article: OpeningArticle) -> None:
        self.clock.ago = article.ago
        more = {"section": article.section, "standfirst": article.standfirst, "body": article.body}
        self.articles[article.id] = await self.publish(article.headline, **more)
        for comment in sorted(article.comments, key=lambda one: -one.ago):
            await self._say(self.articles[article.id], None, comment)

    async def _say(self, article_id: int, parent_id: int | None, comment: OpeningComment) -> None:
        """Published, whatever the rules: it is there at the start."""
        self.clock.ago = comment.ago
        posted = self.comments[comment.id] = await self.post(article_id, parent_id, comment.by, comment.text)
        if (await self.comment(comment.id)).status is CommentStatus.PENDING:
            approval = comments.ModerateComment(posted, CommentStatus.PUBLISHED)
            await comments.moderate(self.newsroom, await self.viewer(_DESK), approval)
        for reply in comment.replies:
            await self._say(article_id, posted, reply)


async def _newest(session: Session) -> int:
    seqs = await session.log.newest_of_kind(CommentChanged.kind, 0, 1)
    if not seqs:
        raise Fault(FaultCode.BAD_INPUT, "Nothing has happened to any comment yet.")
    (entry,) = await session.log.of_kind(CommentChanged.kind, seqs[0] - 1, 1)
    assert isinstance(entry.event, CommentChanged)  # noqa: S101 - its kind says so
    return entry.event.comment_id


def _html(text: str) -> str:
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())


# --- what scenes do ---


async def _comment(stage: Stage, article: str, by: str, text: str, **more: Any) -> None:
    times: int = more.get("times", 1)
    for number in range(times):
        said = text if times == 1 else f"{text} ({number + 1})"
        posted = await stage.post(stage.articles[article], None, by, said)
        if "id" in more:
            stage.comments[more["id"]] = posted


async def _reply(stage: Stage, to: str, by: str, text: str, **more: Any) -> None:
    above = await stage.comment(to)
    posted = await stage.post(above.article_id, above.id, by, text)
    if "id" in more:
        stage.comments[more["id"]] = posted


async def _edit(stage: Stage, comment: str, text: str) -> None:
    known = await stage.comment(comment)
    await comments.edit(stage.newsroom, Viewer(known.user_id, Role.READER), comments.EditComment(known.id, text))


async def _remove(stage: Stage, comment: str) -> None:
    known = await stage.comment(comment)
    await comments.remove(stage.newsroom, Viewer(known.user_id, Role.READER), comments.RemoveComment(known.id))


def _moderating(to: CommentStatus | None = None, featured: bool | None = None) -> Callable[..., Awaitable[None]]:
    async def moderate(stage: Stage, comment: str, reason: str | None = None) -> None:
        known = await stage.comment(comment)
        command = comments.ModerateComment(known.id, to, featured, reason)
        await comments.moderate(stage.newsroom, await stage.viewer(_DESK), command)

    return moderate


async def _react(stage: Stage, comment: str, by: str, kind: str) -> None:
    command = comments.ReactToComment((await stage.comment(comment)).id, ReactionKind(kind))
    await comments.react(stage.newsroom, await stage.viewer(by), command)


async def _flag(stage: Stage, comment: str, by: str, reason: str) -> None:
    command = comments.FlagComment((await stage.comment(comment)).id, FlagReason(reason))
    await comments.flag(stage.newsroom, await stage.viewer(by), command)


async def _rules(stage: Stage, article: str, **more: Any) -> None:
    mode = ModerationMode(more["mode"]) if "mode" in more else Keep.KEEP
    opened, most = more.get("open", Keep.KEEP), more.get("max_length", Keep.KEEP)
    command = articles.SetCommentRules(stage.articles[article], opened, mode, most)
    await articles.set_comment_rules(stage.newsroom, await stage.viewer(_DESK), command)


async def _restrict(stage: Stage, who: str, **more: Any) -> None:
    user_id = (await stage.viewer(who)).user_id
    assert user_id is not None  # noqa: S101 - only nobody has none
    until = stage.clock() + timedelta(seconds=more["suspended"]) if "suspended" in more else Keep.KEEP
    command = users.RestrictUser(user_id, until, more.get("banned"), more.get("premoderated"))
    await users.restrict(stage.newsroom, await stage.viewer(_DESK), command)


async def _publish(stage: Stage, headline: str, **more: Any) -> None:
    published = await stage.publish(headline, **more)
    if "id" in more:
        stage.articles[more["id"]] = published


async def _update(stage: Stage, article: str, **more: Any) -> None:
    body = _html(more["body"]) if "body" in more else Keep.KEEP
    headline, standfirst = more.get("headline", Keep.KEEP), more.get("standfirst", Keep.KEEP)
    command = articles.UpdateArticle(stage.articles[article], headline, standfirst, body)
    await articles.update(stage.newsroom, await stage.viewer(_DESK), command)


async def _retract(stage: Stage, article: str) -> None:
    command = articles.RetractArticle(stage.articles[article])
    await articles.retract(stage.newsroom, await stage.viewer(_DESK), command)


async def _curate(stage: Stage, list: str, pins: tuple[str, ...], title: str | None = None) -> None:
    pinned = tuple(stage.articles[pin] for pin in pins)
    await lists.curate(stage.newsroom, await stage.viewer(_DESK), lists.CurateList(list, title, pinned))


async def _views(stage: Stage, article: str, count: int) -> None:
    await views.add(stage.newsroom, [ViewCount(stage.articles[article], count)])
    await lists.rank_popular(stage.newsroom)


ACTS: Mapping[str, Callable[..., Awaitable[None]]] = {
    "comment": _comment,
    "reply": _reply,
    "edit": _edit,
    "remove": _remove,
    "approve": _moderating(CommentStatus.PUBLISHED),
    "reject": _moderating(CommentStatus.REJECTED),
    "withhold": _moderating(CommentStatus.WITHHELD),
    "feature": _moderating(featured=True),
    "react": _react,
    "flag": _flag,
    "rules": _rules,
    "restrict": _restrict,
    "publish": _publish,
    "update": _update,
    "retract": _retract,
    "curate": _curate,
    "views": _views,
}
