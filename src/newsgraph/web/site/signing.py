"""Signing in and out on the pages, and the token that scripts of the pages use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from newsgraph.domain.errors import Fault
from newsgraph.domain.users import SignIn
from newsgraph.web.callers import Recognise
from newsgraph.web.site.cookies import TOKEN_MAX, Cookies, from_our_pages, own_path
from newsgraph.web.site.visits import Page, Visit

_SEE_OTHER = 303

Shorten = Callable[[str], Awaitable[str]]
"""From a token to one for the same person that ends soon."""


@dataclass(frozen=True, slots=True)
class Door:
    """`address` of the site. `accounts`: tokens that anybody may sign in with, by what the page calls them.

    Those are the demo's; else there are none.
    """

    address: str
    cookies: Cookies
    recognise: Recognise
    shorten: Shorten
    accounts: Mapping[str, str]


async def form(visit: Visit, door: Door) -> Page:
    return await _page(visit, door, "")


async def _page(visit: Visit, door: Door, problem: str) -> Page:
    found = await visit.asking.query("Frame", visit.caller)
    target = own_path(visit.asked("next", "") or visit.given("next", "/"))
    values = {"accounts": list(door.accounts), "problem": problem, "target": target}
    return Page("sign_in.html", found.data | values, status=401 if problem else 200)


async def enter(visit: Visit, door: Door) -> Page | Response:
    """With an account of the demo, or with any token that the API takes."""
    token = door.accounts.get(visit.given("account")) or visit.given("token").strip().removeprefix("Bearer ").strip()
    if not token:
        return await _page(visit, door, "Paste a token, or choose somebody.")
    if len(token) > TOKEN_MAX:
        return await _page(visit, door, f"A token for the pages has at most {TOKEN_MAX:,} characters.")
    try:
        known: SignIn = await door.recognise(token)
    except Fault as fault:
        return await _page(visit, door, fault.message)
    response = RedirectResponse(own_path(visit.given("next", "/")), _SEE_OTHER)
    door.cookies.keep(response, token, known.expires_at)
    return response


async def leave(visit: Visit, door: Door) -> Response:
    response = RedirectResponse(own_path(visit.given("next", "/")), _SEE_OTHER)
    door.cookies.forget(response)
    return response


async def token(visit: Visit, door: Door) -> Response:
    """For scripts of our own pages, which cannot read the cookie: what they get ends soon. Null for nobody.

    Errors: Fault, HTTPException(403) for another site's page, which could not read it anyway.
    """
    if not from_our_pages(visit.request.headers, door.address):
        raise HTTPException(403, "This is for the pages of this site.")
    found = None if visit.person is None else await door.shorten(visit.token)
    return JSONResponse({"token": found}, headers={"cache-control": "no-store", "vary": "Cookie"})
