"""Names: what people are really called stays, what hides, turns or floods goes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgraph.domain.names import NAME_MAX, clean_name

KEPT = {
    "plain": "Ada Lovelace",
    "accents": "Zoë Müller-Ørsted",
    "apostrophe": "Siân O’Brien",
    "vietnamese": "Nguyễn Thị Ánh",
    "one mark without a character of its own": "M̌arie",
    "two marks of Yoruba": "Ọ̀ṣọ́",
    "cyrillic": "Борис Ёлкин",
    "greek": "Ἀριστοτέλης",
    "arabic": "محمد عبد الله",
    "persian with its ZWNJ": "علی\u200cرضا",
    "hebrew with points": "שָׁלוֹם",
    "hindi": "प्रियंका चोपड़ा",
    "hindi with ZWNJ after a virama": "क्\u200cष",
    "sinhala with ZWJ after a virama": "ශ්\u200dරී ලංකා",
    "bengali": "রবীন্দ্রনাথ ঠাকুর",
    "tamil": "ரஜினிகாந்த்",
    "thai": "สมชาย ใจดี",
    "khmer": "ស៊ីន ស៊ីសាមុត",
    "tibetan": "བསྟན་འཛིན་རྒྱ་མཚོ",
    "chinese": "王小明",
    "japanese": "山田 太郎",
    "korean": "김민준",
    "georgian": "შოთა რუსთაველი",
    "emoji": "Kim 🎉",
    "emoji made of two": "Zoë 👩‍🚀",
    "emoji made of four": "👨‍👩‍👧‍👦",
    "emoji of a colour": "👩🏽‍🚀",
    "emoji with a variant": "❤️‍🔥",
    "keycap": "1️⃣",
    "beyond the basic plane": "𐌰𐌿𐍂",
}

CLEANED = {
    "null": ("A\x00da", "Ada"),
    "bell": ("A\x07da", "Ada"),
    "escape of a terminal": ("\x1b[31mAda", "[31mAda"),
    "delete": ("A\x7fda", "Ada"),
    "C1 control": ("A\x9bda", "Ada"),
    "line ends": ("Ada\r\nLovelace", "Ada Lovelace"),
    "line separator": ("Ada\u2028Lovelace", "Ada Lovelace"),
    "no-break and ideographic blanks": ("Ada\u00a0\u3000Lovelace", "Ada Lovelace"),
    "blanks around": ("  Ada  ", "Ada"),
    "right-to-left override": ("Ada\u202egro.live", "Adagro.live"),
    "left-to-right override": ("\u202dAda", "Ada"),
    "embeddings": ("\u202a\u202bAda\u202c", "Ada"),
    "isolates": ("\u2066\u2067\u2068Ada\u2069", "Ada"),
    "marks of direction": ("\u200eA\u200fda\u061c", "Ada"),
    "zero-width space": ("A\u200bda", "Ada"),
    "zero-width no-break space": ("\ufeffAda", "Ada"),
    "word joiner": ("A\u2060da", "Ada"),
    "invisible times": ("A\u2062da", "Ada"),
    "soft hyphen": ("A\u00adda", "Ada"),
    "ZWJ between letters": ("A\u200dda", "Ada"),
    "ZWNJ between letters": ("A\u200cda", "Ada"),
    "ZWJ at the end": ("Ada\u200d", "Ada"),
    "ZWJ after an emoji and before a letter": ("🎉\u200dAda", "🎉Ada"),
    "many ZWNJ in Persian": ("علی\u200c\u200c\u200cرضا", "علی\u200cرضا"),
    "hangul filler": ("\u3164Ada\u3164", "Ada"),
    "half-width hangul filler": ("Ada\uffa0", "Ada"),
    "empty braille": ("\u2800Ada", "Ada"),
    "grapheme joiner": ("A\u034fda", "Ada"),
    "mongolian vowel separator": ("A\u180eda", "Ada"),
    "tags": ("Ada\U000e0041\U000e0042", "Ada"),
    "private use": ("Ada\ue000", "Ada"),
    "half a pair": ("Ada\ud800", "Ada?"),
    "no character": ("Ada\ufffe\ufdd0", "Ada"),
    "annotations": ("\ufff9Ada\ufffa\ufffb", "Ada"),
    "decomposed": ("Zoe\u0308", "Zoë"),
    "decomposed, with something between": ("Zoe\u200b\u0308", "Zoë"),
    "marks piled up": ("A" + "\u0335\u0301\u0316\u0321\u0347" * 20 + "da", "Á\u0335\u0321da"),
    "one mark over and over": ("x" + "\u0338" * 50, "x\u0338"),
    "marks with nothing below": ("\u0301\u0302Ada", "Ada"),
    "marks on a blank": ("Ada \u0489\u0489 L", "Ada L"),
    "thai marks piled up": ("ก" + "\u0e49\u0e34" * 30, "ก" + unicodedata.normalize("NFC", "\u0e49\u0e34" * 2)),
    "variation selectors in a row": ("❤" + "\ufe0f" * 9, "❤\ufe0f"),
}

EMPTY = [
    "",
    "   ",
    "\u200b",
    "\u3164\u3164",
    "\u2800",
    "\u202e\u202c",
    "\u0301\u0301",
    "\x00\x01",
    "\U000e0041",
    "\u200d",
]


@pytest.mark.parametrize("name", KEPT.values(), ids=KEPT)
def test_what_people_are_called_stays(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(("name", "clean"), CLEANED.values(), ids=CLEANED)
def test_what_hides_or_floods_goes(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize("name", EMPTY, ids=map(ascii, EMPTY))
def test_nothing_visible_is_no_name(name: str) -> None:
    assert clean_name(name) == ""


@pytest.mark.parametrize(("length", "kept"), [(79, 79), (80, 80), (81, 80)])
def test_the_limit_counts_code_points(length: int, kept: int) -> None:
    assert NAME_MAX == 80
    assert len(clean_name("𐌰" * length)) == kept


def test_a_long_name_is_cut_at_a_word() -> None:
    assert clean_name("Ada " * 40) == " ".join(["Ada"] * 20) + "…"


def test_what_is_cut_leaves_no_joiner_at_its_end() -> None:
    assert clean_name("x" + "👩\u200d🚀" * 50).rstrip("…")[-1] in "👩🚀"


@given(st.text(max_size=300))
def test_cleaning_again_changes_nothing(name: str) -> None:
    clean = clean_name(name)
    assert clean_name(clean) == clean
    assert len(clean) <= NAME_MAX
