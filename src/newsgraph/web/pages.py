"""Pages for people and probes: the front door, the health check, the schema as text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from newsgraph import __version__
from newsgraph.domain.errors import Fault
from newsgraph.settings import Settings
from newsgraph.web.templates import render

Endpoint = Callable[[Request], Awaitable[Response]]

_LINKS = [
    ("/graphql", "GraphiQL", "Try the API in the browser; the schema's documentation is beside the editor."),
    ("/schema.graphql", "Schema", "All types as SDL, for code generators."),
    ("/healthz", "Health", "200 while the database can be read."),
]

# Of every page: no frame around it, nothing said to where its links lead, no window shared.
GUARDS = {
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def index(settings: Settings) -> Endpoint:
    """What runs here and how to use it."""
    page = render_index(settings)
    headers = GUARDS | {"content-security-policy": _policy(page)}

    async def respond(_request: Request) -> Response:
        return HTMLResponse(page, headers=headers)

    return respond


def _policy(page: str) -> str:
    """Nothing is loaded from elsewhere, and of what stands in the page only this very style is one."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    known = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{known}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def render_index(settings: Settings) -> str:
    links = [
        f'<li><a href="{to}"><strong>{name}</strong><span>{text}</span></a></li>'
        for to, name, text in _LINKS
        if {"GraphiQL": settings.graphiql, "Schema": settings.introspection}.get(name, True)
    ]
    values = {
        "name": escape(settings.site_name),
        "version": __version__,
        "address": escape(settings.address),
        "socket": escape(settings.address.replace("http", "ws", 1) + "/graphql"),
        "links": "".join(links),
    }
    return render("index.html", values)


def healthz(check: Callable[[], Awaitable[str]]) -> Endpoint:
    """200 with the status that `check` returns; 503 when it raises Fault or OSError: the store cannot be read."""

    async def respond(_request: Request) -> Response:
        code = 200
        try:
            status = await check()
        except (Fault, OSError):
            status, code = "unavailable", 503
        return JSONResponse({"status": status, "version": __version__}, code, {"cache-control": "no-store"})

    return respond


def schema_sdl(sdl: str) -> Endpoint:
    """The schema in the media type that graphql-js and its tools know."""

    async def respond(_request: Request) -> Response:
        return PlainTextResponse(sdl, media_type="application/graphql")

    return respond
