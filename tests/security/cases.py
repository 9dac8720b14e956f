"""What a case is made of. A table of them is a list that a test takes with `@each(CASES)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from newsgraph.domain.users import Role

ANY: Any = object()
"""Stands for whatever comes back."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as an attacker writes it.

    `query` goes as a JSON body with `variables`, unless `body` has other bytes; `by` adds a token of that role.
    `{here}` in a header is the site's own origin.
    """

    query: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    by: Role | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/graphql"
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """What must come back. `code`: of the only error; None: there is none. `never`: texts that stand nowhere in it."""

    status: int = 200
    code: str | None = None
    data: Any = ANY
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    sent: Sent
    back: Back


def each(table: Iterable[Case]) -> pytest.MarkDecorator:
    """The test runs once for each case, as its argument `case`. Two of one name are a mistake."""
    cases = list(table)
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), "every case has a name of its own"
    return pytest.mark.parametrize("case", cases, ids=names)
