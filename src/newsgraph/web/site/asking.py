"""What the pages ask the newsroom: documents of their own, with the caches, limits and rights that all have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import orjson
from graphql import parse, print_ast
from graphql.utilities import separate_operations

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import ANONYMOUS, Viewer
from newsgraph.engine.documents import Request, RequestError
from newsgraph.engine.persisted import Trusted
from newsgraph.engine.responses import Entry
from newsgraph.graph.answers import Asked
from newsgraph.graph.context import Reader
from newsgraph.web.operations import Operations

_FOLDER = files(__package__) / "operations"


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom a page is made."""

    viewer: Viewer = ANONYMOUS
    reader: Reader = field(default_factory=Reader)


@dataclass(frozen=True, slots=True)
class Found:
    """A query's data. `mark` is equal for equal answers; empty for one that is not kept."""

    data: dict[str, Any]
    mark: str


def read_documents() -> Mapping[str, str]:
    """The site's operations by name, each with the fragments that it uses."""
    texts = [file.read_text("utf-8") for file in _FOLDER.iterdir() if file.name.endswith(".graphql")]
    return {name: print_ast(alone) for name, alone in separate_operations(parse("\n".join(texts))).items()}


def as_trusted(documents: Mapping[str, str]) -> list[Trusted]:
    """So that the pages go on where nothing else may be executed."""
    return [Trusted(f"site/{name}", text, "newsgraph") for name, text in documents.items()]


class Asking:
    """Runs the site's operations by their names."""

    def __init__(self, operations: Operations, documents: Mapping[str, str]) -> None:
        self._operations = operations
        self._documents = documents

    async def query(self, name: str, caller: Caller, **variables: object) -> Found:
        """Errors: Fault."""
        try:
            asked = self._asked(name, caller, variables)
            key = self._operations.answers.key(asked)
            entry = await self._operations.query(lambda: asked, key, caller.viewer)
        except RequestError as error:
            raise _fault(error.errors[0].formatted) from None
        kept = isinstance(entry, Entry) and entry.max_age > 0
        return Found(_data(entry.body), entry.etag if isinstance(entry, Entry) and kept else "")

    async def change(self, name: str, caller: Caller, **variables: object) -> Mapping[str, Any]:
        """The payload of the mutation that the document has. Errors: Fault."""
        try:
            body = await self._operations.run(self._asked(name, caller, variables))
        except RequestError as error:
            raise _fault(error.errors[0].formatted) from None
        [payload] = _data(body).values()
        found: Mapping[str, Any] = payload
        return found

    def _asked(self, name: str, caller: Caller, variables: Mapping[str, object]) -> Asked:
        """Errors: Fault, RequestError."""
        self._operations.rates.pay(caller.viewer, caller.reader.address)
        request = Request(self._documents[name], dict(variables))
        return Asked(self._operations.check(request), request, caller.viewer, caller.reader)


def _data(body: bytes) -> dict[str, Any]:
    """Errors: Fault, for the first of what went wrong: half a page is none."""
    answer = orjson.loads(body)
    if answer.get("errors"):
        raise _fault(answer["errors"][0])
    found: dict[str, Any] = answer["data"]
    return found


def _fault(error: Mapping[str, Any]) -> Fault:
    code = (error.get("extensions") or {}).get("code", FaultCode.INTERNAL.value)
    known = code if code in FaultCode.__members__ else FaultCode.BAD_INPUT.value
    return Fault(FaultCode[known], str(error.get("message", "")))
