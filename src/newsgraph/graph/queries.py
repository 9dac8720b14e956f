"""The root of all reads."""

from __future__ import annotations

import strawberry

from newsgraph.graph import articles as _articles
from newsgraph.graph import authors as _authors
from newsgraph.graph import comments as _comments
from newsgraph.graph import lists as _lists
from newsgraph.graph import nodes as _nodes
from newsgraph.graph import sections as _sections
from newsgraph.graph import users as _users
from newsgraph.graph.context import Info
from newsgraph.graph.directives import PRIVATE, auth, cost, list_of, pages_of
from newsgraph.graph.enums import Role
from newsgraph.graph.scalars import StreamCursor
from newsgraph.graph.types import (
    Article,
    ArticleConnection,
    Author,
    AuthorConnection,
    CommentConnection,
    Node,
    RankedList,
    SearchConnection,
    Section,
    Viewer,
    by,
)


async def stream_head(info: Info) -> str:
    info.context.depends.lasting = False
    head = await info.context.read(lambda s: s.log.head())
    return head.position.encode()


@strawberry.type
class Query:
    node: Node | None = by(
        _nodes.node,
        "Any object by its global id. The same visibility rules as on every other path: "
        "what the viewer may not see is null.",
    )
    nodes: list[Node | None] = by(
        _nodes.nodes, "Several objects by their global ids, in the order asked.", cost(2), list_of(10, "ids")
    )
    article: Article | None = by(_articles.article, "An article by its slug or by its canonical address.")
    articles: ArticleConnection = by(_articles.articles, "Published articles, newest first.", cost(5), pages_of())
    search: SearchConnection = by(
        _articles.search,
        "Full-text search, best match first. All words must occur; any text is safe.",
        cost(10),
        pages_of("first"),
    )
    section: Section | None = by(_sections.section)
    sections: list[Section] = by(_sections.sections, "In page order.", cost(2), list_of(10))
    author: Author | None = by(_authors.author)
    authors: AuthorConnection = by(_authors.authors, "By name.", cost(5), pages_of())
    latest_stories: RankedList | None = by(
        _lists.latest_stories,
        "'Latest Stories', of one section or of the whole site. Null for an unknown section.",
        cost(2),
    )
    popular_now: RankedList | None = by(
        _lists.popular_now,
        "'Popular Now': what readers are reading, recent views weighing more than old ones.",
        cost(2),
    )
    must_reads: RankedList | None = by(
        _lists.must_reads, "'Must-Reads': pinned by editors, filled up by the ranking.", cost(2)
    )
    ranked_list: RankedList | None = by(
        _lists.ranked_list,
        "Any list by its key: latest, latest/asia, popular, popular/asia, must-reads, related/<article id>, "
        "or a list that editors made.",
        cost(2),
    )
    ranked_lists: list[RankedList] = by(
        _lists.ranked_lists,
        "Several lists for one page, in the order asked; keys that name no list are left out. "
        "dedupe drops an article from a list once an earlier list showed it.",
        cost(5),
        list_of(5, "keys"),
    )
    viewer: Viewer | None = by(_users.viewer, "Who is asking; null for an anonymous reader.", PRIVATE)
    moderation_queue: CommentConnection = by(
        _comments.moderation_queue,
        "What waits for a moderator, oldest first. Moderators only.",
        auth(Role.MODERATOR),
        cost(5),
        pages_of("first"),
        PRIVATE,
    )
    stream_head: StreamCursor = by(
        stream_head,
        "Where the event log is now: take it before a plain read, subscribe after it, miss nothing.",
    )
