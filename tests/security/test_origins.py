"""What other sites' pages can make a browser send, and what they may read when they are allowed to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from newsgraph.domain.users import Role
from newsgraph.settings import Settings, SettingsError
from tests.flows.conftest import SECRET
from tests.security.cases import Back, Case, Sent, each
from tests.security.site import PUBLIC, Site, opened_site

pytestmark = pytest.mark.asyncio(loop_scope="module")

BLOG, LIVE, EVIL = "https://blog.example", "https://live.example:8443", "https://evil.example"
QUERY = "{ __typename }"
POST = "mutation ($input: PostCommentInput!) { postComment(input: $input) { comment { id } } }"
COMMENT = {"input": {"articleId": PUBLIC, "body": "Forged."}}

IMAGE = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JSON, GRAPHQL, EVENTS = "application/json", "application/graphql-response+json", "text/event-stream"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    path = tmp_path_factory.mktemp("origins") / "news.db"
    settings = Settings(
        database=f"sqlite:///{path}", secret=SECRET, allowed_origins=f"{BLOG}, https://Live.Example:8443/"
    )
    async with opened_site(settings) as site:
        yield site


def get(name: str, status: int, code: str | None = None, query: str = QUERY, **headers: str) -> Case:
    path = f"/graphql?{urlencode({'query': query})}"
    said = {one.replace("_", "-"): value for one, value in headers.items()}
    return Case(name, Sent(method="GET", path=path, headers=said), Back(status, code))


def forged(name: str, **headers: str) -> Case:
    return get(name, 400, "CSRF_PREVENTED", **headers)


def foreign(name: str, **headers: str) -> Case:
    said = {one.replace("_", "-"): value for one, value in headers.items()}
    return Case(name, Sent(POST, COMMENT, Role.READER, said), Back(403, "ORIGIN_NOT_ALLOWED"))


ELSEWHERE = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}

READS = [
    forged("an image", accept=IMAGE, **ELSEWHERE),
    forged("a script", accept="*/*", **ELSEWHERE),
    forged("an image of a sister site", accept=IMAGE, sec_fetch_site="same-site", sec_fetch_mode="no-cors"),
    forged("a link on another site", accept=PAGE, sec_fetch_site="cross-site", sec_fetch_mode="navigate"),
    forged("a frame", accept=PAGE, sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="iframe"),
    forged("without reading the answer, and a fitting Accept", accept=JSON, **ELSEWHERE),
    forged("without reading the answer, as a form is sent", accept=JSON, content_type="text/plain", **ELSEWHERE),
    forged("the same that asks for a stream", accept=EVENTS, **ELSEWHERE),
    forged("an image on a site without TLS", accept=IMAGE),
    forged("a link on a site without TLS", accept=PAGE),
    forged("anything will do", accept="*/*"),
    forged("a mode alone that reads nothing", accept=JSON, sec_fetch_mode="no-cors"),
    *(
        forged(f"a simple type: {kind}", accept="*/*", content_type=kind)
        for kind in (
            "text/plain",
            "text/plain; charset=utf-8",
            "Text/Plain; application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "json",
        )
    ),
    forged("a name and password that the browser has kept", accept="*/*", authorization="Basic a2ltOmtpbQ=="),
    forged("an empty header", accept="*/*", graphql_preflight=""),
    get("a page of another site that reads", 403, "ORIGIN_NOT_ALLOWED", accept=JSON, origin=EVIL),
    get("an EventSource of another site", 403, "ORIGIN_NOT_ALLOWED", accept=EVENTS, origin=EVIL),
    get("a sandboxed frame", 403, "ORIGIN_NOT_ALLOWED", accept=JSON, origin="null"),
    get("a page of another site that has a token", 403, "ORIGIN_NOT_ALLOWED", origin=EVIL, graphql_preflight="1"),
    get("a mutation, forged", 400, "CSRF_PREVENTED", "mutation { __typename }", accept=IMAGE),
    get("a mutation, not forged", 405, "BAD_INPUT", "mutation { __typename }", accept=JSON),
    get("JSON", 200, accept=JSON),
    get("GraphQL's own type", 200, accept=f"{GRAPHQL}, {JSON};q=0.9"),
    get("a type that forms do not have", 200, accept="*/*", content_type=JSON),
    *(
        get(f"a header that is asked for first: {name}", 200, accept="*/*", **{name: "1"})
        for name in ("graphql_preflight", "apollo_require_preflight", "x_apollo_operation_name", "x_requested_with")
    ),
    get("a page of ours", 200, accept="*/*", sec_fetch_site="same-origin", sec_fetch_mode="cors"),
    get("an image on a page of ours", 200, accept=IMAGE, sec_fetch_site="same-origin", sec_fetch_mode="no-cors"),
    get("typed by somebody", 200, accept=PAGE, sec_fetch_site="none", sec_fetch_mode="navigate"),
    get("a program that fetches", 200, accept="*/*", sec_fetch_mode="cors"),
    get("a page that may ask", 200, accept="*/*", origin=BLOG, sec_fetch_site="cross-site", sec_fetch_mode="cors"),
]


@each(READS)
async def test_reads_by_get(site: Site, case: Case) -> None:
    await site.keeps(case)


def form(kind: str, body: bytes, **headers: str) -> Case:
    sent = Sent(method="POST", body=body, headers={"content-type": kind} | headers)
    return Case(f"{kind or 'no type'}, {' '.join(headers.values()) or 'no origin'}", sent, Back(415, "BAD_INPUT"))


AS_JSON = json.dumps({"query": POST, "variables": COMMENT}).encode()
AS_FORM = urlencode({"query": POST, "variables": json.dumps(COMMENT)}).encode()
AS_PARTS = b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n%b\r\n--x--\r\n' % AS_JSON

FORMS = [
    form("text/plain", AS_JSON),
    form("text/plain; charset=utf-8", AS_JSON),
    form("text/plain; application/json", AS_JSON),
    form('text/plain; x="application/json"', AS_JSON),
    form("text/plain, application/json", AS_JSON),
    form("application/x-www-form-urlencoded", AS_FORM),
    form("application/x-www-form-urlencoded; application/json", AS_JSON),
    form("multipart/form-data; boundary=x", AS_PARTS),
    form("application/graphql", POST.encode()),
    form("application/jsonp", AS_JSON),
    form("", AS_JSON),
]


@each(FORMS)
async def test_what_a_form_sends_is_no_operation(site: Site, case: Case) -> None:
    await site.keeps(case)


CHANGES = [
    foreign("another site", origin=EVIL),
    foreign("no origin that can be named", origin="null"),
    foreign("another port of ours", origin="http://127.0.0.1:1"),
    foreign("a name that begins as ours", origin="{here}.evil.example"),
    foreign("a name that ends as an allowed one", origin="https://evil-blog.example"),
    foreign("an allowed name below another", origin="https://blog.example.evil.example"),
    foreign("an allowed name without TLS", origin="http://blog.example"),
    foreign("an allowed name with another port", origin=f"{BLOG}:8443"),
    foreign("below an allowed name", origin="https://a.blog.example"),
    foreign("an allowed name as a user", origin="https://blog.example@evil.example"),
    foreign("two origins", origin=f"{BLOG} {EVIL}"),
    foreign("another scheme", origin="file://127.0.0.1"),
    foreign("an extension", origin="moz-extension://0b9a"),
    foreign("no origin, from another site", sec_fetch_site="cross-site"),
    foreign("no origin, from a sister site", sec_fetch_site="same-site"),
]


@each(CHANGES)
async def test_no_other_page_changes_anything(site: Site, case: Case) -> None:
    await site.keeps(case)


OURS = [
    {},
    {"origin": "{here}"},
    {"origin": BLOG, "sec-fetch-site": "cross-site"},
    {"origin": LIVE},
    {"origin": "null", "sec-fetch-site": "same-origin"},
]


@pytest.mark.parametrize("headers", OURS, ids=str)
async def test_pages_that_may_change_something(site: Site, headers: dict[str, str]) -> None:
    sent = Sent("mutation { __typename }", {}, Role.READER, headers)
    await site.keeps(Case("ours", sent, Back(data={"__typename": "Mutation"})))


async def test_nothing_was_posted(site: Site) -> None:
    """After all that was tried: the comments are those that were there."""
    query = "query ($id: ID!) { node(id: $id) { ... on Article { comments { nodes { body } } } } }"
    answer = await site.http.post("/graphql", json={"query": query, "variables": {"id": PUBLIC}})
    assert "Plain." in answer.text
    assert "Forged." not in answer.text


# WebSockets: a browser asks nobody, and says whose page it was


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": f"{EVIL}/https://blog.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": EVIL, "sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_no_other_page_opens_a_socket(site: Site, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with site.socket({}, additional_headers=headers):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("headers", OURS, ids=str)
async def test_pages_that_may_open_a_socket(site: Site, headers: dict[str, str]) -> None:
    said = {name: value.format(here=site.url) for name, value in headers.items()}
    async with site.socket({}, additional_headers=said) as opened:
        assert json.loads(await opened.recv()) == {"type": "connection_ack"}


# CORS: what other pages may read


@pytest.mark.parametrize("path", ["/graphql", "/", "/widgets/newsgraph.js"])
@pytest.mark.parametrize("origin", [BLOG, LIVE])
async def test_allowed_pages_are_told_that_they_may(site: Site, path: str, origin: str) -> None:
    answer = await preflight(site.http, origin, path)
    assert answer.status_code == 204
    said = answer.headers
    assert said["access-control-allow-origin"] == origin
    assert said["access-control-allow-methods"] == "GET, HEAD, POST"
    assert said["access-control-allow-headers"] == "authorization,content-type"
    assert int(said["access-control-max-age"]) >= 600
    assert {"origin", "access-control-request-headers"} <= vary(answer)
    assert "access-control-allow-credentials" not in said


@pytest.mark.parametrize("origin", [EVIL, "null", "http://blog.example", "https://blog.example.evil.example", "*", ""])
async def test_others_are_not(site: Site, origin: str) -> None:
    answer = await preflight(site.http, origin)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert "origin" in vary(answer)


async def preflight(http: httpx.AsyncClient, origin: str, path: str = "/graphql") -> httpx.Response:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    return await http.options(path, headers={"origin": origin} | asked)


def vary(answer: httpx.Response) -> set[str]:
    return {one.strip().lower() for one in answer.headers.get("vary", "").split(",")}


ANSWERS = {
    "an answer": (QUERY, {}, 200),
    "a document that is wrong": ("{ nothing }", {"accept": GRAPHQL}, 400),
    "a token that is wrong": (QUERY, {"authorization": "Bearer nonsense"}, 401),
    "a stream": (QUERY, {"accept": EVENTS}, 200),
    "a type that we do not have": (QUERY, {"accept": "image/png"}, 406),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("origin", [BLOG, EVIL, None])
async def test_whatever_is_answered_can_be_read_by_whom_it_may(site: Site, name: str, origin: str | None) -> None:
    query, headers, status = ANSWERS[name]
    said = headers | ({} if origin is None else {"origin": origin})
    answer = await site.http.post("/graphql", json={"query": query}, headers=said)
    assert answer.status_code == (403 if origin == EVIL else status)
    assert answer.headers.get("access-control-allow-origin") == (BLOG if origin == BLOG else None)
    assert ("access-control-expose-headers" in answer.headers) is (origin == BLOG)
    assert "origin" in vary(answer)
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", [BLOG, EVIL, None])
async def test_the_widgets_module_is_everybodys(site: Site, origin: str | None) -> None:
    """Said once: browsers take two values for none."""
    answer = await site.http.get("/widgets/newsgraph.js", headers={} if origin is None else {"origin": origin})
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


async def test_an_answer_that_others_keep_is_kept_for_each_page(site: Site) -> None:
    answer = await site.http.get("/graphql", params={"query": "{ sections { name } }"}, headers={"accept": JSON})
    assert "public" in answer.headers["cache-control"]
    assert {"origin", "accept", "authorization"} <= vary(answer)


async def test_everybody_may_read_where_the_setting_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("anybody") / "news.db"
    settings = Settings(database=f"sqlite:///{path}", secret=SECRET, allowed_origins="*")
    async with opened_site(settings) as site:
        assert (await preflight(site.http, EVIL)).headers["access-control-allow-origin"] == "*"
        answer = await site.http.post("/graphql", json={"query": QUERY}, headers={"origin": EVIL})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" not in vary(answer)
        forgery = await site.http.get("/graphql", params={"query": QUERY}, headers={"accept": IMAGE})
        assert forgery.status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "blog.example",
        "https://blog.example/news",
        "ftp://blog.example",
        "https://",
        "null",
        "https://a:b@c",
        "https://a:0",
    ],
)
async def test_what_is_no_origin_is_no_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="allowed_origins"):
        replace(Settings(), allowed_origins=f"https://good.example, {text}")
