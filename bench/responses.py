"""What keeping answers costs: a hit, a drop and a fill, beside a bare dict look-up of the same keys in the same run.

python bench/responses.py
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

from newsgraph.engine.documents import Documents
from newsgraph.engine.responses import Answer, Responses
from newsgraph.graph.schema import build

PAGES = 1_000
BODY = b"x" * 12_400  # an article page with 188 fields
QUERY = (Path(__file__).parents[1] / "schema" / "operations" / "ArticlePage.graphql").read_text("utf-8")
ROUNDS = 7
Key = tuple[str, str, str, None]


def main() -> None:
    keys = [(QUERY, "ArticlePage", f'{{"slug":"article-{number}"}}', None) for number in range(PAGES)]
    responses, bare = Responses[Key](), dict.fromkeys(keys, BODY)
    documents = Documents(build().core)
    seqs = count(1)
    fill = _measured(lambda: asyncio.run(_fill(responses, keys, 0)), before=lambda: responses.lose(0))
    look_up = _measured(lambda: [bare.get(key) for key in keys])
    hit = _measured(lambda: [responses.get(key) for key in keys])
    document = _measured(lambda: [documents.get(QUERY, "ArticlePage") for _ in keys])
    miss = _measured(lambda: _drop(responses, "nothing", next(seqs)))
    drop = _measured(
        lambda: _drop(responses, "article", next(seqs)),
        before=lambda: asyncio.run(_fill(responses, keys, next(seqs))),
    )
    assert responses.counts().dropped["article"] == PAGES * ROUNDS
    rows = [
        ("bare dict look-up", look_up),
        ("hit", hit),
        ("a document that is known", document),
        ("fill, with nothing to read", fill),
        ("drop of one entry", drop),
        ("drop that hits nothing", miss),
    ]
    for name, seconds in rows:
        print(f"{name:28} {seconds * 1e6:7.2f} us   x {seconds / look_up:5.1f}")


async def _fill(responses: Responses[Key], keys: list[Key], as_of: int) -> None:
    for number, key in enumerate(keys):
        tags = frozenset(f"{kind}:{number}" for kind in ("article", "comments", "slug", "views")) | {"sections"}

        async def produce(tags: frozenset[str] = tags) -> Answer:
            return Answer(BODY, as_of, tags, 60.0)

        await responses.fill(key, produce)


def _drop(responses: Responses[Key], kind: str, seq: int) -> None:
    for number in range(PAGES):
        responses.drop((f"{kind}:{number}", "articles"), seq)


def _measured(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Seconds for each of the pages, as the median of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        before()
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) / PAGES)
    return median(taken)


if __name__ == "__main__":
    main()
