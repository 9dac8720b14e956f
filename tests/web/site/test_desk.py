"""The desks without any script: queues and decisions, lists and what two editors do to one."""

from __future__ import annotations

import re

import httpx
import pytest

from newsgraph.domain.users import Role
from tests.web.site.conftest import Reader, forms, publish, text_of

POST = """mutation ($input: PostCommentInput!) { postComment(input: $input) { commentEdge { node { id } } } }"""
LIST = "/desk/lists/must-reads"


@pytest.fixture
def mo(site: str) -> Reader:
    return Reader(site).sign_in(Role.MODERATOR, "Mo")


@pytest.fixture
def ed(site: str) -> Reader:
    return Reader(site).sign_in(Role.EDITOR, "Ed")


def comment(reader: Reader, body: str) -> str:
    article = reader.run(Role.READER, '{ article(slug: "ferry") { id } }')["article"]["id"]
    reader.run(Role.READER, POST, input={"articleId": article, "body": body})
    return body


def test_a_decision_takes_a_comment_out_of_the_queue_and_off_the_page(mo: Reader) -> None:
    body = comment(mo, "Decide about me.")
    page = mo.get("/desk/comments?queue=UNMODERATED")
    number = re.findall(rf'id="card-(\d+)"(?:(?!id="card-).)*?{body}', page.text, re.DOTALL)[0]
    answer = mo.http.post(
        "/desk/comments",
        data={"seal": seal(page), "queue": "UNMODERATED", "comment": number, "to": "REJECTED", "reason": "Because."},
    )

    assert answer.status_code == 303
    after = mo.get(answer.headers["location"])
    assert f'id="card-{number}"' not in after.text
    assert "Rejected." in text_of(after.text)
    assert body not in Reader(mo.url).get("/articles/ferry").text

    undone = mo.send(after, "/desk/comments", ("to", "PUBLISHED"))
    assert "Approved." in text_of(mo.get(undone.headers["location"]).text)
    assert body in Reader(mo.url).get("/articles/ferry").text


def test_a_decision_that_cannot_be_is_said(mo: Reader) -> None:
    page = mo.get("/desk/comments?queue=PENDING")
    given = {"seal": seal(page), "queue": "PENDING", "comment": "4711", "to": "REJECTED"}

    answer = mo.http.post("/desk/comments", data=given)
    assert "Somebody else was faster" in text_of(mo.get(answer.headers["location"]).text)
    for wrong in ({"to": "REMOVED"}, {"queue": "NONE"}, {"comment": "x"}):
        assert mo.http.post("/desk/comments", data=given | wrong).status_code == 404


def test_an_author_is_suspended_and_let_go(mo: Reader) -> None:
    comment(mo, "Suspend me.")
    page = mo.get("/desk/comments?queue=UNMODERATED")
    suspended = mo.get(mo.send(page, "/desk/people", ("restrict", "week"), reason="Enough.").headers["location"])
    assert "Suspended for a week." in text_of(suspended.text)
    assert "Suspended until" in text_of(suspended.text)

    lifted = mo.get(mo.send(suspended, "/desk/people", ("restrict", "lift")).headers["location"])
    assert "They may comment again." in text_of(lifted.text)
    held = mo.get(mo.send(lifted, "/desk/people", ("restrict", "premoderate")).headers["location"])
    assert "Premoderated" in text_of(held.text)
    assert "Premoderated" not in text_of(
        mo.get(mo.send(held, "/desk/people", ("restrict", "trust")).headers["location"]).text
    )


def test_what_is_no_decision_about_anybody_is_none(mo: Reader) -> None:
    given = {
        "seal": seal(mo.get("/desk/comments")),
        "queue": "PENDING",
        "restrict": "ban",
        "person": "Q29tbWVudGVyOjk5",
    }

    assert mo.http.post("/desk/people", data=given).status_code == 404
    assert mo.http.post("/desk/people", data=given | {"restrict": "hang"}).status_code == 404
    assert mo.http.post("/desk/people", data=given | {"person": "nonsense"}).status_code == 404


def test_an_empty_queue_says_so(mo: Reader) -> None:
    assert "Nothing waits here." in text_of(mo.get("/desk/comments?queue=PENDING").text)


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.READER, "/desk", 403),
        (Role.READER, "/desk/comments", 403),
        (Role.EDITOR, "/desk/comments", 403),
        (Role.READER, "/desk/lists", 403),
        (Role.MODERATOR, "/desk/lists", 403),
        (Role.MODERATOR, LIST, 403),
        (Role.MODERATOR, "/desk", 303),
        (Role.EDITOR, "/desk", 303),
        (Role.ADMIN, "/desk/comments", 200),
        (Role.ADMIN, "/desk/lists", 200),
    ],
)
def test_each_desk_is_for_those_whose_it_is(site: str, role: Role, path: str, status: int) -> None:
    assert Reader(site).sign_in(role, f"The {role.value}").get(path).status_code == status


# Lists


def seal(page: httpx.Response) -> str:
    return str(re.findall(r'name="seal" value="([0-9a-f]+)"', page.text)[0])


def chosen(page: httpx.Response, name: str) -> list[str]:
    return [value for form in forms(page.text) for field, value in form.fields if field == name]


def press(ed: Reader, deed: str, page: httpx.Response | None = None) -> httpx.Response:
    """The page after a button of it was pressed."""
    answer = ed.send(page or ed.get(LIST), LIST, ("do", deed))
    return ed.get(answer.headers["location"]) if answer.status_code == 303 else answer


def test_buttons_pin_order_exclude_and_let_go(ed: Reader) -> None:
    one, two = (
        publish(ed.url, headline=f"Pin {n}", bodyHtml="<p>x</p>", section="world", authors=["Ada Writer"]) for n in "12"
    )
    ed.run(
        Role.EDITOR,
        "mutation ($i: CurateListInput!) { curateList(input: $i) { userErrors { code } } }",
        i={"key": "must-reads", "pinnedIds": [one]},
    )

    assert chosen(press(ed, f"release:{one}"), "pinned") == []
    assert chosen(pin(ed, one, two), "pinned") == [one, two]
    assert chosen(press(ed, f"up:{two}"), "pinned") == [two, one]
    assert chosen(press(ed, f"down:{two}"), "pinned") == [one, two]
    after = press(ed, f"exclude:{one}")
    assert (chosen(after, "pinned"), chosen(after, "excluded")) == ([two], [one])
    assert "Pin 1" not in text_of(Reader(ed.url).get("/").text).partition("Must-Reads")[2].partition("Popular")[0]
    assert chosen(press(ed, f"release:{one}"), "excluded") == []


def pin(ed: Reader, *articles: str) -> httpx.Response:
    """From what a search has found."""
    for one in articles:
        press(ed, f"pin:{one}", ed.get(f"{LIST}?q=Pin"))
    return ed.get(LIST)


def test_nothing_that_somebody_else_did_is_overwritten_unless_one_says_so(ed: Reader) -> None:
    one, two = (
        publish(ed.url, headline=f"Race {n}", bodyHtml="<p>x</p>", section="world", authors=["Ada Writer"])
        for n in "12"
    )
    mine = ed.get(f"{LIST}?q=Race")
    theirs = ed.get(f"{LIST}?q=Race")
    press(ed, f"pin:{one}", theirs)

    refused = press(ed, f"pin:{two}", mine)
    assert refused.status_code == 409
    assert "nothing of yours was saved" in text_of(refused.text)
    assert chosen(ed.get(LIST), "pinned")[-1] == one

    again = press(ed, "save", refused)
    assert chosen(again, "pinned")[-1] == two


def test_a_list_that_is_none_and_a_button_that_is_none(ed: Reader) -> None:
    assert ed.get("/desk/lists/UPPER").status_code == 404
    page = ed.get(LIST)
    assert ed.http.post(LIST, data={"seal": seal(page), "do": "explode:1"}).status_code == 404


def test_all_lists_are_there(ed: Reader) -> None:
    page = ed.get("/desk/lists").text

    for key in ("must-reads", "latest", "popular", "must-reads/asia"):
        assert f'href="/desk/lists/{key}"' in page
        assert ed.get(f"/desk/lists/{key}").status_code == 200


def test_a_key_leads_to_its_list_and_a_new_one_makes_it(ed: Reader) -> None:
    made = ed.send(ed.get("/desk/lists"), "/desk/lists", key="election-night", title="Election <Night>")
    assert made.headers["location"] == "/desk/lists/election-night"
    assert "Election &lt;Night&gt;" in ed.get("/desk/lists/election-night").text

    one = publish(ed.url, headline="Counted", bodyHtml="<p>x</p>", section="world", authors=["Ada Writer"])
    page = ed.get("/desk/lists/election-night?q=Counted")
    ed.send(page, "/desk/lists/election-night", ("do", f"pin:{one}"))
    ed.send(ed.get("/desk/lists"), "/desk/lists", key="election-night", title="")
    assert chosen(ed.get("/desk/lists/election-night"), "pinned") == [one]


def test_a_key_that_can_be_none_is_said(ed: Reader) -> None:
    answer = ed.send(ed.get("/desk/lists"), "/desk/lists", key="Not <a> key", title="")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="Not &lt;a&gt; key"' in answer.text
