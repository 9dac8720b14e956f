"""JSON as clients get it."""

from __future__ import annotations

import json

import orjson


def as_json(value: object) -> bytes:
    """UTF-8 without spaces. Half a surrogate pair is JSON and no Unicode, and stays escaped."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # that, or a number or nesting beyond what orjson takes
        return json.dumps(value, separators=(",", ":")).encode()
