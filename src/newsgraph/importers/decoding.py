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

# Python's names for the encodings of the web (encoding.spec.whatwg.org, "Names and labels") and UTF-32. It knows
# others: those of its own sources (unicode_escape), texts in disguise (utf-7), squares of time (punycode).
_WEB = {
    *("ascii", "utf-8", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le"),
    *("big5", "big5hkscs", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "iso2022_jp", "shift_jis"),
    *("cp866", "cp874", "koi8-r", "koi8-u", "mac-cyrillic", "mac-roman", "tis-620"),
    *(f"cp{number}" for number in range(1250, 1259)),
    *(f"iso8859-{number}" for number in range(1, 17)),
}


def codec(label: str) -> str | None:
    """Python's name for an encoding that it knows."""
    try:
        return codecs.lookup(label).name
    except (LookupError, ValueError):  # ValueError: a zero byte in the label
        return None


def of_the_web(label: str) -> bool:
    """Whether feeds may be written in it; True for what nobody knows, so that it is guessed."""
    return (codec(label) or "ascii") in _WEB


def marked_encoding(data: bytes) -> str | None:
    """The codec that a byte order mark or the first character's zero byte gives away."""
    return next((codec for mark, codec in _MARKS if data.startswith(mark)), None)


def charset(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type, if it is known and one of the web's."""
    header = Message()
    header["Content-Type"] = " ".join((content_type or "").encode("ascii", "replace").decode().split())
    name = codec(header.get_content_charset() or "")
    return name if name in _WEB else None


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
