"""How newsgraph writes ids, cursors and times, as those write it who are compared with it: as fast as Python can."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

_LONGEST = 300  # code points of a comment, when the article does not say
SHOWN = {"latest": 6}  # items of a list of this family, when the operation does not say
SHOWN_OTHERWISE = 5


def global_id(kind: str, key: int) -> str:
    return b64encode(f"{kind}:{key}".encode()).decode()


def cursor(created_at: int, key: int) -> str:
    """Of a comment, newest first."""
    return urlsafe_b64encode(f'["newest",{created_at},{key}]'.encode()).decode().rstrip("=")


def position(epoch: str, seq: int) -> str:
    return urlsafe_b64encode(f"{epoch}.{seq}".encode()).decode().rstrip("=")


def written(ms: int) -> str:
    """RFC 3339, with milliseconds where there are any."""
    seconds, rest = divmod(ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{text}.{rest:03}Z" if rest else f"{text}Z"


def is_open(flag: int, closes_at: int | None) -> bool:
    return bool(flag) and (closes_at is None or datetime.now(UTC).timestamp() * 1000 < closes_at)


def longest(given: int | None) -> int:
    return given or _LONGEST


def shown(key: str) -> int:
    """How many items of the list with this key are shown."""
    return SHOWN.get(key.partition("/")[0], SHOWN_OTHERWISE)


def counted(counts: Iterable[int]) -> Sequence[tuple[str, int]]:
    """Reactions that somebody chose, in the schema's order."""
    kinds = zip(("LIKE", "INSIGHTFUL", "DISAGREE"), counts, strict=True)
    return [(kind, count) for kind, count in kinds if count]
