"""What is asked: the project's own operations, as the bytes that a client sends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from read.database import Story

OPERATIONS = ["Headline", "ArticlePage", "FrontPage"]
_FIRST = 6  # articles of a section; given although it is the default, which graphql-jit does not fill in
_FOLDER = Path(__file__).parents[2] / "schema" / "operations"


def text(operation: str) -> str:
    """The document as it stands in its file."""
    return (_FOLDER / f"{operation}.graphql").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Asked:
    """A document with variables."""

    query: str
    variables: Mapping[str, Any]
    extensions: Mapping[str, Any] | None = None

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.query.encode()).hexdigest()

    @property
    def body(self) -> bytes:
        extensions = {} if self.extensions is None else {"extensions": self.extensions}
        return _json({"query": self.query, "variables": self.variables, **extensions}).encode()

    def post(self, *headers: str) -> bytes:
        length = f"Content-Length: {len(self.body)}"
        return _head("POST /graphql", "Content-Type: application/json", length, *headers) + self.body

    def get(self, named: Mapping[str, str], *headers: str) -> bytes:
        """`named` says which document, in parameters of the address."""
        parameters = {**named, "variables": _json(self.variables)} if self.variables else named
        return _head(f"GET /graphql?{urlencode(parameters)}", *headers)


def asked(operation: str, stories: Sequence[Story]) -> list[Asked]:
    """One for each story; a single one for a page that is everybody's."""
    query = text(operation)
    if "$slug" not in query:
        return [Asked(query, {"first": _FIRST})]
    return [Asked(query, {"slug": story.slug}) for story in stories]


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _head(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json", *headers, "", ""]).encode()
