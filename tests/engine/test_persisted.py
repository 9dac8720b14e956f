"""Persisted documents: named by hash or id, registered when they are what their name says, read from files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from newsgraph.engine import documents as documents_module
from newsgraph.engine.documents import Documents, RequestError
from newsgraph.engine.persisted import (
    BadTrusted,
    Malformed,
    Mismatch,
    NotFound,
    NotSupported,
    NotTrusted,
    Persisted,
    Refusal,
    Trusted,
    identify,
    read_trusted,
)

TEXT = "query Name { name }"
HASH = hashlib.sha256(TEXT.encode()).hexdigest()
MD5 = "0123456789abcdef0123456789abcdef"
NAME = Trusted("Name", TEXT, "name.graphql")


@pytest.fixture
def documents() -> Documents:
    return Documents(build_schema("type Query { name: String }"))


def apollo(given: str = HASH, version: object = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": given}, "another": 1}


# Identifiers


def test_identifiers_are_those_of_the_specification() -> None:
    """The two examples of the appendix "Persisted Documents"."""
    spaced, tight = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}", "query($id:ID!){user(id:$id){name}}"
    assert identify(spaced) == "sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"
    assert identify(tight) == "sha256:71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"


def test_half_a_surrogate_pair_is_a_bad_document_and_no_defect(documents: Documents) -> None:
    text = "{ name } # \ud83d"
    with pytest.raises(RequestError):
        Persisted(documents).resolve(text, identify(text))


# Automatic


def test_a_hash_is_asked_for_its_text_once(documents: Documents) -> None:
    persisted = Persisted(documents)
    with pytest.raises(NotFound) as missed:
        persisted.resolve(None, None, apollo())
    assert (missed.value.code, str(missed.value)) == ("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")

    assert persisted.resolve(TEXT, None, apollo()) == TEXT
    assert persisted.resolve(None, None, apollo()) == TEXT
    assert persisted.resolve("", f"sha256:{HASH}") == TEXT


def test_a_text_alone_registers_nothing(documents: Documents) -> None:
    persisted = Persisted(documents)
    assert persisted.resolve(TEXT) == persisted.resolve(TEXT, None, {"other": {}}) == TEXT
    with pytest.raises(NotFound):
        persisted.resolve(None, None, apollo())
    assert persisted.resolve(None) == "", "what neither has nor names a text is nobody's business here"


@pytest.mark.parametrize("named", [("sha256:" + "0" * 64, None), (None, apollo("0" * 64)), ("Name", None)])
def test_a_text_is_what_its_name_says(documents: Documents, named: tuple[str | None, Any]) -> None:
    persisted = Persisted(documents)
    with pytest.raises(Mismatch):
        persisted.resolve(TEXT, *named)
    with pytest.raises(NotFound):
        persisted.resolve(None, *named)


def test_only_what_is_valid_is_registered(documents: Documents) -> None:
    persisted, wrong = Persisted(documents), "{ nobody }"
    with pytest.raises(RequestError):
        persisted.resolve(wrong, identify(wrong))
    with pytest.raises(NotFound):
        persisted.resolve(None, identify(wrong))


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (apollo(version=2), NotSupported),
        (apollo(version=None), NotSupported),
        ({"persistedQuery": {"version": 1}}, Malformed),
        ({"persistedQuery": {"version": 1, "sha256Hash": 7}}, Malformed),
        ({"persistedQuery": [1]}, Malformed),
        ({"persistedQuery": "x"}, Malformed),
        (apollo("no hash"), NotFound),
        (apollo(HASH.upper()), NotFound),
    ],
)
def test_what_is_not_of_the_protocol(documents: Documents, asked: Any, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        Persisted(documents).resolve(None, None, asked)


def test_where_it_is_switched_off_clients_are_told_to_send_texts(documents: Documents) -> None:
    persisted = Persisted(documents, memory=0)
    with pytest.raises(NotSupported):
        persisted.resolve(None, None, apollo())
    assert persisted.resolve(TEXT, None, apollo()) == TEXT
    with pytest.raises(NotSupported):
        persisted.resolve(None, None, apollo())
    with pytest.raises(Mismatch):
        persisted.resolve(TEXT, None, apollo("0" * 64))


def test_a_flood_of_registrations_takes_no_place_of_hot_ones(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "learn", lambda text: {})
    persisted = Persisted(documents, memory=200_000)
    hot = [f"{{ hot{number}: name }}" for number in range(100)]
    for text in hot:
        persisted.resolve(text, identify(text))
        persisted.resolve(None, identify(text))
    for number in range(10_000):
        text = f"{{ flood{number}: name }}"
        persisted.resolve(text, identify(text))
        if number % 50 == 0:
            assert [persisted.resolve(None, identify(text)) for text in hot] == hot

    assert persisted._registered
    assert persisted._registered.weight <= 200_000


def test_a_text_that_is_registered_is_not_checked_again(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    persisted = Persisted(documents)
    persisted.resolve(TEXT, identify(TEXT))
    monkeypatch.setattr(documents_module, "parse", None)
    monkeypatch.setattr(documents, "learn", None)
    assert persisted.resolve(TEXT, identify(TEXT)) == TEXT


# Trusted


@pytest.mark.parametrize("named", [("Name", None), (f"sha256:{HASH}", None), (None, apollo()), (None, apollo("Name"))])
@pytest.mark.parametrize("only", [False, True])
def test_what_is_trusted_has_its_hash_and_its_name(
    documents: Documents, named: tuple[str | None, Any], only: bool
) -> None:
    persisted = Persisted(documents, [NAME], only_trusted=only)
    assert persisted.resolve(None, *named) == persisted.resolve(TEXT, *named) == persisted.resolve(TEXT) == TEXT


def test_nothing_else_is_executed_where_that_is_asked(documents: Documents) -> None:
    persisted, other = Persisted(documents, [NAME], only_trusted=True), "{ name }"
    for named in (None, identify(other)):
        with pytest.raises(NotTrusted) as refused:
            persisted.resolve(other, named)
        assert refused.value.code == "DOCUMENT_NOT_TRUSTED"
    with pytest.raises(NotFound):
        persisted.resolve(None, identify(other))
    with pytest.raises(NotFound):
        persisted.resolve(None, "Other")


def test_the_trusted_and_others(documents: Documents) -> None:
    persisted, other = Persisted(documents, [NAME]), "{ name }"
    assert persisted.resolve(other, identify(other)) == persisted.resolve(None, identify(other)) == other
    with pytest.raises(Mismatch):
        persisted.resolve(other, "Name")


def test_ids_that_are_hashes_by_another_rule(documents: Documents) -> None:
    """As clients that print documents differently make them: what the manifest says counts."""
    id_ = "ab" * 32
    persisted = Persisted(documents, [Trusted(id_, TEXT, "manifest.json")])
    assert persisted.resolve(None, None, apollo(id_)) == persisted.resolve(TEXT, id_) == TEXT


@pytest.mark.parametrize(
    ("trusted", "message"),
    [
        ([Trusted("Bad", "{ nobody }", "here/bad.graphql")], "here/bad.graphql: Bad: Cannot query field 'nobody'"),
        ([NAME, Trusted("Name", "{ name }", "b.json")], "b.json: Name: another document has this name"),
        ([], "no trusted documents"),
    ],
)
def test_what_cannot_be_trusted_is_said_at_once(documents: Documents, trusted: list[Trusted], message: str) -> None:
    with pytest.raises(BadTrusted, match=message):
        Persisted(documents, trusted, only_trusted=True)


def test_the_same_document_twice_is_one(documents: Documents) -> None:
    persisted = Persisted(documents, [NAME, NAME, Trusted("Again", TEXT, "again.graphql")])
    assert persisted.resolve(None, "Name") == persisted.resolve(None, "Again")


# Files


def manifest(folder: Path, content: object) -> Path:
    path = folder / "manifest.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "B.graphql").write_text("{ b }\n", "utf-8")
    (tmp_path / "A.graphql").write_text("{ ä: a }", "utf-8")
    (tmp_path / "README.md").write_text("no document", "utf-8")

    assert read_trusted(tmp_path) == (
        Trusted("A", "{ ä: a }", str(tmp_path / "A.graphql")),
        Trusted("B", "{ b }\n", str(tmp_path / "deep" / "B.graphql")),
    )


def test_a_manifest_of_apollo(tmp_path: Path) -> None:
    operations = [{"id": HASH, "name": "Name", "type": "query", "body": TEXT}]
    path = manifest(tmp_path, {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations})
    assert read_trusted(path) == (Trusted(HASH, TEXT, str(path)),)


@pytest.mark.parametrize("id_", [HASH, f"sha256:{HASH}", MD5])
def test_a_manifest_of_texts_by_id(tmp_path: Path, documents: Documents, id_: str) -> None:
    trusted = read_trusted(manifest(tmp_path, {id_: TEXT}))
    persisted = Persisted(documents, trusted, only_trusted=True)
    assert persisted.resolve(None, id_) == persisted.resolve(None, None, apollo()) == TEXT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "manifest.json: Expecting property name"),
        ("[]", "a manifest is a JSON object"),
        ({"a": 1}, "both are strings"),
        ({f"sha256:{HASH}": "{ name }"}, "is not the hash of its text"),
        ({"format": "other", "version": 1, "operations": []}, "another kind"),
        ({"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}, "version 1"),
        ({"format": "apollo-persisted-query-manifest", "version": 1}, "a list of objects"),
        ({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [1]}, "a list of objects"),
        ({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "a"}]}, "both are strings"),
    ],
)
def test_a_bad_manifest_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(BadTrusted, match=message) as refused:
        read_trusted(manifest(tmp_path, content))
    assert "manifest.json" in str(refused.value)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadTrusted, match=r"nowhere\.json"):
        read_trusted(tmp_path / "nowhere.json")
    with pytest.raises(BadTrusted, match=r"no \.graphql files"):
        read_trusted(tmp_path)
    (tmp_path / "latin.graphql").write_bytes(b"{ \xe4 }")
    with pytest.raises(BadTrusted, match=r"latin\.graphql"):
        read_trusted(tmp_path)
