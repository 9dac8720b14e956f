"""Points in time as feeds write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Zone names beyond those of RFC 822, which the standard library knows. IST is India's: the others are rare in feeds.
_ZONES = {
    "WET": "+0000",
    "WEST": "+0100",
    "BST": "+0100",
    "CET": "+0100",
    "MET": "+0100",
    "CEST": "+0200",
    "MEST": "+0200",
    "EET": "+0200",
    "SAST": "+0200",
    "EEST": "+0300",
    "MSK": "+0300",
    "PKT": "+0500",
    "IST": "+0530",
    "WIB": "+0700",
    "HKT": "+0800",
    "SGT": "+0800",
    "AWST": "+0800",
    "JST": "+0900",
    "KST": "+0900",
    "ACST": "+0930",
    "AEST": "+1000",
    "ACDT": "+1030",
    "AEDT": "+1100",
    "NZST": "+1200",
    "NZDT": "+1300",
}
_LONGEST = 100  # characters; of endless ones the standard library takes the square
_ZONE_NAME = re.compile(r"(?<=\s)[A-Za-z]{3,4}$")
_NAMED_OFFSET = re.compile(r"(?:GMT|UTC)(?=[+-]\d)", re.IGNORECASE)
_OFFSET_COLON = re.compile(r"(?<=[+-]\d\d):(?=\d\d$)")


def parse_time(text: str) -> datetime | None:
    """ISO 8601 (RFC 3339, W3CDTF from the day on) or RFC 822/5322, in UTC; None for anything else.

    A time without a zone, or in one that nobody knows, counts as UTC; a day counts as its first moment.
    """
    if len(text) > _LONGEST:
        return None
    for read in _READERS:
        try:
            moment = read(text.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _rfc822(text: str) -> datetime:
    numeric = _OFFSET_COLON.sub("", _NAMED_OFFSET.sub("", text))
    return parsedate_to_datetime(_ZONE_NAME.sub(lambda zone: _ZONES.get(zone[0].upper(), zone[0]), numeric))


_READERS: list[Callable[[str], datetime]] = [datetime.fromisoformat, _rfc822]
