"""The site in a real browser: what moves, what can be reached, what it weighs, and that it works without any script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from newsgraph.web.site.cookies import NAME
from newsgraph.web.static import BUILT
from tests import machine
from tests.flows.conftest import SECRET, token_for
from tests.web.site.conftest import STORY, Reader, publish, served

AXE = Path(__file__).parents[3] / "build" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
KOREAN = "외할머니댁이딱이런섬이었어요배가안뜨면학교도안갔죠그날은온동네가쉬는날이었습니다" * 3
ARABIC = "كان جدي يقول إن الساعة الوحيدة التي لا تكذب هي الظل على جدار المسجد القديم. " * 3
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
POST = """mutation ($input: PostCommentInput!) {
  postComment(input: $input) { status commentEdge { node { id } } userErrors { code } }
}"""
MODE = "mutation ($id: ID!) { setCommentPolicy(input: {articleId: $id, mode: PRE}) { userErrors { code } } }"
CURATE = "mutation ($input: CurateListInput!) { curateList(input: $input) { list { version } userErrors { code } } }"

# The address, and as whom it is looked at.
PAGES = [
    ("/", None),
    ("/sections/asia", None),
    ("/sections/debate", None),  # with nothing in it
    ("/articles/ferry", None),
    ("/articles/ferry", Role.READER),
    ("/articles/ferry/comments/1", Role.READER),
    ("/articles/arabic", None),
    ("/authors/ada-writer", None),
    ("/search?q=ferry", None),
    ("/search?q=zebra", None),
    ("/sign-in", None),
    ("/about", None),
    ("/nope", None),
    ("/desk/comments?queue=UNMODERATED", Role.MODERATOR),
    ("/desk/comments?queue=REPORTED", Role.MODERATOR),
    ("/desk/lists", Role.EDITOR),
    ("/desk/lists/must-reads?q=ferry", Role.EDITOR),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = tmp_path_factory.mktemp("browsed") / "news.db"
    settings = Settings(database=f"sqlite:///{database}", secret=SECRET, list_interval=0.02, ranking_interval=0.2)
    for url in served(settings, STORY):
        _furnish(Reader(url))
        yield url


def _furnish(reader: Reader) -> None:
    """Texts that are long, that go the other way, and that nothing can break."""
    article = reader.run(Role.READER, '{ article(slug: "ferry") { id } }')["article"]["id"]
    for body in ("Where does it go?", KOREAN, ARABIC, LONG):
        reader.run(Role.READER, POST, input={"articleId": article, "body": body[:300]})
    publish(reader.url, **STORY | {"slug": "arabic", "language": "ar", "headline": ARABIC[:120]})
    publish(reader.url, **STORY | {"slug": "korean", "language": "ko", "headline": KOREAN[:80], "leadImage": None})


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with machine.browser() as launched:
        yield launched


Open = Callable[..., Any]


@pytest.fixture
def look(site: str, browser: Any) -> Iterator[Open]:
    """Opens an address as somebody, in a browser of their own; nothing may be wrong with any of them at the end."""
    contexts: list[Any] = []
    problems: list[str] = []

    def open_as(path: str, role: Role | None = None, name: str = "", **options: Any) -> Any:
        context = browser.new_context(base_url=site, **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        context.route("https://pictures.example/**", lambda route: route.fulfill(content_type="image/png", body=b""))
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{path}: {error}"))
        page.on("console", lambda said: problems.extend([f"{path}: {said.text}"] if said.type == "error" else []))
        if role is not None:
            token = token_for(role, name or f"The {role.value.lower()}")
            context.add_cookies([{"name": NAME, "value": token, "url": site, "httpOnly": True, "sameSite": "Lax"}])
        page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert [one for one in problems if "status of 4" not in one] == []


@pytest.mark.parametrize(("path", "role"), PAGES)
def test_everybody_can_use_every_page(look: Open, path: str, role: Role | None) -> None:
    """No violation of any of axe-core's rules, light or dark; and nothing is wider than a small phone."""
    if not AXE.exists():
        pytest.skip("axe-core is not here: make clients")
    page = look(path, role, viewport={"width": 320, "height": 640}, reduced_motion="reduce")
    if "/articles/ferry" in path:
        comments_shown(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run().then((found) => found.violations)")
    page.emulate_media(color_scheme="dark")
    found += page.evaluate("axe.run({runOnly: ['color-contrast']}).then((found) => found.violations)")
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


def comments_shown(page: Any) -> None:
    """What the server has written, or the widget in its place."""
    page.locator("#comments").scroll_into_view_if_needed()
    if BUILT is not None and page.locator("newsgraph-comments").count():
        page.locator("newsgraph-comments[line=live]").wait_for()


SHIFTS = """() => new Promise((done) => new PerformanceObserver((list) =>
  done(list.getEntries().filter((one) => !one.hadRecentInput).reduce((sum, one) => sum + one.value, 0)))
  .observe({ type: "layout-shift", buffered: true }) || setTimeout(() => done(0), 300))"""
WEIGHT = """() => performance.getEntries().filter((one) => "transferSize" in one && one.initiatorType !== "img")
  .reduce((sum, one) => sum + one.transferSize, 0)"""


@pytest.mark.parametrize("path", ["/", "/articles/ferry", "/sections/asia"])
def test_a_page_is_light_and_nothing_in_it_jumps(look: Open, path: str) -> None:
    """In bytes as they are sent, without pictures; shifts as browsers add them up: 0.1 is still called good."""
    page = look(path, viewport={"width": 1360, "height": 900})
    page.wait_for_load_state("networkidle")

    assert 3_000 < page.evaluate(WEIGHT) < 150_000
    assert page.evaluate(SHIFTS) < 0.01
    if path == "/articles/ferry":
        comments_shown(page)
        assert page.evaluate(SHIFTS) < 0.1


def test_without_scripts_a_reader_reads_writes_and_answers(look: Open) -> None:
    page = look("/articles/ferry", java_script_enabled=False)
    page.get_by_role("link", name="Sign in").last.click()
    page.get_by_label("Any token").fill(token_for(Role.READER, "Ada"))
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.get_by_label("Write a comment").fill("Without any script.")
    page.get_by_role("button", name="Post").click()
    posted = page.locator(".remark", has_text="Without any script.")
    assert "done=posted#comment-" in page.url
    posted.get_by_role("link", name="Reply").click()
    page.get_by_label("Write a reply").fill("Nor does an answer need one.")
    page.get_by_role("button", name="Post").click()
    page.locator(".replies", has_text="Nor does an answer need one.").wait_for()
    page.get_by_role("link", name="All comments").click()
    assert page.locator(".replies", has_text="Nor does an answer need one.").count()


def test_the_keyboard_leads_past_what_stands_above(look: Open) -> None:
    page = look("/articles/ferry")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_what_is_typed_is_counted_in_code_points(look: Open) -> None:
    page = look("/articles/ferry/comments/1", Role.READER)
    page.get_by_label("Write a reply").fill("🦊" * 299)
    assert page.locator("output.left").inner_text() == "1 left."
    page.get_by_label("Write a reply").fill("🦊" * 301)
    assert page.locator("output.left.over").inner_text() == "-1 left."


# The desk of moderators


def test_a_queue_moves_by_itself_and_is_decided_by_keyboard(look: Open, site: str) -> None:
    article = publish(site, **STORY | {"slug": "moderated", "headline": "Moderated"})
    someone = Reader(site)
    someone.run(Role.MODERATOR, MODE, id=article)
    desk, other = (look("/desk/comments?queue=PENDING", Role.MODERATOR, name) for name in ("Mo", "Max"))
    reading = look("/articles/moderated")
    comments_shown(reading)
    for one in (desk, other):
        one.get_by_text("Live", exact=True).wait_for()

    for body in ("First of two.", "Second of two."):
        someone.run(Role.READER, POST, input={"articleId": article, "body": body})
        for one in (desk, other):
            one.locator(".card", has_text=body).wait_for()
    assert desk.locator(".tabs [aria-current] .n").inner_text() == "2"

    desk.keyboard.press("j")
    assert "First of two." in desk.evaluate("document.activeElement.textContent")
    desk.keyboard.press("a")
    for one in (desk, other):
        one.locator(".card", has_text="First of two.").wait_for(state="detached")
    assert "Second of two." in desk.evaluate("document.activeElement.textContent")
    desk.keyboard.press("r")
    desk.get_by_text("Nothing waits here.").wait_for()
    other.get_by_text("Nothing waits here.").wait_for()
    if BUILT is not None:
        reading.get_by_text("First of two.").wait_for()
        desk.goto("/desk/comments?queue=UNMODERATED")
    reading.reload()
    assert "Second of two." not in reading.content()


def test_what_is_rejected_vanishes_everywhere_and_one_key_brings_it_back(look: Open, site: str) -> None:
    article = publish(site, **STORY | {"slug": "turned", "headline": "Turned"})
    Reader(site).run(Role.READER, POST, input={"articleId": article, "body": "Turn me round."})
    readers = [look("/articles/turned") for _ in "ab"]
    for reading in readers:
        comments_shown(reading)
        see(reading, "Turn me round.", there=True)
    desk = look("/desk/comments?queue=UNMODERATED", Role.MODERATOR)
    card = desk.locator(".card", has_text="Turn me round.")
    card.focus()
    desk.keyboard.press("r")
    card.wait_for(state="detached")
    desk.locator("form.notice", has_text="Rejected.").wait_for()
    for reading in readers:
        see(reading, "Turn me round.", there=False)
    desk.keyboard.press("u")
    desk.locator("form.notice", has_text="Approved.").wait_for()
    for reading in readers:
        see(reading, "Turn me round.", there=True)


def see(page: Any, text: str, there: bool) -> None:
    """Live where the widgets were built; else once more from the server."""
    if BUILT is None:
        page.reload()
    page.get_by_text(text).locator("visible=true").wait_for(state="attached" if there else "detached")


def test_keys_can_be_turned_off(look: Open) -> None:
    desk = look("/desk/comments?queue=UNMODERATED", Role.MODERATOR)
    desk.get_by_role("button", name="Turn keys off").click()
    desk.keyboard.press("j")
    assert not desk.evaluate("document.activeElement.matches('.card')")
    desk.get_by_role("button", name="Turn keys on").click()
    desk.keyboard.press("j")
    assert desk.evaluate("document.activeElement.matches('.card')")


# The editors' lists


@pytest.fixture
def weekend(site: str, request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    """A list of an editor's own, by its key, with three articles."""
    key = request.node.name.removeprefix("test_").replace("_", "-")[:60].rstrip("-")
    ids = [publish(site, **STORY | {"slug": f"{key}-{n}", "headline": f"{n} of {key}"}) for n in (1, 2, 3)]
    Reader(site).run(Role.EDITOR, CURATE, input={"key": key, "pinnedIds": ids})
    return key, ids


def pinned(page: Any) -> list[str]:
    found: list[str] = page.locator("[data-zone=pinned] li").evaluate_all("(rows) => rows.map((row) => row.dataset.id)")
    return found


def until_pinned(page: Any, wanted: list[str]) -> None:
    page.locator(f"[data-zone=pinned] li:nth-child({len(wanted)})").wait_for()
    for place, one in enumerate(wanted, 1):
        page.locator(f'[data-zone=pinned] li:nth-child({place})[data-id="{one}"]').wait_for()
    assert pinned(page) == wanted


def test_rows_are_dragged_and_others_see_it(look: Open, weekend: tuple[str, list[str]]) -> None:
    key, [one, two, three] = weekend
    high = {"width": 1000, "height": 1400}  # nobody scrolls in the middle of dragging
    mine, theirs = (look(f"/desk/lists/{key}", Role.EDITOR, name, viewport=high) for name in ("Ed", "Edda"))
    for page in (mine, theirs):
        page.get_by_text("Live", exact=True).wait_for()

    mine.locator(f'li[data-id="{three}"] .grip').drag_to(
        mine.locator(f'li[data-id="{one}"]'), target_position={"x": 40, "y": 2}
    )
    for page in (mine, theirs):
        until_pinned(page, [three, one, two])
    mine.locator(f'li[data-id="{one}"] .grip').drag_to(mine.locator("[data-zone=excluded]"))
    for page in (mine, theirs):
        until_pinned(page, [three, two])
    mine.locator(f'[data-zone=excluded] li[data-id="{one}"]').wait_for()


def test_rows_are_moved_by_keyboard(look: Open, weekend: tuple[str, list[str]]) -> None:
    key, [one, two, three] = weekend
    page = look(f"/desk/lists/{key}", Role.EDITOR)
    page.locator(f'li[data-id="{one}"]').get_by_role("button", name="Down").focus()
    page.keyboard.press("Alt+ArrowDown")
    until_pinned(page, [two, one, three])
    page.keyboard.press("Alt+ArrowDown")  # the focus has gone with the row
    until_pinned(page, [two, three, one])


def test_who_comes_late_sees_it_and_decides(look: Open, site: str, weekend: tuple[str, list[str]]) -> None:
    key, [one, two, three] = weekend
    page = look(f"/desk/lists/{key}", Role.EDITOR)
    page.evaluate("document.querySelectorAll('[name=version]').forEach((one) => (one.value = 'long ago'))")
    page.locator(f'li[data-id="{three}"]').get_by_role("button", name="Up").click()

    page.get_by_role("alert").filter(has_text="has changed since you read it").wait_for()
    assert pinned(page) == [one, two, three]
    page.get_by_role("button", name="Save mine all the same").click()
    until_pinned(page, [one, three, two])
