"""Forms under an article: writing, answering, reacting, reporting. Each leads back to where it was sent from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from newsgraph.domain.comments import FlagReason, ReactionKind
from newsgraph.domain.cursors import global_id, number
from newsgraph.settings import Settings
from newsgraph.web.site import reading
from newsgraph.web.site.visits import Page, Visit, address_with, not_found

_SEE_OTHER = 303


async def post(visit: Visit, settings: Settings) -> Page | Response:
    """A comment of the article. What cannot be taken comes back with the page, nothing that was typed is lost."""
    visit.signed_in()
    found = await reading.article_found(visit)
    payload = await _post(visit, found.data["article"]["id"], None)
    if payload["userErrors"]:
        page = await reading.article_page(visit, settings, found, _refused(visit, payload))
        return Page(page.template, page.values, status=422)
    return _posted(f"/articles/{visit.path['slug']}", payload)


async def reply(visit: Visit) -> Page | Response:
    visit.signed_in()
    found = await reading.thread_found(visit)
    payload = await _post(visit, found.data["article"]["id"], found.data["node"]["id"])
    if payload["userErrors"]:
        page = await reading.thread_page(visit, found, _refused(visit, payload))
        return Page(page.template, page.values, status=422)
    return _posted(_thread(visit), payload)


async def _post(visit: Visit, article_id: str, parent_id: str | None) -> Mapping[str, Any]:
    given = {"articleId": article_id, "parentId": parent_id, "body": visit.given("body")}
    key = visit.given("key")[:100] or None
    return await visit.asking.change("Post", visit.caller, input=given | {"clientMutationId": key})


def _refused(visit: Visit, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"typed": visit.given("body"), "problem": payload["userErrors"][0]}


def _posted(path: str, payload: Mapping[str, Any]) -> Response:
    edge = payload["commentEdge"]
    if edge is None:
        return RedirectResponse(address_with(path, done="held") + "#comments", _SEE_OTHER)
    place = f"#comment-{number(edge['node']['id'], 'Comment')}"
    return RedirectResponse(address_with(path, done="posted") + place, _SEE_OTHER)


async def react(visit: Visit) -> Response:
    """The same reaction once more takes it back."""
    visit.signed_in()
    kind, comment = visit.given("kind"), global_id("Comment", visit.path["number"])
    if kind not in ReactionKind.__members__:
        raise not_found("reaction")
    own = await visit.asking.query("OwnReaction", visit.caller, id=comment)
    before = (own.data["node"] or {}).get("viewerReaction")
    payload = await visit.asking.change(
        "React", visit.caller, input={"id": comment, "kind": None if kind == before else kind}
    )
    return _back(visit, payload, "reacted")


async def flag(visit: Visit) -> Response:
    visit.signed_in()
    reason = visit.given("reason")
    if reason not in FlagReason.__members__:
        raise not_found("reason")
    given = {"id": global_id("Comment", visit.path["number"]), "reason": reason, "note": visit.given("note") or None}
    return _back(visit, await visit.asking.change("Flag", visit.caller, input=given), "flagged")


def _back(visit: Visit, payload: Mapping[str, Any], done: str) -> Response:
    if payload["userErrors"]:
        raise not_found("comment")
    place = f"#comment-{visit.path['number']}"
    return RedirectResponse(address_with(_thread(visit), done=done) + place, _SEE_OTHER)


def _thread(visit: Visit) -> str:
    return f"/articles/{visit.path['slug']}/comments/{visit.path['number']}"
