"""GraphiQL for browsers, from our own origin alone, with the project's own operations ready in its tabs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode, VariableDefinitionNode, parse
from graphql.utilities import separate_operations

from newsgraph.web.static import UNBUILT, Built
from newsgraph.web.templates import render

# Nothing but our own files, and no script in the page. Monaco makes <style> elements for themes and style attributes
# for each line as it goes, and takes no nonce for them: so any style is allowed, and with it nothing that runs.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def operations_folder() -> Traversable:
    """Where the operations are: inside the installed package, or in `schema/` of a checkout."""
    packaged = files("newsgraph") / "operations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "schema" / "operations"


def read_operations() -> list[str]:
    """The text of each operation file, by file name."""
    found = (entry for entry in operations_folder().iterdir() if entry.name.endswith(".graphql"))
    return [entry.read_text("utf-8") for entry in sorted(found, key=lambda entry: entry.name)]


def example_values(article_id: str, slug: str, section: str, author: str) -> dict[str, Any]:
    """What `render_graphiql` fills in, from one real article: by variable name, or by the input object's type."""
    return {
        "articleId": article_id,
        "slug": slug,
        "section": section,
        "query": slug.replace("-", " "),
        "keys": [f"latest/{section}", "popular", "must-reads"],
        "PostCommentInput": {"articleId": article_id, "body": "Hello from GraphiQL."},
        "ModerateCommentInput": {"id": "", "to": "PUBLISHED"},
        "PublishArticleInput": {
            "headline": "Published from GraphiQL",
            "bodyHtml": "<p>Every open box shows it at once.</p>",
            "section": section,
            "authors": [author],
        },
    }


def render_graphiql(operations: list[str], examples: Mapping[str, Any], built: Built | None) -> str:
    """The page: a tab for each named operation of these documents, its variables filled from `examples`."""
    if built is None:
        return render("unbuilt.html", {"reason": escape(UNBUILT)})
    tabs = [tab for text in operations for tab in tabs_of(text, examples)]
    # JSON inside <script>: the one thing that could end the element is "<".
    config = json.dumps({"tabs": tabs}, ensure_ascii=False).replace("<", "\\u003c")
    return render("graphiql.html", {"script": built.script, "style": built.style, "config": config})


def tabs_of(text: str, examples: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each operation of a document by itself: its own text and comments, and the fragments that it uses."""
    document = parse(text)
    parts = _texts(document, text)
    return [
        {"query": "\n\n".join(parts[node] for node in alone.definitions), "variables": _variables(alone, examples)}
        for alone in separate_operations(document).values()
    ]


def _texts(document: DocumentNode, text: str) -> dict[Any, str]:
    """The text of each definition with the comments before it."""
    start, parts = 0, {}
    for node in document.definitions:
        assert node.loc is not None  # noqa: S101 - only parse(no_location=True) leaves it out
        parts[node] = text[start : node.loc.end].strip()
        start = node.loc.end
    return parts


def _variables(document: DocumentNode, examples: Mapping[str, Any]) -> str:
    """JSON for the variables editor; empty when nothing is known."""
    definitions = [
        variable
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
        for variable in node.variable_definitions or ()
    ]
    known = {v.variable.name.value: example for v in definitions if (example := _example(v, examples)) is not None}
    return json.dumps(known, indent=2, ensure_ascii=False) if known else ""


def _example(definition: VariableDefinitionNode, examples: Mapping[str, Any]) -> Any:
    named: Any = definition.type
    while hasattr(named, "type"):  # NonNull and List wrap the type that has the name
        named = named.type
    return examples.get(definition.variable.name.value, examples.get(named.name.value))
