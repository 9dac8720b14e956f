"""Feeds of our own making, one for each thing that feeds in the wild do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsgraph.domain.articles import ArticleDraft, Image
from newsgraph.domain.authors import Byline
from newsgraph.domain.errors import ImportErrorCode
from newsgraph.importers import Broken, ImportFormatError, parse, recognise

HOME = "https://news.example/"


def rss(items: str, channel: str = "", declaration: str = "") -> bytes:
    return (
        f'{declaration}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<channel><title>Harbour News</title><link>{HOME}</link>{channel}{items}</channel></rss>"
    ).encode()


def atom(entries: str, feed: str = "", attributes: str = "") -> bytes:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>Harbour Atom</title><id>urn:x-feed:1</id>'
        f"<updated>2026-01-02T03:04:05Z</updated>{feed}{entries}</feed>"
    ).encode()


def only(data: bytes, location: str = "feed.xml", content_type: str | None = None) -> ArticleDraft:
    parsed = parse(data, location, content_type)
    assert parsed.broken == ()
    (draft,) = parsed.drafts
    return draft


def item(inner: str, title: str = "<title>Ferry runs again</title>") -> bytes:
    return rss(f"<item>{title}{inner}</item>")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


# --- what it is and whose it is ---


def test_rss_names_its_format_title_and_items() -> None:
    parsed = parse(rss("<item><title>One</title></item><item><title>Two</title></item>"), "feed.xml")
    assert (parsed.format, parsed.title, parsed.items) == ("rss20", "Harbour News", 2)
    assert [draft.headline for draft in parsed.drafts] == ["One", "Two"]


@pytest.mark.parametrize(
    ("channel", "source"),
    [
        ('<atom:link rel="self" href="https://news.example/rss"/>', "https://news.example/rss"),
        ("", HOME),
    ],
)
def test_source_is_the_feeds_own_address_else_its_home(channel: str, source: str) -> None:
    assert only(rss("<item><title>One</title></item>", channel)).source == source


@pytest.mark.parametrize(
    ("location", "source"),
    [
        ("https://news.example/feed", "https://news.example/rss"),
        ("http://www.news.example/feed", "https://news.example/rss"),
        ("https://evil.example/feed", "https://evil.example/feed"),
        ("/disk/feed.xml", "https://news.example/rss"),
        ("-", "https://news.example/rss"),
    ],
)
def test_what_was_fetched_speaks_for_its_own_host_alone(location: str, source: str) -> None:
    channel = '<atom:link rel="self" href="https://news.example/rss"/>'
    assert only(rss("<item><title>One</title></item>", channel), location).source == source
    line = b'{"headline": "One", "source": "https://news.example/rss"}'
    assert only(line, location).source == source
    titled = b"<rss version='2.0'><channel><title>Pier</title><item><title>One</title></item></channel></rss>"
    assert only(titled, location).source == (location if "://" in location else "Pier")


def test_ids_have_an_end() -> None:
    draft = only(item(f"<guid>{'x' * 2_000}</guid>"))
    assert draft.guid.startswith("sha256:")


def test_source_without_addresses_is_the_title_else_the_location() -> None:
    titled = b"<rss version='2.0'><channel><title>Pier</title><item><title>One</title></item></channel></rss>"
    assert only(titled).source == "Pier"
    assert only(titled.replace(b"<title>Pier</title>", b""), "/feeds/pier.xml").source == "/feeds/pier.xml"


def test_the_content_decides_and_not_the_name() -> None:
    assert parse(rss("<item><title>One</title></item>"), "named.atom").format == "rss20"
    assert recognise(atom("")).name == "RSS or Atom"


def test_an_empty_feed_is_a_feed() -> None:
    parsed = parse(rss(""), "feed.xml")
    assert (parsed.title, parsed.drafts, parsed.broken, parsed.items) == ("Harbour News", (), (), 0)


# --- identity and links ---


def test_values_in_cdata_with_white_space_around() -> None:
    draft = only(
        item(
            "<link>\n<![CDATA[https://news.example/a]]>\n</link><guid><![CDATA[1718]]></guid>"
            "<pubDate><![CDATA[Tue, 06 Jan 2026 08:00:00 GMT]]> </pubDate>"
            "<dc:creator>\n <![CDATA[Ada Reyes]]>\n</dc:creator>",
            "<title>\n<![CDATA[\nFerry runs again \n]]>\n</title>",
        )
    )
    assert (draft.headline, draft.url, draft.guid) == ("Ferry runs again", "https://news.example/a", "1718")
    assert draft.published_at == utc(2026, 1, 6, 8)
    assert draft.authors == (Byline("Ada Reyes"),)


@pytest.mark.parametrize("guid", ["<guid>1718</guid>", '<guid isPermaLink="true">1718</guid>'])
def test_a_bare_number_is_an_id_and_no_address(guid: str) -> None:
    draft = only(item(guid))
    assert (draft.guid, draft.url) == ("1718", None)


def test_a_missing_guid_is_the_link() -> None:
    assert only(item("<link>https://news.example/a</link>")).guid == "https://news.example/a"


def test_an_item_with_neither_guid_nor_link_is_known_by_its_text() -> None:
    first, again = only(item("<description>Text.</description>")), only(item("<description>Text.</description>"))
    assert first.guid == again.guid
    assert first.guid.startswith("sha256:")
    assert first.guid != only(item("<description>Other text.</description>")).guid


def test_a_permanent_guid_is_the_link_of_an_item_without_one() -> None:
    assert only(item("<guid>https://news.example/g</guid>")).url == "https://news.example/g"


def test_identity_comes_from_the_guid_where_the_link_is_a_redirect() -> None:
    draft = only(item('<link>http://track.example/9</link><guid isPermaLink="false">a:b:c</guid>'))
    assert (draft.guid, draft.url) == ("a:b:c", "http://track.example/9")


def test_the_alternate_link_among_several() -> None:
    draft = only(
        atom(
            "<entry><id>urn:1</id><title>One</title>"
            '<link rel="related" href="https://other.example/"/>'
            '<link rel="alternate" type="text/html" href="https://news.example/one"/>'
            '<link rel="shorturl" type="text/html" href="https://s.example/1"/>'
            '<link rel="replies" type="text/html" href="https://news.example/one#comments"/></entry>'
        )
    )
    assert (draft.guid, draft.url) == ("urn:1", "https://news.example/one")


def test_relative_links_follow_the_base_of_the_xml_else_the_home() -> None:
    entry = (
        '<entry><id>urn:1</id><title>One</title><link href="one.html"/>'
        '<content type="html">&lt;a href="two.html"&gt;two&lt;/a&gt; &lt;img src=/p.png&gt; '
        "&lt;a href='#note'&gt;1&lt;/a&gt; "
        "&lt;a title='src=x' href='mailto:a@b.example'&gt;m&lt;/a&gt;</content></entry>"
    )
    based = only(atom(entry, attributes='xml:base="https://base.example/dir/"'))
    assert based.url == "https://base.example/dir/one.html"
    assert 'href="https://base.example/dir/two.html"' in based.body_html
    assert 'src="https://base.example/p.png"' in based.body_html
    assert "href='#note'" in based.body_html
    assert "title='src=x' href='mailto:a@b.example'" in based.body_html
    homed = only(atom(entry, f'<link href="{HOME}"/><link rel="self" href="https://feeds.example/f"/>'))
    assert homed.url == "https://news.example/one.html"
    assert 'src="https://news.example/p.png"' in homed.body_html


def test_relative_links_of_a_feed_without_addresses_follow_its_location() -> None:
    data = atom('<entry><id>urn:1</id><title>One</title><link href="/one"/></entry>')
    assert only(data, "https://served.example/feeds/all").url == "https://served.example/one"
    assert only(data, "/disk/feed.xml").url is None


def test_an_address_that_is_none_is_dropped_and_the_item_kept() -> None:
    assert only(item("<link>javascript:alert(1)</link><guid>7</guid>")).url is None
    assert only(item("<link>http://[broken</link><guid>7</guid>")).url is None


def test_the_second_item_of_an_id_is_told_and_not_imported() -> None:
    parsed = parse(
        rss("<item><title>A</title><guid>7</guid></item><item><title>B</title><guid>7</guid></item>"), "feed.xml"
    )
    assert [draft.headline for draft in parsed.drafts] == ["A"]
    assert parsed.broken == (Broken("item 2", "has the same id as item 1: 7", ImportErrorCode.DUPLICATE),)
    assert parsed.items == 2


# --- times ---


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Wed, 5 Nov 2025 13:52:10  EST", utc(2025, 11, 5, 18, 52, 10)),
        ("Wed, 05 Nov 2025 13:52:10 +0000", utc(2025, 11, 5, 13, 52, 10)),
        ("Wed, 05 Nov 2025 13:52:10 -0000", utc(2025, 11, 5, 13, 52, 10)),
        ("Wed, 05 Nov 2025 13:52:10 GMT+05:30", utc(2025, 11, 5, 8, 22, 10)),
        ("Wed, 05 Nov 2025 13:52:10 +05:30", utc(2025, 11, 5, 8, 22, 10)),
        ("05 Nov 2025 13:52 CET", utc(2025, 11, 5, 12, 52)),
        ("Wed, 05 Nov 2025 13:52:10 KST", utc(2025, 11, 5, 4, 52, 10)),
        ("2025-11-05T13:52:10+10:30", utc(2025, 11, 5, 3, 22, 10)),
        ("2025-11-05T13:52:10+0530", utc(2025, 11, 5, 8, 22, 10)),
        ("2025-11-05 13:52:10", utc(2025, 11, 5, 13, 52, 10)),
        ("2025-11-05", utc(2025, 11, 5)),
        ("2025-11", utc(2025, 11, 1)),
        ("Wed Nov 5 13:52:10 2025", utc(2025, 11, 5, 13, 52, 10)),
    ],
)
def test_dates(written: str, moment: datetime) -> None:
    assert only(item(f"<pubDate>{written}</pubDate>")).published_at == moment


@pytest.mark.parametrize(
    "written", ["yesterday", "12", "", "Wed, 99 Nov 2025 13:52:10 GMT", "0001-01-01T00:00:00+10:00"]
)
def test_a_date_that_is_none_leaves_the_item_without_one(written: str) -> None:
    draft = only(item(f"<pubDate>{written}</pubDate>"))
    assert (draft.published_at, draft.updated_at) == (None, None)


def test_dublin_core_dates_are_when_it_was_published_and_updated() -> None:
    draft = only(item("<dc:date>2026-03-04</dc:date>"))
    assert (draft.published_at, draft.updated_at) == (utc(2026, 3, 4), utc(2026, 3, 4))


def test_an_entry_with_updated_alone_was_published_then() -> None:
    draft = only(atom("<entry><id>urn:1</id><title>One</title><updated>2026-01-01T00:00:00+01:00</updated></entry>"))
    assert (draft.published_at, draft.updated_at) == (utc(2025, 12, 31, 23), utc(2025, 12, 31, 23))


# --- authors ---


def test_a_creator_is_not_split_at_commas() -> None:
    names = "Kovač, M., Ortiz, A."
    assert only(item(f"<dc:creator>{names}</dc:creator>")).authors == (Byline(names),)


def test_author_and_creator_of_one_name_are_one() -> None:
    draft = only(item("<author>Ada Reyes</author><dc:creator>Ada Reyes</dc:creator><dc:creator>Bo Lind</dc:creator>"))
    assert draft.authors == (Byline("Ada Reyes"), Byline("Bo Lind"))


def test_the_address_of_an_rss_author() -> None:
    assert only(item("<author>ada@news.example (Ada Reyes)</author>")).authors == (
        Byline("Ada Reyes", "ada@news.example"),
    )
    assert only(item("<author>Ada Reyes &lt;ada@news.example&gt;</author>")).authors == (
        Byline("Ada Reyes", "ada@news.example"),
    )
    assert only(item("<author>desk@news.example</author>")).authors == ()


def test_the_editor_of_an_rss_channel_wrote_none_of_its_items() -> None:
    data = rss("<item><title>One</title></item>", "<managingEditor>desk@news.example (Desk)</managingEditor>")
    assert only(data).authors == ()


def test_the_authors_of_an_atom_feed_wrote_the_entries_that_name_nobody() -> None:
    entries = (
        "<entry><id>urn:1</id><title>One</title></entry>"
        "<entry><id>urn:2</id><title>Two</title><author><name>Bo Lind</name></author></entry>"
        "<entry><id>urn:3</id><title>Three</title><source><author><name>Cy Moss</name></author></source></entry>"
    )
    parsed = parse(atom(entries, "<author><name>Ada Reyes</name><email>ada@news.example</email></author>"), "f")
    assert [draft.authors for draft in parsed.drafts] == [
        (Byline("Ada Reyes", "ada@news.example"),),
        (Byline("Bo Lind"),),
        (Byline("Cy Moss"),),
    ]


# --- headline and text ---


def test_an_item_without_title_has_its_text() -> None:
    draft = only(item("<description>Just a line.</description><guid>7</guid>", ""))
    assert (draft.headline, draft.body_html, draft.standfirst) == ("", "<p>Just a line.</p>", None)


def test_an_item_without_anything_to_read_is_told_with_its_link() -> None:
    parsed = parse(rss("<item><link>https://news.example/a?x=1&amp;y=2</link></item>"), "feed.xml")
    assert parsed.broken == (Broken("item 1", "has neither headline nor text (https://news.example/a?x=1&y=2)"),)


@pytest.mark.parametrize("before", [True, False])
def test_the_children_of_foreign_elements_are_not_the_items_own(before: bool) -> None:
    foreign = (
        "<image><url>https://news.example/i.jpg</url><title>Image title</title><link>https://i.example/</link></image>"
        "<og><title>Open graph title</title><description></description><url>https://og.example/</url></og>"
        "<author><name>Ada Reyes</name><title>Sea correspondent</title></author>"
    )
    own = "<title>Ferry &lt;em&gt;runs&lt;/em&gt; again</title><link>https://news.example/a</link><description>Text.</description>"
    draft = only(rss(f"<item>{foreign + own if before else own + foreign}</item>"))
    assert (draft.headline, draft.url) == ("Ferry runs again", "https://news.example/a")
    assert (draft.body_html, draft.standfirst) == ("<p>Text.</p>", None)
    assert draft.authors == (Byline("Ada Reyes"),)


@pytest.mark.parametrize(
    ("written", "headline"),
    [
        ("Cats &amp; dogs", "Cats & dogs"),
        ("Cats &amp;amp; dogs", "Cats & dogs"),
        ("<![CDATA[Cats & <i>dogs</i>]]>", "Cats & dogs"),
        ("5 &lt; 6", "5 < 6"),
    ],
)
def test_rss_headlines_are_plain_text_however_they_are_escaped(written: str, headline: str) -> None:
    assert only(rss(f"<item><title>{written}</title></item>")).headline == headline


@pytest.mark.parametrize(
    ("written", "headline"),
    [
        ("<title>Use &lt;b&gt; &amp;amp; rest</title>", "Use <b> &amp; rest"),
        ('<title type="html">A &lt;b&gt;bold&lt;/b&gt; move</title>', "A bold move"),
        (
            '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>bold</b> move</div></title>',
            "A bold move",
        ),
    ],
)
def test_atom_headlines_by_their_type(written: str, headline: str) -> None:
    assert only(atom(f"<entry><id>urn:1</id>{written}</entry>")).headline == headline


def test_the_full_text_is_the_body_and_the_description_the_standfirst() -> None:
    full = "<content:encoded><![CDATA[<p>All of it.</p>]]></content:encoded>"
    short = "<description>&lt;p&gt;A word before, longer than the rest.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;</description>"
    for inner in (full + short, short + full):
        draft = only(item(inner))
        assert draft.body_html == "<p>All of it.</p>"
        assert draft.standfirst == "A word before, longer than the rest. Two."


def test_a_description_that_repeats_the_text_is_no_standfirst() -> None:
    draft = only(
        item("<description>All of it.</description><content:encoded><![CDATA[<p>All of it.</p>]]></content:encoded>")
    )
    assert (draft.body_html, draft.standfirst) == ("<p>All of it.</p>", None)


def test_a_description_alone_is_the_body() -> None:
    draft = only(item("<description>&lt;p&gt;All.&lt;/p&gt;</description>"))
    assert (draft.body_html, draft.standfirst) == ("<p>All.</p>", None)


@pytest.mark.parametrize("before", [True, False])
def test_a_caption_is_not_the_text(before: bool) -> None:
    own = "<title>Ferry runs again</title><description>The text of it.</description>"
    media = (
        '<media:content url="https://news.example/p.jpg"><media:title type="plain">Photo</media:title>'
        '<media:description type="html">&lt;i&gt;A caption&lt;/i&gt; that is longer than the text.</media:description>'
        "</media:content>"
    )
    draft = only(rss(f"<item>{media + own if before else own + media}</item>"))
    assert (draft.headline, draft.body_html, draft.standfirst) == ("Ferry runs again", "<p>The text of it.</p>", None)
    assert draft.lead_image == Image("https://news.example/p.jpg", caption="A caption that is longer than the text.")


def test_a_caption_is_the_text_where_there_is_no_other() -> None:
    entry = (
        '<entry xmlns:media="http://search.yahoo.com/mrss/"><id>urn:1</id><title>Film</title>'
        "<media:group><media:description>What it shows.</media:description></media:group></entry>"
    )
    assert only(atom(entry)).body_html == "<p>What it shows.</p>"


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ('<content type="html">&lt;p&gt;A &amp;amp; B&lt;/p&gt;</content>', "<p>A &amp; B</p>"),
        (
            '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
            "<p>A &amp; <em>B</em><br/></p></div></content>",
            "<p>A &amp; <em>B</em><br></br></p>",
        ),
        ("<content>A &lt; B\n\nNext\nline</content>", "<p>A &lt; B</p>\n<p>Next<br>\nline</p>"),
        ('<content type="image/png">iVBORw0KGgo=</content>', "<p>The summary.</p>"),
        ('<content src="https://news.example/film.mp4" type="video/mp4"/>', "<p>The summary.</p>"),
    ],
)
def test_atom_content_by_its_type(content: str, body: str) -> None:
    draft = only(atom(f"<entry><id>urn:1</id><title>One</title><summary>The summary.</summary>{content}</entry>"))
    assert draft.body_html == body
    assert draft.standfirst == (None if body == "<p>The summary.</p>" else "The summary.")


# --- tags, pictures, languages ---


def test_categories_are_tags_each_once() -> None:
    draft = only(item("<category>Sea</category><category> Ports </category><category>sea</category><category/>"))
    assert draft.tags == ("Sea", "Ports")


def test_the_label_of_an_atom_category_goes_before_its_term() -> None:
    entry = '<entry><id>urn:1</id><title>One</title><category term="sea"/><category term="p1" label="Ports"/></entry>'
    assert only(atom(entry)).tags == ("sea", "Ports")


@pytest.mark.parametrize(
    ("inner", "image"),
    [
        (
            '<media:content url="/s.jpg" medium="image" width="140"/>'
            '<media:content url="/l.jpg" medium="image" width="700" height="420"/>'
            '<media:content url="/film.mp4" medium="video" width="1920"/><media:credit>Bo Lind</media:credit>',
            Image(HOME + "l.jpg", credit="Bo Lind", width=700, height=420),
        ),
        ('<media:group><media:content url="/g.png"/></media:group>', Image(HOME + "g.png")),
        ('<enclosure url="/e.jpg" type="image/jpeg" length="9"/>', Image(HOME + "e.jpg")),
        ('<enclosure url="/e.mp3" type="audio/mpeg" length="9"/>', None),
        ('<media:thumbnail url="/t.jpg" width="90px" height="x"/>', Image(HOME + "t.jpg", width=90)),
        ("<image><url>\n/i.jpg\n</url><title>x</title></image>", Image(HOME + "i.jpg")),
        ("<thumbnail>/s.jpg</thumbnail><bigimage>/b.JPG</bigimage>", Image(HOME + "b.JPG")),
        ('<media:content url="data:image/png;base64,AA" type="image/png"/>', None),
    ],
)
def test_lead_images(inner: str, image: Image | None) -> None:
    assert only(item(inner)).lead_image == image


@pytest.mark.parametrize(
    ("written", "tag"), [("en-us", "en-US"), ("pt_BR", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("", None), ("?!", None)]
)
def test_the_language_of_an_rss_feed(written: str, tag: str | None) -> None:
    assert only(rss("<item><title>One</title></item>", f"<language>{written}</language>")).language == tag


def test_the_language_of_an_entry_goes_before_that_of_its_feed() -> None:
    entries = (
        '<entry><id>urn:1</id><title>Un</title><content xml:lang="fr-ca">Texte</content></entry>'
        '<entry xml:lang="de"><id>urn:2</id><title>Zwei</title></entry>'
        "<entry><id>urn:3</id><title>Three</title></entry>"
    )
    parsed = parse(atom(entries, attributes='xml:lang="en"'), "f")
    assert [draft.language for draft in parsed.drafts] == ["fr-CA", "de", "en"]


# --- RSS 1.0 ---


def test_rss_1_items_stand_beside_the_channel() -> None:
    parsed = parse(
        b'<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        b'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://news.example/"><title>Tides</title>'
        b'<link>https://news.example/</link><items><rdf:Seq><rdf:li rdf:resource="https://news.example/1"/></rdf:Seq>'
        b'</items></channel><item rdf:about="https://news.example/1"><title>\nOne\n</title>'
        b"<link>\nhttps://news.example/1\n</link><dc:title>One</dc:title><dc:date>2026-01-02</dc:date>"
        b"<dc:publisher>Harbour Press</dc:publisher></item></rdf:RDF>",
        "f",
    )
    assert (parsed.format, parsed.title, parsed.items) == ("rss10", "Tides", 1)
    (draft,) = parsed.drafts
    assert (draft.headline, draft.guid, draft.url) == ("One", "https://news.example/1", "https://news.example/1")
    assert (draft.published_at, draft.authors) == (utc(2026, 1, 2), ())


# --- encodings ---


@pytest.mark.parametrize("encoding", ["euc-kr", "utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig", "utf-32"])
def test_encodings(encoding: str) -> None:
    declared = encoding.replace("-sig", "")
    text = rss(
        "<item><title>한국 항구</title></item>", declaration=f'<?xml version="1.0" encoding="{declared}"?>'
    ).decode()
    assert only(text.encode(encoding)).headline == "한국 항구"


def test_windows_1252() -> None:
    data = rss("<item><title>5 EUR</title></item>", declaration='<?xml version="1.0" encoding="windows-1252"?>')
    assert only(data.replace(b"EUR", b"\x80")).headline == "5 €"


def test_the_charset_of_the_content_type() -> None:
    korean = rss("<item><title>한국 항구</title></item>").decode()
    assert only(korean.encode("euc-kr"), content_type="text/xml; charset=EUC-KR").headline == "한국 항구"
    assert only(korean.encode(), content_type="text/xml").headline == "한국 항구"
    assert only(korean.encode(), content_type="application/rss+xml; charset=no-such").headline == "한국 항구"
    assert only(korean.encode("utf-16"), content_type="text/xml; charset=iso-8859-1").headline == "한국 항구"


def test_white_space_before_the_declaration() -> None:
    assert (
        only(b"\r\n\t" + rss("<item><title>One</title></item>", declaration='<?xml version="1.0"?>')).headline == "One"
    )


# --- what is wrong with it ---


def test_an_undeclared_prefix_is_told_and_the_items_are_read() -> None:
    parsed = parse(rss("\n<item><title>One</title><itunes:subtitle>x</itunes:subtitle></item>"), "f")
    assert [draft.headline for draft in parsed.drafts] == ["One"]
    assert parsed.broken == (Broken("line 2", "unbound prefix", ImportErrorCode.MALFORMED),)


def test_an_item_that_is_cut_off_is_left_out_and_told() -> None:
    whole = rss("<item><title>One</title></item>\n<item><title>Two</title><description>Begun and</description></item>")
    parsed = parse(whole[: whole.index(b"and</desc") + 1], "f")
    assert [draft.headline for draft in parsed.drafts] == ["One"]
    assert parsed.items == 2
    (broken,) = parsed.broken
    assert broken.where == "line 2"


def test_a_last_tag_that_is_cut_off_costs_no_item() -> None:
    parsed = parse(
        rss("<item><title>One</title><link>https://news.example/a?x=1&amp;y=2</link></item>").removesuffix(b">"), "f"
    )
    assert [draft.url for draft in parsed.drafts] == ["https://news.example/a?x=1&y=2"]
    assert parsed.broken[0].where == "line 1"


def test_bare_ampersands() -> None:
    parsed = parse(rss("<item><title>Salt & Sea</title><link>https://news.example/a?x=1&y=2</link></item>"), "f")
    assert [(draft.headline, draft.url) for draft in parsed.drafts] == [
        ("Salt & Sea", "https://news.example/a?x=1&y=2")
    ]
    assert parsed.broken[0].reason.startswith("not well-formed")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"hello", "is not a feed"),
        (b"<!DOCTYPE html><html><head><title>x</title></head></html>", "is an HTML page"),
        (b"<html>", "is an HTML page"),
        (b'<?xml version="1.0"?><opml version="2.0"/>', "is XML, but neither RSS nor Atom"),
        (b'<?xml version="1.0"?><!-- cut', "truncated"),
        (b"[1, 2]", "is a JSON array"),
        (b'{"a": 1}', "is JSON, but neither"),
        (b"PK\x03\x04\0\0", "is binary"),
        (b"<rss version='2.0'>\n<channel>\n<title", "is not well-formed at line 3"),
        (b"<rss version='2.0'><channel>\n<x:y/></channel></rss>", "is not well-formed at line 2: unbound prefix"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, message: str) -> None:
    with pytest.raises(ImportFormatError, match=message):
        parse(data, "f")


# --- what must not happen ---


def test_a_document_type_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_goes_out(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", nothing_goes_out)
    monkeypatch.setattr("urllib.request.urlopen", nothing_goes_out)
    plain = '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/feed.dtd">'
    for prolog in (plain, f"<!-- <a> -->{plain}"):
        parsed = parse(rss("<item><title>One &far;</title></item>", declaration=prolog), "f")
        assert parsed.drafts[0].headline.startswith("One")


def test_entities_that_stand_for_a_character() -> None:
    declaration = '<!DOCTYPE rss [\n<!ENTITY nbsp "&#160;">\n<!ENTITY auml "ä">]>'
    assert only(rss("<item><title>F&auml;hre</title></item>", declaration=declaration)).headline == "Fähre"


def test_the_name_of_a_file_is_not_opened() -> None:
    with pytest.raises(ImportFormatError):
        parse(b"/etc/hostname", "f")


def test_a_location_that_is_no_utf8() -> None:
    data = b"<rss version='2.0'><channel><item><title>One</title></item></channel></rss>"
    assert only(data, "caf\udce9.xml").source == "caf?.xml"
