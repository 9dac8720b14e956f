"""What stays of an article's markup, and the text of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgraph.policies.html import sanitise, text_of

REL = 'rel="nofollow noopener"'


@pytest.mark.parametrize(
    ("given_html", "kept"),
    [
        ("<p>A <em>b</em> <strong>c</strong></p>", "<p>A <em>b</em> <strong>c</strong></p>"),
        ("<h2>a</h2><ul><li>b</ul>", "<h2>a</h2><ul><li>b</li></ul>"),
        ("<blockquote cite=https://a.example/>q</blockquote>", '<blockquote cite="https://a.example/">q</blockquote>'),
        ("<p onclick=x() class=c id=i style='color:red'>a</p>", "<p>a</p>"),
        ("a<script>alert(1)</script>b", "ab"),
        ("a<style>p{}</style>b", "ab"),
        ("a<svg><text>x</text></svg>b", "ab"),
        ("a<iframe src=https://a.example>x</iframe>b", "ab"),
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
    assert sanitise(given_html).html == kept


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
    assert sanitise(html).text == text


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
    body = sanitise(html)
    found = _Found()
    found.feed(body.html)
    assert not found.tags & {"script", "style", "svg", "math", "iframe", "object", "embed", "form", "template", "xmp"}
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("style", "class", "id")]
    addresses = [value for name, value in found.attributes if name in ("href", "src", "cite")]
    assert all(re.match(r"(https?|mailto):", value, re.IGNORECASE) for value in addresses)
    assert sanitise(body.html).html == body.html
    assert text_of(body.html) == body.text


def test_deep_and_long_markup_is_no_danger() -> None:
    assert sanitise("<blockquote>" * 20_000 + "x").text == "x"
    assert len(sanitise("<p>word</p>" * 20_000).text.splitlines()) == 20_000
