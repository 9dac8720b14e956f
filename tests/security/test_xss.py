"""Every payload in every text that a page shows, in a real browser: nothing runs, and nobody else is called.

The pages' Content-Security-Policy is switched off, so that it is the markup itself that has to be harmless.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import uvicorn

from newsgraph import app
from newsgraph.actions import articles, authors, comments, lists, sections, users
from newsgraph.actions.newsroom import Newsroom
from newsgraph.cli.serving import server_options
from newsgraph.domain.articles import Image
from newsgraph.domain.authors import Byline
from newsgraph.domain.text import one_line, slugify
from newsgraph.domain.users import Claims, Role, Viewer
from newsgraph.policies.html import _BLOCKS, _INLINE, Markup, sanitise
from newsgraph.ports.store import Session
from newsgraph.settings import Settings
from tests import machine
from tests.flows.conftest import SECRET, token_for
from tests.security.payloads import CALL, ELSEWHERE, PLAYER, name_of, packed, payloads

PAYLOADS = payloads()
PICTURE = f'{ELSEWHERE}/picture/1"onerror={CALL}(0)//'  # pictures may be of any host
WIDGETS = """<!doctype html><title>x</title><script type="module" src="/widgets/newsgraph.js"></script>
<newsgraph-list key="must-reads"></newsgraph-list>
<newsgraph-comments article="QXJ0aWNsZTox" loading="eager"></newsgraph-comments>"""
EMBEDDING = "/embedding"
SEARCHED = quote(next(packed(PAYLOADS.values(), 300)))
PAGES = {
    "front": "/",
    "section": "/sections/SECTION",
    "author": "/authors/SECTION",
    "article": "/articles/article-0",
    "another article": "/articles/article-1",
    "thread": "/articles/article-0/comments/1",
    "search": "/search?q=script",
    "search for what is not there": f"/search?q={SEARCHED}",
    "a page that is not there": f"/articles/{SEARCHED}",
    "about": "/about",
    "sign in": f"/sign-in?next={quote('javascript:x()')}",
    "desk of comments": "/desk/comments?queue=UNMODERATED",
    "desk of lists": "/desk/lists",
    "desk of a list": "/desk/lists/must-reads",
    "GraphiQL": "/graphql",
    "widgets on any page": EMBEDDING,
}

_RUNNING = """
() => {
  const found = [];
  const addresses = ["href", "src", "srcset", "action", "formaction", "cite", "data", "poster", "xlink:href"];
  const runs = /^[\\s\\u0000-\\u0020]*(javascript:|vbscript:|data:text|data:.*CALL)/i;
  const visit = (root) => root.querySelectorAll("*").forEach((element) => {
    for (const { name, value } of element.attributes) {
      const bad = addresses.includes(name) && runs.test(value);
      if (name.startsWith("on") || bad || name === "srcdoc") found.push(`${element.localName} ${name}=${value}`);
    }
    const code = element.localName === "style" || (element.localName === "script" && !/json/.test(element.type));
    if (code && element.textContent.includes("CALL(")) found.push(element.textContent);
    if (element.shadowRoot) visit(element.shadowRoot);
  });
  visit(document);
  return found;
}
""".replace("CALL", CALL)
_SETTLED = """
() => Promise.all([...document.images].map((image) => image.complete || new Promise((done) => {
  image.loading = "eager";
  image.addEventListener("load", done);
  image.addEventListener("error", done);
}))).then(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))
"""


@dataclass
class Watched:
    """A browser's page that is told of everything that should not be."""

    page: Any
    own: str
    ran: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.page.expose_function(CALL, lambda number: self.ran.append(name_of(int(number))))
        self.page.on("dialog", self._dialog)
        self.page.route("**/*", self._route)
        self.page.on("websocket", self._socket)

    def _dialog(self, dialog: Any) -> None:
        self.ran.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _socket(self, opened: Any) -> None:
        if not opened.url.startswith(self.own.replace("http", "ws", 1)):
            self.called.append(opened.url)

    def _route(self, route: Any) -> None:
        request = route.request
        if request.url.startswith(self.own):
            if request.url == self.own + EMBEDDING:
                route.fulfill(body=WIDGETS, content_type="text/html")
            else:
                route.continue_()
            return
        picture = request.resource_type == "image" and urlsplit(request.url).path.startswith("/picture/")
        if not picture and urlsplit(request.url).hostname != PLAYER:
            self.called.append(request.url)
        route.abort()

    def harmless(self, where: str) -> None:
        self.page.evaluate(_SETTLED)
        assert (self.ran, self.called) == ([], []), where
        assert self.page.evaluate(_RUNNING) == [], where
        assert self.page.evaluate("() => [document.body.id, typeof document.createElement]") == ["", "function"], where


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with machine.browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def opened(browser: Any, address: str) -> Iterator[Watched]:
    with browser.new_context(bypass_csp=True) as context:
        watched = Watched(context.new_page(), address)
        watched.begin()
        yield watched


@pytest.fixture
def watched(opened: Watched) -> Watched:
    opened.page.goto("about:blank")
    opened.ran.clear()
    opened.called.clear()
    return opened


# --- bodies by themselves ---


def test_the_payloads_are_worth_their_name(watched: Watched) -> None:
    """As they come some of them run: a browser that never reported anything would prove nothing."""
    some = ["script", "image error", "details toggle", "script of another host", "style sheet", "SVG load"]
    watched.page.set_content("<!doctype html><body>" + " ".join(PAYLOADS[name] for name in some))
    watched.page.evaluate(_SETTLED)
    assert set(watched.ran) >= {"script", "image error", "details toggle", "SVG load"}
    assert set(watched.called) >= {f"{ELSEWHERE}/s.js", f"{ELSEWHERE}/s.css"}
    assert watched.page.evaluate(_RUNNING) != []


def test_what_is_left_of_a_body_is_harmless_however_often_it_is_read(watched: Watched) -> None:
    allowed = Markup(frozenset({PLAYER}), "nofollow ugc noopener")
    bodies = "".join(f"<section>{sanitise(text, allowed).html}</section>" for text in PAYLOADS.values())
    watched.page.set_content(f"<!doctype html><body>{bodies}")
    for _ in range(3):
        watched.harmless("bodies")
        assert watched.page.locator("body > section").count() == len(PAYLOADS)
        watched.page.evaluate(
            """() => document.querySelectorAll("section").forEach((s) => { s.innerHTML = s.innerHTML; })"""
        )


_PIECES = [
    *("<p", "<a", "<b", "<img", "<iframe", "<table", "<td", "<li", "<pre", "<form", "<style", "<script", "<noscript"),
    *("<svg", "<math", "<mtext", "<mglyph", "<foreignObject", "<annotation-xml encoding=text/html", "<title", "<desc"),
    *("<template", "<select", "<textarea", "<xmp", "<plaintext", "<frameset", "<noembed", "<listing", "<details"),
    *(">", "/>", "</p>", "</a>", "</table>", "</svg>", "</math>", "</style>", "</script>", "</title>", "</noscript>"),
    *("</iframe>", "</template>", "</select>", "</textarea>", "</xmp>", "</form>", "<!--", "-->", "--!>", "<![CDATA["),
    *("]]>", "<?", "<!", "&lt;", "&gt;", "&quot;", "&amp;", "&#60;", "&#x3e", "'", '"', "`", "=", "\n", "\0", "\u2028"),
    *(" href=", " src=", " title=", " alt=", " id=", " cite=", " srcdoc=", f" onerror={CALL}(0)", f" onload={CALL}(0)"),
    *(f"javascript:{CALL}(0)", f"https://{PLAYER}/v", "https://evil.example/f", "data:text/html,x", "x", " dir=rtl"),
]
_TAKEN_OTHERWISE = """
([texts, allowed]) => texts.filter((text) => {
  const around = [["div", ""], ["div", "<table><tr><td>"], ["div", "<p><a><b>"], ["noscript", ""], ["template", ""]];
  const odd = (root) => [...root.querySelectorAll("*")].some((element) =>
    !allowed.includes(element.localName) || element.namespaceURI !== "http://www.w3.org/1999/xhtml"
      || [...element.attributes].some(({ name }) => /^on|^id$|^name$|^srcdoc$|^style$/.test(name)));
  return around.some(([name, before]) => {
    const holder = new DOMParser().parseFromString("", "text/html").createElement(name);
    holder.innerHTML = before + text;
    const first = holder.content ?? holder;
    if (odd(first)) return true;
    holder.innerHTML = holder.innerHTML;
    return odd(holder.content ?? holder);
  });
})
"""


def test_a_browser_reads_nothing_else_in_it_wherever_it_stands(watched: Watched) -> None:
    """Four thousand bodies of pieces that parsers disagree about: read, written and read again in several places."""
    made = random.Random(20261125)
    allowed = Markup(frozenset({PLAYER}), "nofollow ugc noopener")
    raw = ["".join(made.choices(_PIECES, k=made.randint(3, 20))) for _ in range(4_000)]
    cleaned = [html for text in raw if "<" in (html := sanitise(text, allowed).html)]
    assert len(cleaned) > 300
    names = sorted(_BLOCKS | _INLINE)
    assert watched.page.evaluate(_TAKEN_OTHERWISE, [cleaned, names]) == []
    assert watched.page.evaluate(_TAKEN_OTHERWISE, [raw[:100], names]) != []


# --- pages ---


@pytest.fixture(scope="module")
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, listening: socket.socket) -> Settings:
    file = tmp_path_factory.mktemp("xss") / "news.db"
    name = one_line(next(packed(PAYLOADS.values(), 20_000)))
    port = listening.getsockname()[1]
    return Settings(database=f"sqlite:///{file}", secret=SECRET, port=port, site_name=name, embed_hosts=PLAYER)


@pytest.fixture(scope="module")
def address(settings: Settings, listening: socket.socket) -> Iterator[str]:
    """A newsroom whose every text is an attack, served on a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app.build(settings), **server_options(settings)))

    async def serve() -> None:
        await _furnish(settings)
        await server.serve(sockets=[listening])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    yield settings.address
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("name", PAGES)
def test_every_text_of_a_page_is_harmless(watched: Watched, address: str, name: str) -> None:
    """Seen by somebody who may see everything: what a script could do in their name is worst."""
    cookie = {"name": "newsgraph_session", "value": token_for(Role.ADMIN, "Admin"), "url": address}
    watched.page.context.add_cookies([cookie])
    path = PAGES[name].replace("SECTION", quote(slugify(names()[0])))
    answer = watched.page.goto(address + path)
    assert answer.status == (404 if "not there" in name and "page" in name else 200)
    _enlivened(watched.page)
    watched.harmless(path)
    assert name == "GraphiQL" or watched.page.get_by_text(CALL).count(), "it shows what is tried"
    assert watched.page.url == address + path
    for element in watched.page.locator("script[type='application/ld+json']").all():
        json.loads(element.text_content())


HOSTILE_PLAYER = """<!doctype html><title>Player</title><script>
  const tries = [() => { top.location = "https://evil.example/"; }, () => { top.document.title = "taken"; },
    () => alert(1), () => open("https://evil.example/", "_top")];
  for (const one of tries) try { one(); } catch { /* as it should be */ }
  document.title = "ran";
</script><form action="https://evil.example/"></form><script>document.forms[0].submit();</script>"""


def test_a_player_runs_in_its_frame_and_cannot_get_out(browser: Any, address: str) -> None:
    """Under the page's own policy: the allowed host's frames are there, and those of no other."""
    with browser.new_context() as context:
        watched = Watched(context.new_page(), address)
        watched.begin()
        watched.page.route(f"https://{PLAYER}/**", lambda r: r.fulfill(body=HOSTILE_PLAYER, content_type="text/html"))
        watched.page.goto(address + "/articles/article-0")
        title = watched.page.title()
        for element in watched.page.locator(".body iframe").all():
            element.scroll_into_view_if_needed()
        inner = watched.page.frame_locator(".body iframe >> nth=0")
        inner.locator("form").wait_for(state="attached")
        players = [frame for frame in watched.page.frames if urlsplit(frame.url).hostname == PLAYER]
        assert len(players) == watched.page.locator(".body iframe").count() > 0
        assert {frame.title() for frame in players} == {"ran"}
        assert (watched.ran, watched.called) == ([], [])
        assert (watched.page.url, watched.page.title()) == (address + "/articles/article-0", title)
        assert len(context.pages) == 1


def _enlivened(page: Any) -> None:
    """With the widgets in it at work, which say by an attribute how their line is."""
    for element in page.locator("newsgraph-comments").all():
        element.scroll_into_view_if_needed()
    if page.locator("newsgraph-comments").count():
        page.locator("newsgraph-comments[line=live]").wait_for()


def names() -> list[str]:
    return [one_line(name) for name in packed(PAYLOADS.values(), 78)]


async def _furnish(settings: Settings) -> None:
    async with app.open_newsroom(settings) as newsroom:
        editor, staff = [await _person(newsroom, role.value, role) for role in (Role.EDITOR, Role.STAFF)]
        await newsroom.store.write(_sections_and_authors)
        ids = [await articles.publish(newsroom, editor, one) for one in _articles(names())]
        await lists.curate(newsroom, editor, lists.CurateList("must-reads", names()[0], tuple(ids[:9])))
        for number, text in enumerate(packed(PAYLOADS.values(), settings.comment_max_length)):
            who = await _person(newsroom, names()[number % len(names())], Role.STAFF)
            await comments.post(newsroom, who, comments.PostComment(ids[0], None, text))
        await comments.post(newsroom, staff, comments.PostComment(ids[0], 1, "A reply."))


async def _person(newsroom: Newsroom, name: str, role: Role) -> Viewer:
    return await users.recognise(newsroom, Claims(f"test:{name}", name, role, datetime.now(UTC), None))


async def _sections_and_authors(session: Session) -> None:
    for name in names():
        await sections.ensure(session, name)
        await authors.ensure(session, Byline(name, f"{name}@evil.example", name, PICTURE))


def _articles(names: Sequence[str]) -> Iterator[articles.PublishArticle]:
    """The first has every payload in its body, each cleaned by itself; the others have them as they come."""
    allowed = Markup(frozenset({PLAYER}))
    body = "".join(f"<div>{sanitise(text, allowed).html}</div>" for text in PAYLOADS.values())
    standfirsts = list(packed(PAYLOADS.values(), 1_000))
    for number, text in enumerate(packed(PAYLOADS.values(), 300)):
        name = names[number % len(names)]
        yield articles.PublishArticle(
            headline=text,
            standfirst=standfirsts[number % len(standfirsts)],
            body_html=body if number == 0 else text,
            section=slugify(name),
            authors=tuple({slugify(one) for one in names}) if number == 0 else (slugify(name),),
            slug=f"article-{number}",
            tags=(text[:60],),
            lead_image=Image(PICTURE, text, text, text),
        )
