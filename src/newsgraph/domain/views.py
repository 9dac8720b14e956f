"""Views, counted in time buckets so that "popular" never reads a row per view."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Window(Enum):
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    ALL_TIME = "ALL_TIME"


@dataclass(frozen=True, slots=True)
class WindowShape:
    """A window of `length` seconds, read from buckets of `bucket` seconds; views halve in weight each `half_life`."""

    length: int
    bucket: int
    half_life: int


_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

# At most 168 buckets an article and window. ALL_TIME is the article's own counter and needs no bucket.
SHAPES: dict[Window, WindowShape] = {
    Window.HOUR: WindowShape(_HOUR, 5 * _MINUTE, _HOUR // 4),
    Window.DAY: WindowShape(_DAY, _HOUR, _DAY // 4),
    Window.WEEK: WindowShape(7 * _DAY, _HOUR, 7 * _DAY // 4),
    Window.MONTH: WindowShape(30 * _DAY, _DAY, 30 * _DAY // 4),
}

# Every bucket width, with how long its buckets are kept: the longest window that reads it, and one bucket more.
BUCKETS: dict[int, int] = {
    shape.bucket: max(s.length for s in SHAPES.values() if s.bucket == shape.bucket) + shape.bucket
    for shape in SHAPES.values()
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A view that counts. `key` is 64 bits that tell a reader and an article from others, and say nothing of either."""

    key: int
    article_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ViewCount:
    article_id: int
    views: int
