"""Files that somebody wrote to bring an import down, and what must come of each: made here, so that they stay small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from newsgraph.domain.errors import ImportErrorCode as Code

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class File:
    """`refused`: the whole of it. Else `taken` are the headlines of what goes in, and `left` why the rest does not.

    `never` stands nowhere in what was read.
    """

    name: str
    data: Callable[[], bytes]
    refused: Code | None = None
    taken: tuple[str, ...] = ()
    left: Mapping[str, Code] = field(default_factory=dict)
    never: str = "root:"
    content_type: str | None = None


def rss(items: str | bytes, prolog: str | bytes = "") -> Callable[[], bytes]:
    """With one item more, that nothing is wrong with, at its end."""
    begin = b"<rss version='2.0'><channel><title>T</title><link>https://news.example/</link>"
    return lambda: (
        _bytes(prolog) + begin + _bytes(items) + b"<item><title>Good</title><guid>good</guid></item></channel></rss>"
    )


def lines(*given: str | bytes) -> Callable[[], bytes]:
    return lambda: b"\n".join(map(_bytes, (*given, '{"headline": "Good", "id": "good"}')))


def feed(items: str) -> Callable[[], bytes]:
    return ('{"version": "https://jsonfeed.org/version/1.1", "items": ' + items).encode


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def item(inner: str, title: str = "Bad") -> str:
    return f"<item><title>{title}</title><guid>bad</guid>{inner}</item>"


def _laughs() -> str:
    steps = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE rss [<!ENTITY l0 "lol">{steps}]>'


BOTH = ("Bad", "Good")
GOOD = ("Good",)
FIRST_TOO_LARGE = {"item 1": Code.TOO_LARGE}

FILES = [
    # entities and documents of others
    File("billion laughs", rss(item("", "&l9;"), _laughs()), Code.REFUSED),
    File("billion laughs, each on a line", rss(item("", "&l9;"), _laughs().replace("<!E", "\n<!E")), Code.REFUSED),
    File(
        "quadratic blow-up",
        rss(item("", "&a;" * 10_000), f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100_000}">]>'),
        Code.REFUSED,
    ),
    File(
        "small quadratic blow-up",
        rss(item("", "&a;" * 100_000), '<!DOCTYPE rss [\n<!ENTITY a "' + "x" * 40 + '">\n]>'),
        left=FIRST_TOO_LARGE,
        taken=GOOD,
    ),
    File(
        "external entity",
        rss(item("", "&a;"), '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        Code.REFUSED,
    ),
    File(
        "external entity by a public name",
        rss(item("", "&a;"), '<!DOCTYPE rss [<!ENTITY a PUBLIC "x" "http://127.0.0.1:9/">]>'),
        Code.REFUSED,
    ),
    File(
        "external entity in capitals after a comment",
        rss(item("", "&a;"), '<!-- <a> -->\n<!doctype rss [<!entity a system "file:///etc/passwd">]>'),
        Code.REFUSED,
    ),
    File(
        "parameter entity",
        rss(item("", "&a;"), '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>'),
        Code.REFUSED,
    ),
    File("DTD of another host", rss(item(""), '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">'), taken=BOTH),
    File(
        "XInclude",
        rss(item('<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>')),
        taken=BOTH,
    ),
    File("style sheet", rss(item(""), '<?xml-stylesheet href="file:///etc/passwd"?>'), taken=BOTH),
    # nesting
    File(
        "elements within each other",
        rss(item(f"<description>{'<a>' * 5_000}{'</a>' * 5_000}</description>")),
        taken=BOTH,
    ),
    File("elements that do not end", lambda: b"<rss><channel>" + b"<a>" * 20_000, Code.MALFORMED),
    File(
        "HTML within each other",
        rss(item(f"<description>{'&lt;div&gt;' * 50_000}</description>")),
        left=FIRST_TOO_LARGE,
        taken=GOOD,
    ),
    File(
        "HTML lists within each other",
        lines('{"headline": "Bad", "bodyHtml": "' + "<dd><li>" * 5_000 + '"}'),
        taken=BOTH,
    ),
    File("JSON arrays within each other", feed("[" * MILLION), Code.TOO_LARGE),
    File("JSON objects within each other", lines('{"a":' * MILLION), taken=GOOD, left={"line 1": Code.TOO_LARGE}),
    File("an author in brackets", rss(item(f"<author>{'(' * 100_000}@x</author>")), taken=BOTH),
    File(
        "a date of many brackets",
        lines('{"headline": "Bad", "publishedAt": "' + ",(*0*)1" * 100_000 + '"}'),
        taken=GOOD,
        left={"line 1": Code.UNUSABLE},
    ),
    File("a date of many brackets in XML", rss(item(f"<pubDate>{',(*0*)1' * 100_000}</pubDate>")), taken=BOTH),
    File("a date in brackets", rss(item(f"<pubDate>Mon, {'(' * 100_000} 1 Jan 2026</pubDate>")), taken=BOTH),
    # length
    File("a title of 30 MB", rss(item("", "a " * 15 * MILLION)), left=FIRST_TOO_LARGE, taken=GOOD),
    File(
        "a headline of 30 MB",
        lines('{"headline": "' + "a" * 30 * MILLION + '"}'),
        left={"line 1": Code.TOO_LARGE},
        taken=GOOD,
    ),
    File(
        "a name of an attribute without end",
        rss(item(f"<description>&lt;p {'a' * 500_000}&gt;</description>")),
        taken=BOTH,
    ),
    File("tags that do not end", rss(item(f"<description>{'&lt;a' * 15_000}</description>")), taken=BOTH),
    File(
        "a number without end",
        lines(b'{"headline": ' + b"9" * MILLION + b"}"),
        taken=GOOD,
        left={"line 1": Code.TOO_LARGE},
    ),
    File(
        "an exponent without end",
        lines('{"headline": "Bad", "leadImage": {"url": "https://a.example", "width": 1e999}}'),
        taken=GOOD,
        left={"line 1": Code.UNUSABLE},
    ),
    File("a million items", rss("<item/>" * MILLION), Code.TOO_LARGE),
    File("a million objects", feed("[" + "0," * MILLION + "0]}"), Code.TOO_LARGE),
    File("a million lines", lambda: b'{"headline": "a"}\n' * MILLION, Code.TOO_LARGE),
    File("a hundred thousand tags", rss(item("<category>a</category>" * 30_000)), taken=BOTH),
    File(
        "a hundred thousand authors", lines('{"headline": "Bad", "authors": [' + '"a",' * 100_000 + '"b"]}'), taken=BOTH
    ),
    File(
        "a base64 of megabytes",
        lambda: (
            b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>Bad</title>"
            b"<content mode='base64'>" + b"QUFB" * MILLION + b"</content></entry></feed>"
        ),
        left=FIRST_TOO_LARGE,
    ),
    # encodings
    File("UTF-7", rss(item("", "+ADw-script+AD4-"), "<?xml version='1.0' encoding='utf-7'?>"), Code.REFUSED),
    File(
        "UTF-7 by its header",
        rss(item("", "Bad +ADw-")),
        taken=("Bad +ADw-", "Good"),
        content_type="text/xml; charset=utf-7",
    ),
    File("punycode", rss(item("", "a-b" * 100_000), "<?xml version='1.0' encoding='punycode'?>"), Code.REFUSED),
    File(
        "Python's own escapes",
        rss(item("", r"\u003c"), "<?xml version='1.0' encoding='unicode_escape'?>"),
        Code.REFUSED,
    ),
    File("an encoding with a path", rss(item(""), "<?xml version='1.0' encoding='../../etc/passwd'?>"), taken=BOTH),
    File("UTF-16 without a mark", lambda: rss(item(""))().decode().encode("utf-16-le"), taken=BOTH),
    File(
        "UTF-16 that says it is UTF-8",
        lambda: rss(item(""), "<?xml version='1.0' encoding='utf-8'?>")().decode().encode("utf-16"),
        taken=BOTH,
    ),
    File("half of UTF-16", lambda: rss(item(""))().decode().encode("utf-16")[:-1], taken=BOTH),
    File(
        "Latin-1 that says it is UTF-8",
        lambda: rss(item(""), "<?xml version='1.0' encoding='utf-8'?>")().replace(b"Bad", b"B\xe4d"),
        taken=("Bäd", "Good"),
    ),
    File("half a character in JSON", lines(r'{"headline": "Bad \ud800"}'), taken=("Bad ?", "Good")),
    File(
        "half a character in XML that is not well-formed",
        rss(item("", "Bad&#xD800 &#57343 &")),
        taken=("Bad\ufffd \ufffd &", "Good"),
        left={"line 1": Code.MALFORMED},
    ),
    File(
        "half a character in XML",
        rss(item("", "Bad&#xD800;&#55296;&#x00DFFF;")),
        taken=("Bad\ufffd\ufffd\ufffd", "Good"),
    ),
    File("NUL in JSON", lines(r'{"headline": "B\u0000ad"}'), taken=BOTH),
    File("NUL in XML", rss(item("", "B\0ad")), taken=("B ad", "Good"), left={"line 1": Code.MALFORMED}),
    File("NUL and nothing else", lambda: b"\0" * MILLION, Code.NOT_SUPPORTED),
    File("bytes that are no UTF-8", lines(b'{"headline": "\xff\xfe"}'), taken=GOOD, left={"line 1": Code.MALFORMED}),
    File("marks of two encodings", lambda: b"\xef\xbb\xbf\xff\xfe" + rss(item(""))(), Code.NOT_SUPPORTED),
    # values
    File(
        "a date before all news",
        lines('{"headline": "Bad", "publishedAt": "0001-01-01T00:00:00+14:00"}'),
        taken=GOOD,
        left={"line 1": Code.UNUSABLE},
    ),
    File(
        "a date that is none",
        lines('{"headline": "Bad", "publishedAt": "2026-02-30T25:61:61Z"}'),
        taken=GOOD,
        left={"line 1": Code.UNUSABLE},
    ),
    File(
        "a date of a megabyte",
        lines('{"headline": "Bad", "publishedAt": "' + "x" * MILLION + '"}'),
        taken=GOOD,
        left={"line 1": Code.UNUSABLE},
    ),
    File(
        "a date of another kind",
        lines('{"headline": "Bad", "publishedAt": {"$date": 1}}'),
        taken=GOOD,
        left={"line 1": Code.UNUSABLE},
    ),
    File(
        "an address that runs",
        lines('{"headline": "Bad", "url": "javascript:x()"}'),
        taken=GOOD,
        left={"line 1": Code.UNUSABLE},
    ),
    File("an address of a file", rss(item("<link>file:///etc/passwd</link>")), taken=BOTH, never="passwd"),
    File("a base of a file", rss(item("<description>&lt;a href='x'&gt;</description>")), taken=BOTH),
    File("the same id twice", rss(item("") + item("", "Worse")), taken=BOTH, left={"item 2": Code.DUPLICATE}),
    File("a key twice", lines('{"headline": "Bad", "headline": ["x"]}'), taken=GOOD, left={"line 1": Code.UNUSABLE}),
    File("names of Python", lines('{"headline": "Bad", "__class__": "x", "__init__": {"__globals__": 1}}'), taken=BOTH),
    # what it is not
    File(
        "a WordPress export",
        lambda: rss(item("<wp:status>draft</wp:status>"))().replace(
            b"version", b"xmlns:wp='http://wordpress.org/export/1.2/' version"
        ),
        Code.NOT_SUPPORTED,
    ),
    File(
        "ninjs on a line",
        lambda: b'{"uri": "x", "headline": "Bad", "versioncreated": "2026-01-01T00:00:00Z"}',
        Code.NOT_SUPPORTED,
    ),
    File("NewsML", lambda: b"<newsItem xmlns='http://iptc.org/std/nar/2006-10-01/'/>", Code.NOT_SUPPORTED),
    File("a page", lambda: b"<!doctype html><title>x</title>", Code.NOT_SUPPORTED),
    File("an archive", lambda: b"PK\x03\x04\0\0\0", Code.NOT_SUPPORTED),
    File("compressed once more", lambda: b"\x1f\x8b\x08\0\0\0\0\0", Code.NOT_SUPPORTED),
    File(
        "a pickle",
        lambda: b"\x80\x04\x95\x1b\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        Code.NOT_SUPPORTED,
    ),
    File("YAML", lambda: b"!!python/object/apply:os.system ['true']", Code.NOT_SUPPORTED),
    File("the beginning of a feed", lambda: b"<rss", Code.MALFORMED),
    File("the beginning of a comment", lambda: b"<!--" * MILLION, Code.NOT_SUPPORTED),
    File(
        "the beginning of a document type",
        lambda: b"<!DOCTYPE rss [" + (b"]" + b" " * 1_000) * 1_000,
        Code.NOT_SUPPORTED,
    ),
]
