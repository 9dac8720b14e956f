"""Execution: what an article page costs, by graphql-core's executor and compiled, in the same process.

    python bench/execution.py
    python bench/execution.py --rounds 5

bare       a Strawberry schema of the page's shape whose resolvers hand out what is there: the executor alone
newsgraph  newsgraph's own schema and resolvers, with loaders that have every row already: no SQL

graphql-core is the executor of Strawberry's, with variables coerced and Strawberry's resolvers as they come; tasks and
inline are the two ways in which compiled operations await. Each round measures all three one after another; the ratio
is the median of the rounds' ratios, since a shared machine's speed changes. Parsing, validation and JSON are not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import strawberry
from graphql import DocumentNode, parse
from pages import bare, newsroom

from newsgraph.engine.execution import compiling
from newsgraph.graph import schema as newsgraph

OPERATION = Path(__file__).parents[1] / "schema" / "operations" / "ArticlePage.graphql"
_SECONDS = 0.25  # of each measurement

Run = Callable[[], Awaitable[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures execution of an article page.")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    packages = ", ".join(f"{name} {version(name)}" for name in ("graphql-core", "strawberry-graphql"))
    print(f"Python {platform.python_version()}, {packages}; CPU time, {rounds} rounds")
    asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> None:
    document = parse(OPERATION.read_text("utf-8"))
    page = bare.page()
    await _report("bare", _runs(bare.SCHEMA, document, page, page.slug), rounds)
    with tempfile.TemporaryDirectory() as folder:
        async with newsroom.opened(folder) as context:
            schema = newsgraph.build()
            listed: Any = (await schema.execute(newsroom.LONGEST, context_value=context)).data
            longest = max(listed["articles"]["nodes"], key=lambda node: len(node["comments"]["nodes"]))
            await _report("newsgraph", _runs(schema, document, context, longest["slug"]), rounds)


def _runs(schema: strawberry.Schema, document: DocumentNode, context: object, slug: str) -> dict[str, Run]:
    base = schema.execution_context_class
    kinds = {"graphql-core": base, "tasks": compiling(base), "inline": compiling(base, inline=True)}

    def run(kind: Any) -> Run:
        return lambda: kind.build(schema._schema, document, None, context, {"slug": slug}).execute_operation()

    return {name: run(kind) for name, kind in kinds.items()}


async def _report(scenario: str, runs: dict[str, Run], rounds: int) -> None:
    results = {name: await run() for name, run in runs.items()}
    texts = {json.dumps(result.data) for result in results.values()}
    assert len(texts) == 1, "they answer the same"
    assert not any(result.errors for result in results.values())
    fields = _count(json.loads(texts.pop()))
    measured = [{name: await _once(run) for name, run in runs.items()} for _ in range(rounds)]
    print(f"\n{scenario}, {fields} fields\n\n| executor | us | us a field | times as fast |\n| --- | --: | --: | --: |")
    for name in runs:
        cost = median(one[name] for one in measured)
        ratio = median(one["graphql-core"] / one[name] for one in measured)
        print(f"| {name} | {cost:,.0f} | {cost / fields:.2f} | {ratio:.1f} |")


async def _once(run: Run) -> float:
    """Microseconds of CPU time."""
    count, begun, until = 0, time.process_time(), time.perf_counter() + _SECONDS
    while time.perf_counter() < until:
        await run()
        count += 1
    return (time.process_time() - begun) / count * 1e6


def _count(data: Any) -> int:
    if isinstance(data, dict):
        return len(data) + sum(map(_count, data.values()))
    return sum(map(_count, data)) if isinstance(data, list) else 0


if __name__ == "__main__":
    main()
