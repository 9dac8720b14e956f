"""Documents: each text is parsed and validated once; nobody can make that expensive, or make us forget the others."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query, parse, validate

from newsgraph.engine import documents as module
from newsgraph.engine.documents import Document, Documents, Request, RequestError, check
from newsgraph.engine.limits import Limits
from newsgraph.graph.schema import build as build_news

SCHEMA = build_schema("type Query { me(id: ID, other: ID): Query friends: [Query!]! name: String }")
OPERATIONS = sorted((Path(__file__).parents[2] / "schema" / "operations").glob("*.graphql"))
REAL = [
    *(path.read_text("utf-8") for path in OPERATIONS),
    get_introspection_query(input_value_deprecation=True, specified_by_url=True, schema_description=True),
]


@pytest.fixture
def documents() -> Documents:
    return Documents(SCHEMA)


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are validated, each time."""
    seen: list[str] = []

    def noting(schema: Any, parsed: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(parsed.loc.source.body)
        return validate(schema, parsed, *args, **kwargs)

    monkeypatch.setattr(module, "validate", noting)
    return seen


def refusal(documents: Documents, text: str, name: str | None = None) -> RequestError:
    with pytest.raises(RequestError) as refused:
        documents.get(text, name)
    return refused.value


# Once for each text


def test_a_text_is_checked_once_whatever_operation_is_asked_for(documents: Documents, validated: list[str]) -> None:
    text = "query A { name } query B { me { name } }"
    first = documents.get(text, "A")

    assert documents.get(text, "A") is first
    assert documents.get(text, "B").operation.name.value == "B"  # type: ignore[union-attr]
    assert documents.get("{ name }") is documents.get("{ name }")
    assert validated == [text, "{ name }"]


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("{ name }", None, True),
        ("query A { name }", None, True),
        ("query A { name }", "A", True),
        ("query A { name }", "B", False),
        ("{ name }", "A", False),
        ("query A { name } query B { name }", None, False),
        ("query A { name } query B { name }", "", False),
        ("query A { name } query B { name }", "B", True),
    ],
)
def test_which_operation_is_meant(documents: Documents, text: str, name: str | None, found: bool) -> None:
    if found:
        assert documents.get(text, name).text == text
    else:
        assert refusal(documents, text, name).valid, "the document is good, the request is not"


def test_what_a_document_uses(documents: Documents) -> None:
    text = "query ($a: ID) { ...F me(id: $a, other: $a) { name } } fragment F on Query { friends { name } }"
    document = documents.get(text)

    assert document.fields == {"me", "friends", "name"}
    assert document.places - document.fields == {".me", "me.name", ".friends", "friends.name"}
    assert document.variables == ("a", "a")
    assert document.selects(frozenset({"friends"}))
    assert not document.is_subscription


def test_what_is_derived_is_made_once_for_each_operation(documents: Documents) -> None:
    made: list[str] = []

    def name(document: Document) -> str | None:
        node = document.operation.name
        made.append(node.value if node else "")
        return node.value if node else None

    text = "query A { name } query B { name }"
    assert [documents.get(text, one).derived(name) for one in "ABAB"] == ["A", "B", "A", "B"]
    assert [documents.get("{ name }").derived(name) for _ in range(2)] == [None, None]
    assert documents.get(text, "A").derived(len_of) == len(text)
    assert made == ["A", "B", ""]


def len_of(document: Document) -> int:
    return len(document.text)


def test_what_cannot_be_derived_is_tried_again(documents: Documents) -> None:
    tried: list[Document] = []

    def fail(document: Document) -> int:
        tried.append(document)
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            documents.get("{ name }").derived(fail)
    assert len(tried) == 2


# Refusals


@pytest.mark.parametrize("text", ["{ name", "{ nam }", "", "fragment F on Query { name }", "{ name } { name }"])
def test_what_is_refused_is_said_again_without_being_looked_at(
    documents: Documents, validated: list[str], text: str
) -> None:
    first = refusal(documents, text)
    looked = len(validated)
    again = [refusal(documents, text) for _ in range(3)]

    assert not first.valid
    assert first.errors
    for one in again:
        assert ([error.formatted for error in one.errors], one.valid) == (
            [error.formatted for error in first.errors],
            False,
        )
    assert len(validated) == looked


def test_memory_of_refusals_is_small(documents: Documents) -> None:
    """And holds nothing that was parsed."""
    for number in range(3_000):
        refusal(documents, f"{{ wrong{number} }}")

    assert len(documents._known) == 0
    assert len(documents._refused) < 500
    assert documents._refused.weight <= module._REFUSED
    assert all(error.nodes is None for slot in documents._refused._trial.values() for error in slot.value)


def test_refusals_take_no_place_of_what_is_good() -> None:
    documents = Documents(SCHEMA, memory=200_000)
    document = documents.get("{ name }")
    for number in range(500):
        refusal(documents, f"{{ wrong{number} }}")
    assert documents.get("{ name }") is document


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ name " + "#" * 100 + "\n}", "more than 100 characters"),
        ("{" + " name" * 11 + "}", "more than 10 tokens"),
        ("{ name" + "\n#" * 6 + "\n}", "more than 5 comments"),
    ],
)
def test_what_is_too_large_is_not_parsed(validated: list[str], text: str, message: str) -> None:
    documents = Documents(SCHEMA, Limits(characters=100, tokens=10, comments=5))
    refused = refusal(documents, text)

    assert message in str(refused)
    assert (refused.valid, validated) == (False, [])
    assert documents.get("{ name # 100" + " " * 86 + "\n}")


def test_a_text_that_is_too_long_is_not_remembered(documents: Documents) -> None:
    for _ in range(2):
        refusal(documents, "{ name }" + " " * 100_000)
    assert (len(documents._known), len(documents._refused)) == (0, 0)


def test_check_remembers_nothing(validated: list[str]) -> None:
    for _ in range(2):
        assert check(SCHEMA, Request("query A { name }", operation_name="A")).fields == {"name"}
    assert len(validated) == 2


# Bounds


def test_a_flood_of_texts_takes_no_place_of_hot_ones(validated: list[str]) -> None:
    documents = Documents(SCHEMA, memory=3_000_000)
    hot = [f"{{ hot{number}: name }}" for number in range(100)]
    for text in hot * 2:
        documents.get(text)
    for number in range(2_000):
        documents.get(f"{{ flood{number}: name }}")
        documents.get(hot[number % 100])

    assert len(validated) == 100 + 2_000
    assert documents._known.weight <= 3_000_000


def test_a_document_weighs_what_it_is_said_to() -> None:
    """Names, values, text, nesting: with each of them the weight is no less than what is parsed."""
    long = "y" * 30_000
    texts = [
        *REAL,
        "{" + " ".join(f"a{number}: name" for number in range(900)) + "}",
        "{" + " name" * 2_900 + "}",
        "{ name" + "\n#" * 1_000 + "\n}",
        f"{{ name # {long}\n}}",
        f'{{ me(id: "{long}") {{ name }} }}',
        "{" + "me {" * 90 + "name" + "}" * 90 + "}",
        " ".join(f"query Q{number} {{ name }}" for number in range(400)),
    ]
    for text in texts:
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        copy = text + " "
        operations = module._operations(copy, parse(copy))
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert module._weight(copy, operations) > after - before, text[:60]


def noted_budgets(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[int]]:
    """How many comparisons each document has taken."""
    rules: list[Any] = []
    sound = module._Overlaps.__init__

    def noting(rule: Any, context: Any) -> None:
        sound(rule, context)
        rules.append(rule)

    monkeypatch.setattr(module._Overlaps, "__init__", noting)
    return lambda: [module._COMPARISONS - rule.rule_context.remaining_complexity_budget for rule in rules]


@pytest.mark.parametrize("text", REAL, ids=[*(path.stem for path in OPERATIONS), "introspection"])
def test_what_real_clients_send_is_far_from_every_limit(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used = noted_budgets(monkeypatch)
    operations = Documents(build_news().core).learn(text)

    assert next(iter(operations.values())).parsed.token_count * 10 < Limits().tokens
    assert len(text) * 10 < Limits().characters
    assert used()[0] * 100 < module._COMPARISONS


FRAGMENTS = 270
MANY = 10**12
LOOSE = Limits(operations=MANY, fragments=MANY, depth=3_000, root_fields=MANY, aliases=MANY)
"""Size alone is limited, for what must not be slow even so."""


@pytest.mark.parametrize(
    "text",
    [
        "{" + "friends { name } " * 700 + "}",
        "{" + " ".join(f"a: me(id: {number}) {{ name }}" for number in range(270)) + "}",
        "{"
        + "".join(f"...F{n} " for n in range(FRAGMENTS))
        + "}"
        + "".join(f"fragment F{n} on Query {{ name }}" for n in range(FRAGMENTS)),
        "{ ...F0 }"
        + "".join(
            f"fragment F{n} on Query {{ me(id: {n}) {{ name }} {' '.join(f'...F{m}' for m in range(n + 1, 36))} }}"
            for n in range(36)
        ),
        "{" + "me { friends { me { name } } } " * 210 + "}",
    ],
    ids=["same fields", "conflicting fields", "fragments", "fragments in fragments", "deep"],
)
def test_comparing_fields_ends(text: str) -> None:
    """Each is less than 3,000 tokens and would take a tenth of a second to a whole one."""
    refused = refusal(Documents(SCHEMA, LOOSE), text)
    assert not refused.valid
    assert any("too complex" in error.message or "Too many" in error.message for error in refused.errors)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "within itself"),
        ("{" + "me {" * 1_400 + "}" * 1_400 + "}", "more than 3000 levels"),
        ("{" + " ".join(f"nam{number}" for number in range(2_000)) + "}", "Too many validation errors"),
    ],
)
def test_other_nasty_documents(text: str, message: str) -> None:
    refused = refusal(Documents(SCHEMA, LOOSE), text)
    assert message in str(refused)
    assert len(refused.errors) <= module._ERRORS + 1


def test_many_aliases_are_many_fields_and_no_more() -> None:
    assert Documents(SCHEMA, LOOSE).get("{" + " ".join(f"a{number}: name" for number in range(900)) + "}").fields == {
        "name"
    }
