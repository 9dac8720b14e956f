"""What people are called. Others see it beside their own, so nothing of it may hide, turn round or spill over."""

from __future__ import annotations

import unicodedata

NAME_MAX = 80  # code points, after cleaning

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_MARKS = 4  # marks on one character; more are a flood (Unicode Technical Standard 39, 5.4)
_MARKS_PLAIN = 2  # on letters whose marked forms nearly all are characters of their own, as in Vietnamese
_PLAIN = ("LATIN", "GREEK", "CYRILLIC")
# Letters, marks and signs that show nothing: Hangul and Khmer fillers, the joiner of graphemes, the empty Braille cell.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u034f\u2800\u180b\u180c\u180d\u180f\U0001d159")


def clean_name(text: str) -> str:
    """The name in NFC on one line, at most NAME_MAX code points; empty when nothing visible is left.

    Taken out: control, format, private and half characters, so those that turn the direction of writing or have no
    width; joiners, except where a script or an emoji needs them; and marks that are piled up.
    """
    kept: list[str] = []
    letters = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    for place, character in enumerate(letters):
        if character.isspace():
            kept.append(" ")
        elif _stands(character, kept, letters[place + 1 : place + 2]):
            kept.append(character)
    line = " ".join("".join(kept).split())
    return _shortened(unicodedata.normalize("NFC", line))  # what stood between a letter and its mark may have gone


def _stands(character: str, before: list[str], following: str) -> bool:
    kind = unicodedata.category(character)
    if character in (_ZWJ, _ZWNJ):
        return bool(before and following) and _joins(character, before[-1], following)
    if kind in ("Mn", "Me") and character not in _BLANK:
        return _fits(character, before)
    return (kind[0] != "C" and character not in _BLANK) or (kind == "Cn" and not _ignorable(ord(character)))


def _joins(joiner: str, before: str, following: str) -> bool:
    """After a virama either makes another form (RFC 5892, A.1 and A.2); besides, ZWNJ parts Arabic letters, and ZWJ
    makes one emoji of several.
    """
    if unicodedata.combining(before) == 9:
        return True
    if joiner == _ZWNJ:
        return unicodedata.bidirectional(before) == unicodedata.bidirectional(following) == "AL"
    return _pictures(before) and unicodedata.category(following) in ("So", "Cn")


def _pictures(character: str) -> bool:
    """An emoji, or what colours or varies one."""
    return unicodedata.category(character) in ("So", "Sk", "Cn") or character == "\ufe0f"


def _fits(mark: str, before: list[str]) -> bool:
    """Whether one more mark may stand on the last character; the same one twice in a row never."""
    marks = 0
    while marks < len(before) and unicodedata.category(before[-1 - marks]) in ("Mn", "Me"):
        marks += 1
    if marks == len(before) or before[-1] in (mark, " "):
        return False
    plain = unicodedata.name(before[-1 - marks], "").startswith(_PLAIN)
    return marks < (_MARKS_PLAIN if plain else _MARKS)


def _ignorable(code: int) -> bool:
    """No character and never one, or one to be that shows nothing (Default_Ignorable_Code_Point)."""
    noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return noncharacter or code == 0x2065 or 0xFFF0 <= code <= 0xFFF8 or 0xE0000 <= code <= 0xE0FFF


def _shortened(line: str) -> str:
    """Cut at a word, with an ellipsis where something was cut."""
    if len(line) <= NAME_MAX:
        return line
    cut = line[:NAME_MAX].rpartition(" ")[0] or line[: NAME_MAX - 1]
    return cut.rstrip(f" ,;:.-{_ZWJ}{_ZWNJ}") + "…"
