"""HTML as it comes from outside: to plain text, from plain text, and its links made absolute."""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import urljoin

import nh3

_BLOCKS = (
    "address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|h[1-6]|hr|li|ol|p|pre|section|table|td|tr|ul"
)
_EDGE = re.compile(rf"<(?=/?(?:{_BLOCKS})\b)", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
# The look behind makes it begin where a name does: tried from each letter, a long one takes the square of its length.
_ATTRIBUTE = re.compile(r"""(?<![^\s"'/])([^\s"'<>/=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)""")
_TAGS_MAX = 40_000  # parsing takes the square of the depth: two seconds for so many that are never closed
_LINKS = {"href", "src", "cite", "poster"}


def plain(html: str) -> str:
    """The text of a fragment on one line; the words of neighbouring blocks stay apart.

    Of markup that cannot be parsed in time it is what stands between the tags.
    """
    if html.count("<") > _TAGS_MAX:
        return " ".join(unescape(_TAG.sub(" ", html)).split())
    spaced = _EDGE.sub(" <", html.encode("utf-8", "replace").decode())
    return " ".join(unescape(nh3.clean(spaced, tags=set())).split())


def paragraphs(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, other line ends are kept."""
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return "\n".join(_paragraph(block) for block in blocks if block)


def _paragraph(block: str) -> str:
    return "<p>" + escape(block, quote=False).replace("\n", "<br>\n") + "</p>"


def absolute_links(html: str, base: str) -> str:
    """The fragment with its relative links resolved; links within the fragment itself (#note) stay."""
    if not base:
        return html
    return _TAG.sub(lambda tag: _ATTRIBUTE.sub(lambda attribute: _resolved(attribute, base), tag[0]), html)


def _resolved(attribute: re.Match[str], base: str) -> str:
    name, equals, value = attribute.groups()
    target = value.strip("\"'").strip()
    if name.lower() not in _LINKS or target.startswith("#"):
        return attribute[0]
    quote = value[0] if value[0] in "\"'" else '"'
    try:
        return f"{name}{equals}{quote}{urljoin(base, target)}{quote}"
    except ValueError:  # no URL at all, such as http://[
        return attribute[0]
