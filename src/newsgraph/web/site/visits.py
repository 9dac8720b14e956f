"""What a page's handler is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Role
from newsgraph.web.callers import reader_of
from newsgraph.web.requests import read_body
from newsgraph.web.site.asking import Asking, Caller

_FORM = "application/x-www-form-urlencoded"
_FIELDS_MAX = 500  # of a form: those of the curation page are as many as a list has pins and exclusions


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in. `seal` goes into their forms. A ban takes away what their role would give."""

    name: str
    role: Role
    seal: str
    banned: bool = False

    @property
    def moderates(self) -> bool:
        return not self.banned and self.role in (Role.MODERATOR, Role.ADMIN)

    @property
    def edits(self) -> bool:
        return not self.banned and self.role in (Role.EDITOR, Role.ADMIN)


Form = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page. `token` is that of the person; `form` is empty for what is only read."""

    request: Request
    asking: Asking
    caller: Caller = field(default_factory=Caller)
    token: str = ""
    person: Person | None = None
    form: Form = field(default_factory=dict)

    @property
    def path(self) -> Mapping[str, str]:
        return self.request.path_params

    @property
    def address(self) -> str:
        """Path and query, to come back to."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def asked(self, name: str, otherwise: str = "") -> str:
        """A parameter of the address."""
        return self.request.query_params.get(name, otherwise)

    def given(self, name: str, otherwise: str = "") -> str:
        """A field of the form."""
        return self.form.get(name, (otherwise,))[0]

    def signed_in(self) -> Person:
        """Errors: Fault(UNAUTHENTICATED)."""
        if self.person is None:
            raise Fault(FaultCode.UNAUTHENTICATED, "Sign in first.")
        return self.person


@dataclass(frozen=True, slots=True)
class Page:
    """A template and what stands in it. `mark` is equal for equal `values`; empty for what is not kept."""

    template: str
    values: dict[str, Any]
    mark: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def not_found(what: str) -> HTTPException:
    return HTTPException(404, f"There is no such {what}.")


def caller_of(request: Request) -> Caller:
    """Nobody in particular, from where the request comes."""
    return Caller(reader=reader_of(request.scope))


def address_with(path: str, **parameters: str | None) -> str:
    """The path with those parameters that have a value."""
    given = {name: value for name, value in parameters.items() if value}
    return path + (f"?{urlencode(given)}" if given else "")


async def read_form(request: Request, most: int) -> Form:
    """Errors: Fault(REQUEST_TOO_LARGE), HTTPException(400), HTTPException(415)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415, f"Forms are sent as {_FORM}.")
    body = await read_body(request.receive, most)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise HTTPException(400, "This is no form.") from None
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found
