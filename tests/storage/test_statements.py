from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from newsgraph.actions.checks import CHECKS
from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.pages import Slice
from newsgraph.storage.statements import Keyset, Part, Statements

QUERIES = {
    file.name: file.read_text(encoding="utf-8") for file in files("newsgraph.storage").joinpath("queries").iterdir()
}


def test_parameters_and_batches_are_written_for_sqlite() -> None:
    statements = Statements({"a": "SELECT 1 FROM ids($2) AS p WHERE x IN texts($1) AND y = $10"})
    assert statements.text("a") == (
        "SELECT 1 FROM (SELECT value FROM json_each(?2)) AS p WHERE x IN (SELECT value FROM json_each(?1)) AND y = ?10"
    )


def test_one_value_is_no_batch() -> None:
    statements = Statements({"a": "SELECT 1 FROM ids($1) AS p, texts($2) WHERE x IN texts($1)"})
    assert statements.text("a", single=True) == (
        "SELECT 1 FROM (SELECT ?1 AS value) AS p, (SELECT value FROM json_each(?2)) WHERE x IN (?1)"
    )
    assert "?1)) AS p" in statements.text("a")


def test_parts_are_put_in_and_their_parameters_numbered_after_the_others() -> None:
    statements = Statements({"a": "SELECT $1, $2 /*x*/ /*y*/ /*z*/", "columns": "q, r", "b": "SELECT /*columns*/"})
    parts = (Part("y", "AND y = $1", ("Y",)), Part("x", "AND x IN ($1, $2)", ("X", "X")))
    assert statements.text("a", parts) == "SELECT ?1, ?2 AND x IN (?4, ?5) AND y = ?3 "
    assert statements.text("a", parts) is statements.text("a", parts)
    assert statements.text("b") == "SELECT q, r"


def test_a_keyset_in_each_direction() -> None:
    up, down = Keyset((("a", int), ("b", int))), Keyset((("a", int), ("b", int)), descending=True)
    between = Slice(1, after=(1, 2), before=(3, 4))
    assert up.parts(between) == (
        Part("between", " AND (a, b) > ($1, $2) AND (a, b) < ($3, $4)", (1, 2, 3, 4)),
        Part("order", "a ASC, b ASC"),
    )
    backward = Slice(1, before=(3, 4), backward=True)
    assert down.parts(backward) == (Part("between", " AND (a, b) > ($1, $2)", (3, 4)), Part("order", "a ASC, b ASC"))
    assert up.parts(Slice(1)) == (Part("between", "", ()), Part("order", "a ASC, b ASC"))


@pytest.mark.parametrize("key", [(), (1,), (1, 2, 3), ("1", 2), (1, 2.0)])
def test_a_key_of_another_shape_is_refused(key: tuple[int | str, ...]) -> None:
    with pytest.raises(Fault) as caught:
        Keyset((("a", int), ("b", int))).parts(Slice(1, after=key))
    assert caught.value.code is FaultCode.INVALID_CURSOR


def test_every_statement_has_a_name_of_its_own() -> None:
    names = [name for text in QUERIES.values() for name in re.findall(r"^-- name: (\w+)$", text, re.MULTILINE)]
    assert len(names) == len(set(names)) > 50


def test_every_statement_is_used() -> None:
    package = Path(str(files("newsgraph.storage")))
    code = "\n".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    checks = {f"check_{check.name}" for check in CHECKS if check.find is None}
    checks |= {f"mend_{check.name}" for check in CHECKS if check.mends and check.mend is None}
    assert checks == set(re.findall(r"^-- name: (\w+)$", QUERIES["checks.sql"], re.MULTILINE))
    for text in QUERIES.values():
        for name in set(re.findall(r"^-- name: (\w+)$", text, re.MULTILINE)) - checks:
            composed = re.sub(r"(unmoderated|reported|pending|all|author|tag|tagged)$", "", name)
            assert f'"{name}"' in code or f"/*{name}*/" in "".join(QUERIES.values()) or f'"{composed}{{' in code, name
