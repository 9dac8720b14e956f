"""What a line of the log looks like, and what never stands in one: tokens, passwords, and what people have sent.

An exception often has in its text what it could not handle. So of those alone that Python and the database raise about
themselves the text is told; of others it is their kind and where they came from, which is what one needs to mend them.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""What the request is called that is being answered (`X-Request-Id`); empty when none is."""

_LONGEST = 4_000  # characters of a message
_TOLD = (
    OSError,
    sqlite3.Error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    RuntimeError,
    TypeError,
)
_HIDDEN = "[hidden]"
_SECRETS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]+\.?[\w-]*"), _HIDDEN),  # a JSON Web Token
    (re.compile(r"\b(?:ngk_|whsec_)[\w+/=-]+"), _HIDDEN),  # keys of services and of webhooks
    (re.compile(r"\b(bearer|basic|digest)\s+[^\s\"',;]+", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (re.compile(r"\b((?:cookie|authorization)\b[\"']?\s*[:=,])[^\n]+", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (
        re.compile(
            r"\b([\w-]*(?:token|secret|passw(?:or)?d|api[_-]?key|signature)[\"']?\s*[:=]\s*[\"']?)[^\s&\"',;)]+",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(://)[^\s/@:]+:[^\s/@]+@"), rf"\1{_HIDDEN}@"),  # who asks, in an address
    (re.compile(r"\bexception=(\w+)\(.*\)"), r"exception=\1(...)"),  # as asyncio shows a task that has failed
]
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != ord("\n")}


def safe(text: str) -> str:
    """Without secrets, and without what could make another line of it, or do something to a terminal."""
    text = text[:_LONGEST]
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text.translate(_CONTROLS).replace("\n", "\\n")


def told(error: BaseException) -> str:
    """Its traceback, and those of what has led to it."""
    return "".join(_parts(error))


def _parts(error: BaseException, depth: int = 0) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth < 10:
        yield from _parts(before, depth + 1)
        yield "\nThe next came of that, or while it was handled:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    kind = type(error)
    text = safe(str(error)) if isinstance(error, _TOLD) else _HIDDEN
    yield f"{kind.__module__}.{kind.__qualname__}: {text}\n" if text else f"{kind.__module__}.{kind.__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _parts(one, depth + 1)


class Lines(logging.Formatter):
    """For people: `2026-01-31 12:00:00,000 INFO newsgraph [4bf92f35-1]: text`, tracebacks below it."""

    def format(self, record: logging.LogRecord) -> str:
        name = REQUEST.get()
        place = f"{record.name} [{name}]" if name else record.name
        line = f"{self.formatTime(record)} {record.levelname} {place}: {safe(record.getMessage())}"
        error = record.exc_info and record.exc_info[1]
        return f"{line}\n{told(error).rstrip()}" if error else line


class Objects(logging.Formatter):
    """For programs: a JSON object a line. A record's `facts` are in it by their names."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info and record.exc_info[1]
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": safe(record.getMessage()),
            "request": REQUEST.get() or None,
            "error": told(error) if error else None,
            **getattr(record, "facts", {}),
        }
        return json.dumps({name: value for name, value in found.items() if value is not None}, ensure_ascii=False)


FORMS: dict[str, type[logging.Formatter]] = {"text": Lines, "json": Objects}
