"""Everything that changes a newsroom, done at random; and everything that is asked of it meanwhile.

Ids are known beforehand: each newsroom begins empty, and rows are numbered from 1.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from newsgraph.actions import articles, authors, comments, erasures, imports, lists, sections, upkeep, users, views
from newsgraph.actions.views import View
from newsgraph.domain.articles import AdSlot, ArticleDraft, Image
from newsgraph.domain.authors import Byline
from newsgraph.domain.comments import CommentStatus, FlagReason, ModerationMode, ModerationQueueName, ReactionKind
from newsgraph.domain.cursors import global_id
from newsgraph.domain.erasures import Mode
from newsgraph.domain.errors import Fault, Problem
from newsgraph.domain.users import Claims, Role, Viewer
from newsgraph.domain.views import ViewCount
from newsgraph.ports.store import Session
from tests.graph.newsroom import Question, World, asked

T = TypeVar("T")
ARTICLE_IDS, COMMENT_IDS = range(1, 8), range(1, 12)
SECTIONS, WORDS = ("news", "asia", "science"), ("ferry", "harbour", "market", "storm")
FEED = "https://feed.example/"


@dataclass
class Happenings:
    """What is counted tells one of a kind from the next."""

    world: World
    plan: random.Random
    draft: int = 0
    readers: int = 0
    promised: int = 0
    founded: int = 0

    async def surely(self, name: str) -> None:
        """It happens in the end: the log tells of it, where it ever does."""
        before = await self._head()
        for _ in range(50):
            with suppress(Problem, Fault):  # refused: of what was chosen nothing came
                await HAPPENINGS[name][1](self)
            if name in UNLOGGED or await self._head() > before:
                return
        raise AssertionError(f"{name} does not happen")

    async def _head(self) -> int:
        return (await self.world.store.read(lambda session: session.log.head())).last_seq

    # What is chosen

    def headline(self) -> str:
        return f"{self.plan.choice(WORDS).title()} {self.plan.choice(WORDS)}"

    def section(self) -> str:
        return self.plan.choice(("News", "Asia"))

    async def an_article(self, *statuses: str) -> int:
        wanted = statuses or ("PUBLISHED",)
        found = await self.world.store.read(lambda session: session.articles.by_ids(ARTICLE_IDS))
        return self.plan.choice([one.id for one in found if one.status.value in wanted] or [1])

    async def a_comment(self, *statuses: CommentStatus) -> int:
        found = await self.world.store.read(lambda session: session.comments.by_ids(COMMENT_IDS))
        return self.plan.choice([one.id for one in found if one.status in (statuses or tuple(CommentStatus))] or [1])

    async def write(self, change: Callable[[Session], Awaitable[T]]) -> T:
        return await self.world.store.write(change)

    # Articles

    async def publish(self) -> None:
        author = self.plan.choice(("Ada Writer", "Bo Scribe"))
        more = {"tags": ("sea",), "lead_image": Image("https://img.example/1.png", "A ferry")}
        await self.world.desk.publish(self.headline(), section=self.section(), authors=(author,), **more)

    async def keep_a_promise(self) -> None:
        """What was asked for before it was there."""
        self.promised += 1
        await self.world.desk.publish(self.headline(), section=self.section(), slug=f"promised-{self.promised}")

    async def schedule(self) -> None:
        at = self.world.clock() + timedelta(minutes=self.plan.randint(1, 30))
        await self.world.desk.publish(self.headline(), section=self.section(), publish_at=at)

    async def publish_due(self) -> None:
        self.world.clock.tick(minutes=31)
        await articles.publish_due(self.world.desk.newsroom)

    async def update(self, **changes: Any) -> None:
        command = articles.UpdateArticle(await self.an_article(), **changes)
        await articles.update(self.world.desk.newsroom, self.world.desk.who(Role.EDITOR), command)

    async def reword(self) -> None:
        await self.update(headline=self.headline(), body_html=f"<p>{self.headline()}</p>", standfirst=self.headline())

    async def move(self) -> None:
        await self.update(section=self.section())

    async def change_byline(self) -> None:
        await self.update(authors=self.plan.choice((("Ada Writer",), ("Bo Scribe",), ("Bo Scribe", "Ada Writer"))))

    async def retag(self) -> None:
        await self.update(tags=(self.plan.choice(WORDS),), lead_image=None)

    async def retract(self) -> None:
        """Never the first, which much is asked about."""
        await self.world.desk.retract(max(2, await self.an_article()))

    async def set_rules(self) -> None:
        closes = self.world.clock() + timedelta(minutes=self.plan.randint(1, 90))
        rules: list[dict[str, Any]] = [
            {"open": False},
            {"open": True, "closes_at": closes},
            {"open": True, "closes_at": None, "mode": ModerationMode.PRE},
            {"open": True, "mode": ModerationMode.POST, "max_length": self.plan.randint(100, 200)},
        ]
        await self.world.desk.rules(await self.an_article(), **self.plan.choice(rules))

    async def set_ad_slots(self) -> None:
        slots = [AdSlot(self.plan.randint(1, 9), "Below")]
        editor = self.world.desk.who(Role.EDITOR)
        await articles.set_ad_slots(self.world.desk.newsroom, editor, await self.an_article(), slots)

    async def bring(self) -> None:
        """Something new, with an author of its own and now and then a section; then the same again, changed."""
        number = self.draft = self.draft + 1
        draft = ArticleDraft(
            source="feed",
            guid=str(number % 2),
            headline=f"Imported {self.headline()}",
            body_html=f"<p>{self.headline()}</p>",
            url=f"{FEED}{number}",
            section=self.plan.choice(("Science", "Asia")),
            authors=(Byline(f"Cy {number % 2}", bio=f"Bio {number}" if number > 2 else None),),
            published_at=self.world.clock() - timedelta(minutes=self.plan.randint(0, 500)),
        )
        await imports.import_drafts(self.world.desk.newsroom, [draft])

    # Sections and authors

    async def found_section(self) -> None:
        """One that is asked for, unless an import made it already."""
        self.founded += 1
        name = "Science" if self.founded == 1 else f"Field {self.founded}"
        await self.write(lambda session: sections.ensure(session, name))

    async def introduce(self) -> None:
        name = self.plan.choice(("Ada Writer", "Bo Scribe", "Cy 1", "Dee Late"))
        byline = Byline(name, email=f"{self.plan.random()}@news.example", bio="Writes.")
        await self.write(lambda session: authors.ensure(session, byline))

    # Comments

    async def post(self, parent: int | None = None) -> tuple[int, Viewer]:
        who = self.world.desk.who(self.plan.choice((Role.READER, Role.STAFF, Role.MODERATOR)))
        article = await self.an_article() if parent is None else (await self.world.desk.comment(parent)).article_id
        return await self.world.desk.say(article, self.headline(), parent, by=who), who

    async def reply(self) -> None:
        await self.post(await self.a_comment(CommentStatus.PUBLISHED))

    async def own(self) -> tuple[int, Viewer]:
        comment = await self.world.desk.comment(await self.a_comment(CommentStatus.PUBLISHED))
        people = self.world.desk.people.values()
        return comment.id, next(one for one in people if one.user_id == comment.user_id)

    async def edit(self) -> None:
        """Something old once, where that may be, else something new."""
        comment, author = await self.own()
        if self.plan.random() < 0.5:
            comment, author = await self.post()
        await comments.edit(self.world.desk.newsroom, author, comments.EditComment(comment, self.headline()))

    async def remove(self) -> None:
        comment, author = await self.own()
        await comments.remove(self.world.desk.newsroom, author, comments.RemoveComment(comment))

    async def react(self) -> None:
        command = comments.ReactToComment(await self.a_comment(), self.plan.choice([None, *ReactionKind]))
        await comments.react(self.world.desk.newsroom, self.world.desk.who(self.plan.choice([*Role])), command)

    async def flag(self) -> None:
        command = comments.FlagComment(await self.a_comment(), FlagReason.SPAM)
        await comments.flag(self.world.desk.newsroom, self.world.desk.who(self.plan.choice([*Role])), command)

    async def moderate(self) -> None:
        await self.world.desk.moderate(await self.a_comment(), self.plan.choice([*CommentStatus]))

    async def feature(self) -> None:
        comment = await self.a_comment(CommentStatus.PUBLISHED)
        await self.world.desk.moderate(comment, featured=self.plan.random() < 0.7)

    # Lists and views

    async def curate(self) -> None:
        keys = ("election-night", "must-reads", "popular", "latest/asia", "related/1", "must-reads/news")
        key, pinned = self.plan.choice(keys), await self.an_article()
        title, excluded = self.plan.choice((None, self.headline())), self.plan.choice((None, (), (2,)))
        await self.world.desk.curate(key, pinned, title=title, excluded_ids=excluded)

    async def retitle(self) -> None:
        await self.world.desk.curate("latest/news", title=self.headline())

    async def read(self) -> None:
        counter = self.world.services.views
        for _ in range(self.plan.randint(1, 5)):
            self.readers += 1
            view = View(await self.an_article(), f"reader {self.readers}", "Mozilla")
            await counter.record(self.world.desk.newsroom, view)
        await counter.flush(self.world.desk.newsroom)

    async def add_views(self) -> None:
        await views.add(self.world.desk.newsroom, [ViewCount(await self.an_article(), self.plan.randint(1, 9))])

    async def rank(self) -> None:
        await self.favour(await self.an_article())

    async def favour(self, article: int) -> None:
        await views.add(self.world.desk.newsroom, [ViewCount(article, 50)])
        await lists.rank_popular(self.world.desk.newsroom)

    async def relate(self) -> None:
        """The same lists once made and once made anew."""
        room = self.world.desk.newsroom
        await self.publish()
        await lists.ensure_related(room, await self.an_article())
        await self.publish()
        self.world.clock.tick(seconds=room.settings.related_age + 1)
        await lists.refresh_stale_related(room, 50)

    async def clean_up(self) -> None:
        await upkeep.upkeep(self.world.desk.newsroom)

    # People

    async def rename(self) -> None:
        role = self.plan.choice((Role.READER, Role.STAFF))
        self.world.clock.tick(seconds=1)
        claims = Claims(f"test:{role.value.title()}", f"{role.value} {self.readers}", role, self.world.clock(), None)
        self.readers += 1
        await users.recognise(self.world.desk.newsroom, claims)

    async def arrive(self) -> None:
        self.readers += 1
        await self.world.desk.viewer(f"Newcomer {self.readers}")

    async def leave(self) -> None:
        """Somebody takes part, and wants nothing of it to be theirs any more."""
        await erasures.erase(self.world.desk.newsroom, await self.pass_by(), self.plan.choice(list(Mode)))

    async def leave_slowly(self) -> None:
        """The same, with time between the first step and the others."""
        room = self.world.desk.newsroom
        await erasures.begin(room, await self.pass_by(), self.plan.choice(list(Mode)))
        self.world.clock.tick(minutes=2)
        await self.world.settle()
        for question in questions():
            await self.world.ask(question)
        await erasures.go_on(room)

    async def pass_by(self) -> str:
        self.readers += 1
        desk, name = self.world.desk, f"Passing {self.readers}"
        passing = await desk.viewer(name)
        parent = await desk.say(1, self.headline(), by=passing)
        await desk.say(1, self.headline(), parent)
        return f"test:{name}"

    async def revoke(self) -> None:
        self.readers += 1
        await self.world.desk.viewer(f"Guest {self.readers}")
        await users.revoke(self.world.desk.newsroom, f"test:Guest {self.readers}", self.world.clock())

    async def revoke_all(self) -> None:
        await users.revoke_all(self.world.desk.newsroom, self.world.clock() - timedelta(days=99))

    async def restrict(self) -> None:
        person = self.world.desk.who(Role.STAFF).user_id
        command = users.RestrictUser(person or 0, banned=self.plan.random() < 0.5)
        await users.restrict(self.world.desk.newsroom, self.world.desk.who(Role.MODERATOR), command)

    async def suspend(self) -> None:
        until = self.world.clock() + timedelta(minutes=self.plan.randint(1, 9))
        person = self.world.desk.who(Role.READER).user_id
        command = users.RestrictUser(person or 0, suspended_until=self.plan.choice((until, None)))
        await users.restrict(self.world.desk.newsroom, self.world.desk.who(Role.MODERATOR), command)

    async def wait(self) -> None:
        """Comments close, and views leave their windows, by themselves; figures change where the order does not."""
        await self.world.desk.rules(1, open=True, closes_at=self.world.clock() + timedelta(minutes=30))
        await self.favour(1)
        await self.world.settle()
        for question in questions():
            await self.world.ask(question)
        self.world.clock.tick(seconds=1)
        await self.favour(1)
        self.world.clock.tick(minutes=self.plan.choice((31, 61, 2_000)))


Happening = Callable[[Happenings], Awaitable[object]]

# What happens, with the action that it exercises; None for time, which needs none.
HAPPENINGS: dict[str, tuple[Callable[..., Any] | None, Happening]] = {
    "publish": (articles.publish, Happenings.publish),
    "promise": (articles.publish, Happenings.keep_a_promise),
    "schedule": (articles.publish, Happenings.schedule),
    "publish due": (articles.publish_due, Happenings.publish_due),
    "reword": (articles.update, Happenings.reword),
    "move": (articles.update, Happenings.move),
    "byline": (articles.update, Happenings.change_byline),
    "retag": (articles.update, Happenings.retag),
    "retract": (articles.retract, Happenings.retract),
    "rules": (articles.set_comment_rules, Happenings.set_rules),
    "ad slots": (articles.set_ad_slots, Happenings.set_ad_slots),
    "import": (imports.import_drafts, Happenings.bring),
    "import again": (imports.import_drafts, Happenings.bring),
    "section": (sections.ensure, Happenings.found_section),
    "author": (authors.ensure, Happenings.introduce),
    "post": (comments.post, Happenings.post),
    "reply": (comments.post, Happenings.reply),
    "edit": (comments.edit, Happenings.edit),
    "remove": (comments.remove, Happenings.remove),
    "react": (comments.react, Happenings.react),
    "flag": (comments.flag, Happenings.flag),
    "moderate": (comments.moderate, Happenings.moderate),
    "feature": (comments.moderate, Happenings.feature),
    "curate": (lists.curate, Happenings.curate),
    "retitle": (lists.curate, Happenings.retitle),
    "read": (views.ViewCounter.flush, Happenings.read),
    "views": (views.add, Happenings.add_views),
    "rank": (lists.rank_popular, Happenings.rank),
    "relate": (lists.ensure_related, Happenings.relate),
    "relate again": (lists.refresh_stale_related, Happenings.relate),
    "rename": (users.recognise, Happenings.rename),
    "arrive": (users.recognise, Happenings.arrive),
    "leave": (erasures.erase, Happenings.leave),
    "begin to leave": (erasures.begin, Happenings.leave_slowly),
    "leave in the end": (erasures.go_on, Happenings.leave_slowly),
    "revoke": (users.revoke, Happenings.revoke),
    "revoke all": (users.revoke_all, Happenings.revoke_all),
    "restrict": (users.restrict, Happenings.restrict),
    "suspend": (users.restrict, Happenings.suspend),
    "clean up": (upkeep.upkeep, Happenings.clean_up),
    "time": (None, Happenings.wait),
}
UNLOGGED = {"clean up"}


# Questions

NODES = """
query Nodes($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    id
    ... on Article { slug url status headline standfirst tags viewCount adSlots { number } leadImage { url } }
    ... on Comment {
      body standing: status featured permalink replyCount editableUntil
      parent { id body } article { headline } author { name badges } reactions { kind count }
    }
    ... on Section { slug name }
    ... on Author { name email bio }
    ... on Commenter { name badges }
    ... on RankedList { key title window section { name } items { edges { rank pinned label node { slug } } } }
  }
}
"""
SECTION = """
query Section($slug: String!) {
  section(slug: $slug) {
    name
    latestStories { title items { nodes { slug } } }
    popularNow(window: WEEK) { title items { nodes { slug } } }
    mustReads { title items { nodes { slug } } }
  }
}
"""
OF_SECTION = """
query OfSection($slug: String!) {
  section(slug: $slug) { articles(first: 3) { totalCount pageInfo { hasNextPage } nodes { slug headline } } }
}
"""
AUTHOR = """
query Author($slug: String!) {
  author(slug: $slug) { name bio email }
}
"""
BY_AUTHOR = "query ByAuthor($slug: String!) { author(slug: $slug) { articles { totalCount nodes { slug } } } }"
AUTHORS = "query Authors { authors { totalCount nodes { name email } } }"
ARTICLE = "query Article($slug: String, $url: URL) { article(slug: $slug, url: $url) { id headline status } }"
ARTICLES = """
query Articles($filter: ArticleFilter) {
  articles(filter: $filter, first: 3) { totalCount pageInfo { hasNextPage } nodes { slug headline commentCount } }
}
"""
POLICY = "query Policy($slug: String!) { article(slug: $slug) { commentPolicy { open closesAt mode maxLength } } }"
VIEWS = """
query Views($slug: String!) {
  article(slug: $slug) { viewCount day: viewCount(window: DAY) hour: viewCount(window: HOUR) }
}
"""
FOCUS = """
query Focus($id: ID!, $focus: ID!) {
  node(id: $id) {
    ... on Article {
      comments(first: 2, orderBy: MOST_REACTED, focus: $focus) {
        totalCount liveCursor edges { node { id body status parent { id } replies { nodes { body author { name } } } } }
      }
    }
  }
}
"""
_VIEWER = "query Viewer { viewer { name role banned suspendedUntil } }"
_OWN = "query Own($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { body viewerReaction status } } }"

_SEEING = (None, Role.READER, Role.MODERATOR, Role.EDITOR)
_KEYS = ["latest", "latest/asia", "popular", "must-reads", "election-night", "related/1", "related/4", "latest/science"]


def questions() -> list[Question]:
    return [*_of_our_operations(), *_by_role(), *_of_pages(), *_of_people()]


def _of_our_operations() -> list[Question]:
    slugs, ids = ("ferry-ferry", "harbour-news", "promised-1"), map(_article, (1, 2, 5))
    return [
        *(asked("ArticlePage", role=role, slug="ferry-ferry") for role in (None, Role.READER, Role.EDITOR)),
        *(asked("ArticlePage", slug=slug) for slug in slugs[1:]),
        *(asked("CommentWidget", "CommentWidgetPage", articleId=one, first=3) for one in ids),
        asked("CommentWidget", "CommentWidgetPage", Role.READER, articleId=_article(1), orderBy="MOST_REPLIED"),
        asked("FrontPage"),
        asked("FrontPage", role=Role.READER, first=2),
        *(asked("Headline", slug=slug) for slug in slugs),
        replace(asked("Lists", keys=_KEYS), reckoned=True),
        asked("Search", query="ferry"),
        asked("Search", query="storm", section="asia"),
        asked("Search", query="storm", section="science"),
        *(
            asked("Moderation", "ModerationQueue", role, queue=queue.value)
            for queue in ModerationQueueName
            for role in (None, Role.READER, Role.MODERATOR)
        ),
    ]


def _by_role() -> list[Question]:
    """Where what is there depends on who looks."""
    articles_, comments_ = [_article(one) for one in ARTICLE_IDS], [global_id("Comment", one) for one in COMMENT_IDS]
    return [
        *(Question(NODES, {"ids": ids}, role=role) for role in _SEEING for ids in (articles_, comments_)),
        *(Question(ARTICLE, {"slug": slug}, role=role) for role in _SEEING for slug in ("harbour-news", "promised-1")),
        *(Question(FOCUS, {"id": _article(1), "focus": one}, role=role) for role in _SEEING for one in comments_[:3]),
        Question(_OWN, {"ids": comments_}, role=Role.READER),
    ]


def _of_pages() -> list[Question]:
    filters: list[dict[str, Any]] = [{}, {"section": "asia"}, {"section": "science"}, {"author": "ada-writer"}]
    lists_ = [global_id("RankedList", key) for key in _KEYS]
    return [
        *(Question(text, {"slug": slug}) for text in (SECTION, OF_SECTION) for slug in SECTIONS),
        *(Question(ARTICLES, {"filter": one}) for one in (*filters, {"tag": "sea"}, {"author": "bo-scribe"})),
        *(Question(text, {"slug": slug}) for text in (POLICY, VIEWS) for slug in ("ferry-ferry", "harbour-news")),
        *(Question(ARTICLE, {"url": f"{FEED}{number}"}) for number in (1, 2, 3)),
        *(Question(NODES, {"ids": [one]}) for one in lists_),
        *(Question(NODES, {"ids": [global_id("Section", number)]}) for number in (1, 3)),
    ]


def _of_people() -> list[Question]:
    authors_ = [global_id("Author", number) for number in range(1, 5)]
    people = [global_id("Commenter", number) for number in range(1, 8)]
    return [
        *(
            Question(text, {"slug": slug})
            for text in (AUTHOR, BY_AUTHOR)
            for slug in ("ada-writer", "cy-1", "dee-late")
        ),
        Question(AUTHORS),
        Question(NODES, {"ids": authors_}),
        Question(NODES, {"ids": people}),
        *(Question(_VIEWER, role=role) for role in (None, Role.READER)),
    ]


def _article(number: int) -> str:
    return global_id("Article", number)
