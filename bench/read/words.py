"""Texts in a language that nobody speaks: as long and as varied as news, and always the same."""

from __future__ import annotations

from itertools import accumulate, product
from random import Random

_BEGINNINGS = ["b", "br", "d", "dr", "f", "g", "h", "k", "kl", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "tr", "v"]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ou"]
_ENDS = ["", "l", "m", "n", "r", "s", "st", "nd"]
_SENTENCES = 3_000  # bodies are put together from so many
_PARAGRAPH = 5  # sentences


class Writer:
    """Writes from a seed. Few of its words are frequent and most are rare, as in any language."""

    def __init__(self, seed: int = 1) -> None:
        self._random = Random(seed)
        self._words = self._vocabulary(6_000)
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(self._words))))
        self._sentences = [self._sentence() for _ in range(_SENTENCES)]

    def _vocabulary(self, count: int) -> list[str]:
        syllables = ["".join(parts) for parts in product(_BEGINNINGS, _VOWELS, _ENDS)]
        lengths = self._random.choices([1, 2, 3], [2, 5, 3], k=2 * count)
        words = ("".join(self._random.choices(syllables, k=length)) for length in lengths)
        return list(dict.fromkeys(words))[:count]

    def words(self, least: int, most: int) -> str:
        """So many words, the first with a capital."""
        count = self._random.randint(least, most)
        return " ".join(self._random.choices(self._words, cum_weights=self._weights, k=count)).capitalize()

    def _sentence(self) -> str:
        return f"{self.words(6, 18)}."

    def paragraphs(self, sentences: int) -> list[str]:
        chosen = self._random.choices(self._sentences, k=sentences)
        return [" ".join(chosen[start : start + _PARAGRAPH]) for start in range(0, sentences, _PARAGRAPH)]

    def name(self) -> str:
        return " ".join(word.capitalize() for word in self._random.choices(self._words[200:], k=2))

    def number(self, least: int, most: int) -> int:
        return self._random.randint(least, most)
