"""The site as an ASGI application: finds the page, who asks for it, and what to say when there is none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from newsgraph.domain.errors import Fault, FaultCode, RateLimited
from newsgraph.domain.users import ANONYMOUS, Role
from newsgraph.observe import report_fault
from newsgraph.settings import Settings
from newsgraph.web.callers import status_of
from newsgraph.web.compression import SMALLEST, coding_of
from newsgraph.web.conditions import is_known
from newsgraph.web.pages import GUARDS
from newsgraph.web.site import commenting, curation, desk, reading, signing
from newsgraph.web.site.asking import Asking, Caller
from newsgraph.web.site.assets import Assets
from newsgraph.web.site.cookies import from_our_pages
from newsgraph.web.site.rendering import Kept, Rendered, Templates
from newsgraph.web.site.signing import Door
from newsgraph.web.site.visits import Page, Person, Visit, address_with, caller_of, read_form

Handler = Callable[[Visit], Awaitable[Page | Response]]

_FORM_MAX = 100_000  # bytes: a comment, or a list's whole curation
_SEE_OTHER = 303
_SAFE = ("GET", "HEAD")

# Beside its number on an error's page; 500 for all others.
_SORRY = {
    400: "That request makes no sense",
    401: "Sign in first",
    403: "This is not for you",
    404: "Nothing is here",
    405: "That cannot be done here",
    410: "This article was retracted",
    413: "That is too much",
    415: "That cannot be read",
    429: "Too much at once",
    500: "Something went wrong",
    503: "Back in a moment",
}
_STATUS = {
    FaultCode.NOT_FOUND: 404,
    FaultCode.INVALID_ID: 404,
    FaultCode.INVALID_CURSOR: 404,
    FaultCode.INTERNAL: 500,
}


def policy(settings: Settings) -> str:
    """Content-Security-Policy: nothing inline and nothing from elsewhere, but for what articles bring along.

    That is pictures, and frames of `embed_hosts`. The socket is named: browsers do not agree whether 'self' has it.
    """
    frames = [f"https://{host}" for host in settings.embedded] or ["'none'"]
    parts = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: https: http:",
        f"connect-src 'self' {settings.address.replace('http', 'ws', 1)}",
        f"frame-src {' '.join(frames)}",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    return "; ".join(parts)


def _pages(settings: Settings, door: Door) -> list[tuple[str, str, Handler]]:
    thread = "/articles/{slug}/comments/{number:int}"
    return [
        ("GET", "/", reading.front),
        ("GET", "/sections/{slug}", reading.section),
        ("GET", "/authors/{slug}", reading.author),
        ("GET", "/search", reading.search),
        ("GET", "/about", reading.about),
        ("GET", "/articles/{slug}", partial(reading.article, settings=settings)),
        ("POST", "/articles/{slug}/comments", partial(commenting.post, settings=settings)),
        ("GET", thread, reading.thread),
        ("POST", thread, commenting.reply),
        ("POST", f"{thread}/reactions", commenting.react),
        ("POST", f"{thread}/flags", commenting.flag),
        ("GET", "/sign-in", partial(signing.form, door=door)),
        ("POST", "/sign-in", partial(signing.enter, door=door)),
        ("POST", "/sign-out", partial(signing.leave, door=door)),
        ("GET", "/session/token", partial(signing.token, door=door)),
        ("GET", "/desk", desk.front),
        ("GET", "/desk/comments", desk.queue),
        ("POST", "/desk/comments", desk.moderate),
        ("POST", "/desk/people", desk.restrict),
        ("GET", "/desk/lists", curation.lists),
        ("POST", "/desk/lists", curation.begin),
        ("GET", "/desk/lists/{key:path}", curation.curation),
        ("POST", "/desk/lists/{key:path}", curation.curate),
    ]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the site is made of."""

    settings: Settings
    asking: Asking
    door: Door
    templates: Templates
    assets: Assets


class Site:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._kept = Kept(parts.settings.page_cache)
        self._guards = GUARDS | {"content-security-policy": policy(parts.settings)}
        pages = _pages(parts.settings, parts.door)
        routes = [Route(path, self._endpoint(handler), methods=[method]) for method, path, handler in pages]
        routes.append(Route("/assets/{name}", self._asset))
        self._router = Router(routes, default=self._missing)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:  # of the router: a method that the page does not have
            visit = Visit(Request(scope, receive), self._parts.asking)
            await (await self._sorry(visit, error))(scope, receive, send)

    async def _missing(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise HTTPException(404, "There is no such page.")

    async def _asset(self, request: Request) -> Response:
        name, version = request.path_params["name"], request.query_params.get("v")
        found = self._parts.assets.response(name, version, request.headers)
        return found or await self._sorry(Visit(request, self._parts.asking), HTTPException(404, "No such file."))

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            visit = Visit(request, self._parts.asking, caller_of(request))
            try:
                visit = await self._recognised(visit)
                visit = await self._with_form(visit)
                answer = await handler(visit)
                return self._rendered(visit, answer) if isinstance(answer, Page) else answer
            except Exception as error:
                return await self._sorry(visit, error)

        return respond

    async def _recognised(self, visit: Visit) -> Visit:
        """Whose token no longer counts is nobody in particular. Errors: Fault(UNAVAILABLE)."""
        door = self._parts.door
        token = door.cookies.token(visit.request.cookies)
        if not token:
            return visit
        try:
            viewer = (await door.recognise(token)).viewer
        except Fault as fault:
            if fault.code is not FaultCode.UNAUTHENTICATED:
                raise
            return visit
        caller = Caller(viewer, visit.caller.reader)
        found = (await visit.asking.query("Person", caller)).data["viewer"]
        if found is None:
            return visit
        person = Person(found["name"], Role(found["role"]), door.cookies.seal(token), found["banned"])
        return replace(visit, caller=caller, token=token, person=person)

    async def _with_form(self, visit: Visit) -> Visit:
        """Errors: HTTPException(403) for a form that is not of our pages, or of another person's."""
        if visit.request.method in _SAFE:
            return visit
        if not from_our_pages(visit.request.headers, self._parts.settings.address):
            raise HTTPException(403, "This form was sent by another site.")
        visit = replace(visit, form=await read_form(visit.request, _FORM_MAX))
        if visit.person and not self._parts.door.cookies.sealed(visit.token, visit.given("seal")):
            raise _Unsealed(visit)
        return visit

    # Answers

    def _rendered(self, visit: Visit, page: Page) -> Response:
        """What readers share is kept as long as their answer is; whoever is signed in has a page of their own."""
        shared = visit.caller.viewer is ANONYMOUS and page.status == 200
        mark = page.mark if shared else ""
        found = self._kept.get(visit.address, mark)
        if found is None:
            values = page.values | {"visit": visit, "person": visit.person, "here": visit.address}
            body = self._parts.templates.render(page.template, values).encode()
            found = Rendered(body, sha256(body).hexdigest()[:20])
            self._kept.put(visit.address, mark, found)
        return self._response(visit, page, found)

    def _response(self, visit: Visit, page: Page, found: Rendered) -> Response:
        """Browsers keep it and ask each time whether it is still the same (RFC 9111, 5.2.2.4)."""
        asked = visit.request.headers
        coding = coding_of(asked.get("accept-encoding", "")) if len(found.body) >= SMALLEST else None
        etag = f'"{found.etag}-{coding}"' if coding else f'"{found.etag}"'
        headers = self._guards | page.headers | {"etag": etag, "vary": "Cookie, Accept-Encoding"}
        headers["cache-control"] = "private, no-cache" if visit.person else "no-cache"
        if page.status == 200 and is_known(asked, etag):
            return Response(status_code=304, headers=headers)
        if coding:
            headers["content-encoding"] = coding
        body = found.encoded(coding) if coding else found.body
        return Response(body, page.status, headers, "text/html")

    async def _sorry(self, visit: Visit, error: Exception) -> Response:
        """An error as a page. Whoever must sign in for a page is sent to do it, and comes back."""
        if isinstance(error, _Unsealed):
            visit = error.visit
        status, message, headers = _explained(error)
        if status == 401 and visit.request.method in _SAFE:
            return RedirectResponse(address_with("/sign-in", next=visit.address), _SEE_OTHER)
        values = {"code": status, "title": _SORRY.get(status, _SORRY[500]), "message": message}
        frame: dict[str, Any] = {"sections": ()}
        if status not in (429, 503):
            with suppress(Fault):
                frame = (await visit.asking.query("Frame", Caller())).data
        values |= {"typed": visit.given("body")}
        return self._rendered(visit, Page("error.html", {**frame, **values}, status=status, headers=headers))


class _Unsealed(HTTPException):
    """A form of somebody else's session; what was typed is in `visit`."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(
            403, "You have signed in anew since this form was opened. Open the page again and send it then."
        )
        self.visit = visit


def _explained(error: Exception) -> tuple[int, str, dict[str, str]]:
    """Status, what is said, and headers. Anything unknown is a defect, which is logged and hidden."""
    if isinstance(error, HTTPException):
        return error.status_code, error.detail, dict(error.headers or {})
    if isinstance(error, Fault):
        status = _STATUS.get(error.code) or status_of(error.code)
        later = str(error.seconds) if isinstance(error, RateLimited) else "5"
        return status, error.message, {"retry-after": later} if status in (429, 503) else {}
    return 500, f"It was noted as {report_fault(error, 'a page')}.", {}
