"""Words that a site does not take, or wants to look at: lists, and how they are found in a text.

A list's line is a word or a phrase; `word*`, `*word` and `*word*` are the beginning, end or any part of a word;
`!phrase` is innocent where it stands; what follows `#` is a remark.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsgraph.policies.spelling import OWN_LETTERS, WORD, Spelling, disguised, language_of, look, spell, squeeze

ENTRY_MAX = 64  # code points: what is looked for at one place of a text is bounded by it
EVERYWHERE = "all"  # the list for every language

# Scripts without blanks between words, where a word is found within others.
_UNSPACED = "\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f"
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_TORN = re.compile(f"(?<=[{_UNSPACED}])[\\s*._~+\\-|·]+(?=[{_UNSPACED}])")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc]+")
_HANGUL = re.compile("[가-힣]")
_ARABIC = re.compile("[\u0621-\u064a]")

# What Korean puts behind a noun, and Arabic (folded) before it, without a blank. Two may follow each other in Korean.
_AFTER_NOUNS = (
    "은 는 이 가 을 를 의 에 도 만 와 과 로 으로 랑 이랑 하고 야 아 여 들 님 놈 년 씨 에게 한테 께 에서 "
    "부터 까지 처럼 같이 같은 보다 마다 조차 마저 밖에 이나 나 이라 라 이라고 라고 이다 다 입니다 이네 네 "
    "이냐 냐 이니 니 이야 이지 지 이구나 구나 군 인 인가 인데 이라서 라서 예요 이에요 요 임"
)
_PARTICLES = frozenset(_AFTER_NOUNS.split())
_PARTICLE_MAX = 2 * max(map(len, _PARTICLES))
_PROCLITICS = ("وال", "بال", "فال", "كال", "ال", "لل")

_SURE_MIN = 4  # letters from which such a row is that word, and no accident


@dataclass(frozen=True, slots=True)
class Match:
    """`entry` as its list has it. `sure`: written so, or with letters that look the same; else only guessed."""

    entry: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class WordList:
    """The lines of a list, without remarks. `language` None: for every text."""

    language: str | None
    lines: tuple[str, ...]


class BadList(Exception):
    """A list cannot be used; the message completes a sentence that begins with its name."""


def read_list(name: str, text: str) -> WordList:
    """The list in a file of this name without its ending: a language ("de", "pt-BR"), or "all". Errors: BadList."""
    lines = (line.partition("#")[0].strip() for line in text.lstrip("\ufeff").splitlines())
    kept = tuple(line for line in lines if line)
    for line in kept:
        if len(line) > ENTRY_MAX:
            raise BadList(f"has an entry of more than {ENTRY_MAX} characters: {line[:20]}…")
        if not spell(line).folded.strip("*! "):
            raise BadList(f"has an entry with nothing in it: {line}")
    return WordList(None if name == EVERYWHERE else language_of(name), kept)


class Words:
    """All lists of one kind. What holds for a language is put together when it is first asked for."""

    def __init__(self, lists: Iterable[WordList] = ()) -> None:
        self._lists = tuple(lists)
        self._languages = {one.language for one in self._lists} | set(OWN_LETTERS)
        self._finders: dict[str, Finder] = {}

    def __bool__(self) -> bool:
        return bool(self._lists)

    def find(self, spelling: Spelling, language: str) -> Match | None:
        """`spelling` is the text as `spell(text, language)` has it."""
        return self._finder(language).find(spelling) if self._lists else None

    def _finder(self, language: str) -> Finder:
        key = language if language in self._languages else ""
        if key not in self._finders:
            lines = [line for one in self._lists if one.language in (None, key) for line in one.lines]
            self._finders[key] = Finder(lines, key)
        return self._finders[key]


class Finder:
    """The entries for one language, in the forms in which they are looked up."""

    def __init__(self, lines: Sequence[str], language: str = "") -> None:
        self._language = language
        self._words: dict[str, str] = {}
        self._phrases: defaultdict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._inner: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._starts: dict[str, str] = {}
        self._ends: dict[str, str] = {}
        innocent = [line.removeprefix("!").strip() for line in lines if line.startswith("!")]
        for line in lines:
            if not line.startswith("!"):
                self._add(line)
        self._innocent = self._innocents(innocent)
        self._look = {look(word): entry for word, entry in self._words.items()}
        self._squeezed = {squeeze(word): entry for word, entry in self._words.items()}
        self._lengths = sorted({len(word) for word in self._words if len(word) >= _SURE_MIN})
        self._starts |= {look(form): entry for form, entry in self._starts.items()}
        self._ends |= {look(form): entry for form, entry in self._ends.items()}
        self._start_lengths, self._end_lengths = _lengths(self._starts), _lengths(self._ends)
        self._inner_lengths = {head: _lengths(found) for head, found in self._inner.items()}
        self._torn = any(map(_HAS_UNSPACED.search, self._inner))
        self._writes_together = any(_HANGUL.match(word) or _ARABIC.match(word) for word in self._words)

    def _add(self, line: str) -> None:
        bare = line.strip("*").strip()
        spelled = spell(bare, self._language)
        words, starred = spelled.words, (line.startswith("*"), line.endswith("*"))
        if starred == (True, True) or not words or _HAS_UNSPACED.search(spelled.folded):
            self._inner[spelled.folded[0]][spelled.folded] = line
        elif len(words) > 1:
            self._phrases[words[0]].append((words, line))
        else:
            forms = {(False, True): self._starts, (True, False): self._ends}.get(starred, self._words)
            forms[words[0]] = line

    def _innocents(self, phrases: Sequence[str]) -> re.Pattern[str] | None:
        """Whole words, but for scripts that have none."""
        folded = sorted({spell(one, self._language).folded for one in phrases}, key=len, reverse=True)
        forms = [re.escape(one) if _HAS_UNSPACED.search(one) else rf"\b{re.escape(one)}\b" for one in folded]
        return re.compile("|".join(forms)) if forms else None

    def find(self, text: Spelling) -> Match | None:
        """What is surely there rather than what is guessed. Of phrases that are innocent nothing is found."""
        match = self._find(text)
        if match is None or self._innocent is None:
            return match
        rest = self._innocent.sub(" \u00b6 ", text.folded)
        return match if rest == text.folded else self._find(Spelling(rest, tuple(WORD.findall(rest))))

    def _find(self, text: Spelling) -> Match | None:
        sure = next(self._sure(text), None)
        if sure is not None:
            return Match(sure)
        guess = next(self._guesses(text), None)
        return None if guess is None else Match(guess, sure=False)

    # Written so

    def _sure(self, text: Spelling) -> Iterator[str]:
        words = text.unique
        yield from (self._words[word] for word in words & self._words.keys())
        if self._phrases:
            yield from self._phrases_in(text.words)
        if self._starts or self._ends:
            yield from self._parts_in(words)
            yield from self._parts_in(seen for seen, word in text.looks.items() if disguised(word))
        if self._inner:
            yield from self._inner_in(text.folded)
        if not text.folded.isascii():
            yield from self._disguised(text.looks)
            if self._writes_together:
                yield from self._attached(words)
        yield from self._rows(text.rows)

    def _phrases_in(self, words: Sequence[str]) -> Iterator[str]:
        for at, word in enumerate(words):
            for phrase, entry in self._phrases.get(word, ()):
                if words[at : at + len(phrase)] == phrase:
                    yield entry

    def _parts_in(self, words: Iterable[str]) -> Iterator[str]:
        for word in words:
            heads = (self._starts.get(word[:length]) for length in self._start_lengths)
            tails = (self._ends.get(word[-length:]) for length in self._end_lengths)
            yield from (entry for entry in (*heads, *tails) if entry is not None)

    def _inner_in(self, folded: str) -> Iterator[str]:
        """At each character at most one look-up for each length that an entry beginning with it has."""
        for at, char in enumerate(folded):
            for length in self._inner_lengths.get(char, ()):
                found = folded[at : at + length]
                entry = self._inner[char].get(found)
                if entry is not None and _stands_alone(folded, at, found):
                    yield entry

    def _disguised(self, looks: Mapping[str, str]) -> Iterator[str]:
        for found in looks.keys() & self._look.keys():
            if disguised(looks[found]):
                yield self._look[found]

    def _attached(self, words: Iterable[str]) -> Iterator[str]:
        """Words of Korean and Arabic with what these write in one with them."""
        for word in words:
            if _HANGUL.match(word):
                for end in range(max(1, len(word) - _PARTICLE_MAX), len(word)):
                    if word[:end] in self._words and _particles(word[end:]):
                        yield self._words[word[:end]]
            elif _ARABIC.match(word):
                bare = (word.removeprefix(one) for one in _PROCLITICS if word.startswith(one))
                yield from (self._words[one] for one in bare if one in self._words)

    def _rows(self, rows: Iterable[str]) -> Iterator[str]:
        """Letters that stand alone one after the other: t h u s, or t.h.u.s."""
        for row in rows:
            for length in self._lengths:
                for at in range(len(row) - length + 1):
                    if row[at : at + length] in self._words:
                        yield self._words[row[at : at + length]]

    # Guessed

    def _guesses(self, text: Spelling) -> Iterator[str]:
        yield from (self._words[one] for one in text.meant & self._words.keys())
        foreign = ((one, self._look.get(look(one))) for one in text.meant if not one.isascii())
        yield from (entry for one, entry in foreign if entry is not None and disguised(one))
        yield from (self._squeezed[one] for one in text.squeezed & self._squeezed.keys())
        if self._torn:
            yield from self._inner_in(_TORN.sub("", text.folded))


def _particles(rest: str) -> bool:
    return rest in _PARTICLES or any(rest[:at] in _PARTICLES and rest[at:] in _PARTICLES for at in range(1, len(rest)))


def _stands_alone(text: str, at: int, found: str) -> bool:
    """Katakana write foreign words, of which a part is none: バカ is not in バカンス."""
    if not _KATAKANA.fullmatch(found):
        return True
    around = text[max(0, at - 1) : at] + text[at + len(found) : at + len(found) + 1]
    return not _KATAKANA.search(around)


def _lengths(forms: Mapping[str, str]) -> list[int]:
    return sorted({len(form) for form in forms})
