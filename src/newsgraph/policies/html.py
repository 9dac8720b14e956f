"""Article markup from anybody: what may stay, and the plain text of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

from newsgraph.domain.articles import Body

# fmt: off
_BLOCKS = frozenset({
    "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre",
    "figure", "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tfoot", "tr",
})
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "i", "img", "ins", "kbd", "mark", "q",
    "s", "samp", "small", "strong", "sub", "sup", "td", "th", "time", "u", "var", "wbr",
})
# Of these not even the text inside stays: it is code, another document's, or a control's.
_DROPPED = frozenset({
    "applet", "audio", "button", "canvas", "embed", "iframe", "math", "noscript", "object", "script", "select",
    "style", "svg", "template", "textarea", "title", "video",
})
# fmt: on
_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "blockquote": {"cite"},
    "img": {"alt", "height", "src", "title", "width"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}


def _image_on_the_web(tag: str, attribute: str, value: str) -> str | None:
    if (tag, attribute) == ("img", "src") and not value.lower().startswith(("http://", "https://")):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=_BLOCKS | _INLINE,
    clean_content_tags=_DROPPED,
    attributes=_ATTRIBUTES,
    attribute_filter=_image_on_the_web,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",  # a relative address means another page on our site than it did where it was written
    link_rel="nofollow noopener",
)
_BLANKS = re.compile(r"[ \t\n\r\f\v]+")


def sanitise(html: str) -> Body:
    """Markup of the allow list and its text; whatever else was there is gone. Any input is fit."""
    clean = _CLEANER.clean(html.encode("utf-8", "replace").decode()).strip()
    return Body(clean, text_of(clean))


def text_of(html: str) -> str:
    """The text of a fragment: one line a block, white space folded as a browser does, entities decoded."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    lines = (line.strip() for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


class _TextReader(HTMLParser):
    """Collects text, with a newline wherever a block begins or ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._preformatted += tag == "pre"
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._preformatted -= tag == "pre"
        self._break(tag)
        if tag in ("td", "th"):
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data if self._preformatted else _BLANKS.sub(" ", data))

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS or tag == "br":
            self.parts.append("\n")
