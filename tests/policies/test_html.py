"""What stays of an article's markup, and the text of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgraph.policies.html import Markup, sanitise, text_of
from newsgraph.settings import Settings, SettingsError

ALLOWED = Markup(frozenset({"player.example"}), "nofollow ugc noopener")
REL = 'rel="nofollow ugc noopener"'
FRAME = (
    'sandbox="allow-scripts allow-same-origin allow-presentation allow-popups" '
    'allow="fullscreen; encrypted-media; picture-in-picture" '
    'loading="lazy" referrerpolicy="strict-origin-when-cross-origin"'
)


@pytest.mark.parametrize(
    ("given_html", "kept"),
    [
        ("<p>A <em>b</em> <strong>c</strong></p>", "<p>A <em>b</em> <strong>c</strong></p>"),
        ("<h2>a</h2><ul><li>b</ul>", "<h2>a</h2><ul><li>b</li></ul>"),
        ("<blockquote cite=https://a.example/>q</blockquote>", '<blockquote cite="https://a.example/">q</blockquote>'),
        ("<blockquote cite=javascript:x()>q</blockquote>", "<blockquote>q</blockquote>"),
        ("<p onclick=x() class=c id=i style='color:red'>a</p>", "<p>a</p>"),
        ("a<script>alert(1)</script>b", "ab"),
        ("a<style>p{}</style>b", "ab"),
        ("a<svg><text>x</text></svg>b", "ab"),
        ("<iframe src=https://player.example/v></iframe>", f'<iframe src="https://player.example/v" {FRAME}></iframe>'),
        (
            "<iframe onload=x() srcdoc=x sandbox allow=camera title=t height=4 width=3 "
            "src=https://PLAYER.example/v?a=1&b><script>x()</script></iframe>",
            '<iframe src="https://PLAYER.example/v?a=1&amp;b" title="t" width="3" height="4" ' + f"{FRAME}></iframe>",
        ),
        (
            "a<iframe src=https://b.example/c?d&amp;e>x</iframe>f",
            f'a<a href="https://b.example/c?d&amp;e" {REL}>b.example</a>f',
        ),
        ("<iframe src=https://b.example title='T &lt;3'></iframe>", f'<a href="https://b.example" {REL}>T &lt;3</a>'),
        ("a<iframe srcdoc='<p>x'></iframe>b", "ab"),
        ("a<iframe src=javascript:x()></iframe>b", "ab"),
        ("a<iframe src='data:text/html,x'></iframe>b", "ab"),
        ("a<iframe src=/page></iframe>b", "ab"),
        ("<iframe src=https://a.example/><p>x", f'<a href="https://a.example/" {REL}>a.example</a>'),
        ("a<!-- secret -->b", "ab"),
        ("<head><title>t</title></head><body><p>x", "<p>x</p>"),
        ("<form><p>x</p></form>", "<p>x</p>"),
        ("<a href='https://a.example/?a=1&b=2'>l</a>", f'<a href="https://a.example/?a=1&amp;b=2" {REL}>l</a>'),
        ("<a href='mailto:a@b.example'>l</a>", f'<a href="mailto:a@b.example" {REL}>l</a>'),
        ("<a href='javascript:x()'>l</a>", f"<a {REL}>l</a>"),
        ("<a href=' java\nscript:x()'>l</a>", f"<a {REL}>l</a>"),
        ("<a href='/page' target=_blank>l</a>", f"<a {REL}>l</a>"),
        ("<a href='//evil.example'>l</a>", f"<a {REL}>l</a>"),
        ("<a href=https://a.example rel=opener>l</a>", f'<a href="https://a.example" {REL}>l</a>'),
        ("<img src=https://a.example/i alt=d width=3>", '<img src="https://a.example/i" alt="d" width="3">'),
        ("<img src=data:image/png;base64,AA== alt=d>", '<img alt="d">'),
        ("<img src=mailto:a@b.example alt=d>", '<img alt="d">'),
        ("<img src=/i.png onerror=x() alt=d>", '<img alt="d">'),
        ("<table><tr><td colspan=2>a</table>", '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>'),
        ("a < b & c", "a &lt; b &amp; c"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("half a \ud83d pair", "half a ? pair"),
        ("", ""),
    ],
)
def test_only_article_markup_stays(given_html: str, kept: str) -> None:
    assert sanitise(given_html, ALLOWED).html == kept


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<div>one<div>two</div>three</div>", "one\ntwo\nthree"),
        ("<p>a <em>b</em>c</p>", "a bc"),
        ("<p>  a\n   b\t</p>", "a b"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("Fish &amp; chips &lt;3 &eacute;&#128512;", "Fish & chips <3 é😀"),
        ("<figure><img src=https://a.example/i.png alt=no><figcaption>A boat</figcaption></figure>", "A boat"),
        ("a<script>b</script>c", "ac"),
        ("", ""),
    ],
)
def test_the_text_has_a_line_for_each_block(html: str, text: str) -> None:
    assert sanitise(html, ALLOWED).text == text


class _Found(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


_PIECES = st.sampled_from(
    [
        *("<script>", "</script>", "<svg>", "</svg>", "<math>", "<mtext>", "<style>", "</style>", "<!--", "-->"),
        *("<noscript>", "</noscript>", "<template>", "<title>", "</title>", "<table>", "<td>", "<xmp>", "</xmp>"),
        *("<p", "<img", "<a", "<iframe", ">", "'", '"', "=", "`", "<plaintext>", "<textarea>", "]]>", "<![CDATA["),
        *("onerror", "onload", "href", "src", "javascript:", "data:", "https://a.example", "x", "&lt;", "&#x6a;"),
        *("\n", "\0"),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=30).map(" ".join))
def test_nothing_that_runs_gets_through(html: str) -> None:
    body = sanitise(html, ALLOWED)
    found = _Found()
    found.feed(body.html)
    assert not found.tags & {"script", "style", "svg", "math", "object", "embed", "form", "template", "xmp"}
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("style", "class", "id")]
    addresses = [value for name, value in found.attributes if name in ("href", "src", "cite")]
    assert all(re.match(r"(https?|mailto):", value, re.IGNORECASE) for value in addresses)
    assert sanitise(body.html, ALLOWED).html == body.html
    assert text_of(body.html) == body.text


@pytest.mark.parametrize(
    "address",
    [
        "http://player.example/v",
        "https://player.example:8443/v",
        "https://player.example.evil.example/v",
        "https://evil.example/player.example",
        "https://player.example@evil.example/v",
        "https://evil.example\\@player.example/v",
        "https://evil.example\\.player.example/v",
        "https://player.example\\.evil.example/v",
        "https://player.example\t.evil.example/v",
        "https://player.example%2eevil.example/v",
        "https://playerＡexample/v",
    ],
)
def test_frames_of_other_hosts_are_links_however_they_are_written(address: str) -> None:
    html = sanitise(f'<iframe src="{address}"></iframe>', ALLOWED).html
    assert "<iframe" not in html
    assert html.startswith("<a href=") or not html


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"embed_hosts": "https://player.example"}, "embed_hosts"),
        ({"embed_hosts": "player.example:8443"}, "embed_hosts"),
        ({"embed_hosts": "*.example"}, "embed_hosts"),
        ({"embed_hosts": "news.example", "site_url": "https://NEWS.example/"}, "embed_hosts"),
        ({"link_rel": 'nofollow" onclick="x()'}, "link_rel"),
        ({"article_elements": 0}, "article_elements"),
        ({"import_items": 0}, "import_items"),
        ({"import_memory": 199_999_999}, "import_memory"),
        ({"import_timeout": 0.0}, "import_timeout"),
        ({"import_parse_timeout": 0.0}, "import_parse_timeout"),
    ],
)
def test_settings_that_cannot_be_used(changes: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingsError, match=setting):
        Settings(**changes)


def test_hosts_are_taken_from_the_settings() -> None:
    allowed = Markup.of(Settings(embed_hosts=" Player.example, other.example ,"))
    assert allowed.embed_hosts == {"player.example", "other.example"}


def test_links_are_marked_as_the_settings_say() -> None:
    link = "<a href=https://a.example>l</a>"
    assert sanitise(link, Markup()).html == '<a href="https://a.example">l</a>'
    assert sanitise(link, Markup(link_rel="noopener")).html == '<a href="https://a.example" rel="noopener">l</a>'


def test_deep_and_long_markup_is_no_danger() -> None:
    assert sanitise("<blockquote>" * 20_000 + "x", ALLOWED).text == "x"
    assert len(sanitise("<p>word</p>" * 20_000, ALLOWED).text.splitlines()) == 20_000
