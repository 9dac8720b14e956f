"""Real feeds and articles from the command line: what comes in, and that a second time changes nothing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from newsgraph import app
from newsgraph.domain.articles import ArticleFilter
from newsgraph.domain.text import slugify
from newsgraph.ports.store import Session
from newsgraph.settings import Settings, to_environment
from tests.flows.client import Client
from tests.flows.conftest import serving

DATA = Path(__file__).parents[3] / "shared" / "data"
with_data = pytest.mark.skipif(not DATA.is_dir(), reason="the collection of real feeds lies beside the repository")
Json = dict[str, Any]


async def imported(settings: Settings, source: Path) -> Json:
    """The summary that the command line prints."""
    command = [sys.executable, "-m", "newsgraph", "import", "--json", str(source)]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | to_environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return dict(json.loads(output))


async def state(settings: Settings) -> tuple[int, int]:
    """How many articles there are, and where the log is."""

    async def look(session: Session) -> tuple[int, int]:
        return await session.articles.count(ArticleFilter()), (await session.log.head()).last_seq

    async with app.open_newsroom(settings) as newsroom:
        return await newsroom.store.read(look)


@with_data
async def test_real_feeds_go_in_once(settings: Settings) -> None:
    expected = json.loads(await asyncio.to_thread((DATA / "feeds" / "expected.json").read_text, "utf-8"))
    items = sum(one["expected"].get("items") or 0 for one in expected.values())

    first = await imported(settings, DATA / "feeds")
    before = await state(settings)
    second = await imported(settings, DATA / "feeds")

    assert first["created"] + first["updated"] + first["unchanged"] + item_count(first["rejected"]) == items
    assert first["created"] == before[0]
    assert (second["created"], second["updated"]) == (0, 0)
    assert await state(settings) == before


def item_count(rejected: list[Json]) -> int:
    """Broken items; a broken line is no item of its own."""
    return sum(one["where"].startswith("item") for one in rejected)


@with_data
async def test_two_thousand_articles_and_the_newest_of_each_section(settings: Settings) -> None:
    sample = DATA / "news-open-sample.jsonl"
    lines = (await asyncio.to_thread(sample.read_text, "utf-8")).splitlines()
    dates: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines:
        article = json.loads(line)
        dates[slugify(article["section"])].append(article["publishedAt"])

    summary = await imported(settings, sample)
    again = await imported(settings, sample)
    async with serving(settings) as url:
        client = Client(url)
        shown = {slug: await newest(client, slug) for slug in dates}
        everything = await newest(client, None)
        await client.close()

    assert (summary["created"], again["unchanged"]) == (len(lines), len(lines))
    assert shown == {slug: sorted(published, reverse=True)[:100] for slug, published in dates.items()}
    assert everything == sorted((date for published in dates.values() for date in published), reverse=True)[:100]


async def newest(client: Client, section: str | None) -> list[str]:
    fields = "nodes { publishedAt section { slug } }"
    query = f"query ($s: String) {{ latestStories(section: $s) {{ items(first: 100) {{ {fields} }} }} }}"
    nodes = (await client.run(query, s=section))["latestStories"]["items"]["nodes"]
    assert section is None or {node["section"]["slug"] for node in nodes} == {section}
    return [node["publishedAt"] for node in nodes]
