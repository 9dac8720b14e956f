"""Forms without any script: signing in, comments, answers, reactions, reports, and what other sites may not do."""

from __future__ import annotations

import re

import httpx
import pytest

from newsgraph.domain.users import Role
from newsgraph.web.site.cookies import NAME, TOKEN_MAX, own_path
from tests.flows.conftest import token_for
from tests.web.site.conftest import Reader, publish, text_of

HOSTILE = '<img src=x onerror=alert(1)> & "quotes" </textarea><script>'


@pytest.fixture
def kim(site: str) -> Reader:
    return Reader(site).sign_in(Role.READER, "Kim & <Co>")


def test_signing_in_keeps_the_token_out_of_reach(site: str) -> None:
    answer = Reader(site).http.post("/sign-in", data={"token": token_for(Role.READER, "Kim"), "next": "/search"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/search")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(NAME)
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "x" * (TOKEN_MAX + 1)])
def test_a_token_that_is_none_is_said_on_the_page(reader: Reader, token: str) -> None:
    answer = reader.http.post("/sign-in", data={"token": token})

    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nb: c"]
)
def test_nobody_is_led_away(target: str) -> None:
    assert own_path(target) == "/"


def test_the_name_of_who_is_signed_in_is_text(kim: Reader) -> None:
    page = kim.get("/").text

    assert "Kim &amp; &lt;Co&gt;" in page
    assert "Sign out" in page


def test_a_comment_is_posted_and_is_text(kim: Reader) -> None:
    page = kim.get("/articles/ferry")
    answer = kim.send(page, "/articles/ferry/comments", body=HOSTILE)

    assert answer.status_code == 303
    place = answer.headers["location"]
    assert re.fullmatch(r"/articles/ferry\?done=posted#comment-\d+", place)
    shown = kim.get(place).text
    assert f'id="{place.partition("#")[2]}"' in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "<img src=x" not in shown


def test_a_form_that_is_sent_twice_is_one_comment(kim: Reader) -> None:
    page = kim.get("/articles/ferry")
    first, second = (kim.send(page, "/articles/ferry/comments", body="Only once.") for _ in range(2))

    assert first.headers["location"] == second.headers["location"]
    assert kim.get("/articles/ferry").text.count("Only once.") == 1


@pytest.mark.parametrize(
    ("body", "said"), [("   ", "empty"), ("😀" * 301, "at most 300")], ids=["nothing", "one emoji too many"]
)
def test_what_cannot_be_taken_comes_back_with_what_was_typed(kim: Reader, body: str, said: str) -> None:
    answer = kim.send(kim.get("/articles/ferry"), "/articles/ferry/comments", body=body)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert body.strip() in answer.text


def test_three_hundred_emoji_fit(kim: Reader) -> None:
    assert kim.send(kim.get("/articles/ferry"), "/articles/ferry/comments", body="🦊" * 300).status_code == 303


def test_a_comment_is_answered_and_its_thread_has_a_page(kim: Reader) -> None:
    top = kim.send(kim.get("/articles/ferry"), "/articles/ferry/comments", body="Answer me.").headers["location"]
    thread = f"/articles/ferry/comments/{top.rpartition('-')[2]}"
    answer = kim.send(kim.get(thread), thread, body="An answer.")

    assert answer.status_code == 303
    words = text_of(kim.get(thread).text)
    assert words.index("Answer me.") < words.index("An answer.")


def test_reactions_count_once_and_are_taken_back(kim: Reader) -> None:
    place = kim.send(kim.get("/articles/ferry"), "/articles/ferry/comments", body="Like me.").headers["location"]
    thread = f"/articles/ferry/comments/{place.rpartition('-')[2]}"

    liked = kim.send(kim.get(thread), f"{thread}/reactions", ("kind", "LIKE"))
    assert liked.status_code == 303
    assert "Like 1" in text_of(kim.get(thread).text)
    kim.send(kim.get(thread), f"{thread}/reactions", ("kind", "LIKE"))
    assert "Like 1" not in text_of(kim.get(thread).text)


def test_a_report_reaches_the_moderators(kim: Reader, site: str) -> None:
    place = kim.send(kim.get("/articles/ferry"), "/articles/ferry/comments", body="Report me.").headers["location"]
    thread = f"/articles/ferry/comments/{place.rpartition('-')[2]}"
    sam = Reader(site).sign_in(Role.READER, "Sam")
    assert sam.send(sam.get(thread), f"{thread}/flags", reason="SPAM", note="Advertising!").status_code == 303

    desk = Reader(site).sign_in(Role.MODERATOR, "Mo").get("/desk/comments?queue=REPORTED")
    assert "Report me." in desk.text
    assert "Advertising!" in desk.text


def test_a_comment_that_is_held_waits_below_for_its_author_alone(kim: Reader, site: str) -> None:
    article = publish(site, headline="Held", bodyHtml="<p>x</p>", section="asia", authors=["Ada Writer"], slug="held")
    mode = "mutation ($id: ID!) { setCommentPolicy(input: {articleId: $id, mode: PRE}) { userErrors { code } } }"
    kim.run(Role.MODERATOR, mode, id=article)
    answer = kim.send(kim.get("/articles/held"), "/articles/held/comments", body="Will you?")

    assert answer.headers["location"] == "/articles/held?done=held#comments"
    page = kim.get(answer.headers["location"]).text
    assert "waits for a moderator" in page
    assert "Will you?" in page
    assert "Will you?" not in Reader(site).get("/articles/held").text


# What other sites may not do


CROSS = [
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),
    ({"origin": "https://evil.example"}, 403),
    ({"origin": "null"}, 403),
    ({"sec-fetch-site": "same-origin"}, 303),
    ({}, 303),
]


@pytest.mark.parametrize(("headers", "status"), CROSS)
def test_a_form_of_another_site_changes_nothing(kim: Reader, headers: dict[str, str], status: int) -> None:
    seal = re.findall(r'name="seal" value="([0-9a-f]+)"', kim.get("/").text)[0]
    sent = {"seal": seal, "body": f"From elsewhere {headers}"}

    answer = kim.http.post("/articles/ferry/comments", data=sent, headers=headers)
    assert answer.status_code == status
    assert (
        "From elsewhere"
        in kim.run(Role.READER, '{ article(slug: "ferry") { comments { nodes { body } } } }')["article"]["comments"][
            "nodes"
        ][0]["body"]
    ) == (status == 303)


@pytest.mark.parametrize("seal", ["", "0" * 64, "ä"])
@pytest.mark.parametrize("path", ["/articles/ferry/comments", "/sign-out", "/desk/comments"])
def test_a_form_without_the_seal_changes_nothing_and_loses_nothing(kim: Reader, seal: str, path: str) -> None:
    answer = kim.http.post(path, data={"seal": seal, "body": "What I typed."})

    assert answer.status_code == 403
    assert "What I typed." in answer.text
    assert "Sign out" in kim.get("/").text


def test_the_cookie_is_nobody_to_the_api(kim: Reader) -> None:
    answer = kim.http.post("/graphql", json={"query": "{ viewer { name } }"})

    assert answer.json()["data"] == {"viewer": None}


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/json", ""])
def test_only_forms_are_forms(kim: Reader, kind: str) -> None:
    assert kim.http.post("/sign-out", content=b"{}", headers={"content-type": kind}).status_code == 415


def test_a_form_has_an_end(kim: Reader) -> None:
    assert kim.http.post("/sign-in", data={"token": "x" * 100_001}).status_code == 413


# Tokens for scripts


def test_scripts_get_a_token_that_ends_soon(kim: Reader) -> None:
    answer = kim.get("/session/token", **{"sec-fetch-site": "same-origin"})

    token = answer.json()["token"]
    assert answer.headers["cache-control"] == "no-store"
    assert token != kim.http.cookies[NAME]
    asked = httpx.post(
        f"{kim.url}/graphql", json={"query": "{ viewer { name } }"}, headers={"authorization": f"Bearer {token}"}
    )
    assert asked.json()["data"]["viewer"]["name"] == "Kim & <Co>"


def test_another_sites_page_gets_no_token(kim: Reader) -> None:
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
    ):
        answer = kim.get("/session/token", **headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


def test_who_is_not_signed_in_is_sent_to_do_it_and_gets_no_token(reader: Reader) -> None:
    assert reader.get("/desk/comments?queue=PENDING").headers["location"] == (
        "/sign-in?next=%2Fdesk%2Fcomments%3Fqueue%3DPENDING"
    )
    assert reader.get("/session/token").json() == {"token": None}
    assert reader.http.post("/articles/ferry/comments", data={"body": "Lost?"}).status_code == 401
    assert "Lost?" in reader.http.post("/articles/ferry/comments", data={"body": "Lost?"}).text


def test_signing_out_forgets(kim: Reader) -> None:
    answer = kim.send(kim.get("/"), "/sign-out")

    assert answer.status_code == 303
    assert "Sign in" in kim.get("/").text


def test_a_cookie_that_is_no_token_is_nobody(reader: Reader) -> None:
    assert reader.get("/", cookie=f"{NAME}=nonsense").status_code == 200
