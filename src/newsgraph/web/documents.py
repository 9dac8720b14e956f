"""The documents of this server: those that clients send, those that they have registered, and those that it trusts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.engine.documents import Document, Documents, Request
from newsgraph.engine.limits import Limits
from newsgraph.engine.persisted import Persisted, Refusal, Trusted, read_trusted
from newsgraph.graph.schema import NewsSchema
from newsgraph.settings import Settings


class Catalogue:
    """Finds what a request asks for. Made by `read`."""

    def __init__(self, schema: NewsSchema, settings: Settings, trusted: Sequence[Trusted] = ()) -> None:
        """Errors: engine.persisted.BadTrusted, for a trusted document that is not valid."""
        self._documents = Documents(schema.core, limits_of(settings), settings.document_cache)
        self._persisted = Persisted(
            self._documents, trusted, settings.only_trusted_documents, settings.persisted_documents
        )

    @classmethod
    async def read(cls, schema: NewsSchema, settings: Settings, own: Sequence[Trusted] = ()) -> Catalogue:
        """With the trusted documents that the settings name, and where no others may be executed with our `own`.

        Errors: engine.persisted.BadTrusted.
        """
        trusted = await asyncio.to_thread(_trusted, settings.trusted_documents)
        return cls(schema, settings, [*trusted, *own] if settings.only_trusted_documents else trusted)

    def find(self, request: Request, pay: Callable[[int], None] | None = None) -> Document:
        """Parsed and validated, once for each text. Errors: Fault, engine.documents.RequestError.

        `pay` is told what a text that is new costs: a point for each character, as parsing and validating take about
        as long as a point's worth of an answer.
        """
        try:
            text = self._persisted.resolve(request.query, request.document_id, request.extensions)
        except Refusal as refusal:
            raise Fault(FaultCode(refusal.code), str(refusal)) from None
        if not text.strip():
            raise Fault(FaultCode.BAD_INPUT, "There is no operation in the request.")
        if pay is not None and not self._documents.knows(text):
            pay(len(text))
        return self._documents.get(text, request.operation_name)


def limits_of(settings: Settings) -> Limits:
    return Limits(
        characters=settings.document_size,
        tokens=settings.document_tokens,
        comments=settings.document_comments,
        operations=settings.document_operations,
        fragments=settings.document_fragments,
        depth=settings.document_depth,
        root_fields=settings.document_root_fields,
        aliases=settings.document_aliases,
        directives=settings.document_directives,
        variables=settings.document_variables,
        variables_depth=settings.variables_depth,
        variables_size=settings.variables_size,
        introspection=settings.introspection,
    )


def _trusted(path: str) -> Sequence[Trusted]:
    return read_trusted(Path(path)) if path else ()
