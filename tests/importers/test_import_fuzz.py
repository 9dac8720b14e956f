"""Whatever the bytes are: drafts, or an ImportFormatError, and nothing else."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsgraph.importers import ImportFormatError, Parsed, parse

RSS = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE rss [<!ENTITY nbsp "&#160;">]>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title>
<link>https://a.example/</link><atom:link rel="self" href="/f"/><language>en-us</language>
<item><title>A &amp;amp; B</title><link>/1</link><guid isPermaLink="false">1</guid><dc:creator>C, D</dc:creator>
<pubDate>Wed, 5 Nov 2025 13:52:10 EST</pubDate><category domain="x">S</category><enclosure url="/i" type="image/png"/>
<description>&lt;p&gt;x&lt;/p&gt;</description><content:encoded><![CDATA[<p><a href="b">y</a></p>]]></content:encoded>
<media:content url="/i.png" width="10" medium="image"/><media:credit>E</media:credit><image><url>/j.png</url></image>
</item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en" xml:base="https://a.example/">
<title type="html">T</title><author><name>A</name><email>a@a.example</email></author><entry><id>urn:1</id>
<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">T<b>x</b></div></title>
<link rel="alternate" href="1"/><source><title>s</title></source><updated>2026-01-01T00:00:00+10:30</updated>
<summary>s</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x<br/></p></div></content>
<category term="a" label="b"/></entry></feed>"""
JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "home_page_url": "https://a.example/",
        "authors": [{"name": "A"}],
        "items": [{"id": 1, "title": "x", "content_html": "<p>y</p>", "date_published": "2026-01-01", "tags": ["a"]}],
    }
)
JSON_LINES = (
    '{"headline": "A", "authors": ["B"], "publishedAt": "2026-01-01", "leadImage": {"url": "/i", "width": 1}}\n' * 3
)
SEEDS = [RSS, ATOM, JSON_FEED, JSON_LINES]

# Pieces that parsers stumble over, besides the seeds' own.
PIECES = [
    *(
        "<",
        ">",
        "&",
        "]]>",
        "<![CDATA[",
        "<!--",
        "-->",
        "<?",
        "?>",
        "&#xD800;",
        "&#0;",
        "&#99999999999;",
        "&#x;",
        "&a;",
    ),
    *('"', "'", "{", "}", "[", "]", "null", "1e999", "-", "\\ud800", "\\u0000", "\x00", "\x0b", "\ufeff", "é", "항"),
    *(
        "<item>",
        "</item>",
        "<entry>",
        "<title>",
        "</title>",
        "<svg>",
        "</svg>",
        "<image>",
        "<source url='x'>",
        "<link/>",
    ),
    *('<link href="http://["/>', "<guid/>", '<category term="x"/>', '<content type="x/y" mode="base64">', "<x:y>"),
    *("<published a='b'/>", "<id a='b'>", "<tags>", "<language x='y'/>", "<media:title>", "<!DOCTYPE", "<!ENTITY"),
]


def survives(data: bytes, content_type: str | None = None) -> None:
    try:
        parsed = parse(data, "https://served.example/feed", content_type)
    except ImportFormatError:
        return
    holds(parsed)


def holds(parsed: Parsed) -> None:
    """Every draft has an identity of its own and something to read, and the whole can be written as UTF-8."""
    assert len({(draft.source, draft.guid) for draft in parsed.drafts}) == len(parsed.drafts)
    for draft in parsed.drafts:
        assert draft.source
        assert draft.guid
        assert draft.headline or draft.body_html
        assert draft.url is None or draft.url.startswith(("http://", "https://"))
        for moment in (draft.published_at, draft.updated_at):
            assert moment is None or moment.utcoffset() is not None
    str(parsed).encode()
    for draft in parsed.drafts:
        (draft.headline + draft.body_html + draft.guid + draft.source).encode()


@given(st.binary(max_size=200), st.sampled_from([None, "text/xml", "application/json; charset=utf-16"]))
@example(b"<rss>\xff\xfe", None)
@example(b"<feed><entry><title>&#xD800;</title>", None)
@example(b"\xff\xfe<\x00r\x00s\x00s\x00", None)
@example(b'{"headline": 1' + b"0" * 5000 + b"}", None)
def test_arbitrary_bytes(data: bytes, content_type: str | None) -> None:
    survives(data, content_type)


@given(
    st.sampled_from(["<rss version='2.0'><channel><item>", "<feed><entry>", '{"headline": ']),
    st.lists(st.sampled_from(PIECES)),
)
def test_what_begins_like_a_feed(start: str, pieces: list[str]) -> None:
    survives((start + "".join(pieces)).encode())


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.one_of(st.sampled_from(PIECES), st.text(max_size=5)))),
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_mutated_feeds(seed: str, cuts: list[tuple[float, int, str]], encoding: str) -> None:
    """At each place some characters are taken out and something else is put in."""
    for place, length, piece in cuts:
        start = int(place * len(seed))
        seed = seed[:start] + piece + seed[start + length :]
    survives(seed.encode(encoding, "replace"))


@given(st.sampled_from(SEEDS), st.floats(0, 1))
def test_truncated_feeds(seed: str, part: float) -> None:
    survives(seed.encode()[: int(part * len(seed))])


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        *("id", "guid", "source", "url", "headline", "standfirst", "bodyHtml", "description", "section", "authors"),
        *("tags", "lang", "publishedAt", "updatedAt", "leadImage", "title", "content_html", "content_text", "summary"),
        *("image", "banner_image", "date_published", "date_modified", "author", "language", "external_url"),
        *("attachments", "mime_type", "name", "email", "bio", "avatar", "width", "home_page_url", "feed_url"),
    ]
)
ITEMS = st.dictionaries(
    FIELDS, JSON_VALUES | st.lists(st.dictionaries(FIELDS, JSON_VALUES)) | st.dictionaries(FIELDS, JSON_VALUES)
)


@given(st.lists(ITEMS, max_size=4), ITEMS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_fields_of_any_kind(items: list[dict[str, object]], feed: dict[str, object]) -> None:
    survives("\n".join(map(json.dumps, [*items, {"headline": "A"}])).encode())
    survives(json.dumps({**feed, "version": "https://jsonfeed.org/version/1", "items": items}).encode())
