"""The lists of words that a site does not take or wants to see, from files."""

from __future__ import annotations

from pathlib import Path

from newsgraph.policies.submissions import Vocabulary
from newsgraph.policies.words import EVERYWHERE, BadList, WordList, Words, read_list
from newsgraph.settings import Settings, SettingsError

_FILE_MAX = 1_000_000  # bytes: some 100,000 words


def read_vocabulary(settings: Settings) -> Vocabulary:
    """Errors: SettingsError, which names the setting and the file."""
    return Vocabulary(_words("banned_words", settings.banned_words), _words("suspect_words", settings.suspect_words))


def _words(setting: str, path: str) -> Words:
    """One file for every language, or a folder in which each file is named for its language, or "all"."""
    if not path:
        return Words()
    place = Path(path)
    if not place.is_dir():
        return Words([_read(setting, place, EVERYWHERE)])
    files = sorted(file for file in place.glob("*.txt") if not file.name.startswith("."))
    if not files:
        raise SettingsError(f"{setting}: {path} has no lists in it (de.txt, all.txt).")
    return Words(_read(setting, file, file.stem) for file in files)


def _read(setting: str, file: Path, name: str) -> WordList:
    try:
        with file.open("rb") as opened:
            data = opened.read(_FILE_MAX + 1)
        if len(data) > _FILE_MAX:
            raise BadList(f"is larger than {_FILE_MAX:,} bytes")
        return read_list(name, data.decode("utf-8"))
    except OSError as error:
        raise SettingsError(f"{setting}: {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{setting}: {file} is no UTF-8.") from None
    except BadList as error:
        raise SettingsError(f"{setting}: {file} {error}.") from None
