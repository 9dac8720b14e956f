"""Which encoding bytes are in, as far as their beginning tells."""

from __future__ import annotations

import codecs
from email.message import Message

# UTF-32 before UTF-16, whose little-endian mark begins UTF-32's.
_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"{\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"\0{", "utf-16-be"),
]


def marked_encoding(data: bytes) -> str | None:
    """The codec that a byte order mark or the first character's zero byte gives away."""
    return next((codec for mark, codec in _MARKS if data.startswith(mark)), None)


def charset(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type, if Python knows that charset."""
    header = Message()
    header["Content-Type"] = (content_type or "").replace("\r", " ").replace("\n", " ")
    try:
        return codecs.lookup(header.get_content_charset() or "").name
    except (LookupError, ValueError):
        return None


def decode_exactly(data: bytes, content_type: str | None) -> str:
    """The text of JSON, which is UTF-8 whatever the Content-Type says; its charset is for what is not.

    UnicodeDecodeError where neither holds.
    """
    encoding = marked_encoding(data) or "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        other = charset(content_type)
        if other is None or other == encoding:
            raise
        return data.decode(other)


def decode(data: bytes) -> str:
    """The text, with U+FFFD for what is not UTF-8 unless the bytes are marked: markup is ASCII in every charset."""
    return data.decode(marked_encoding(data) or "utf-8", "replace")
