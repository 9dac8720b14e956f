"""The site's pages as side doors: every page by everybody, with a cookie, and every form by everybody.

A page without a line here fails the test.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from newsgraph.domain.cursors import global_id, number
from newsgraph.settings import Settings
from newsgraph.web.site import view
from tests.security.hidden import COMMENTS, MAY_SEE, REAL_DRAFT, UNTIL, WHO, opened_house, shown, signed, told
from tests.security.site import DRAFT, FLAGGED, RETRACTED, SECRETS, Site

in_module = pytest.mark.asyncio(loop_scope="module")

ANYBODY, SIGNED_IN = set(WHO), set(WHO) - {"nobody"}
MODERATORS, EDITORS = {"moderator", "admin"}, {"editor", "admin"}
_SLUGS = {DRAFT: SECRETS[DRAFT], RETRACTED: SECRETS[RETRACTED], REAL_DRAFT: "xrealdraftx"}
_NUMBERS = [number(one, "Comment") for one in COMMENTS]
# In capitals, which are found all the same and are told from what is found; a date has none.
_WORDS = [secret.upper() for secret in MAY_SEE if secret != UNTIL]
_FLAGGED = number(FLAGGED, "Comment")


@dataclass(frozen=True)
class Way:
    """`paths` of one page, and who is let in; a form sends `form`."""

    permitted: set[str]
    paths: tuple[str, ...]
    form: Mapping[str, str] = field(default_factory=dict)


def _threads(*ends: str) -> tuple[str, ...]:
    return tuple(f"/articles/public/comments/{one}{end}" for one in _NUMBERS for end in ends)


THREAD = "/articles/{slug}/comments/{number:int}"
PAGES: Mapping[tuple[str, str], Way] = {
    ("GET", "/"): Way(ANYBODY, ("/",)),
    ("GET", "/sections/{slug}"): Way(ANYBODY, ("/sections/asia",)),
    ("GET", "/authors/{slug}"): Way(ANYBODY, ("/authors/ada-writer",)),
    ("GET", "/search"): Way(ANYBODY, tuple(f"/search?q={quote(word)}" for word in _WORDS)),
    ("GET", "/about"): Way(ANYBODY, ("/about",)),
    ("GET", "/articles/{slug}"): Way(
        ANYBODY,
        (
            "/articles/public",
            *(f"/articles/public?order={order}" for order in ("OLDEST", "MOST_REPLIED", "MOST_REACTED")),
            *(f"/articles/{slug}" for slug in _SLUGS.values()),
        ),
    ),
    ("GET", THREAD): Way(ANYBODY, (*_threads(""), f"/articles/{SECRETS[RETRACTED]}/comments/7")),
    ("GET", "/sign-in"): Way(ANYBODY, ("/sign-in", "/sign-in?next=//evil.example")),
    ("GET", "/session/token"): Way(ANYBODY, ("/session/token",)),
    ("GET", "/desk"): Way(MODERATORS | EDITORS, ("/desk",)),
    ("GET", "/desk/comments"): Way(
        MODERATORS, tuple(f"/desk/comments?queue={queue}" for queue in ("PENDING", "REPORTED", "UNMODERATED"))
    ),
    ("GET", "/desk/lists"): Way(EDITORS, ("/desk/lists",)),
    ("GET", "/desk/lists/{key:path}"): Way(EDITORS, ("/desk/lists/must-reads", "/desk/lists/latest/asia?q=XDRAFTX")),
    ("POST", "/articles/{slug}/comments"): Way(
        SIGNED_IN, tuple(f"/articles/{slug}/comments" for slug in ("public", *_SLUGS.values())), {"body": "A word."}
    ),
    ("POST", THREAD): Way(SIGNED_IN, _threads(""), {"body": "An answer."}),
    ("POST", f"{THREAD}/reactions"): Way(SIGNED_IN, _threads("/reactions"), {"kind": "LIKE"}),
    ("POST", f"{THREAD}/flags"): Way(SIGNED_IN, _threads("/flags"), {"reason": "SPAM"}),
    ("POST", "/sign-in"): Way(ANYBODY, ("/sign-in",), {"token": "no token"}),
    ("POST", "/sign-out"): Way(ANYBODY, ("/sign-out",), {"next": "/"}),
    ("POST", "/desk/comments"): Way(
        MODERATORS, ("/desk/comments",), {"comment": str(_FLAGGED), "to": "PUBLISHED", "queue": "REPORTED"}
    ),
    ("POST", "/desk/people"): Way(
        MODERATORS,
        ("/desk/people",),
        {"person": global_id("Commenter", 1), "restrict": "lift", "queue": "PENDING", "reason": "None."},
    ),
    ("POST", "/desk/lists"): Way(EDITORS, ("/desk/lists",), {"key": "best-of-asia"}),
    ("POST", "/desk/lists/{key:path}"): Way(EDITORS, ("/desk/lists/must-reads",), {"do": "save"}),
}


def test_every_page_has_a_line() -> None:
    known = {(method, path) for method, path, _ in view._pages(Settings(), cast("Any", None))}
    assert set(PAGES) == known


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with opened_house(tmp_path_factory.mktemp("house")) as site:
        yield site


def cookie(who: str) -> dict[str, str]:
    """Signed in on the pages: the cookie has the token."""
    token = signed(who).get("authorization", "").removeprefix("Bearer ")
    return {"cookie": f"newsgraph_session={token}"} if token else {}


async def seal(site: Site, signed_in: Mapping[str, str]) -> str:
    """What the forms of somebody's pages carry."""
    page = (await site.http.get("/about", headers=signed_in)).text
    found = re.search(r'name="seal" value="([0-9a-f]+)"', page)
    return found[1] if found else ""


def let_in(answer: httpx.Response) -> bool:
    """Else one is told that one may not, or sent to sign in."""
    sent_away = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    return answer.status_code not in (401, 403) and not sent_away


def unechoed(page: str) -> str:
    """Without the addresses of articles: a page says where it was sent from, as it was typed."""
    return re.sub(r"articles(/|%2F)[a-z]+", "", page)


READ = [key for key in PAGES if key[0] == "GET"]
SENT = [key for key in PAGES if key[0] == "POST"]


@in_module
async def test_every_page_by_everybody(house: Site) -> None:
    """Twice, and whoever sees most asks first: pages are kept, too."""
    seen: dict[str, set[str]] = {who: set() for who in WHO}
    for who in [*WHO, *WHO]:
        signed_in = cookie(who)
        for key in READ:
            for path in PAGES[key].paths:
                answer = await house.http.get(path, headers=signed_in)
                assert answer.status_code < 500, (who, path)
                assert let_in(answer) == (who in PAGES[key].permitted), (who, path, answer.status_code)
                text = unechoed(answer.text)
                assert told(text, who) == set(), (who, path)
                seen[who] |= shown(text)
    assert seen["moderator"] >= {SECRETS[one] for one in COMMENTS[1:2]}
    assert "xrealdraftx" in seen["editor"]
    assert seen["nobody"] == set()


@in_module
@pytest.mark.parametrize("who", WHO)
async def test_every_form_by_everybody(house: Site, who: str) -> None:
    signed_in = cookie(who)
    sealed = {"seal": await seal(house, signed_in)} if signed_in else {}
    for key in SENT:
        for path in PAGES[key].paths:
            answer = await house.http.post(path, data={**PAGES[key].form, **sealed}, headers=signed_in)
            assert answer.status_code < 500, (path, answer.text)
            refused = key == ("POST", "/sign-in")  # 401: it was no token
            assert refused or let_in(answer) == (who in PAGES[key].permitted), (path, answer.status_code)
            assert told(unechoed(answer.text), who) == set(), path


@in_module
async def test_no_form_is_taken_without_the_seal_of_its_sender(house: Site) -> None:
    """Nor from another site's page, whatever seal it has."""
    mine, others = cookie("admin"), await seal(house, cookie("editor"))
    right = await seal(house, mine)
    forged = {"sec-fetch-site": "cross-site"}
    for key in SENT:
        for given, more in (({}, {}), ({"seal": others}, {}), ({"seal": right}, forged)):
            path = PAGES[key].paths[0]
            answer = await house.http.post(path, data={**PAGES[key].form, **given}, headers=mine | more)
            assert answer.status_code == 403, (path, given, more)


@in_module
async def test_a_cookie_is_no_sign_in_for_the_api(house: Site) -> None:
    body = {"query": "{ viewer { name } }"}
    answer = await house.http.post("/graphql", json=body, headers=cookie("admin"))
    assert answer.json()["data"] == {"viewer": None}
