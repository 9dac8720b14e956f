"""Persisted documents: requests that name a document instead of sending it.

Two kinds, which may be used together. *Automatic*: whoever sends a hash alone is asked for the text once, and from then
on the hash will do (Apollo's protocol of automatic persisted queries, in `extensions.persistedQuery`). *Trusted*: the
documents that were known when the clients were built, read from files at start; a server may take these and no others.
Both are also named by `documentId` (GraphQL over HTTP, appendix "Persisted Documents", a draft).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from newsgraph.engine.bounded import OVERHEAD, Bounded
from newsgraph.engine.documents import Documents, RequestError

_SHA256 = "sha256:"
_HASH = re.compile(r"[0-9a-f]{64}")
_APOLLO = "apollo-persisted-query-manifest"


class Refusal(Exception):
    """The request names no document that may be executed. `code` is for programs, the message for people."""

    code: ClassVar[str]


class NotFound(Refusal):
    """The message is the one that Apollo's clients look for; they send the text then."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class NotSupported(Refusal):
    """Apollo's clients send no more hashes then."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class Mismatch(Refusal):
    code = "PERSISTED_QUERY_MISMATCH"

    def __init__(self) -> None:
        super().__init__("The document is not the one that the request names.")


class Malformed(Refusal):
    code = "PERSISTED_QUERY_MALFORMED"


class NotTrusted(Refusal):
    code = "DOCUMENT_NOT_TRUSTED"

    def __init__(self) -> None:
        super().__init__("This server executes only documents that it knows; send the documentId of one.")


class BadTrusted(Exception):
    """A trusted document that cannot be used; says in which file."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """`name`: a custom document identifier; the hash of the text is one in any case. `origin`: where it is from."""

    name: str
    text: str
    origin: str


class Persisted:
    """Finds the text of a request. `memory`: bytes of texts that clients registered; 0 switches that off.

    `only_trusted`: nothing else is executed. A text is trusted whether it is named or sent.
    Errors: BadTrusted, for a document that is not valid or whose name another one has, or where none may be executed.
    """

    def __init__(
        self,
        documents: Documents,
        trusted: Iterable[Trusted] = (),
        only_trusted: bool = False,
        memory: int = 4_000_000,
    ) -> None:
        self._documents = documents
        self._only_trusted = only_trusted
        self._trusted = _by_identifier(trusted, documents)
        self._texts = frozenset(self._trusted.values())
        if only_trusted and not self._texts:
            raise BadTrusted("There are no trusted documents, and no others may be executed.")
        self._registered: Bounded[str, str] | None = Bounded(memory) if memory and not only_trusted else None

    def resolve(
        self, query: str | None, document_id: str | None = None, extensions: Mapping[str, Any] | None = None
    ) -> str:
        """The text to execute; empty when the request neither has nor names one. Errors: Refusal, RequestError."""
        identifier = document_id or _apollo(extensions or {})
        if not query:
            return self._find(identifier) if identifier else ""
        if self._only_trusted and query not in self._texts:
            raise NotTrusted
        if identifier:
            self._verify(identifier, query)
        return query

    def _find(self, identifier: str) -> str:
        """Who is told that this is not supported names nothing any more, also not what is trusted."""
        text = self._trusted.get(identifier)
        if text is None and self._registered is not None:
            text = self._registered.get(identifier)
        if text is not None:
            return text
        raise NotSupported if self._registered is None and not self._trusted else NotFound

    def _verify(self, identifier: str, query: str) -> None:
        """Registers what fits and is valid; what is not valid would only take the place of what is."""
        if self._trusted.get(identifier) == query:
            return
        if identifier != identify(query):
            raise Mismatch
        if self._registered is not None and self._registered.get(identifier) is None:
            self._documents.learn(query)
            self._registered.put(identifier, query, OVERHEAD + sys.getsizeof(query) + sys.getsizeof(identifier))


def identify(text: str) -> str:
    """The SHA256 hex document identifier: `sha256:` and 64 digits. Half a surrogate pair is no reason to fail."""
    return _SHA256 + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _apollo(extensions: Mapping[str, Any]) -> str | None:
    """The identifier in `{"persistedQuery": {"version": 1, "sha256Hash": "..."}}`. Errors: NotSupported, Malformed."""
    asked = extensions.get("persistedQuery")
    if asked is None:
        return None
    if not isinstance(asked, Mapping) or not isinstance(asked.get("sha256Hash"), str):
        raise Malformed("extensions.persistedQuery has a version, which is 1, and a sha256Hash, which is a string.")
    if asked.get("version") != 1:
        raise NotSupported
    return _named(asked["sha256Hash"])


def _named(name: str) -> str:
    """Clients that were built with a manifest send its ids in the place of hashes, whatever they are."""
    return _SHA256 + name if _HASH.fullmatch(name) else name


def _by_identifier(trusted: Iterable[Trusted], documents: Documents) -> Mapping[str, str]:
    """Each text under its hash and under its name. Errors: BadTrusted."""
    found: dict[str, str] = {}
    for one in trusted:
        try:
            documents.learn(one.text)
        except RequestError as error:
            raise BadTrusted(f"{one.origin}: {one.name}: {error}") from None
        for identifier in {identify(one.text), one.name, _named(one.name)}:
            if found.setdefault(identifier, one.text) != one.text:
                raise BadTrusted(f"{one.origin}: {one.name}: another document has this name")
    return found


# Reading them


def read_trusted(path: Path) -> tuple[Trusted, ...]:
    """From a folder of `.graphql` files, named as these are, or from a manifest in JSON.

    A manifest is Apollo's (`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [...]}`) or an
    object of texts by id, as Relay and GraphQL Code Generator write it. Errors: BadTrusted.
    """
    try:
        return tuple(_from_folder(path) if path.is_dir() else _from_manifest(path))
    except (OSError, ValueError, RecursionError) as error:
        raise BadTrusted(f"{path}: {error}") from None


def _from_folder(path: Path) -> Iterator[Trusted]:
    files = sorted(path.rglob("*.graphql"))
    if not files:
        raise ValueError("no .graphql files are there")
    for file in files:
        try:
            yield Trusted(file.stem, file.read_text("utf-8"), str(file))
        except (OSError, ValueError) as error:
            raise BadTrusted(f"{file}: {error}") from None


def _from_manifest(path: Path) -> Iterator[Trusted]:
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("a manifest is a JSON object")
    pairs = _operations(found) if "format" in found else found.items()
    for name, text in pairs:
        if not isinstance(name, str) or not isinstance(text, str):
            raise ValueError("an operation has an id and a text, and both are strings")
        if name.startswith(_SHA256) and name != identify(text):
            raise ValueError(f"{name} is not the hash of its text")
        yield Trusted(name, text, str(path))


def _operations(manifest: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    if manifest["format"] != _APOLLO or manifest.get("version") != 1:
        raise ValueError(f"a manifest of another kind than {_APOLLO}, version 1")
    operations = manifest.get("operations")
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise ValueError("operations is a list of objects")
    return ((one.get("id"), one.get("body")) for one in operations)
