"""What an article's fields must look like."""

from __future__ import annotations

import pytest

from newsgraph.domain.articles import Image
from newsgraph.policies.articles import (
    clean_image,
    clean_tags,
    headline_problem,
    language_tag,
    standfirst_problem,
    tags_problem,
    web_url,
)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("pt-br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        (" de ", "de"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("", None),
        ("e", None),
        ("en_US", None),
        ("en-", None),
        ("english language", None),
        ("-en", None),
    ],
)
def test_language_tags(text: str, tag: str | None) -> None:
    assert language_tag(text) == tag


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://a.example/b?c=d#e", True),
        ("http://a.example:8080", True),
        ("HTTPS://A.example", True),
        ("https://[::1]/", True),
        ("https://münchen.example/ä", True),
        ("ftp://a.example", False),
        ("//a.example", False),
        ("/a", False),
        ("https://", False),
        ("https:///a", False),
        ("https://a.example/a b", False),
        ("https://a.example/\n", False),
        ("https://[::1", False),
        ("https://a.example:99999", False),
        ("javascript:alert(1)", False),
        ("https://a.example/" + "x" * 2_000, False),
        ("", False),
    ],
)
def test_addresses(text: str, is_one: bool) -> None:
    assert web_url(text) is is_one


def test_headlines_and_standfirsts_have_a_length() -> None:
    assert headline_problem("x" * 300) is None
    assert headline_problem("x" * 301) == "A headline has at most 300 characters, this one 301."
    assert headline_problem("") == "An article needs a headline."
    assert standfirst_problem("x" * 1_000) is None
    assert standfirst_problem("x" * 1_001) is not None


def test_tags_are_lines_of_their_own() -> None:
    assert clean_tags([" Sea\nport ", "sea port", "", "Ferry", "STRASSE", "straße"]) == ("Sea port", "Ferry", "STRASSE")
    assert tags_problem(("x" * 60,) * 50) is None
    assert tags_problem(("x" * 61,)) == "A tag has at most 60 characters."
    assert tags_problem(("x",) * 51) == "At most 50 tags."


def test_images_say_what_they_know() -> None:
    image = Image("https://a.example/i.png", alt=" a\nb ", caption="", credit=None, width=0, height=-3)
    assert clean_image(image) == Image("https://a.example/i.png", "a b", None, None, None, None)
