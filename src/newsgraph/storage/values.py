"""How the domain's values are written in columns: times as milliseconds, batches and lists as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, overload

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = (1 << 63) - 1
_MILLISECOND = timedelta(milliseconds=1)

T = TypeVar("T")
P = TypeVar("P")


@overload
def to_ms(at: datetime) -> int: ...
@overload
def to_ms(at: datetime | None) -> int | None: ...
def to_ms(at: datetime | None) -> int | None:
    """Milliseconds since the epoch, rounded down."""
    return None if at is None else (at - _EPOCH) // _MILLISECOND


@overload
def from_ms(ms: int) -> datetime: ...
@overload
def from_ms(ms: int | None) -> datetime | None: ...
def from_ms(ms: int | None) -> datetime | None:
    return None if ms is None else _EPOCH + timedelta(0, 0, 0, ms)  # by name it takes half as long again


def to_json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair, or a number beyond 64 bits
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def from_json(text: str) -> Any:
    return orjson.loads(text)


def batch(values: Iterable[int | str]) -> str:
    """The parameter of `ids(...)` and `texts(...)`. No text or number of a client's can fail to be sent."""
    wanted = list(values)
    try:
        return orjson.dumps(wanted).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair, or a number beyond 64 bits
        return json.dumps(wanted)


def is_single(values: Sequence[int | str]) -> bool:
    """Whether it is one alone that can be sent as it is; of others `batch` makes something that can."""
    if len(values) != 1:
        return False
    value = values[0]
    return value.isascii() if isinstance(value, str) else -_LARGEST <= value <= _LARGEST


def grouped(rows: Iterable[tuple[P, T]]) -> dict[P, list[T]]:
    """Per parent its values, in the order of the rows."""
    groups: dict[P, list[T]] = {}
    for parent, value in rows:
        groups.setdefault(parent, []).append(value)
    return groups


def optional(make: Callable[[Any], T], value: Any) -> T | None:
    """Of a column that may be empty."""
    return None if value is None else make(value)
