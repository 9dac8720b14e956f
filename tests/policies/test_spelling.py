"""How words are compared: whatever they are written with, they are read as the same."""

from __future__ import annotations

import random
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgraph.policies.spelling import (
    OWN_LETTERS,
    WORD,
    Spelling,
    disguised,
    fingerprint,
    fold,
    language_of,
    look,
    spell,
    unleet,
)

SAME = {
    "capitals": ["ninny", "NINNY", "Ninny", "nInNy"],
    "full width": ["ninny", "ｎｉｎｎｙ", "ＮＩＮＮＹ"],
    "mathematics": ["ninny", "𝐧𝐢𝐧𝐧𝐲", "𝔫𝔦𝔫𝔫𝔶", "𝕟𝕚𝕟𝕟𝕪", "𝓃𝒾𝓃𝓃𝓎", "𝚗𝚒𝚗𝚗𝚢"],
    "circles and squares": ["ninny", "ⓝⓘⓝⓝⓨ", "🅝🅘🅝🅝🅨", "🅽🅸🅽🅽🆈", "🄽🄸🄽🄽🅈"],
    "flags": ["ninny", "🇳🇮🇳🇳🇾"],
    "small capitals": ["ninny", "ɴɪɴɴʏ"],
    "raised": ["ninny", "ⁿⁱⁿⁿʸ"],
    "accents": ["ninny", "nínný", "ñïññÿ", "n̶i̶n̶n̶y̶", "n̲i̲n̲n̲y̲", "n\u0338i\u0489nny"],
    "zero width": ["ninny", "n\u200binny", "ni\u200cn\u200dny", "\u2060ninny\ufeff", "nin\u00adny", "n\u034finny"],
    "fillers": ["ninny", "ni\u3164nny", "ni\u115fnny", "ni\u2800nny", "ni\ufe0fnny", "ni\U000e0101nny"],
    "directions": ["ninny", "\u202eninny\u202c", "ni\u2067nny\u2069"],
    "sharp s": ["strasse", "straße", "STRASSE", "STRAẞE"],
    "ligatures": ["fool", "ﬀool".replace("ﬀ", "f"), "ＦＯＯＬ"],
    "korean letters one by one": ["바보", "ㅂㅏㅂㅗ", "\u1107\u1161\u1107\u1169"],
    "kana": ["バカ", "ﾊﾞｶ", "ハ\u3099カ", "ハ\u200b\u3099カ"],
    "arabic vowels": ["غبي", "غَبِيّ", "غـبـي", "غبى", "ﻏﺒﻲ"],
    "alef": ["احمق", "أحمق", "إحمق", "ٱحمق", "آحمق"],
    "hebrew points": ["טיפש", "טִיפֵּשׁ"],
    "greek": ["ηλιθιοσ", "ηλίθιος", "ΗΛΊΘΙΟΣ", "ΗΛΙΘΙΟΣ"],
    "cyrillic": ["елка", "ёлка", "ЁЛКА", "е\u0308лка"],
}


@pytest.mark.parametrize("texts", SAME.values(), ids=SAME.keys())
def test_they_are_read_as_the_same(texts: list[str]) -> None:
    assert {fold(text) for text in texts} == {fold(texts[0])}


DIFFERENT = [
    ("मूर्ख", "मुर्ख"),  # a vowel sign makes another word
    ("मूर्ख", "मर्ख"),
    ("โง่", "โง"),
    ("か", "が"),
    ("바보", "보바"),
    ("ninny", "ninnies"),
    ("笨", "苯"),
    ("и", "й" * 2),
    ("غبي", "غني"),
    ("k", "κα"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_they_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("language", "kept", "other"),
    [
        ("de", "schwül", "schwul"),
        ("tr", "sık", "sik"),
        ("tr", "SIK", "sik"),
        ("az", "QIZ", "qiz"),
        ("es", "año", "ano"),
        ("sv", "får", "far"),
        ("pl", "łaska", "laska"),
        ("ru", "мой", "мои"),
        ("vi", "bò", "bo"),
        ("hu", "kór", "kor"),
        ("fi", "näin", "nain"),
        ("cs", "byt", "být"),
    ],
)
def test_a_languages_own_letters_are_no_disguise(language: str, kept: str, other: str) -> None:
    assert fold(kept, language) != fold(other, language)
    assert fold(unicodedata.normalize("NFD", kept), language) == fold(kept, language)


@pytest.mark.parametrize("language", ["de", "sv", "pl", "ru", "vi"])
def test_other_accents_are_dropped_there_too(language: str) -> None:
    assert fold("nìñny" if language != "vi" else "nīñny", language) == "ninny"


LOOKS = {
    "Cyrillic": ["ісе", "ІСЕ", "iсe"],
    "Greek": ["ιce", "icε"],
    "Cherokee": ["ᎥᏟᎬ"],
    "Armenian": ["icҽ"],
    "stroke": ["ıce"],
}


@pytest.mark.parametrize("words", LOOKS.values(), ids=LOOKS.keys())
def test_look_alikes(words: list[str]) -> None:
    for word in map(fold, words):
        assert look(word) == look("ice"), word
        assert word.isascii() or disguised(word)


@pytest.mark.parametrize(
    "word", ["рот", "нет", "вот", "дом", "кот", "лев", "για", "ναι", "μου", "바보", "笨蛋", "مرحبا"]
)
def test_a_word_of_another_script_is_its_own(word: str) -> None:
    assert not disguised(fold(word)) or look(fold(word)) not in {"pot", "het", "bot", "kot"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's a day, isn't it?", ("it", "s", "a", "day", "isn", "t", "it")),
        ("snake_case and kebab-case", ("snake", "case", "and", "kebab", "case")),
        ("मूर्ख है।", ("मूर्ख", "है")),
        ("คนโง่", ("คนโง่",)),
        ("你好，世界", ("你好", "世界")),
        ("바보야!", ("바보야",)),
        ("👍👍", ()),
        ("", ()),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert spell(text).words == words


def test_leet() -> None:
    assert set(unleet("n1nny")) == {"ninny", "nlnny"}
    assert set(unleet("$illy 5aus4g3")) == {"silly sausage"}
    assert set(unleet("plain")) == {"plain"}


@pytest.mark.parametrize(
    ("tag", "language"), [("de", "de"), ("pt-BR", "pt"), ("zh_Hant", "zh"), ("EN", "en"), ("", "")]
)
def test_language_of(tag: str, language: str) -> None:
    assert language_of(tag) == language


def test_a_fingerprint_is_of_what_is_read() -> None:
    same = ["Buy now, at my shop!", "buy  now at MY shop", "Вuy nоw, at my shор...", "b\u200buy now at my shop 👍"]
    assert len({fingerprint(spell(text)) for text in same}) == 1
    others = ["buy now at your shop", "👍", "👍👍", "!", "1", "2", ""]
    assert len({fingerprint(spell(text)) for text in [same[0], *others]}) == 1 + len(others)
    assert all(-(2**63) <= fingerprint(spell(text)) < 2**63 for text in same + others)


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
LANGUAGES = st.sampled_from(["", *OWN_LETTERS])


@given(ANYTHING, LANGUAGES)
def test_folding_is_idempotent(text: str, language: str) -> None:
    once = fold(text, language)
    assert fold(once, language) == once


@given(ANYTHING, LANGUAGES)
def test_case_and_composition_do_not_matter(text: str, language: str) -> None:
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text), language) == fold(text, language)


@given(ANYTHING, st.sampled_from("\u200b\u200d\u00ad\u2060\ufeff\u202e\u3164\ufe0f"))
def test_what_is_invisible_does_not_matter(text: str, unseen: str) -> None:
    plain = "".join(sign for sign in text if unicodedata.category(sign)[0] in "LN" and ord(sign) < 0x1100)
    assert fold(unseen.join(plain)) == fold(plain)


@given(ANYTHING)
def test_words_are_parts_of_the_text(text: str) -> None:
    found = spell(text)
    assert found == Spelling(found.folded, tuple(WORD.findall(found.folded)))
    assert all(word in found.folded and WORD.fullmatch(word) for word in found.words)


def _seconds(text: str) -> float:
    """The least of several times: what else runs on the machine only adds to them."""
    times = []
    for _ in range(5):
        begun = time.process_time()
        spell(text)
        times.append(time.process_time() - begun)
    return min(times)


@pytest.mark.parametrize(
    "unit",
    ["a", "a ", "е\u0308", "\u0301", "ﷺ", "a\u200b", "\U0001f1e6", "ㅂㅏ", "笨 ", "a\u0301\u0323\u0489", "ẞ"],
)
def test_time_grows_with_the_text_alone(unit: str) -> None:
    short, long = unit * (4_000 // len(unit)), unit * (64_000 // len(unit))
    spell(short)  # each character is found out about once
    assert _seconds(long) < 16 * 4 * max(_seconds(short), 1e-4)


def test_a_flood_of_characters_is_not_remembered() -> None:
    """All of Unicode in one text: it is read, and what is kept of it has an end."""
    points = [point for point in range(0x20, 0x110000) if not 0xD800 <= point <= 0xDFFF]
    random.Random(1).shuffle(points)
    text = "".join(map(chr, points[:120_000]))
    assert fold(text)
