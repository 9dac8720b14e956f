"""The desk of moderators: what waits, and a decision on each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import RedirectResponse, Response

from newsgraph.domain.comments import CommentStatus, ModerationQueueName
from newsgraph.domain.cursors import global_id, number
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.web.site.visits import Page, Visit, address_with, not_found

_SEE_OTHER = 303
QUEUES = {
    ModerationQueueName.PENDING.value: ("pending", "Held", "What a rule holds back until somebody decides."),
    ModerationQueueName.REPORTED.value: ("reported", "Reported", "Published, and reported by readers."),
    ModerationQueueName.UNMODERATED.value: ("unmoderated", "New", "Published, and seen by no moderator yet."),
}
_DECISIONS = {
    CommentStatus.PUBLISHED.value: "Approved",
    CommentStatus.REJECTED.value: "Rejected",
    CommentStatus.WITHHELD.value: "Withheld",
}

# What may be decided about whoever wrote a comment, by the name of the button: for how long, or what.
_SUSPENSIONS = {"day": timedelta(days=1), "week": timedelta(days=7)}
_RESTRICTIONS: dict[str, Mapping[str, object]] = {
    "premoderate": {"premoderated": True},
    "trust": {"premoderated": False},
    "ban": {"banned": True},
    "lift": {"banned": False, "suspendedUntil": None},
}
_RESTRICTED = {
    "day": "Suspended for a day",
    "week": "Suspended for a week",
    "premoderate": "All that they write waits for a moderator now",
    "trust": "What they write is published at once again",
    "ban": "Banned",
    "lift": "They may comment again",
}


async def front(visit: Visit) -> Response:
    """Each to their own desk."""
    person = visit.signed_in()
    if person.moderates:
        return RedirectResponse("/desk/comments", _SEE_OTHER)
    if person.edits:
        return RedirectResponse("/desk/lists", _SEE_OTHER)
    raise Fault(FaultCode.FORBIDDEN, "The desk is for moderators and editors.")


async def queue(visit: Visit) -> Page:
    visit.signed_in()
    name = visit.asked("queue", ModerationQueueName.PENDING.value)
    if name not in QUEUES:
        raise not_found("queue")
    found = await visit.asking.query("Queue", visit.caller, queue=name, after=visit.asked("after") or None)
    cards = [_card(comment) for comment in found.data["moderationQueue"]["nodes"]]
    return Page(
        "queue.html",
        found.data | {"queue": name, "queues": QUEUES, "cards": cards, "done": _done(visit)} | _restricted(visit),
    )


def _card(comment: Mapping[str, Any]) -> Mapping[str, Any]:
    """`why`: what a rule or a person said when it came here, newest last."""
    why = [entry for entry in comment["history"] if entry["rule"] or entry["reason"]]
    return {"comment": comment, "number": number(comment["id"], "Comment"), "why": why}


def _done(visit: Visit) -> Mapping[str, str] | None:
    """What was decided just now, and how to decide otherwise after all."""
    number_, to = visit.asked("comment"), visit.asked("done")
    if to not in _DECISIONS or not number_.isdecimal():
        return None
    published = to == CommentStatus.PUBLISHED.value
    other = CommentStatus.REJECTED if published else CommentStatus.PUBLISHED
    return {"number": number_, "said": _DECISIONS[to], "to": other.value, "verb": "Reject" if published else "Approve"}


def _restricted(visit: Visit) -> dict[str, str]:
    return {"restricted": _RESTRICTED.get(visit.asked("restricted"), "")}


async def restrict(visit: Visit) -> Response:
    """A decision about a person; back to the queue it was made in. A ban or a suspension takes no comment away."""
    visit.signed_in()
    how, queue_ = visit.given("restrict"), visit.given("queue")
    if how not in _RESTRICTED or queue_ not in QUEUES:
        raise not_found("decision")
    chosen = _RESTRICTIONS.get(how) or {"suspendedUntil": (datetime.now(UTC) + _SUSPENSIONS[how]).isoformat()}
    given = {"userId": visit.given("person"), "reason": visit.given("reason") or None, **chosen}
    payload = await visit.asking.change("Restrict", visit.caller, input=given)
    if payload["userErrors"]:
        raise not_found("person")
    return RedirectResponse(address_with("/desk/comments", queue=queue_, restricted=how), _SEE_OTHER)


async def moderate(visit: Visit) -> Response:
    """One decision; back to the queue it was made in."""
    visit.signed_in()
    to, comment, queue_ = visit.given("to"), visit.given("comment"), visit.given("queue")
    if to not in _DECISIONS or queue_ not in QUEUES or not comment.isdecimal():
        raise not_found("decision")
    given = {"id": global_id("Comment", comment), "to": to, "reason": visit.given("reason") or None}
    payload = await visit.asking.change("Moderate", visit.caller, input=given)
    problem = next((error["code"] for error in payload["userErrors"]), None)
    done = {"done": "", "problem": problem} if problem else {"done": to, "comment": comment}
    return RedirectResponse(address_with("/desk/comments", queue=queue_, **done), _SEE_OTHER)
