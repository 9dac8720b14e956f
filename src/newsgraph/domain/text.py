"""Plain text: what a comment's length is, how a slug is made, how long a text takes to read."""

from __future__ import annotations

import re
import unicodedata

_WORDS_A_MINUTE = 238  # adults reading English silently, Brysbaert (2019), a meta-analysis of 190 studies
_CHARACTERS_A_MINUTE = 500  # scripts without spaces between words
_UNSPACED = re.compile(r"[぀-ヿ㐀-鿿가-힯]")
_LATIN_ACCENTS = re.compile(r"(?<=[A-Za-z])[\u0300-\u036f]+")
# With lone surrogates, which no UTF-8 can hold, and the overrides of direction, which no language needs: what follows
# one is read backwards, and shown otherwise than it is.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")
SLUG_MAX = 80


def normalise_comment(body: str) -> str:
    """NFC, line ends as LF, control characters dropped, trimmed. The length limits count this text's code points."""
    text = unicodedata.normalize("NFC", body.replace("\r\n", "\n").replace("\r", "\n"))
    return _CONTROLS.sub("", text).strip()


def one_line(text: str) -> str:
    """White space folded to single blanks, control characters dropped: headlines, names, captions."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def slugify(text: str) -> str:
    """A URL segment of lower-case letters and digits of any script, at most SLUG_MAX characters, cut at a word.

    Latin letters lose their accents ("Joaquín" is joaquin); other scripts stay as they are, since there a mark
    makes another letter. Empty when the text has no letter or digit.
    """
    plain = _LATIN_ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    folded = unicodedata.normalize("NFC", plain).casefold()
    # Letters, numbers and marks: in Devanagari or Thai a vowel is a mark, which \w does not hold for a letter.
    kept = (c if unicodedata.category(c)[0] in "LNM" else " " for c in folded)
    words = "-".join("".join(kept).split())
    if len(words) <= SLUG_MAX:
        return words
    cut = words[: SLUG_MAX + 1].rpartition("-")[0]
    return cut or words[:SLUG_MAX]


def elements(html: str) -> int:
    """Elements of a fragment, each with its beginning and its end; at most half as many begin and do not end."""
    return html.count("<") // 2


def reading_minutes(text: str) -> int:
    """Minutes to read, rounded to the nearest, at least 1."""
    unspaced = len(_UNSPACED.findall(text))
    words = len(_UNSPACED.sub(" ", text).split())
    return max(1, round(words / _WORDS_A_MINUTE + unspaced / _CHARACTERS_A_MINUTE))


def shorten(text: str, limit: int) -> str:
    """At most `limit` code points, cut at a word, with an ellipsis where something was cut."""
    line = one_line(text)
    if len(line) <= limit:
        return line
    cut = line[:limit].rpartition(" ")[0] or line[: limit - 1]
    return cut.rstrip(" ,;:.-") + "…"
