"""A text as it is read, whatever signs it is written with: what words are compared by.

Folding is NFKC and full case folding (Unicode 15.1, 3.13), without what nobody sees and without accents. Letters that
look like Latin ones are those of Unicode's UTS 39, from the package confusable-homoglyphs. Each step is a look-up for
each character, so that the time is bounded by the text's length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from itertools import groupby, product
from string import ascii_letters

from confusable_homoglyphs.confusables import confusables_data

_REMEMBERED = 20_000  # characters of a table: more than any language has, less than a flood of all could bring

# Accents that are no letter of their own anywhere, and the short vowels that Arabic and Hebrew leave out. Vowel signs
# of Indian and Thai scripts make other words and stay.
_MARKS = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05BD), (0x05BF, 0x05C7), (0x0610, 0x061A), (0x0640, 0x0640),
    (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)  # fmt: skip
# Seen by nobody, though Unicode counts them among letters, marks and symbols: fillers, blanks, variation selectors.
_UNSEEN = (
    (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF),
)  # fmt: skip
_DROPPED = frozenset(point for first, last in (*_MARKS, *_UNSEEN) for point in range(first, last + 1))

# What no decomposition leads to: Latin letters with a stroke, small capitals, letters that Arabic writes in many ways.
_SAME = {
    **dict(zip("øłđħŧƀɨʉŋı", "oldhtbiuni", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ", "abcdeghijklmnoprtuvwyz", strict=True)),
    **dict(zip("ٱىیکگۀة", "ايیككهه".replace("ی", "ي"), strict=True)),
    "æ": "ae", "œ": "oe", "ꜰ": "f", "ꞯ": "q", "ꜱ": "s", "þ": "th",
    **{chr(start + n): chr(97 + n) for start in (0x1F150, 0x1F170, 0x1F1E6) for n in range(26)},
}  # fmt: skip

# Letters that a language counts as its own: there "schwül" is no way to write another word. Accents that only tell how
# a letter sounds are not among them.
OWN_LETTERS = {
    "az": "əğıöüçş", "cs": "áčďéěíňóřšťúůýž", "da": "æøå", "de": "äöü", "es": "ñ", "et": "äöõü", "fi": "äöå",
    "hu": "áéíóöőúüű", "is": "áðéíóúýþæö", "lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž", "nb": "æøå", "nn": "æøå",
    "no": "æøå", "pl": "ąćęłńóśźż", "ro": "ăâîșț", "ru": "й", "sk": "áäčďéíĺľňóôŕšťúýž", "sv": "åäö", "tr": "çğıöşü",
    "uk": "йїґ", "be": "йў", "bg": "й",
    "vi": "đ" + "".join(unicodedata.normalize("NFC", v + t) for v, t in product(
        "aăâeêioôơuưy", ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"))),
}  # fmt: skip
_DOTLESS = {"tr", "az"}  # languages in which I and i are two letters

# Marks that belong to a word: \w does not hold for them.
_SIGNS = "\u0900-\u0963\u0966-\u0df3\u0e31-\u0e4e\u0eb1-\u0ece\u0f18-\u0fbc\u102b-\u109d\u17b6-\u17d3\u3099\u309a"
WORD = re.compile(f"(?:[^\\W_]|[{_SIGNS}])+")


_EDGES = "\"'“”„‘’«»‹›()[]{}<>.,;:!?¡¿…-–—*_~`#&/\\%^=+|。，、！？：；「」『』（）"
_SENTENCE = re.compile("[.,;:!?/\\\\'’\"()\\[\\]{}<>…=&#。，、！？]")  # between words, or for letters left out
_LETTER = re.compile(r"[^\W\d_]")
_STRETCHED = re.compile(r"(\w)\1\1")
_RUNS = re.compile(r"(\w)\1+")
_SINGLE_MIN = 3  # single letters in a row that may be one word
_HANGUL = re.compile("[가-힣]")


class _Table(dict[int, str | None]):
    """What each character becomes, found out when it first occurs. `own`: letters that stay as they are."""

    def __init__(self, own: str) -> None:
        super().__init__()
        self._own = own

    def __missing__(self, point: int) -> str | None:
        found = self._fold(chr(point))
        if len(self) < _REMEMBERED:
            self[point] = found
        return found

    def _fold(self, char: str) -> str | None:
        if char in self._own:
            return char
        if ord(char) in _DROPPED or unicodedata.category(char) == "Cf":
            return None
        base = "".join(part for part in unicodedata.normalize("NFD", char) if ord(part) not in _DROPPED)
        return _SAME.get(char) or _SAME.get(base) or (base if len(base) == 1 else char)


_TABLES = {language: _Table(letters) for language, letters in {**OWN_LETTERS, "": ""}.items()}


@dataclass(frozen=True)
class Spelling:
    """`folded`: the text with its punctuation; `words`: what stands between it, in order.

    The rest is found out once, however many lists look for their words.
    """

    folded: str
    words: tuple[str, ...]

    @cached_property
    def unique(self) -> frozenset[str]:
        return frozenset(self.words)

    @cached_property
    def looks(self) -> Mapping[str, str]:
        """Words that are not all ASCII, by how they look."""
        foreign = [word for word in self.unique if not word.isascii()]
        return dict(zip(look(" ".join(foreign)).split(" "), foreign, strict=True)) if foreign else {}

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """Letters that stand alone one after the other, each row as one word."""
        return tuple(_rows(self.words))

    @cached_property
    def meant(self) -> frozenset[str]:
        """Words that may be meant: with digits and signs for letters, or with signs between them."""
        pieces = (piece.strip(_EDGES) for piece in self.folded.split() if not piece.isalpha())
        found = {word for piece in pieces for word in _meant(piece)}
        return frozenset(found.union(self.rows, *map(unleet, self.rows)))

    @cached_property
    def squeezed(self) -> frozenset[str]:
        """Words with a letter three times or more in a row, each letter only once."""
        if not _STRETCHED.search(self.folded):
            return frozenset()
        return frozenset(squeeze(word) for word in self.unique if _STRETCHED.search(word))


@lru_cache(maxsize=256)
def language_of(tag: str) -> str:
    """The language of a BCP 47 tag, without region and script: "pt-BR" is "pt"."""
    return re.split("[-_]", tag.lower(), maxsplit=1)[0]


def spell(text: str, language: str = "") -> Spelling:
    """The text as its words are compared. `language` has letters of its own (OWN_LETTERS), or none are kept."""
    folded = fold(text, language)
    return Spelling(folded, tuple(WORD.findall(folded)))


def fold(text: str, language: str = "") -> str:
    """Folding what is folded changes nothing."""
    if text.isascii() and language not in _DOTLESS:
        return text.lower()
    composed = unicodedata.normalize("NFKC", text)
    if language in _DOTLESS:
        composed = composed.replace("İ", "i").replace("I", "ı")
    plain = unicodedata.normalize("NFKC", composed.casefold())
    # Once more: where something was dropped, neighbours may have come together that make one letter.
    return unicodedata.normalize("NFC", plain.translate(_TABLES.get(language, _TABLES[""])))


def _alike() -> tuple[dict[int, str], frozenset[str]]:
    """Letters that look like a Latin one in some case, and those of them that do as a small letter.

    Where the two differ the small one counts, which is what is mostly written.
    """
    pairs = [(fold(one["c"]), one["c"], latin) for latin in ascii_letters for one in confusables_data.get(latin, ())]
    fit = [(char, written, latin) for char, written, latin in pairs if _fit(char)]
    small = {ord(char): latin for char, written, latin in fit if char == written and latin.islower()}
    others = {ord(char): latin.lower() for char, _, latin in fit}
    caseless = {point for point in others if not 0x370 <= point <= 0x58F}  # Greek, Cyrillic, Armenian have two cases
    return {**others, **small}, frozenset(map(chr, {*small, *caseless}))


def _fit(char: str) -> bool:
    """A letter of a script that is written from left to right, as Latin is."""
    return len(char) == 1 and not char.isascii() and unicodedata.bidirectional(char) == "L" and char.isalpha()


_LOOK, _SMALL = _alike()
_LOOK |= {ord(char): latin for char, latin in zip("пияшωετ", "nurwwet", strict=True)}  # near enough among others
_LATIN = re.compile("[a-z]")


def look(word: str) -> str:
    """How a folded word looks, in Latin letters wherever one looks like that; i and l are one. Not for reading."""
    return word.translate(_LOOK).replace("l", "i")


def disguised(word: str) -> bool:
    """Whether a folded word with foreign letters pretends to be a Latin one, rather than being another script's own.

    It does when it mixes both, or has nothing but letters that look Latin when they are small: a Russian word of those
    alone looks like no word of a language in Latin script.
    """
    return bool(_LATIN.search(word)) or _SMALL.issuperset(word)


@lru_cache(maxsize=1)
def _leet() -> tuple[dict[int, str], ...]:
    digits = dict(zip("0345789@$€£+", "oeastbgaselt", strict=True))
    return tuple(
        {ord(sign): letter for sign, letter in {**digits, **dict.fromkeys("1!|", one)}.items()} for one in "il"
    )


def unleet(text: str) -> Iterable[str]:
    """The text with letters for the digits and signs that stand for them: 1 may be i or l."""
    first, second = (text.translate(table) for table in _leet())
    return (first,) if first == second else (first, second)


def fingerprint(spelling: Spelling) -> int:
    """Equal for texts that differ in case, accents, look-alikes, blanks and punctuation only; 64 bits, signed."""
    text = look("".join(spelling.words)) or "".join(spelling.folded.split())
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8).digest(), "big", signed=True)


def _meant(core: str) -> Iterator[str]:
    """What a piece of text between blanks may mean, besides what it says."""
    if core.isalpha() or not _LETTER.search(core):
        return
    yield core.strip("0123456789")
    for one in unleet(core):
        words = WORD.findall(one)
        if one != core:
            yield from words
        if len(words) > 1 and not _SENTENCE.search(one):
            yield "".join(words)


def _rows(words: Sequence[str]) -> Iterator[str]:
    for single, group in groupby(words, key=lambda word: len(word) == 1):
        if single:
            row = "".join(group)
            if len(row) >= _SINGLE_MIN or (len(row) > 1 and _HANGUL.match(row)):
                yield row


def squeeze(word: str) -> str:
    """No letter twice in a row."""
    return _RUNS.sub(r"\1", word)
