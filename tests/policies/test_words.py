"""For each script texts in which a listed word must be found, and texts in which it must not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgraph.policies.spelling import spell
from newsgraph.policies.words import BadList, Finder, Match, WordList, Words, read_list


def found(finder: Finder, text: str, language: str = "") -> Match | None:
    return finder.find(spell(text, language))


# What must be found for sure, what is guessed at, and what must not be found: harmless words stand for worse ones.
CASES: dict[str, tuple[list[str], str, list[str], list[str], list[str]]] = {
    "English": (
        ["ninny", "silly sausage", "numbskull*", "!ninny goat"],
        "",
        [
            "What a ninny!", "NINNY", "you ninny's friend", "ninny,ninny", "n i n n y", "n.i.n.n.y", "n-i-n-n-y",
            "n\u200bi\u200bnny", "ｎｉｎｎｙ", "nіnny", "ɴɪɴɴʏ", "🅝🅘🅝🅝🅨", "ñìnnÿ", "silly sausage", "Silly-SAUSAGE",
            "silly\n sausage", "numbskulls", "numbskullery",
        ],
        ["n1nny", "n!nny", "nin-ny", "ninnyyyyy", "ninny2", "nin*ny", "n|nny", "1ninny"],
        [
            "ninnyhammer", "a ninny goat", "Scunthorpe", "Penistone", "silly old sausage", "numb skull", "skullnumbs",
            "he'll be there", "n i n", "nin. ny", "", "👍", "pinnyn", "i n n y",
        ],
    ),
    "German": (
        ["trottel", "blödmann", "schwul*", "dummer hund"],
        "de",
        [
            "Du Trottel", "TROTTEL!", "Blo\u0308dmann", "BLÖDMANN", "Тrottel", "T r o t t e l", "Tro\u00adttel",
            "schwulst", "Ein dummer Hund.", "trottel-haft",
        ],
        ["Tr0ttel", "Trott-el", "Trotttttel", "7rottel", "Tro_ttel", "tr0ttel!"],
        [
            "schwül heute", "Schwüle Luft", "Trottelei", "Blodmann", "Trotte", "vertrottelt", "dummer kleiner Hund",
            "Blond, Mann!", "Trott Elbe", "Ober-Trotteln",
        ],
    ),
    "Korean": (
        ["바보", "멍청이"],
        "ko",
        [
            "바보", "바보야", "바보는 싫다", "너는 바보다", "바보들이 많다", "바보입니다", "ㅂㅏㅂㅗ", "바\u200b보",
            "바보!", "멍청이가", "저 멍청이들은",
        ],
        ["바 보", "바.보", "바-보", "바*보"],
        [
            "왕바보새", "바보상자", "바위와 보물", "울보", "보바", "바다 보고", "멍청", "이바보라기", "바본", "안녕",
        ],
    ),
    "Chinese": (
        ["笨蛋", "!笨蛋糕"],
        "zh",
        [
            "笨蛋", "你是笨蛋", "笨蛋！", "真是个笨蛋吧", "笨\u200b蛋", "笨蛋们", "大笨蛋", "「笨蛋」", "OK笨蛋",
            "笨蛋笨蛋糕",
        ],
        ["笨 蛋", "笨-蛋", "笨*蛋", "笨...蛋"],
        ["笨", "蛋", "笨蛋糕", "聪明", "蛋笨", "笨鸡蛋", "很笨，蛋糕", "你好", "笨拙", "鸡蛋"],
    ),
    "Japanese": (
        ["バカ", "あほ"],
        "ja",
        ["バカ", "バカだ", "ﾊﾞｶ", "お前はバカか", "バ\u200dカ", "ハ\u3099カ", "あほ", "あほらしい", "バカ！"],
        ["バ カ", "バ-カ", "あ ほ"],
        ["バカンス", "アルバカーキ", "ハカ", "カバ", "あお", "ほあ", "こんにちは", "バ", "カ", "ばか"],
    ),
    "Arabic": (
        ["غبي", "احمق"],
        "ar",
        ["غبي", "أنت غبي", "الغبي", "والغبي", "بالغبي", "غَبِيّ", "غـبـي", "غبى", "أحمق", "الأحمق", "ﻏﺒﻲ", "للغبي"],
        ["غ ب ي", "غبي2", "غبيييي", "غ.ب.ي"],
        ["غبيان", "ذكي", "نبي", "غني", "حمق", "مرحبا", "غب", "كتاب", "الغيب", "تغبية"],
    ),
    "Russian": (
        ["дурень", "болван*"],
        "ru",
        [
            "дурень", "ДУРЕНЬ", "Ты дурень!", "дуpень", "дурeнь", "д у р е н ь", "ду\u200bрень", "болваны", "бoлван",
            "дур\u0301ень",
        ],
        ["ду-рень", "дурееень", "дурень1", "ду_рень"],
        ["дурен", "дуреньки", "одурень", "дур ень", "волан", "добрый", "нет", "рот", "дурь", "бол ван"],
    ),
    "Turkish": (
        ["salak", "aptal*", "sik"],
        "tr",
        ["salak", "SALAK", "aptalsın", "APTALLAR", "s a l a k", "sаlаk", "sik", "SİK", "Salak!", "aptal"],
        ["s4lak", "sal-ak", "salaaaak", "5alak"],
        ["sık", "SIK", "sıklık", "salakça", "şalak", "sakal", "kaptal", "sikke", "masal ak", "merhaba"],
    ),
    "Hindi": (
        ["मूर्ख", "गधा"],
        "hi",
        ["मूर्ख", "तुम मूर्ख हो", "मूर्ख!", "मू\u200bर्ख", "मूर्ख।", "गधा", "वह गधा है", "गधा-गधा", "«मूर्ख»", "मूर्ख, गधा"],
        ["मूर्ख2", "2मूर्ख", "गधा1", "1गधा"],
        ["मूर्खता", "मुर्ख", "मर्ख", "गधे", "गध", "नमस्ते", "मूर्", "अगधा", "गाधा", "सूर्य"],
    ),
    "Thai": (
        ["โง่"],
        "th",
        ["โง่", "คนโง่", "โง่มาก", "เขาโง่จริง", "โง่!", "โ\u200bง่", "โง่ๆ", "ไม่โง่", "โง่ โง่", "ok โง่"],
        ["โ ง่", "โ-ง่", "โ.ง่", "โ*ง่"],
        ["โง", "สวัสดี", "ง่าย", "โล่ง", "โต", "งู", "เงา", "โม่ง", "ไง", "ดี"],
    ),
    "signs": (
        ["🖕", "ninny 🐐"],
        "",
        ["🖕", "🖕🏽", "ok🖕", "🖕🖕", "you 🖕!", "🖕\ufe0f"],
        [],
        ["👍", "☝", "🖐", "ok", "", "🐐"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_lists(case: tuple[list[str], str, list[str], list[str], list[str]]) -> None:
    lines, language, sure, guessed, innocent = case
    finder = Finder(lines, language)
    said = {text: found(finder, text, language) for text in (*sure, *guessed, *innocent)}
    assert [text for text in sure if not (said[text] and said[text].sure)] == []  # type: ignore[union-attr]
    assert [text for text in guessed if said[text] is None] == []
    assert {text: said[text] for text in innocent if said[text] is not None} == {}


def test_a_match_names_its_entry() -> None:
    finder = Finder(["Ninny", "*skull", "*umb*"])
    assert found(finder, "NINNY") == Match("Ninny")
    assert found(finder, "numskull") == Match("*skull")
    assert found(finder, "dumber") == Match("*umb*")
    assert found(finder, "skulls") is None
    assert found(finder, "n1nny") == Match("Ninny", sure=False)


def test_a_language_has_its_own_list_and_the_one_for_all() -> None:
    words = Words([WordList(None, ("ninny",)), WordList("de", ("trottel",)), WordList("ko", ("바보",))])
    for language in ("de", "en", "", "xx"):
        assert words.find(spell("ninny", language), language) == Match("ninny")
        assert bool(words.find(spell("Trottel", language), language)) is (language == "de")
        assert words.find(spell("바보", language), language) is None
    assert not Words()
    assert Words().find(spell("ninny"), "") is None


def test_reading_a_list() -> None:
    text = "\ufeff# remark\n\n ninny  # a fool\r\nsilly sausage\n!ok\n"
    assert read_list("all", text) == WordList(None, ("ninny", "silly sausage", "!ok"))
    assert read_list("pt-BR", "") == WordList("pt", ())


@pytest.mark.parametrize("line", ["x" * 65, "*", "!", "\u200b", "**", "! *"])
def test_what_is_no_entry(line: str) -> None:
    with pytest.raises(BadList):
        read_list("all", f"fine\n{line}")


@given(st.text(max_size=80))
def test_any_text_may_be_looked_through(text: str) -> None:
    finder = Finder(["ninny", "바보", "笨蛋", "غبي", "*umb*", "a b", "!x", "🖕"])
    match = found(finder, text)
    assert match is None or match.entry in {"ninny", "바보", "笨蛋", "غبي", "*umb*", "a b", "🖕"}


@given(st.text("abcdefgh ", max_size=40), st.text("abcdefgh ", max_size=40))
def test_a_word_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert found(Finder(["ninny"]), f"{before} ninny {after}") == Match("ninny")


def _seconds(finder: Finder, text: str) -> float:
    times = []
    for _ in range(5):
        begun = time.process_time()
        finder.find(spell(text))
        times.append(time.process_time() - begun)
    return min(times)


HOSTILE = ["a ", "a.", "n1", "nin-", "바 ", "笨 ", "aaa", "ни", "ninn ", "1!|", "笨笨蛋", "n\u200b", "silly "]


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_grows_with_the_text_alone(unit: str) -> None:
    finder = Finder(["ninny", "笨蛋们", "바보", "silly sausage", *(f"{'n' * n}y" for n in range(1, 20))])
    short, long = (unit * (size // len(unit)) for size in (2_000, 32_000))
    _seconds(finder, short)
    assert _seconds(finder, long) < 16 * 4 * max(_seconds(finder, short), 1e-4)
