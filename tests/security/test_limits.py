"""Every limit of a request at its edge: as much as it allows is answered, one more is refused with its code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from newsgraph.domain.errors import FaultCode
from newsgraph.engine.documents import Document, Documents
from newsgraph.graph.costs import Budget
from newsgraph.graph.schema import build
from newsgraph.settings import Settings, declared
from tests.security.cases import Back, Case, Sent, each
from tests.security.site import Site, opened_site

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "limits.md").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Edge:
    """A limit that is set to `most`: `inside` has as much as that, `outside` one more."""

    setting: str
    most: int
    code: str
    inside: str
    outside: str
    given: tuple[dict[str, Any], dict[str, Any]] = field(default=({}, {}))
    status: int = 200


def braces(levels: int) -> str:
    return "{ a: __typename " + "... { a: __typename " * (levels - 1) + "}" * levels


def variables(number: int) -> str:
    return f"query ({' '.join(f'$v{n}: Boolean = true' for n in range(number))}) {{ " + (
        " ".join(f"a{n}: __typename @skip(if: $v{n})" for n in range(number)) + " }"
    )


def padded(size: int) -> str:
    """A whole request of so many bytes."""
    return "{ __typename }".ljust(size - len(json.dumps({"query": "", "variables": {}})))


LISTED = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
FILTERED = "query ($filter: ArticleFilter) { articles(filter: $filter) { totalCount } }"
TEXT = "query ($v: String!) { search(query: $v) { totalCount } }"

EDGES = [
    Edge("message_size", 300, "REQUEST_TOO_LARGE", padded(300), padded(301), status=413),
    Edge("document_size", 50, "DOCUMENT_TOO_LONG", "{ __typename }".ljust(50), "{ __typename }".ljust(51)),
    Edge("document_tokens", 5, "TOO_MANY_TOKENS", "{" + " __typename" * 3 + "}", "{" + " __typename" * 4 + "}"),
    Edge("document_comments", 2, "TOO_MANY_COMMENTS", "#\n#\n{ __typename }", "#\n#\n#\n{ __typename }"),
    Edge(
        "document_operations", 1, "TOO_MANY_QUERIES", "{ __typename }", "query A { __typename } query B { __typename }"
    ),
    Edge(
        "document_fragments",
        1,
        "TOO_MANY_FRAGMENTS",
        "{ ...A } fragment A on Query { __typename }",
        "{ ...A ...B } fragment A on Query { __typename } fragment B on Query { __typename }",
    ),
    Edge("document_depth", 3, "DOCUMENT_TOO_DEEP", braces(3), braces(4)),
    Edge(
        "document_root_fields",
        3,
        "TOO_MANY_ROOT_FIELDS",
        "{ a: __typename b: __typename __typename }",
        "{" + " __typename" * 4 + "}",
    ),
    Edge(
        "document_aliases",
        2,
        "TOO_MANY_ALIASES",
        "{ a: __typename b: __typename }",
        "{ a: __typename b: __typename c: __typename }",
    ),
    Edge(
        "document_directives",
        1,
        "TOO_MANY_DIRECTIVES",
        "{ __typename @skip(if: false) }",
        "{ __typename @skip(if: false) @include(if: true) }",
    ),
    Edge("document_variables", 2, "TOO_MANY_VARIABLES", variables(2), variables(3)),
    Edge("variables_size", 20, "VARIABLES_TOO_LARGE", TEXT, TEXT, ({"v": "x" * 18}, {"v": "x" * 19})),
    Edge("variables_depth", 1, "VARIABLES_TOO_DEEP", LISTED, LISTED, ({"ids": "x"}, {"ids": ["x"]})),
    Edge("cost_maximum", 13, "COST_TOO_HIGH", LISTED, LISTED, ({"ids": ["x"] * 11}, {"ids": ["x"] * 12})),
]


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.setting)
async def test_the_edge_of_each_limit(settings: Settings, edge: Edge) -> None:
    changed: dict[str, Any] = {edge.setting: edge.most}
    async with opened_site(replace(settings, **changed)) as site:
        inside = await site.send(Sent(edge.inside, edge.given[0]))
        outside = await site.send(Sent(edge.outside, edge.given[1]))

    assert "errors" not in inside.json() or "INVALID_ID" in inside.text, inside.text
    assert [one["extensions"]["code"] for one in outside.json()["errors"]] == [edge.code]
    assert (outside.status_code, outside.json().get("data")) == (edge.status, None)


ELSEWHERE = {  # tested at their edges in test_timeouts.py, test_rates.py, test_admission.py and test_transport_ws.py
    "operation_timeout": "OPERATION_TIMED_OUT",
    **{f"rate_{name}": "RATE_LIMITED" for name in ("address", "viewer", "burst", "changes", "connections")},
    "connections": "TOO_MANY_CONNECTIONS",
    "connections_per_address": "TOO_MANY_CONNECTIONS",
    "http_connections": "TOO_MANY_CONNECTIONS",
    "http_connections_per_address": "TOO_MANY_CONNECTIONS",
    "socket_operations": "TOO_MANY_OPERATIONS",
}
LIMITS = {edge.setting: edge.code for edge in EDGES} | ELSEWHERE


@pytest.mark.parametrize("setting", LIMITS)
def test_each_limit_is_documented(setting: str) -> None:
    """Setting, default, code, and a reason."""
    row = next((line for line in PAGE.splitlines() if line.startswith(f"| `{setting}` |")), "")
    default = next(one.default for one in declared() if one.name == setting)
    _, _, said, code, reason, _ = (cell.strip() for cell in row.split("|"))
    assert (said, code) == (f"{default:,.0f}", f"`{LIMITS[setting]}`")
    assert len(reason) > 40


def test_every_limit_that_is_documented_exists() -> None:
    names = {setting.name for setting in declared()}
    codes = {code.value for code in FaultCode}
    assert {name for name, _ in ROWS} == set(LIMITS)
    for name, code in ROWS:
        assert (name in names, code in codes) == (True, True), (name, code)


# Those of imports have codes of their own, and tests of their own.
ROWS = re.findall(r"^\| `(\w+)` \|[^|]*\| `(\w+)` \|", PAGE.partition("## Imports")[0], re.MULTILINE)


# Floods


def refused(name: str, query: str, code: str, **more: Any) -> Case:
    return Case(name, Sent(query, **more), Back(code=code))


def chain(number: int, last: str) -> str:
    """Fragments of which each is spread twice by the one before it: 2^n paths."""
    links = "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(number))
    return f"{{ ...F0 }} {links} fragment F{number} on Query {{ {last} }}"


FLOODS = [
    refused(
        "aliases below the top",
        "{ articles { " + " ".join(f"a{n}: totalCount" for n in range(51)) + " } }",
        "TOO_MANY_ALIASES",
    ),
    refused(
        "aliases in fragments that are spread often",
        "{ ...A ...A } fragment A on Query { articles { " + " ".join(f"a{n}: totalCount" for n in range(26)) + " } }",
        "TOO_MANY_ALIASES",
    ),
    refused(
        "aliased mutations to guess with",
        "mutation {" + " ".join(f'a{n}: recordView(input: {{articleId: "x"}}) {{ counted }}' for n in range(31)) + "}",
        "TOO_MANY_ROOT_FIELDS",
    ),
    refused("directives on one field", "{ __typename " + "@include(if: true) " * 51 + "}", "TOO_MANY_DIRECTIVES"),
    refused("unknown directives are one mistake", "{ __typename " + "@aa " * 20 + "}", "GRAPHQL_VALIDATION_FAILED"),
    refused(
        "directives in fragments",
        "{ ...A ...A } fragment A on Query { articles { ...B ...B } } fragment B on ArticleConnection { "
        + "__typename @include(if: true) " * 13
        + "}",
        "TOO_MANY_DIRECTIVES",
    ),
    refused("18 fragments, each spread twice", chain(17, "__typename"), "TOO_MANY_ROOT_FIELDS"),
    refused("24 fragments, each spread twice", chain(24, "__typename"), "DOCUMENT_TOO_DEEP"),
    refused("90 fragments, each spread twice", chain(90, "__typename"), "DOCUMENT_TOO_DEEP"),
    refused("a fragment in itself", "{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
    refused(
        "a circle of fragments",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    refused(
        "a thousand fragments",
        "{ __typename } " + "".join(f"fragment F{n} on Query {{ __typename }}" for n in range(400)),
        "TOO_MANY_FRAGMENTS",
    ),
    refused("a thousand operations", " ".join(f"query Q{n} {{ __typename }}" for n in range(500)), "TOO_MANY_QUERIES"),
    refused("inline fragments in each other", "{" + "... {" * 100 + "__typename" + "}" * 101, "DOCUMENT_TOO_DEEP"),
    refused("braces without end", "{ a" * 10_000, "DOCUMENT_TOO_DEEP"),
    refused(
        "a list in a list in a list", "{ nodes(ids: " + "[" * 10_000 + "]" * 10_000 + ") { id } }", "DOCUMENT_TOO_DEEP"
    ),
    refused(
        "a type of lists of lists",
        "query ($v: " + "[" * 1_400 + "Int" + "]" * 1_400 + ") { __typename }",
        "DOCUMENT_TOO_DEEP",
    ),
    refused(
        "articles of sections of articles of sections",
        "{ articles { nodes { section { articles { nodes { section { articles { nodes { id } } } } } } } } }",
        "COST_TOO_HIGH",
    ),
    refused(
        "comments of articles, both by the hundred",
        "{ articles(first: 100) { nodes { comments(first: 100) { nodes { id } } } } }",
        "COST_TOO_HIGH",
    ),
    refused(
        "lists as long as a variable says",
        "query ($n: Int) { articles(first: $n) { nodes { comments(first: $n) { nodes { id } } } } }",
        "COST_TOO_HIGH",
        variables={"n": 100},
    ),
    refused(
        "lists as long as a variable's default says",
        "query ($n: Int = 100) { articles(first: $n) { nodes { comments(first: $n) { nodes { id } } } } }",
        "COST_TOO_HIGH",
    ),
    refused("pages of a million", "{ articles(first: 1000000) { nodes { id } } }", "PAGE_TOO_LARGE"),
    refused(
        "introspection round and round",
        "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    refused(
        "the whole schema thirty times",
        "{"
        + " ".join(f"a{n}: __schema {{ types {{ fields {{ args {{ name type {{ name }} }} }} }} }}" for n in range(30))
        + "}",
        "COST_TOO_HIGH",
    ),
    Case(
        "a batch",
        Sent(body=json.dumps([{"query": "{ __typename }"}] * 10).encode()),
        Back(status=400, code="BATCHING_NOT_SUPPORTED"),
    ),
    Case(
        "a batch of mutations",
        Sent(body=json.dumps([{"query": "mutation { __typename }"}] * 1_000).encode()),
        Back(status=400, code="BATCHING_NOT_SUPPORTED"),
    ),
    Case("JSON without end", Sent(body=b"[" * 100_000), Back(status=400, code="BAD_INPUT")),
    Case(
        "a number without end",
        Sent(body=b'{"query": "{ __typename }", "variables": {"v": ' + b"9" * 5_000 + b"}}"),
        Back(status=400, code="BAD_INPUT"),
    ),
    Case("a body without end", Sent(body=b" " * 1_000_001), Back(status=413, code="REQUEST_TOO_LARGE")),
]


@each(FLOODS)
async def test_floods_are_refused(site: Site, case: Case) -> None:
    await site.keeps(case)


# Costs


def cost(query: str, **variables: Any) -> int:
    schema = build()
    document: Document = Documents(schema.core).get(query)
    return Budget(schema, Settings()).cost(document, variables)


@pytest.mark.parametrize(
    ("query", "variables", "worth"),
    [
        ("{ __typename }", {}, 0),
        ('{ article(slug: "x") { headline slug } }', {}, 1),
        ('{ article(slug: "x") { section { name } } }', {}, 2),
        ("{ articles(first: 10) { nodes { id } } }", {}, 5 + 1 + 10),
        ("{ articles(first: 10) { edges { node { id } } } }", {}, 5 + 1 + 10 * 2),
        ("{ articles { nodes { id } } }", {}, 5 + 1 + 20),
        ("{ articles(last: 3) { totalCount nodes { id } } }", {}, 5 + 1 + 5 + 3),
        ("{ articles(first: 1000) { nodes { id } } }", {}, 5 + 1 + 100),
        ("{ articles(first: -5) { nodes { id } } }", {}, 5 + 1),
        ("{ articles(first: 2) { nodes { comments(first: 3) { nodes { id } } } } }", {}, 6 + 2 * (1 + 5 + 1 + 3)),
        ("query ($n: Int) { articles(first: $n) { nodes { id } } }", {"n": 7}, 6 + 7),
        ("query ($n: Int) { articles(first: $n) { nodes { id } } }", {}, 6 + 20),
        ("query ($n: Int) { articles(first: $n) { nodes { id } } }", {"n": None}, 6 + 20),
        ("query ($n: Int) { articles(first: $n) { nodes { id } } }", {"n": "many"}, 6 + 20),
        ("query ($n: Int = 4) { articles(first: $n) { nodes { id } } }", {}, 6 + 4),
        ("query ($n: Int = 4) { articles(first: $n) { nodes { id } } }", {"n": 10**9}, 6 + 100),
        ('{ nodes(ids: ["a", "b"]) { id } }', {}, 2 + 2),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 5}, 2 + 5),
        ("{ articles(first: 5) { ...A } } fragment A on ArticleConnection { nodes { id } }", {}, 6 + 5),
        ("{ articles(first: 5) { ... { nodes { id } } } }", {}, 6 + 5),
        (
            "query ($n: Int!) { a: articles(first: $n) { ...A } b: articles(first: 2) { ...A } }"
            " fragment A on ArticleConnection { nodes { comments(first: $n) { nodes { id } } } }",
            {"n": 3},
            6 + 3 * (1 + 6 + 3) + 6 + 2 * (1 + 6 + 3),
        ),
        ('mutation { recordView(input: {articleId: "x"}) { counted } }', {}, 11),
        ("subscription { latestStories { ... on RankedListChanged { list { items { nodes { id } } } } } }", {}, 9),
    ],
)
def test_what_operations_cost(query: str, variables: dict[str, Any], worth: int) -> None:
    assert cost(query, **variables) == worth


def operations() -> list[Any]:
    folders = [ROOT / "schema" / "operations", ROOT.parent / "shared" / "contract" / "operations"]
    texts = [path.read_text("utf-8") for folder in folders for path in sorted(folder.glob("*.graphql"))]
    return [
        *texts,
        get_introspection_query(input_value_deprecation=True, specified_by_url=True, schema_description=True),
    ]


@pytest.mark.parametrize("text", operations())
def test_what_pages_ask_for_costs_far_less_than_the_most(text: str) -> None:
    schema = build()
    budget = Budget(schema, Settings())
    for document in Documents(schema.core).learn(text).values():
        assert budget.cost(document, {}) * 2 < budget.maximum


async def test_costs_are_told_when_they_are_too_high_or_somebody_asks(site: Site) -> None:
    dear = await site.send(Sent("{ articles(first: 100) { nodes { comments(first: 100) { nodes { id } } } } }"))
    assert dear.json()["errors"][0]["extensions"]["cost"] == {"requested": 10_706, "maximum": 10_000}

    asking = {"newsgraph-debug": "1"}
    for _ in range(2):  # made, and kept
        told = await site.send(Sent("{ articles(first: 3) { nodes { id } } }", headers=asking))
        assert told.json()["extensions"]["cost"] == {"requested": 9, "maximum": 10_000}
    told = await site.send(Sent('mutation { recordView(input: {articleId: "x"}) { counted } }', headers=asking))
    assert told.json()["extensions"]["cost"]["requested"] == 11
    assert "extensions" not in (await site.send(Sent("{ articles(first: 3) { nodes { id } } }"))).json()


# Introspection

HINTS: list[tuple[str, str, dict[str, Any], str, tuple[str, ...]]] = [
    ("a field", "{ articl }", {}, "GRAPHQL_VALIDATION_FAILED", ("articles",)),
    ("an argument", "{ articles(firs: 1) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED", ("first",)),
    ("a type", "{ ... on Quer { __typename } }", {}, "GRAPHQL_VALIDATION_FAILED", ("Query",)),
    ("a directive", "{ __typename @skp(if: true) }", {}, "GRAPHQL_VALIDATION_FAILED", ("@skip",)),
    (
        "a value",
        "{ articles(orderBy: PUBLISHED_DES) { totalCount } }",
        {},
        "GRAPHQL_VALIDATION_FAILED",
        ("PUBLISHED_DESC",),
    ),
    (
        "an input field",
        '{ articles(filter: { sectio: "x" }) { totalCount } }',
        {},
        "GRAPHQL_VALIDATION_FAILED",
        ("section",),
    ),
    (
        "a variable's value",
        "query ($v: ArticleOrder!) { articles(orderBy: $v) { totalCount } }",
        {"v": "PUBLISHED_DES"},
        "BAD_INPUT",
        ("PUBLISHED_DESC",),
    ),
    ("a variable's field", FILTERED, {"filter": {"sectio": "x"}}, "BAD_INPUT", ("section",)),
    (
        "a subscription's variable",
        "subscription ($v: ModerationQueueName) { moderationEvents(queue: $v) { __typename } }",
        {"v": "PENDIN"},
        "BAD_INPUT",
        ("PENDING",),
    ),
]

HIDDEN = [
    refused("the schema", "{ __schema { types { name } } }", "INTROSPECTION_DISABLED"),
    refused("a type", '{ __type(name: "Query") { fields { name } } }', "INTROSPECTION_DISABLED"),
    refused("the schema below an alias", "{ x: __schema { queryType { name } } }", "INTROSPECTION_DISABLED"),
    refused(
        "the schema in a fragment",
        "{ ...A } fragment A on Query { __schema { queryType { name } } }",
        "INTROSPECTION_DISABLED",
    ),
    *[
        Case(f"no hint at {name}", Sent(query, given), Back(code=code, never=("Did you mean", *never)))
        for name, query, given, code, never in HINTS
    ],
]


@pytest.fixture
async def closed(settings: Settings) -> Any:
    async with opened_site(replace(settings, introspection=False)) as site:
        yield site


@each(HIDDEN)
async def test_a_schema_that_is_not_shown(closed: Site, case: Case) -> None:
    if "subscription" in case.sent.query:
        await closed.keeps_by_socket(case)
    else:
        await closed.keeps(case)


async def test_what_is_answered_all_the_same(closed: Site) -> None:
    assert (await closed.send(Sent("{ __typename }"))).json() == {"data": {"__typename": "Query"}}
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{closed.url}/schema.graphql")).status_code == 404
        assert "schema.graphql" not in (await client.get(closed.url)).text


async def test_names_are_suggested_where_the_schema_is_open(site: Site) -> None:
    assert "Did you mean" in (await site.send(Sent("{ articl }"))).text
