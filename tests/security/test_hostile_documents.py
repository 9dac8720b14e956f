"""Documents that were written to be slow: each within the limit of size, each refused or answered in little time.

A quarter of a second of processor time is what is promised for a full-sized one; here it is the time of this process,
not the clock's, so that a busy machine changes nothing. The worst of them take a fifth of it (AMD EPYC, Python 3.11).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from newsgraph.engine.documents import Documents, RequestError
from newsgraph.engine.limits import Limits
from newsgraph.graph.costs import Budget
from newsgraph.graph.schema import build
from newsgraph.settings import Settings

PROMISED = 0.25  # seconds of processor time
SIZE = Limits().characters


def many(number: int, one: Callable[[int], str]) -> str:
    return " ".join(map(one, range(number)))


def of_articles(selected: str) -> str:
    return f"{{ articles {{ nodes {{ {selected} }} }} }}"


def nested(start: str, turn: str, end: str, number: int) -> str:
    return start + turn * number + end


HOSTILE = {
    # names and signs
    "one name as long as the document": "{" + "a" * (SIZE - 2) + "}",
    "long names that nobody knows": of_articles(many(95, lambda n: "a" * 1_000 + str(n))),
    "nothing but commas": "{ __typename" + "," * (SIZE - 14) + " }",
    "nothing but byte order marks": "\ufeff" * (SIZE - 12) + "{__typename}",
    "nothing but line ends": "{ __typename" + "\n" * (SIZE - 14) + " }",
    "comments": "#\n" * 1_000 + "{ __typename }",
    "a long comment": "#" + "x" * (SIZE - 20) + "\n{ __typename }",
    "a text without end": '{ a(b: "' + "x" * (SIZE - 10),
    "a text of escapes": '{ article(slug: "' + "\\n" * 49_000 + '") { id } }',
    "a text of Unicode escapes": '{ article(slug: "' + "\\u0041" * 16_000 + '") { id } }',
    "a block of lines": '{ article(slug: """' + "\n x" * 33_000 + '""") { id } }',
    "a block of indented lines": '{ article(slug: """' + ("\n" + " " * 900 + "x") * 105 + '""") { id } }',
    "a number of 99,000 digits": "{ articles(first: " + "9" * 99_000 + ") { nodes { id } } }",
    "a fraction of 99,000 digits": "{ articles(first: 0." + "9" * 99_000 + ") { nodes { id } } }",
    "numbers of 4,000 digits": "{ nodes(ids: [" + ("9" * 4_000 + " ") * 24 + "]) { id } }",
    # nesting
    "braces": nested("{", " a {", "", 2_900),
    "brackets": "{ a(b: " + "[" * 1_400 + "]" * 1_400 + ") }",
    "objects": "{ a(b: " + "{a:" * 700 + "1" + "}" * 700 + ") }",
    "types": "query ($v: " + "[" * 1_400 + "Int" + "]" * 1_400 + ") { __typename }",
    "inline fragments": "{" + "... {" * 900 + "__typename" + "}" * 901,
    # fields
    "one field, over and over": "{" + " __typename" * 2_900 + "}",
    "unknown fields": "{" + many(2_900, lambda n: f"nope{n}") + "}",
    "unknown fields below": of_articles(many(2_900, lambda n: f"nope{n}")),
    "almost known fields below": of_articles(many(2_900, lambda n: f"headlin{n}")),
    "the same objects, over and over": of_articles("section { id slug name } " * 480),
    "the same objects in fragments": of_articles("... { section { ... { id slug name } } } " * 230),
    "different objects of one name": of_articles(many(40, lambda n: f"a: comments(first: {n}) {{ totalCount }}")),
    "aliases": "{" + many(980, lambda n: f"a{n}: __typename") + "}",
    "directives": "{ __typename " + "@skip(if: false) " * 480 + "}",
    "unknown directives": "{ __typename " + "@aa " * 1_400 + "}",
    # arguments
    "unknown arguments": "{ article(" + many(900, lambda n: f"nope{n}: 1") + ") { id } }",
    "long unknown arguments": "{ article(" + many(95, lambda n: "a" * 1_000 + f"{n}: 1") + ") { id } }",
    "one argument, over and over": "{ article(" + "slug: 1 " * 900 + ") { id } }",
    "unknown fields of an input": "{ articles(filter: {" + many(900, lambda n: f"nope{n}: 1") + "}) { totalCount } }",
    "one field of an input, over and over": "{ articles(filter: {" + "tag: 1 " * 900 + "}) { totalCount } }",
    "unknown values": of_articles(many(40, lambda n: f"a{n}: viewCount(window: NOPE{n})")),
    "a long list": "{ nodes(ids: [" + '"a" ' * 2_900 + "]) { id } }",
    "a list of what does not fit": "{ nodes(ids: [" + "{ a: 1 } " * 580 + "]) { id } }",
    # fragments
    "fragments, each spread twice": "{ ...F0 }"
    + many(99, lambda n: f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}")
    + "fragment F99 on Query { __typename }",
    "fragments that spread all after them": of_articles("...F0")
    + many(
        18, lambda n: f"fragment F{n} on Article {{ section {{ id }} {many(18 - n, lambda m: f'...F{n + m + 1}')} }}"
    )
    + "fragment F18 on Article { id }",
    "fragments side by side": of_articles(many(99, lambda n: f"...F{n}"))
    + many(99, lambda n: f"fragment F{n} on Article {{ section {{ id slug name }} authors {{ name }} }}"),
    "fragments of different fields side by side": of_articles(many(40, lambda n: f"...F{n}"))
    + many(40, lambda n: f"fragment F{n} on Article {{ a: comments(first: {n}) {{ totalCount nodes {{ id }} }} }}"),
    "a circle of fragments": "{ ...F0 }" + many(100, lambda n: f"fragment F{n} on Query {{ ...F{(n + 1) % 100} }}"),
    "all fragments in all": "{ ...F0 }"
    + many(50, lambda n: f"fragment F{n} on Query {{ {many(50, lambda m: f'...F{m}')} }}"),
    "one fragment, over and over": "{ ...F }" + "fragment F on Query { __typename } " * 100,
    "spreads of nothing": of_articles(many(900, lambda n: f"...F{n}")),
    "unknown types": of_articles(many(700, lambda n: f"... on Nope{n} {{ id }}")),
    "impossible types": of_articles("... on Comment { id } " * 500),
    # variables
    "variables": "query (" + many(740, lambda n: f"$v{n}: Int") + ") { __typename }",
    "variables that nobody uses": "query (" + many(50, lambda n: f"$v{n}: Int") + ") { __typename }",
    "variables that nobody defined": of_articles(many(45, lambda n: f"a{n}: comments(first: $v{n}) {{ totalCount }}")),
    "one variable, over and over": "query (" + "$v: Int " * 50 + ") { articles(first: $v) { totalCount } }",
    "operations that share fragments": many(49, lambda n: f"query Q{n} ($v: Int) {{ ...F0 }}")
    + many(
        17, lambda n: f"fragment F{n} on Query {{ a: articles(first: $v) {{ totalCount }} ...F{n + 1} ...F{n + 1} }}"
    )
    + "fragment F17 on Query { __typename }",
    # introspection
    "types of fields of types": nested("{ __schema { types {", " fields { type {", " name " + "}" * 19 + "}", 8),
    "types of types of types": '{ __type(name: "Query") {' + " ofType {" * 15 + " name " + "}" * 17,
    "the schema in aliases": "{" + many(25, lambda n: f"a{n}: __schema {{ types {{ name fields {{ name }} }} }}") + "}",
}

SCHEMA = build()
BUDGET = Budget(SCHEMA, Settings())


def refusal(text: str) -> RequestError | None:
    documents = Documents(SCHEMA.core)
    try:
        for document in documents.learn(text).values():
            BUDGET.check(document, {})
    except RequestError as refused:
        return refused
    return None


def measured(text: str) -> tuple[RequestError | None, float]:
    """With the processor's seconds. What other tests have left is not looked through for garbage."""
    gc.freeze()
    try:
        begun = time.thread_time()
        return refusal(text), time.thread_time() - begun
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_document_takes_long(text: str) -> None:
    assert len(text) <= SIZE
    refused, seconds = measured(text)
    assert seconds < PROMISED
    if refused is not None:
        assert 1 <= len(refused.errors) <= 21
        assert max(len(error.message) for error in refused.errors) <= 1_000
