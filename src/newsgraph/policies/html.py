"""Article markup from anybody: what may stay, and the plain text of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from html import escape, unescape
from html.parser import HTMLParser

import nh3

from newsgraph.domain.articles import Body
from newsgraph.settings import Settings

# fmt: off
_BLOCKS = frozenset({
    "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre",
    "figure", "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tfoot", "tr",
})
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "i", "iframe", "img", "ins", "kbd",
    "mark", "q", "s", "samp", "small", "strong", "sub", "sup", "td", "th", "time", "u", "var", "wbr",
})
# Of these not even the text inside stays: it is code, another document's, or a control's.
_DROPPED = frozenset({
    "applet", "audio", "button", "canvas", "embed", "math", "noscript", "object", "script", "select", "style", "svg",
    "template", "textarea", "title", "video",
})
# fmt: on
_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "blockquote": {"cite"},
    "iframe": {"height", "src", "title", "width"},
    "img": {"alt", "height", "src", "title", "width"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
# What a player needs: its own scripts and storage, full screen, its link to itself. It cannot lead our page elsewhere.
_FRAME = {
    "sandbox": "allow-scripts allow-same-origin allow-presentation allow-popups",
    "allow": "fullscreen; encrypted-media; picture-in-picture",
    "loading": "lazy",
    "referrerpolicy": "strict-origin-when-cross-origin",
}
_IFRAME = re.compile(r'<iframe((?: [a-z]+="[^"]*")*)>.*?</iframe>', re.DOTALL)
_QUOTED = re.compile(r' ([a-z]+)="([^"]*)"')
# Strict, because browsers and Python read odd addresses differently: https://evil.example\@player.example/ is evil's.
_SECURE = re.compile(r"https://([a-z0-9.-]+)(?:[/?#][^\s\\]*)?", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\n\r\f\v]+")


@dataclass(frozen=True, slots=True)
class Markup:
    """Hosts whose pages may stand within an article, the `rel` of its links, and most of its elements.

    Whoever calls has looked at `elements`: cleaning takes the square of their depth.
    """

    embed_hosts: frozenset[str] = frozenset()
    link_rel: str = ""
    elements: int = 20_000

    @classmethod
    def of(cls, settings: Settings) -> Markup:
        return cls(frozenset(settings.embedded), settings.link_rel, settings.article_elements)


def sanitise(html: str, allowed: Markup) -> Body:
    """Markup of the allow list and its text; whatever else was there is gone. Any input is fit.

    Frames of hosts that are not allowed become links.
    """
    cleaner = _cleaner(allowed.link_rel)
    clean = cleaner.clean(html.encode("utf-8", "replace").decode())
    if "<iframe" in clean:  # cleaned once more, because a link cannot stand in every place where a frame can
        clean = cleaner.clean(_IFRAME.sub(partial(_embedded, allowed.embed_hosts), clean))
    return Body(clean.strip(), text_of(clean))


@lru_cache(maxsize=8)
def _cleaner(link_rel: str) -> nh3.Cleaner:
    """Made once for each rule, since it compiles the lists."""
    return nh3.Cleaner(
        tags=_BLOCKS | _INLINE,
        clean_content_tags=_DROPPED,
        attributes=_ATTRIBUTES,
        attribute_filter=_on_the_web,
        tag_attribute_values={"iframe": {name: {value} for name, value in _FRAME.items()}},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",  # a relative address means another page on our site than it did where it was written
        link_rel=link_rel or None,
    )


def _on_the_web(_tag: str, attribute: str, value: str) -> str | None:
    """Nothing is loaded by mail, and nh3 looks at no blockquote's cite."""
    if attribute in ("src", "cite") and not value.lower().startswith(("http://", "https://")):
        return None
    return value


def _embedded(hosts: frozenset[str], found: re.Match[str]) -> str:
    """The frame as it should be, without what was in it; or a link to where it led; nothing where it led nowhere."""
    given = {name: unescape(value) for name, value in _QUOTED.findall(found[1])}
    address = given.get("src", "")
    secure = _SECURE.fullmatch(address)
    if secure and secure[1].lower() in hosts:
        kept = {name: given[name] for name in ("src", "title", "width", "height") if name in given}
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in (kept | _FRAME).items())
        return f"<iframe{attributes}></iframe>"
    name = given.get("title") or (secure[1] if secure else address)
    return f'<a href="{escape(address)}">{escape(name)}</a>' if address else ""


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
