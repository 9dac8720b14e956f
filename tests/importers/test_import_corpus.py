"""Real feeds, kept beside the project, compared with what was found in them by hand and by another reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from newsgraph.domain.articles import ArticleDraft
from newsgraph.domain.errors import ImportErrorCode
from newsgraph.importers import ImportFormatError, Parsed, parse

DATA = Path(__file__).parents[3] / "shared" / "data"
FEEDS = DATA / "feeds"

pytestmark = pytest.mark.skipif(not FEEDS.is_dir(), reason="the real feeds (../shared/data) are not here")

Expected = Mapping[str, Any]

# What we read otherwise on purpose, and why.
REPEATED_IDS = {
    # Two pairs of different texts have one guid and one link; of each pair the later is told as broken, since one
    # identity cannot be two articles. So there are as many drafts as distinct ids.
    "scriptingNews.rss": 2,
}
NOTHING_TO_READ = {
    # Its only item has a link and nothing else: told as broken, with the link.
    "fp-rss_item_link_corrupted_ampersands.xml": 1,
}
REFUSED = {
    # Not well-formed and without an item to save.
    "fp-undeclared_namespace.xml": "is not well-formed at line 8: unbound prefix",
}
UNSTATED_FORMATS = {
    # The list says nothing about these; each is what its root element says.
    "fp-always_strip_doctype.xml": "rss",
    "fp-euc-kr.xml": "rss20",
    "fp-rss_item_link_corrupted_ampersands.xml": "rss20",
    "fp-utf-16le-bom.xml": "rss",
    "fp-x80_windows-1252.xml": "atom03",
}


def expectations() -> dict[str, Expected]:
    path = FEEDS / "expected.json"
    listed = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {name: entry["expected"] for name, entry in listed.items()}


EXPECTED = expectations()
READABLE = sorted(EXPECTED.keys() - REFUSED.keys())


@pytest.fixture(params=READABLE)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def expected(name: str) -> Expected:
    return EXPECTED[name]


@pytest.fixture
def parsed(name: str) -> Parsed:
    return parse((FEEDS / name).read_bytes(), name)


def test_every_file_of_the_folder_is_compared() -> None:
    files = {path.name for path in FEEDS.iterdir()} - {"expected.json", "index.md", "PROVENANCE.md"}
    assert files == EXPECTED.keys()


@pytest.mark.parametrize(("name", "message"), REFUSED.items())
def test_refused(name: str, message: str) -> None:
    with pytest.raises(ImportFormatError, match=message):
        parse((FEEDS / name).read_bytes(), name)


def test_format_title_and_items(name: str, parsed: Parsed, expected: Expected) -> None:
    assert parsed.format == (expected.get("feedType") or UNSTATED_FORMATS[name])
    assert parsed.title == expected["feedTitle"]
    assert parsed.items == expected["items"]
    lost = REPEATED_IDS.get(name, 0) + NOTHING_TO_READ.get(name, 0)
    assert len(parsed.drafts) == expected["items"] - lost
    assert len([broken for broken in parsed.broken if broken.where.startswith("item")]) == lost


def test_counts(name: str, parsed: Parsed, expected: Expected) -> None:
    drafts = parsed.drafts
    counted = {
        "titled": sum(draft.headline != "" for draft in drafts),
        "withAuthor": sum(draft.authors != () for draft in drafts),
        "withUpdated": sum(draft.updated_at is not None for draft in drafts),
        "withCategories": sum(draft.tags != () for draft in drafts),
        "distinctIds": len({draft.guid for draft in drafts}),
    }
    stated = {key: expected[key] for key in counted if expected.get(key) is not None}
    if name in REPEATED_IDS:
        stated["titled"] -= 1  # one of the two repeated items has a title
    assert {key: counted[key] for key in stated} == stated


@pytest.mark.parametrize("name", [name for name in READABLE if "withPublished" in EXPECTED[name]])
def test_everything_has_a_time_where_published_or_else_updated_is_given(parsed: Parsed, expected: Expected) -> None:
    lost = expected["items"] - len(parsed.drafts)
    dated = sum(draft.published_at is not None for draft in parsed.drafts)
    assert dated == max(expected["withPublished"], expected["withUpdated"]) - lost


def test_full_texts_are_bodies(parsed: Parsed, expected: Expected) -> None:
    assert sum(bool(draft.body_html) for draft in parsed.drafts) >= (expected.get("withFullContent") or 0)


@pytest.mark.parametrize("name", [name for name in READABLE if EXPECTED[name].get("language")])
def test_language(parsed: Parsed, expected: Expected) -> None:
    assert {(draft.language or "").lower() for draft in parsed.drafts} == {expected["language"].lower()}


def test_sample_items(parsed: Parsed, expected: Expected) -> None:
    """The samples are the first three items and, where there are four, the last one."""
    samples = expected.get("sampleItems", [])
    drafts = [*parsed.drafts[:3], *parsed.drafts[-1:]][: len(samples)]
    found = [_found(draft, sample) for draft, sample in zip(drafts, samples, strict=True)]
    assert found == [_stated(sample) for sample in samples]


def _found(draft: ArticleDraft, sample: Expected) -> dict[str, Any]:
    return {
        "title": draft.headline,
        "link": draft.url,
        "id": draft.guid if "id" in sample else None,
        "authors": [author.name for author in draft.authors],
        "published": _written(draft.published_at),
        "updated": _written(draft.updated_at),
        "categories": list(draft.tags),
        "body": draft.body_html != "",
    }


def _stated(sample: Expected) -> dict[str, Any]:
    """In the words of feedparser's reader or of JSON Feed; an item without published was published when updated."""
    updated = sample.get("updated") or sample.get("date_modified")
    author = sample.get("author")
    return {
        "title": sample.get("title", ""),
        "link": sample.get("link") or sample.get("url"),
        "id": sample.get("id"),
        "authors": sample.get("authors") or ([author["name"]] if author else []),
        "published": sample.get("published") or sample.get("date_published") or updated,
        "updated": updated,
        "categories": sample.get("categories", []),
        "body": True,
    }


def _written(moment: Any) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def test_the_link_of_the_item_that_has_nothing_else() -> None:
    name = "fp-rss_item_link_corrupted_ampersands.xml"
    assert "http://link/get?a=1&b=2" in parse((FEEDS / name).read_bytes(), name).broken[0].reason


def test_bodies_and_pictures_of_the_difficult_ones() -> None:
    cloud = parse((FEEDS / "cloudblog.rss").read_bytes(), "cloudblog.rss").drafts
    assert all(draft.body_html.startswith("<html>") and draft.standfirst is None for draft in cloud)
    assert [draft.lead_image.width for draft in cloud if draft.lead_image] == [540] * 18  # the other two have none
    mint = parse((FEEDS / "livemint.xml").read_bytes(), "livemint.xml").drafts
    assert all(draft.lead_image for draft in mint)
    theory = parse((FEEDS / "neverworkintheory.atom").read_bytes(), "neverworkintheory.atom").drafts
    assert 'src="https://neverworkintheory.org/static/2023-04/zhou-shurui.png"' in theory[1].body_html


@pytest.mark.parametrize("folder", ["html", "ninjs", "newsml", "wxr"])
def test_what_cannot_be_imported_yet_is_told_so(folder: str) -> None:
    """Taken for a feed or for JSON Lines, drafts and pictures would be published as articles."""
    for path in sorted((DATA / folder).iterdir()):
        with pytest.raises(ImportFormatError) as caught:
            parse(path.read_bytes(), str(path))
        assert caught.value.code is ImportErrorCode.NOT_SUPPORTED, path


def test_the_two_thousand_articles_of_the_open_sample() -> None:
    parsed = parse((DATA / "news-open-sample.jsonl").read_bytes(), "news-open-sample.jsonl")
    assert (len(parsed.drafts), parsed.broken, parsed.items) == (2000, (), 2000)
    assert all(draft.headline and draft.url and draft.section and draft.published_at for draft in parsed.drafts)
