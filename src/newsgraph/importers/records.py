"""Fields of JSON objects, read strictly: what is there must be of its kind, and null is as good as absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from newsgraph.domain.articles import Image
from newsgraph.domain.authors import Byline
from newsgraph.domain.errors import ImportErrorCode
from newsgraph.domain.text import one_line, shorten
from newsgraph.importers.fields import language_tag, web_address
from newsgraph.importers.parsed import ItemError
from newsgraph.importers.times import parse_time

Record = Mapping[str, Any]

_PIXELS_MAX = 100_000
_TOLD = 200  # characters of a value that a message repeats
_KINDS = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "an array", dict: "an object"}


def load(text: str) -> Any:
    """The JSON value; ItemError where it is none, with the line unless that is the only one."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if "\n" in text else f"column {error.colno}"
        raise ItemError(f"is not JSON at {place}: {error.msg}", ImportErrorCode.MALFORMED) from None
    except (ValueError, RecursionError):
        raise ItemError("has a number or a nesting beyond any use", ImportErrorCode.TOO_LARGE) from None


def record(value: Any, name: str = "") -> Record:
    if not isinstance(value, dict):
        raise _unexpected(name, "an object", value)
    return value


def text(fields: Record, name: str) -> str:
    """The field's string, "" if absent. Lone surrogates, which no encoding takes, become question marks."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _unexpected(name, "a string", value)
    return value.encode("utf-8", "replace").decode().replace("\0", "")


def identifier(fields: Record, name: str) -> str:
    """Like `text`, but a number is taken for its digits, as JSON Feed asks for (1.1, items, id)."""
    value = fields.get(name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(fields, name)


def array(fields: Record, name: str) -> list[Any]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _unexpected(name, "an array", value)
    return value


def texts(fields: Record, name: str) -> list[str]:
    return [text({name: value}, name) for value in array(fields, name)]


def time(fields: Record, name: str) -> datetime | None:
    written = text(fields, name)
    moment = parse_time(written) if written else None
    if written and moment is None:
        raise ItemError(f"{name}: {shorten(written, _TOLD)!r} is no date")
    return moment


def address(fields: Record, name: str, base: str = "") -> str | None:
    written = text(fields, name)
    url = web_address(written, base)
    if written and url is None:
        raise ItemError(f"{name}: {shorten(written, _TOLD)!r} is no http or https address")
    return url


def language(fields: Record, name: str) -> str | None:
    written = text(fields, name)
    tag = language_tag(written)
    if written and tag is None:
        raise ItemError(f"{name}: {shorten(written, _TOLD)!r} is no language tag (BCP 47)")
    return tag


def byline(value: Any, name: str) -> Byline:
    """An author as a plain name or as an object of name, email, bio and avatar (JSON Feed) or avatarUrl."""
    if isinstance(value, str):
        value = {"name": value}
    author = record(value, name)
    return Byline(
        name=one_line(text(author, "name")),
        email=text(author, "email") or None,
        bio=text(author, "bio") or None,
        avatar_url=web_address(text(author, "avatar") or text(author, "avatarUrl")),
    )


def image(value: Any, name: str, base: str) -> Image | None:
    """An image as an address or as an object of url, alt, caption, credit, width and height (pixels)."""
    if value is None:
        return None
    found = record({"url": value} if isinstance(value, str) else value, name)
    url = address(found, "url", base)
    if url is None:
        raise ItemError(f"{name}: has no url")
    alt, caption, credit = (one_line(text(found, key)) or None for key in ("alt", "caption", "credit"))
    return Image(url, alt, caption, credit, _pixels(found, "width"), _pixels(found, "height"))


def _pixels(fields: Record, name: str) -> int | None:
    value = fields.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise _unexpected(name, "a whole number", value)
    return value if value and 0 < value < _PIXELS_MAX else None


def _unexpected(name: str, expected: str, value: Any) -> ItemError:
    found = _KINDS.get(type(value), "null")
    return ItemError(f"{name}: expected {expected}, found {found}" if name else f"is {found}, not {expected}")
