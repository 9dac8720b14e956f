"""The desk of editors: what stands in a list because they put it there, and what never does.

A form carries the curation that its editor saw, and the version of the list. So whatever somebody else has done since
is never overwritten: the form comes back as STALE, beside what the list is now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from newsgraph.domain.errors import Fault, FaultCode, ListErrorCode
from newsgraph.web.site.asking import Found
from newsgraph.web.site.visits import Page, Visit, address_with, not_found

_SEE_OTHER = 303
_NOTICES = {"saved": "Saved. Every open page shows the new order."}


@dataclass(frozen=True, slots=True)
class Choice:
    """Ids of articles: those pinned, in order, and those excluded."""

    pinned: tuple[str, ...]
    excluded: tuple[str, ...]

    def without(self, one: str) -> Choice:
        return Choice(tuple(i for i in self.pinned if i != one), tuple(i for i in self.excluded if i != one))


def _pin(choice: Choice, one: str) -> Choice:
    rest = choice.without(one)
    return replace(rest, pinned=(*rest.pinned, one))


def _exclude(choice: Choice, one: str) -> Choice:
    rest = choice.without(one)
    return replace(rest, excluded=(*rest.excluded, one))


def _moved(by: int) -> Callable[[Choice, str], Choice]:
    def move(choice: Choice, one: str) -> Choice:
        if one not in choice.pinned:
            return choice
        place = max(0, choice.pinned.index(one) + by)
        rest = [other for other in choice.pinned if other != one]
        return replace(choice, pinned=(*rest[:place], one, *rest[place:]))

    return move


# What a button does to the choice, by its name. A button without any sends the form as it stands, as after dragging.
_DEEDS: dict[str, Callable[[Choice, str], Choice]] = {
    "pin": _pin,
    "exclude": _exclude,
    "release": lambda choice, one: choice.without(one),
    "up": _moved(-1),
    "down": _moved(1),
    "save": lambda choice, one: choice,
}


async def lists(visit: Visit) -> Page:
    """Every list that the site shows."""
    _require_editor(visit)
    return await _lists(visit, "")


async def _lists(visit: Visit, problem: str) -> Page:
    found = await visit.asking.query("Lists", visit.caller)
    values = {"problem": problem, "typed": visit.given("key")}
    return Page("lists.html", found.data | values, status=422 if problem else 200)


async def begin(visit: Visit) -> Page | Response:
    """Leads to a list by its key; one that an editor names first begins empty."""
    _require_editor(visit)
    key = visit.given("key").strip()
    if (await visit.asking.query("Curation", visit.caller, key=key)).data["rankedList"] is None:
        given: dict[str, object] = {"key": key, "title": visit.given("title") or None, "pinnedIds": []}
        payload = await visit.asking.change("Curate", visit.caller, input=given)
        if payload["userErrors"]:
            return await _lists(visit, "A key has small letters, figures and hyphens, as election-night.")
    return RedirectResponse(f"/desk/lists/{quote(key)}", _SEE_OTHER)


async def curation(visit: Visit) -> Page:
    _require_editor(visit)
    return await _page(visit, await _list(visit), {"notice": _NOTICES.get(visit.asked("done"), "")})


async def curate(visit: Visit) -> Page | Response:
    """Errors: HTTPException(404) for a button that there is not."""
    _require_editor(visit)
    deed, _, one = visit.given("do", "save").partition(":")
    if deed not in _DEEDS:
        raise not_found("button")
    wanted = _DEEDS[deed](Choice(visit.form.get("pinned", ()), visit.form.get("excluded", ())), one)
    given = {
        "key": visit.path["key"],
        "pinnedIds": wanted.pinned,
        "excludedIds": wanted.excluded,
        "ifVersion": visit.given("version") or None,
    }
    payload = await visit.asking.change("Curate", visit.caller, input=given)
    if payload["userErrors"]:
        return await _refused(visit, payload["userErrors"][0], wanted)
    return RedirectResponse(address_with(visit.request.url.path, done="saved", q=visit.given("q")), _SEE_OTHER)


async def _refused(visit: Visit, problem: Mapping[str, Any], wanted: Choice) -> Page:
    """What the list is now. After STALE a button sends what was wanted once more, over what is there now."""
    found = await _list(visit)
    stale = problem["code"] == ListErrorCode.STALE.value
    page = await _page(visit, found, {"problem": problem, "wanted": wanted if stale else None})
    return Page(page.template, page.values, status=409 if stale else 422)


async def _list(visit: Visit) -> Found:
    found = await visit.asking.query("Curation", visit.caller, key=visit.path["key"])
    if found.data["rankedList"] is None:
        raise not_found("list")
    return found


async def _page(visit: Visit, found: Found, said: dict[str, Any]) -> Page:
    """The ranking's own, below the pins; and articles to choose from, when some were asked for."""
    listed = found.data["rankedList"]
    filled = [edge for edge in listed["items"]["edges"] if not edge["pinned"]]
    words = (visit.asked("q") or visit.given("q")).strip()
    values: dict[str, Any] = {"problem": None, "wanted": None, "notice": "", "filled": filled, "words": words}
    candidates = await _candidates(visit, words, listed) if words else None
    return Page("curation.html", found.data | values | {"listed": listed, "candidates": candidates} | said)


async def _candidates(visit: Visit, words: str, listed: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What a search finds and is not pinned yet."""
    try:
        found = await visit.asking.query("Candidates", visit.caller, query=words)
    except Fault as fault:
        if fault.code is not FaultCode.BAD_INPUT:
            raise
        return ()
    pinned = {article["id"] for article in listed["curation"]["pinned"]}
    return [article for article in found.data["search"]["nodes"] if article["id"] not in pinned]


def _require_editor(visit: Visit) -> None:
    if not visit.signed_in().edits:
        raise Fault(FaultCode.FORBIDDEN, "The lists are for editors.")
