"""From exceptions to the response's errors, once: known faults with their code, anything else hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from newsgraph.domain.errors import PASSING, Fault, FaultCode, RateLimited
from newsgraph.engine.limits import shortened
from newsgraph.observe import REQUEST, report_fault


def presented(error: GraphQLError, valid: bool = True) -> GraphQLError:
    """The error as clients may see it; a defect keeps its text in our log, under the id that the answer carries.

    `valid`: whether the document had passed validation by then.
    """
    original = error.original_error
    if error.extensions and "code" in error.extensions:
        return error
    if isinstance(original, Fault):
        return _coded(error, original.code, original.message, **_later(original))
    if original is None or isinstance(original, GraphQLError):
        return _coded(error, _client_fault(error, valid), shortened(error.message))
    found = {"fault": report_fault(original, _place(error))} | ({"requestId": name} if (name := REQUEST.get()) else {})
    return _coded(error, FaultCode.INTERNAL, "Something went wrong on our side.", **found)


def _later(fault: Fault) -> Mapping[str, object]:
    """When it is worth trying again: in milliseconds, as clients count, and where it is known, the time."""
    if isinstance(fault, RateLimited):
        return {"retryAt": f"{fault.retry_at:%Y-%m-%dT%H:%M:%SZ}", "retryAfter": fault.seconds * 1000}
    seconds = PASSING.get(fault.code)
    return {} if seconds is None else {"retryAfter": seconds * 1000}


def _client_fault(error: GraphQLError, valid: bool) -> FaultCode:
    """Faults of the request itself: found in parsing, in validation, or in the values that it came with."""
    if isinstance(error, GraphQLSyntaxError):
        return FaultCode.GRAPHQL_PARSE_FAILED
    return FaultCode.BAD_INPUT if valid else FaultCode.GRAPHQL_VALIDATION_FAILED


def _place(error: GraphQLError) -> str:
    return ".".join(map(str, error.path or ())) or "the operation"


def _coded(error: GraphQLError, code: FaultCode, message: str, **more: object) -> GraphQLError:
    extensions: dict[str, Any] = {**(error.extensions or {}), "code": code.value, **more}
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
