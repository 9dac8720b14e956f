"""Pages as they come from the server: what is on them, what machines read in them, and what keeps them."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import httpx
import pytest

from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from newsgraph.web.site.view import _explained
from tests.flows.conftest import PUBLISH, SECRET
from tests.web.site.conftest import STORY, Reader, publish, served, text_of

RETRACT = "mutation ($id: ID!) { retractArticle(input: {id: $id}) { userErrors { code } } }"
PAGES = [
    "/",
    "/sections/asia",
    "/articles/ferry",
    "/authors/ada-writer",
    "/search",
    "/search?q=ferry",
    "/sign-in",
    "/nope",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_and_loads_nothing_from_elsewhere(reader: Reader, path: str) -> None:
    page = reader.get(path)

    assert page.status_code == (404 if path == "/nope" else 200)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.count("<h1") == 1
    assert page.text.count('id="main"') == page.text.count('id="bottom"') == page.text.count('id="top"') == 1
    assert "Harbour &lt;News&gt;" in page.text
    assert "<News>" not in page.text
    assert re.findall(r"<script(?![^>]*(?:src=\"/|ld\+json))", page.text) == []
    assert re.findall(r'<(?:script|link rel="stylesheet")[^>]*(?:src|href)="(?!/)', page.text) == []
    assert " style=" not in page.text
    assert "<style" not in page.text


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_forbids_whatever_is_inline(reader: Reader, path: str) -> None:
    headers = reader.get(path).headers

    policy = dict(part.partition(" ")[::2] for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_an_article_has_all_that_belongs_to_it(reader: Reader) -> None:
    words = text_of(reader.get("/articles/ferry").text)

    for part in (
        "Ferry &amp; &lt;Harbour&gt; &lt;/script&gt; again",
        "By Ada Writer",
        "1 min read",
        "The morning boat. Kim",
        "The second, with stress .",
        "ada@newsroom.example",
        "Comments 0",
        "at most 300 characters",
        "Nobody has said anything yet.",
        "[ASIA] Latest Stories",
        "You May Also Like",
        "Popular Now",
        "Must-Reads",
    ):
        assert part in words


def test_a_reading_is_a_view_and_asking_for_the_head_is_none(reader: Reader) -> None:
    publish(reader.url, **STORY | {"slug": "viewed"})
    seen = 'query { article(slug: "viewed") { viewCount } }'
    reader.http.head("/articles/viewed")
    reader.get("/articles/viewed")
    reader.get("/articles/viewed")  # the same reader once more is no other view

    deadline = time.monotonic() + 10
    while (found := reader.run(Role.READER, seen)["article"]["viewCount"]) == 0 and time.monotonic() < deadline:
        continue  # views are written in the background
    assert found == 1


def structured(page: str) -> Any:
    [found] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_what_machines_read_is_what_schema_org_asks_for(reader: Reader) -> None:
    """https://schema.org/NewsArticle, with what search engines require and recommend of it."""
    found = structured(reader.get("/articles/ferry").text)

    assert (found["@context"], found["@type"]) == ("https://schema.org", "NewsArticle")
    assert found["headline"] == STORY["headline"]
    assert found["url"] == found["mainEntityOfPage"] == f"{reader.url}/articles/ferry"
    for at in (found["datePublished"], found["dateModified"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", at)
    assert found["image"] == {
        "@type": "ImageObject",
        "url": "https://pictures.example/ferry.jpg",
        "width": 1200,
        "height": 675,
        "caption": "The morning boat.",
        "creditText": "Kim",
    }
    [author] = found["author"]
    assert author["@type"] == "Person"
    assert reader.get(author["url"].removeprefix(reader.url)).status_code == 200
    assert found["publisher"]["name"] == "Harbour <News>"
    assert (found["articleSection"], found["keywords"], found["inLanguage"]) == ("Asia", ["sea", "boats"], "en")


def test_head_tags_name_the_page_and_no_feed_that_is_not_there(reader: Reader) -> None:
    page = reader.get("/articles/ferry").text

    assert f'<link rel="canonical" href="{reader.url}/articles/ferry">' in page
    properties = dict(re.findall(r'<meta property="([^"]+)" content="([^"]*)">', page))
    assert properties["og:type"] == "article"
    assert properties["og:image"] == "https://pictures.example/ferry.jpg"
    assert properties["og:title"] == "Ferry &amp; &lt;Harbour&gt; &lt;/script&gt; again"
    for feed in re.findall(r'<link rel="alternate"[^>]*href="([^"]+)"', page):
        assert reader.get(feed).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/articles/none", 404),
        ("/sections/none", 404),
        ("/authors/none", 404),
        ("/articles/ferry/comments/7", 404),
        ("/articles/ferry/comments/99999999999999999999999999", 404),
        ("/articles/ferry?order=SIDEWAYS", 404),
        ("/articles/ferry?after=nonsense", 404),
        ("/assets/none.css", 404),
        ("/articles/%00", 404),
        ("/search?q=" + "x" * 600, 400),
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(reader: Reader, path: str, status: int) -> None:
    page = reader.get(path)

    assert page.status_code == status
    assert "</html>" in page.text
    assert "Traceback" not in page.text


def test_a_wrong_method_is_a_page_too(reader: Reader) -> None:
    page = reader.http.post("/articles/ferry", data={})

    assert page.status_code == 405
    assert "</html>" in page.text


def test_a_retracted_article_is_gone_and_a_draft_was_never_there(reader: Reader) -> None:
    gone = publish(reader.url, **STORY | {"slug": "gone"})
    publish(reader.url, **STORY | {"slug": "later", "publishAt": "2100-01-01T00:00:00Z"})
    reader.run(Role.EDITOR, RETRACT, id=gone)

    assert reader.get("/articles/gone").status_code == 410
    assert "retracted" in reader.get("/articles/gone").text
    assert reader.get("/articles/later").status_code == 404


def test_a_page_is_the_same_until_something_changes(reader: Reader) -> None:
    first = reader.get("/sections/debate")
    etag = first.headers["etag"]

    again = reader.get("/sections/debate", **{"if-none-match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    publish(reader.url, **STORY | {"slug": "debated", "section": "debate", "headline": "Debated"})
    fresh = reader.get("/sections/debate", **{"if-none-match": etag})
    assert fresh.status_code == 200
    assert "Debated" in text_of(fresh.text)


def test_pages_are_compressed_and_each_coding_has_its_own_tag(reader: Reader) -> None:
    tags = set()
    for coding in ("identity", "gzip", "br", "zstd"):
        answer = reader.get("/articles/ferry", **{"accept-encoding": coding})
        assert answer.headers.get("content-encoding", "identity") == coding
        tags.add(answer.headers["etag"])
    assert len(tags) == 4


def test_assets_may_be_kept_for_ever_by_their_version_only(reader: Reader) -> None:
    [style] = re.findall(r'<link rel="stylesheet" href="([^"]+)">', reader.get("/").text)

    assert "immutable" in reader.get(style).headers["cache-control"]
    plain = reader.get(style.partition("?")[0])
    assert plain.headers["cache-control"] == "no-cache"
    assert reader.get(style, **{"if-none-match": plain.headers["etag"]}).status_code == 304


def test_a_search_says_what_it_found_marked_and_what_not(reader: Reader) -> None:
    assert "<mark>" in reader.get("/search?q=stress").text
    assert "Nothing has all of these words." in text_of(reader.get("/search?q=zebra").text)
    assert "<script>x()" not in reader.http.get("/search", params={"q": '"><script>x()'}).text


def test_the_api_alone_has_no_pages(tmp_path_factory: pytest.TempPathFactory) -> None:
    database = tmp_path_factory.mktemp("api") / "news.db"
    for url in served(Settings(database=f"sqlite:///{database}", secret=SECRET, site=False), STORY):
        assert "GraphiQL" in httpx.get(f"{url}/").text
        assert httpx.get(f"{url}/articles/ferry").status_code == 404


def test_pages_go_on_where_no_other_document_may_be_executed(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("trusted")
    (folder / "publish.graphql").write_text(PUBLISH)
    settings = Settings(
        database=f"sqlite:///{folder / 'news.db'}",
        secret=SECRET,
        trusted_documents=str(folder),
        only_trusted_documents=True,
    )
    for url in served(settings, STORY):
        assert httpx.get(f"{url}/articles/ferry").status_code == 200
        refused = httpx.post(f"{url}/graphql", json={"query": "{ sections { slug } }"}).json()
        assert refused["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


def test_what_goes_wrong_is_a_page_that_says_when_to_come_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    database = f"sqlite:///{tmp_path_factory.mktemp('sorry') / 'news.db'}"
    for url in served(Settings(database=database, secret=SECRET, rate_viewer=1, rate_burst=1)):
        refused = Reader(url).sign_in(Role.READER, "Kim").get("/")
        assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
        assert "Too much at once" in text_of(refused.text)
        assert "There are no stories yet." in text_of(Reader(url).get("/").text)
    for url in served(Settings(database=database, secret=SECRET, operation_timeout=1e-6)):
        refused = Reader(url).get("/")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "Back in a moment" in text_of(refused.text)


def test_a_defect_is_hidden_behind_a_number(caplog: pytest.LogCaptureFixture) -> None:
    status, message, _ = _explained(ZeroDivisionError("a secret"))

    assert (status, "secret" in message) == (500, False)
    assert message.split()[-1].rstrip(".") in caplog.text
