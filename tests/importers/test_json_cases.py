"""JSON Feed and JSON Lines of our own making."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from newsgraph.domain.articles import ArticleDraft, Image
from newsgraph.domain.authors import Byline
from newsgraph.importers import Broken, ImportFormatError, Parsed, parse, recognise

VERSION = "https://jsonfeed.org/version/1.1"


def feed(*items: Any, **fields: Any) -> bytes:
    return json.dumps({"version": VERSION, "title": "Harbour", "items": items, **fields}).encode()


def lines(*records: Any) -> bytes:
    return b"\n".join(record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)


def only(data: bytes, location: str = "/disk/file") -> ArticleDraft:
    parsed = parse(data, location)
    assert parsed.broken == ()
    (draft,) = parsed.drafts
    return draft


# --- JSON Feed ---


def test_everything_that_a_json_feed_item_has() -> None:
    item = {
        "id": "urn:1",
        "url": "/one",
        "external_url": "https://other.example/",
        "title": "Cats & <dogs>",
        "content_html": "<p><a href='two'>All</a> of it.</p>",
        "summary": "In short.",
        "image": "/i.jpg",
        "banner_image": "/b.jpg",
        "date_published": "2026-01-02T03:04:05+10:30",
        "date_modified": "2026-01-03T00:00:00Z",
        "authors": [{"name": "Ada Reyes", "url": "https://ada.example", "avatar": "https://ada.example/a.png"}],
        "tags": ["Sea", "sea", "Ports"],
        "language": "en-gb",
        "_ours": {"x": 1},
    }
    assert only(
        feed(item, feed_url="https://news.example/feed.json", home_page_url="https://news.example/")
    ) == ArticleDraft(
        source="https://news.example/feed.json",
        guid="urn:1",
        headline="Cats & <dogs>",
        body_html="<p><a href='https://news.example/two'>All</a> of it.</p>",
        url="https://news.example/one",
        standfirst="In short.",
        language="en-GB",
        authors=(Byline("Ada Reyes", avatar_url="https://ada.example/a.png"),),
        tags=("Sea", "Ports"),
        lead_image=Image("https://news.example/i.jpg"),
        published_at=datetime(2026, 1, 1, 16, 34, 5, tzinfo=UTC),
        updated_at=datetime(2026, 1, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize("version", ["https://jsonfeed.org/version/1", "https://jsonfeed.org/version/1.1"])
def test_both_versions_with_slashes_escaped_or_not(version: str) -> None:
    plain = json.dumps({"items": [{"id": 7, "content_text": "A < B"}], "title": "T", "version": version}, indent=2)
    for text in (plain, plain.replace("/", "\\/")):
        parsed = parse(text.encode(), "f")
        assert (parsed.format, parsed.title, parsed.items) == (version, "T", 1)
        assert (parsed.drafts[0].guid, parsed.drafts[0].body_html) == ("7", "<p>A &lt; B</p>")


def test_the_author_of_version_1_and_the_authors_of_the_feed() -> None:
    own, none = {"id": "1", "title": "A", "author": {"name": "Bo Lind"}}, {"id": "2", "title": "B"}
    parsed = parse(feed(own, none, author={"name": "Ada Reyes"}), "f")
    assert [draft.authors for draft in parsed.drafts] == [(Byline("Bo Lind"),), (Byline("Ada Reyes"),)]


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ({"url": "https://a.example/", "external_url": "https://b.example/"}, "https://a.example/"),
        ({"external_url": "https://b.example/"}, "https://b.example/"),
        ({"url": "urn:nothing", "external_url": "https://b.example/"}, "https://b.example/"),
        ({}, None),
    ],
)
def test_the_address_of_an_item(item: dict[str, str], url: str | None) -> None:
    assert only(feed({"id": "1", "title": "A", **item})).url == url


def test_a_summary_alone_is_the_text_and_one_that_repeats_it_is_dropped() -> None:
    alone = only(feed({"id": "1", "title": "A", "summary": "Short."}))
    assert (alone.body_html, alone.standfirst) == ("<p>Short.</p>", None)
    assert only(feed({"id": "1", "summary": "Short.", "content_html": "<p>Short.</p>"})).standfirst is None


def test_the_picture_among_the_attachments() -> None:
    files = [
        {"url": "https://a.example/a.mp3", "mime_type": "audio/mpeg"},
        {"url": "https://a.example/i.png", "mime_type": "image/png"},
    ]
    assert only(feed({"id": "1", "title": "A", "attachments": files})).lead_image == Image("https://a.example/i.png")


def test_the_source_of_a_json_feed() -> None:
    item = {"id": "1", "title": "A"}
    assert only(feed(item, home_page_url="https://news.example/")).source == "https://news.example/"
    assert only(feed(item)).source == "Harbour"
    assert only(feed(item, title=None), "/disk/a.json").source == "/disk/a.json"


def test_items_that_are_none() -> None:
    parsed = parse(
        feed("x", {"id": "1"}, {"id": "2", "title": 3}, {"id": "3", "title": "A", "date_published": "soon"}), "f"
    )
    assert parsed.drafts == ()
    assert parsed.items == 4
    assert parsed.broken == (
        Broken("item 1", "is a string, not an object"),
        Broken("item 2", "has neither headline nor text (1)"),
        Broken("item 3", "title: expected a string, found a number"),
        Broken("item 4", "date_published: 'soon' is no date"),
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (feed({"id": "1", "title": "A"}, items_after="\n").replace(b"}]", b"},\n\n"), "is not JSON at line 3"),
        (feed()[:-1], "is not JSON at column"),
        (feed(items={}), "items: expected an array, found an object"),
        (feed(title=7), "title: expected a string, found a number"),
        (feed({"id": "1", "title": "A"}).replace(b'"A"', b'"\xff"'), "is not utf-8 at byte"),
        (feed().replace(b"[]", b"[" * 100_000), "nesting beyond any use"),
        (feed().replace(b"[]", b"9" * 10_000), "number or a nesting beyond any use"),
    ],
)
def test_a_json_feed_that_cannot_be_read(data: bytes, message: str) -> None:
    with pytest.raises(ImportFormatError, match=message):
        parse(data, "f")


# --- JSON Lines ---


def test_everything_that_a_line_has() -> None:
    line = {
        "id": "x:1",
        "guid": "g:1",
        "source": "harbour",
        "url": "https://news.example/one",
        "headline": "  Cats &\n<dogs> ",
        "standfirst": "In short.",
        "bodyHtml": '<p>All of it. <img src="i.jpg"></p>',
        "description": "Not used beside a standfirst.",
        "section": "World",
        "authors": ["Ada Reyes", {"name": "Bo Lind", "email": "bo@news.example", "bio": "At sea."}, "ada reyes"],
        "tags": ["Sea"],
        "lang": "en",
        "publishedAt": "2026-01-02T00:00:00Z",
        "updatedAt": "2026-01-03",
        "leadImage": {
            "url": "/l.jpg",
            "alt": "A ferry",
            "caption": "Tuesday",
            "credit": "Cy",
            "width": 700,
            "height": 0,
        },
        "unknown": [1],
    }
    assert only(lines(line)) == ArticleDraft(
        source="harbour",
        guid="g:1",
        headline="Cats & <dogs>",
        body_html='<p>All of it. <img src="https://news.example/i.jpg"></p>',
        url="https://news.example/one",
        standfirst="In short.",
        language="en",
        section="World",
        authors=(Byline("Ada Reyes"), Byline("Bo Lind", "bo@news.example", "At sea.")),
        tags=("Sea",),
        lead_image=Image("https://news.example/l.jpg", "A ferry", "Tuesday", "Cy", 700),
        published_at=datetime(2026, 1, 2, tzinfo=UTC),
        updated_at=datetime(2026, 1, 3, tzinfo=UTC),
    )


def test_the_description_is_the_text_or_the_standfirst() -> None:
    alone = only(lines({"headline": "A", "description": "One & two."}))
    assert (alone.body_html, alone.standfirst) == ("<p>One &amp; two.</p>", None)
    beside = only(lines({"headline": "A", "description": "One.", "bodyHtml": "<p>All.</p>"}))
    assert (beside.body_html, beside.standfirst) == ("<p>All.</p>", "One.")


def test_what_identifies_a_line() -> None:
    assert only(lines({"id": 7, "headline": "A", "url": "https://a.example/"})).guid == "7"
    draft = only(lines({"headline": "A", "url": "https://a.example/"}), "/disk/a.jsonl")
    assert (draft.guid, draft.source) == ("https://a.example/", "/disk/a.jsonl")
    assert only(lines({"headline": "A"})).guid.startswith("sha256:")


def test_lines_with_faults_are_named_and_the_others_read() -> None:
    parsed = parse(
        lines(
            {"headline": "One", "id": "1"},
            b"",
            b'{"headline": "Cut',
            b"[]",
            {"headline": 4},
            {"headline": "A", "authors": "Ada Reyes"},
            {"headline": "A", "authors": [4]},
            {"headline": "A", "authors": [None]},
            {"headline": "A", "tags": [None, 4]},
            {"headline": "A", "publishedAt": "soon"},
            {"headline": "A", "url": "ftp://a.example/"},
            {"headline": "A", "lang": "?"},
            {"headline": "A", "leadImage": {"alt": "x"}},
            {"headline": "A", "leadImage": {"url": "https://a.example/i.png", "width": "wide"}},
            {"id": "3"},
            b'{"headline": "\xff"}',
            {"headline": "Again", "id": "1"},
            {"headline": "Last", "id": None, "url": None, "authors": None, "leadImage": None},
        ),
        "f",
    )
    assert (parsed.format, parsed.items) == ("jsonlines", 17)
    assert [draft.headline for draft in parsed.drafts] == ["One", "Last"]
    assert [(broken.where, broken.reason) for broken in parsed.broken] == [
        ("line 3", "is not JSON at column 14: Unterminated string starting at"),
        ("line 4", "is an array, not an object"),
        ("line 5", "headline: expected a string, found a number"),
        ("line 6", "authors: expected an array, found a string"),
        ("line 7", "authors: expected an object, found a number"),
        ("line 8", "authors: expected an object, found null"),
        ("line 9", "tags: expected a string, found a number"),
        ("line 10", "publishedAt: 'soon' is no date"),
        ("line 11", "url: 'ftp://a.example/' is no http or https address"),
        ("line 12", "lang: '?' is no language tag (BCP 47)"),
        ("line 13", "leadImage: has no url"),
        ("line 14", "width: expected a whole number, found a string"),
        ("line 15", "has neither headline nor text (3)"),
        ("line 16", "is not utf-8 at byte 15"),
        ("line 17", "has the same id as line 1: 1"),
    ]


def test_a_broken_first_line_does_not_hide_the_format() -> None:
    parsed = parse(lines(b'{"headline": "Cut', {"headline": "Whole"}), "f")
    assert [draft.headline for draft in parsed.drafts] == ["Whole"]


def test_json_lines_that_quote_a_json_feed_are_json_lines() -> None:
    quoted = json.dumps({"version": VERSION})
    assert recognise(lines({"headline": "A", "bodyHtml": quoted})).name == "JSON Lines"
    assert recognise(feed()).name == "JSON Feed"


def test_separators_within_strings_end_no_line() -> None:
    text = json.dumps({"headline": "A\u2028B\x85C"}, ensure_ascii=False)
    assert only(text.encode()).headline == "A B C"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marked_encodings(encoding: str) -> None:
    assert only('{"headline": "항구"}\r\n'.encode(encoding)).headline == "항구"
    assert only(feed({"id": "1", "title": "항구"}).decode().encode(encoding)).headline == "항구"


def test_the_charset_of_the_content_type_is_for_what_is_not_utf8() -> None:
    assert headline(parse('{"headline": "항구"}'.encode("euc-kr"), "f", "text/plain; charset=euc-kr")) == "항구"
    assert headline(parse('{"headline": "항구"}'.encode(), "f", "text/plain; charset=iso-8859-1")) == "항구"


def headline(parsed: Parsed) -> str:
    return parsed.drafts[0].headline


def test_what_no_database_takes_is_replaced() -> None:
    draft = only(b'{"headline": "A\\ud800B\\u0000C", "id": "\\udfff", "bodyHtml": "<p>\\ud800\\u0000</p>"}')
    assert (draft.headline, draft.guid, draft.body_html) == ("A?BC", "?", "<p>?</p>")
