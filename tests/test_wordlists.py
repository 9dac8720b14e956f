"""Lists of words, read from real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsgraph.policies.spelling import spell
from newsgraph.policies.words import Match
from newsgraph.settings import Settings, SettingsError
from newsgraph.wordlists import read_vocabulary


def test_one_file_is_for_every_language(tmp_path: Path) -> None:
    file = tmp_path / "de.txt"
    file.write_text("ninny\n", "utf-8")
    found = read_vocabulary(Settings(banned_words=str(file)))
    assert found.banned.find(spell("ninny"), "fr") == Match("ninny")
    assert not found.suspect


def test_a_folder_has_a_list_for_each_language(tmp_path: Path) -> None:
    for name, word in (("all.txt", "ninny"), ("de-AT.txt", "trottel"), (".hidden.txt", "other"), ("notes.md", "x")):
        (tmp_path / name).write_text(word, "utf-8")
    words = read_vocabulary(Settings(suspect_words=str(tmp_path))).suspect
    assert words.find(spell("ninny"), "fr") == Match("ninny")
    assert words.find(spell("Trottel", "de"), "de") == Match("trottel")
    assert words.find(spell("Trottel other x"), "fr") is None


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "latin.txt").write_bytes(b"bl\xf6d")
    (tmp_path / "long.txt").write_text("x" * 65)
    (tmp_path / "large.txt").write_text("word\n" * 250_000)
    for name, why in {
        "missing.txt": "cannot be read",
        "empty": "no lists",
        "latin.txt": "no UTF-8",
        "long.txt": "more than 64",
        "large.txt": "larger than",
    }.items():
        with pytest.raises(SettingsError, match=f"banned_words: .*{name} .*{why}"):
            read_vocabulary(Settings(banned_words=str(tmp_path / name)))
