"""Growth: whether a page costs the same among a thousand articles as among a million.

    python bench/growth.py
    python bench/growth.py --articles 1000,100000 --seconds 2 --rounds 3

newsgraph without its response cache, one request at a time, on databases of different sizes: the article page and a
page of comments. Then, in one database, the first page and one from the middle of a discussion with 100,000 comments
beside those of one with 100. Sizes take turns within a round; a ratio is one of medians of the same round.
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from read.contenders import by_post
from read.database import Story, database, stories
from read.filling import Shape
from read.forms import cursor
from read.load import Exchange, measure
from read.operations import Asked, asked
from read.report import aligned
from read.servers import Server, newsgraph, running

LIMIT = 1.3  # times as long as the smallest, at most
_SIZES = [1_000, 100_000, 1_000_000]
_SHORT, _LONG = 100, 100_000  # comments of the two discussions
_WARM = 0.5  # seconds before anything counts
_COMMENTS = """
query CommentPage($slug: String!, $after: String) {
  article(slug: $slug) {
    comments(first: 20, after: $after) {
      totalCount
      liveCursor
      pageInfo { hasNextPage endCursor }
      edges {
        cursor
        node { id body createdAt replyCount author { name } replies(first: 3) { edges { node { id body } } } }
      }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Page:
    """What is read, and of how much."""

    name: str
    size: int
    server: Server
    exchanges: list[Exchange]


Times = Mapping[str, Mapping[int, list[float]]]
"""By page and size: milliseconds that half of the answers took at most, round by round."""


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are killed then, too
    with tempfile.TemporaryDirectory(prefix="growth-") as folder, ExitStack() as started:
        pages = [page for size in options.articles for page in _sized(size, Path(folder), started)]
        pages += _discussions(Path(folder), started)
        try:
            return _report(_rounds(pages, options), options)
        except (RuntimeError, OSError) as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures what a page costs in databases of different sizes.")
    add = parser.add_argument
    add("--articles", type=_numbers, default=_SIZES, metavar="N,N", help="sizes, the smallest first")
    add("--seconds", type=float, default=2.0, help="of each measurement")
    add("--rounds", type=int, default=5, help="measurements of each; medians are reported")
    add("--check", action="store_true", help=f"fail when anything takes more than {LIMIT} times as long")
    options = parser.parse_args()
    if min(options.seconds, options.rounds) <= 0 or min(options.articles) < 100:
        parser.error("more than 0 of everything, and at least 100 articles")
    return options


def _numbers(given: str) -> list[int]:
    return [int(number) for number in given.split(",")]


# What is read


def _sized(articles: int, folder: Path, started: ExitStack) -> list[Page]:
    shape = Shape(articles=articles, comments=64 * 100 + articles, sentences=3)
    path = database(f"growth-{articles}", shape)
    server = started.enter_context(running(newsgraph(path, cached=False), folder / f"log-{articles}"))
    found = stories(path, shape)
    return [
        _page("article page", articles, server, asked("ArticlePage", found)),
        _page("comment page", articles, server, [_comments(story) for story in found]),
    ]


def _discussions(folder: Path, started: ExitStack) -> list[Page]:
    """The long one is the first article's, the short one the first story's."""
    shape = Shape(articles=1_000, comments=64 * _SHORT + 1_000, sentences=3, thread=_SHORT, longest=_LONG)
    path = database("growth-discussion", shape)
    server = started.enter_context(running(newsgraph(path, cached=False), folder / "log-discussion"))
    pages = []
    for size, key in ((_SHORT, shape.stories[0]), (_LONG, 1)):
        slug, middle = _discussion(path, key)
        pages.append(_page("first page of a discussion", size, server, [Asked(_COMMENTS, {"slug": slug})]))
        inner = Asked(_COMMENTS, {"slug": slug, "after": middle})
        pages.append(_page("page in the middle of it", size, server, [inner]))
    return pages


def _discussion(path: Path, article_id: int) -> tuple[str, str]:
    """Its article's slug, and the cursor of the comment in its middle."""
    with closing(sqlite3.connect(path)) as connection:
        (slug,) = connection.execute("SELECT slug FROM articles WHERE id = ?", (article_id,)).fetchone()
        sql = "SELECT created_at, id FROM comments WHERE article_id = ? AND parent_id IS NULL ORDER BY id"
        comments = connection.execute(sql, (article_id,)).fetchall()
    return slug, cursor(*comments[len(comments) // 2])


def _comments(story: Story) -> Asked:
    return Asked(_COMMENTS, {"slug": story.slug})


def _page(name: str, size: int, server: Server, wanted: Sequence[Asked]) -> Page:
    return Page(name, size, server, [by_post(server, one) for one in wanted])


# Measuring


def _rounds(pages: Sequence[Page], options: argparse.Namespace) -> Times:
    times: dict[str, dict[int, list[float]]] = {}
    for page in pages:
        times.setdefault(page.name, {})[page.size] = []
        measure(page.server, page.exchanges, 1, _WARM)
    for number in range(1, options.rounds + 1):
        for page in sorted(pages, key=lambda one: one.name):
            figures = measure(page.server, page.exchanges, 1, options.seconds)
            times[page.name][page.size].append(figures.p50_ms)
        print(f"round {number} of {options.rounds}", flush=True)
    return times


def _report(times: Times, options: argparse.Namespace) -> int:
    lines, met = [["", "of", "p50 ms", "x", ""]], True
    for name, sizes in times.items():
        smallest = sizes[min(sizes)]
        for size, found in sizes.items():
            ratio = median(own / other for own, other in zip(found, smallest, strict=True))
            met = met and ratio <= LIMIT
            verdict = "" if ratio <= LIMIT else f"MISSED: at most {LIMIT}"
            lines.append([name, f"{size:,}", f"{median(found):.2f}", f"{ratio:.2f}", verdict])
    print("\n" + "\n".join(aligned(lines)))
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
