"""Opaque strings that clients hold: positions in the event log, global ids, places in a page."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache

from newsgraph.domain.errors import Fault, FaultCode

_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)

Key = tuple[int | float | str, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the event log: everything up to and including `seq` has been seen.

    `epoch` names the life of the database; it changes when the database is restored or replaced, so that a
    position from another life is recognised and never silently skips.
    """

    epoch: str
    seq: int

    def encode(self) -> str:
        return _encoded(self.epoch, self.seq)


@lru_cache(maxsize=1_024)
def _encoded(epoch: str, seq: int) -> str:
    """The versions of lists that everybody reads are asked for again and again."""
    return urlsafe_b64encode(f"{epoch}.{seq}".encode()).decode().rstrip("=")


def decode_position(text: str) -> Position | None:
    """None when the text is no position at all."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
        epoch, _, digits = raw.rpartition(".")
        position = Position(epoch, int(digits))
    except (ValueError, UnicodeError, binascii.Error):
        return None
    return position if position.encode() == text.rstrip("=") and position.seq >= 0 else None


@lru_cache(maxsize=4_096)
def global_id(type_name: str, key: int | str) -> str:
    """Relay's global object identification: base64 of "Type:key"."""
    return b64encode(f"{type_name}:{key}".encode()).decode()


def parse_global_id(text: str) -> tuple[str, str]:
    """("Type", "key"); raises INVALID_ID when the text is no global id."""
    try:
        type_name, colon, key = b64decode(text.encode("ascii"), validate=True).decode().partition(":")
    except (ValueError, UnicodeError, binascii.Error):
        type_name, colon, key = "", "", ""
    if not (type_name and colon and key):
        raise Fault(FaultCode.INVALID_ID, "This is not an id of this server.")
    return type_name, key


_DIGITS = 18  # fits a signed 64-bit integer


def is_number(key: str) -> bool:
    """Whether a global id's key can be that of a row."""
    return key.isascii() and key.isdecimal() and len(key) <= _DIGITS


def number(global_: str, type_name: str) -> int | None:
    """The key of a global id of this type; None for any other id, well-formed or not."""
    try:
        found, key = parse_global_id(global_)
    except Fault:
        return None
    return int(key) if found == type_name and is_number(key) else None


def encode_key(order: str, key: Key) -> str:
    """A page cursor: the order it belongs to and the sort key of its row."""
    if len(key) == 2 and type(key[0]) is int and type(key[1]) is int:
        return _of_numbers(order, key[0], key[1])
    raw = _COMPACT.encode([order, *key])
    return urlsafe_b64encode(raw.encode()).decode().rstrip("=")


@lru_cache(maxsize=4_096)
def _of_numbers(order: str, first: int, second: int) -> str:
    """As nearly all are, without the JSON encoder, and remembered: pages that everybody reads have the same ones."""
    return urlsafe_b64encode(f'["{order}",{first},{second}]'.encode()).decode().rstrip("=")


def decode_key(order: str, text: str) -> Key:
    """The sort key; raises INVALID_CURSOR for anything that `encode_key` did not make for this order."""
    try:
        parts = json.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (ValueError, UnicodeError, binascii.Error, RecursionError):
        parts = None
    if not isinstance(parts, list) or len(parts) < 2 or parts[0] != order:
        raise Fault(FaultCode.INVALID_CURSOR, "This cursor does not belong to this list and order.")
    if not all(type(part) in (int, float, str) for part in parts):
        raise Fault(FaultCode.INVALID_CURSOR, "This cursor does not belong to this list and order.")
    return tuple(parts[1:])
