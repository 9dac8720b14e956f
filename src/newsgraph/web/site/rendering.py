"""Templates: Jinja, with everything escaped that is not said to be HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from newsgraph import __version__
from newsgraph.engine.bounded import OVERHEAD, Bounded
from newsgraph.settings import Settings
from newsgraph.web.compression import CODINGS
from newsgraph.web.site.assets import Assets
from newsgraph.web.site.visits import address_with

_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page's bytes, and those in each content coding that was asked for."""

    body: bytes
    etag: str
    encodings: dict[str, bytes] = field(default_factory=dict)

    def encoded(self, coding: str) -> bytes:
        if coding not in self.encodings:
            self.encodings[coding] = CODINGS[coding](self.body)
        return self.encodings[coding]


class Kept:
    """Pages for readers who are not signed in, by their address and what their answer was: at most `memory` bytes.

    A page made anew takes some 2 ms, a kept one 0.2.
    """

    def __init__(self, memory: int) -> None:
        self._held: Bounded[tuple[str, str], Rendered] = Bounded(memory)

    def get(self, address: str, mark: str) -> Rendered | None:
        return self._held.get((address, mark)) if mark else None

    def put(self, address: str, mark: str, page: Rendered) -> None:
        if mark:  # twice the body: it is there once more in its codings, each a quarter as long
            self._held.put((address, mark), page, OVERHEAD + 2 * len(page.body) + 2 * len(address))


class Templates:
    """All templates, compiled at the start: pages are rendered where nothing may wait for a disk."""

    def __init__(self, settings: Settings, assets: Assets, widgets: str | None) -> None:
        loader = PackageLoader("newsgraph.web.site", "templates")
        self._environment = Environment(
            loader=loader, autoescape=True, auto_reload=False, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.undefined = StrictUndefined
        self._environment.filters |= {"day": day, "moment": moment, "path": quote, "count": count, "dir": direction}
        self._environment.globals |= {
            "site": settings.site_name,
            "address": settings.address,
            "version": __version__,
            "socket": settings.address.replace("http", "ws", 1) + "/graphql",
            "graphiql": settings.graphiql,
            "introspection": settings.introspection,
            "asset": assets.address,
            "widgets": widgets,
            "url": address_with,
        }
        for name in loader.list_templates():
            self._environment.get_template(name)

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(name).render(values)


def html(text: str) -> Markup:
    """What has been sanitised already: a field of the schema's type HTML."""
    return Markup(text)  # noqa: S704 - bodyHtml and snippet, sanitised when they were stored or made


def day(text: str) -> str:
    """25 November 2026."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%B %Y}"


def moment(text: str) -> str:
    """25 Nov 2026, 09:05 UTC."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def count(number: int, one: str, many: str) -> str:
    """1 comment; 1,200 comments."""
    return f"{number:,} {one if number == 1 else many}"


def direction(language: str) -> str:
    """In which a language (BCP 47) is written."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
