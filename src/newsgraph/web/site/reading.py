"""Pages for readers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from starlette.exceptions import HTTPException

from newsgraph.domain.comments import CommentOrder
from newsgraph.domain.cursors import global_id
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Role, Viewer
from newsgraph.settings import Settings
from newsgraph.web.site import head
from newsgraph.web.site.asking import Caller, Found
from newsgraph.web.site.rendering import html
from newsgraph.web.site.threads import threads
from newsgraph.web.site.visits import Page, Visit, not_found

ORDERS = {
    CommentOrder.NEWEST.value: "Newest",
    CommentOrder.OLDEST.value: "Oldest",
    CommentOrder.MOST_REPLIED.value: "Most replies",
    CommentOrder.MOST_REACTED.value: "Most reactions",
}
_NOTICES = {
    "posted": "Your comment is published.",
    "held": "Your comment waits for a moderator. You find it below until then.",
    "reacted": "Your reaction is counted.",
    "flagged": "Thank you. A moderator will look at this comment.",
}
_MODERATOR = Caller(Viewer(None, Role.MODERATOR))


async def front(visit: Visit) -> Page:
    found = await visit.asking.query("Front", visit.caller)
    return Page("front.html", found.data, found.mark)


async def section(visit: Visit) -> Page:
    return await _stories(visit, "section")


async def author(visit: Visit) -> Page:
    return await _stories(visit, "author")


async def _stories(visit: Visit, of: str) -> Page:
    """The operation, its one field and the template have the same name."""
    after = visit.asked("after") or None
    found = await visit.asking.query(of.capitalize(), visit.caller, slug=visit.path["slug"], after=after)
    if found.data[of] is None:
        raise not_found(of)
    return Page(f"{of}.html", found.data, found.mark)


async def search(visit: Visit) -> Page:
    """Without words it is the form alone. A search that makes no sense is said beside what was typed."""
    words, within = visit.asked("q").strip(), visit.asked("section") or None
    typed: dict[str, Any] = {"words": words, "within": within, "problem": "", "search": None}
    if words:
        try:
            found = await visit.asking.query(
                "Search", visit.caller, query=words, section=within, after=visit.asked("after") or None
            )
            return Page("search.html", typed | found.data | {"html": html}, found.mark)
        except Fault as fault:
            if fault.code is not FaultCode.BAD_INPUT:
                raise
            typed["problem"] = fault.message
    frame = await visit.asking.query("Frame", visit.caller)
    return Page("search.html", typed | frame.data | {"html": html}, status=400 if typed["problem"] else 200)


async def about(visit: Visit) -> Page:
    found = await visit.asking.query("Frame", visit.caller)
    return Page("about.html", found.data, found.mark)


async def article(visit: Visit, settings: Settings) -> Page:
    """The page as it is read; reading it is a view."""
    found = await article_found(visit)
    if visit.request.method == "GET":
        await _count(visit, found.data["article"]["id"])
    notice = _NOTICES.get(visit.asked("done"), "")
    page = await article_page(visit, settings, found, {"notice": notice})
    return Page(page.template, page.values, "" if notice else page.mark)


async def article_found(visit: Visit) -> Found:
    """Errors: HTTPException(404), HTTPException(410)."""
    slug, order = visit.path["slug"], visit.asked("order", CommentOrder.NEWEST.value)
    if order not in ORDERS:
        raise not_found("order")
    found = await visit.asking.query(
        "Article", visit.caller, slug=slug, after=visit.asked("after") or None, orderBy=order
    )
    if found.data["article"] is None:
        raise await _gone(visit, slug)
    return found


async def article_page(visit: Visit, settings: Settings, found: Found, said: dict[str, Any]) -> Page:
    """`said`: what the page has to say about a comment that was or was not taken."""
    article = found.data["article"]
    more = {
        "threads": threads(article["comments"]["nodes"]),
        "order": visit.asked("order", CommentOrder.NEWEST.value),
        "orders": ORDERS,
        "body": html(article["bodyHtml"]),
        "structured": html(head.structured(article, settings.site_name, settings.address)),
        "properties": head.open_graph(article, settings.site_name, settings.address),
        "slots": _placed(article["adSlots"]),
    }
    return Page("article.html", found.data | more | await _writing(visit, article) | said, found.mark)


async def thread(visit: Visit) -> Page:
    """One comment with its replies, and a form to answer it: where permalinks lead without JavaScript."""
    found = await thread_found(visit)
    return await thread_page(visit, found, {"notice": _NOTICES.get(visit.asked("done"), "")})


async def thread_found(visit: Visit) -> Found:
    """Errors: HTTPException(404), HTTPException(410)."""
    slug, comment = visit.path["slug"], global_id("Comment", visit.path["number"])
    found = await visit.asking.query(
        "Thread", visit.caller, slug=slug, comment=comment, after=visit.asked("after") or None
    )
    if found.data["article"] is None:
        raise await _gone(visit, slug)
    if not found.data["node"] or found.data["node"]["article"]["slug"] != slug:
        raise not_found("comment")
    return found


async def thread_page(visit: Visit, found: Found, said: dict[str, Any]) -> Page:
    comment = found.data["node"]
    more = {"threads": threads([comment]), "above": threads([comment["parent"]] if comment["parent"] else [])}
    writing = await _writing(visit, found.data["article"])
    return Page("thread.html", found.data | {"comment": comment} | more | writing | said)


async def _writing(visit: Visit, article: Mapping[str, Any]) -> dict[str, Any]:
    """What the form to write a comment is made of; a key that makes sending it twice one comment."""
    plain: dict[str, Any] = {"typed": "", "problem": None, "notice": "", "own": (), "may": None, "key": ""}
    if visit.person is None:
        return plain
    found = await visit.asking.query("Commenting", visit.caller, slug=article["slug"], articleId=article["id"])
    own = found.data["viewer"]["pendingComments"]["nodes"]
    return plain | {"own": own, "may": found.data["article"]["commentPolicy"], "key": secrets.token_urlsafe(12)}


def _placed(slots: Sequence[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, Any]]]:
    """Where on the page each slot stands: what a publisher calls it is free text."""
    above = [slot for slot in slots if "headline" in slot["position"].lower()]
    return {"above": above, "below": [slot for slot in slots if slot not in above]}


async def _count(visit: Visit, article_id: str) -> None:
    """A reader who reads too fast to be counted still gets the page."""
    with suppress(Fault):
        await visit.asking.change("View", visit.caller, input={"articleId": article_id})


async def _gone(visit: Visit, slug: str) -> HTTPException:
    found = await visit.asking.query("Standing", _MODERATOR, slug=slug)
    if found.data["article"] is None:
        return not_found("article")
    return HTTPException(410, "This article was retracted.")
