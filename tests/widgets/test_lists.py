"""`<newsgraph-list>` and `<newsgraph-live-count>` in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from newsgraph.domain.users import Role
from tests.widgets.conftest import Stage, said
from tests.widgets.test_comments import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

CURATE = "mutation ($input: CurateListInput!) { curateList(input: $input) { userErrors { code } } }"
LIST = "document.querySelector('newsgraph-list').shadowRoot."


async def rows(page: Any, part: str = "link") -> list[str]:
    found: list[str] = await page.locator(f"newsgraph-list .{part}").all_inner_texts()
    return found


async def test_rows_move_when_the_order_does(stage: Stage) -> None:
    editor = stage.stand.client(Role.EDITOR, "Ed")
    articles = {name: await stage.stand.publish(name, "world") for name in ("One", "Two", "Three")}
    await editor.run(CURATE, input={"key": "picks", "title": "Our Picks", "pinnedIds": list(articles.values())})
    context = await stage.reader()
    page = await stage.open(context, '<newsgraph-list key="picks"></newsgraph-list>')
    await page.get_by_role("heading", name="Our Picks").wait_for()
    assert await rows(page) == ["One", "Two", "Three"]
    assert await rows(page, "rank") == ["1", "2", "3"]
    assert await rows(page, "label") == ["WORLD", "WORLD", "WORLD"]

    await page.get_by_role("link", name="Three").focus()
    await page.evaluate(f"window.row = {LIST}querySelector('li:last-child')")
    await page.evaluate(
        "() => { const real = Element.prototype.animate; Element.prototype.animate = function (...given) {"
        " window.moved = (window.moved ?? 0) + 1; return real.apply(this, given); }; }"
    )
    new = await stage.stand.publish("<b>New</b>", "asia")
    order = [articles["Three"], new, articles["One"]]
    await editor.run(CURATE, input={"key": "picks", "title": "Our Picks", "pinnedIds": order})
    await page.get_by_role("link", name="New").wait_for()
    assert await rows(page) == ["Three", "<b>New</b>", "One"]
    assert await rows(page, "label") == ["WORLD", "ASIA", "WORLD"]
    assert await page.evaluate(f"window.row === {LIST}querySelector('li')"), "moved, not made anew"
    assert await page.evaluate(f"{LIST}activeElement.textContent") == "Three"
    assert await page.evaluate("window.moved") == 3, "two slide, one appears"


async def test_nothing_slides_for_who_would_rather_not(stage: Stage) -> None:
    context = await stage.reader(reduced_motion="reduce")
    page = await stage.open(
        context, '<newsgraph-list key="latest/debate" count="2" heading-level="3"></newsgraph-list>'
    )
    await page.get_by_role("heading", name="[DEBATE] Latest Stories", level=3).wait_for()
    await page.evaluate("() => { Element.prototype.animate = () => { window.moved = true; }; }")
    for name in ("First", "Second", "Third"):
        await stage.stand.publish(name, "debate")
    await page.get_by_role("link", name="Third").wait_for()
    assert await rows(page) == ["Third", "Second"]
    assert await page.locator("newsgraph-list .rank").first.is_hidden(), "as on the seed's page: no ranks by time"
    assert await page.evaluate("window.moved") is None


async def test_what_the_server_wrote_stays_while_it_is_true(stage: Stage) -> None:
    await stage.stand.publish("Old", "lifestyle")
    asked = '{ rankedList(key: "latest/lifestyle") { version } }'
    version = (await stage.stand.client().run(asked))["rankedList"]["version"]
    inside = "<h2>As it was written</h2><ol><li>Old</li></ol>"
    context = await stage.reader()
    body = f'<newsgraph-list key="latest/lifestyle" version="{version}">{inside}</newsgraph-list>'
    page = await stage.open(context, f'{body}<newsgraph-list key="latest">Another.</newsgraph-list>')
    await page.get_by_role("heading", name="Latest Stories", exact=True).wait_for()
    assert await page.get_by_role("heading", name="As it was written").is_visible()
    await stage.stand.publish("Newer", "lifestyle")
    await page.get_by_role("heading", name="[LIFESTYLE] Latest Stories").wait_for()
    assert not await page.get_by_role("heading", name="As it was written").is_visible()


async def test_a_list_that_is_not_there(stage: Stage) -> None:
    context = await stage.reader()
    await context.add_init_script("addEventListener('newsgraph-error', (e) => { window.code = e.detail.code; })")
    page = await stage.open(context, '<newsgraph-list key="nonsense/here">What was written.</newsgraph-list>')
    await eventually(page, "window.code === 'NOT_FOUND'")
    assert await page.get_by_text("What was written.").is_visible()


async def test_a_count_counts(stage: Stage) -> None:
    article = await stage.stand.publish("Counted")
    context = await stage.reader()
    counts = f'<newsgraph-live-count article="{article}">some</newsgraph-live-count> and '
    counts += f'<newsgraph-live-count article="{article}" format="number" lang="ar"></newsgraph-live-count>'
    page = await stage.open(context, f"<p>{counts}</p>")
    await page.get_by_text("0 comments and 0").wait_for()
    await said(stage, article, "One.", "Two.")
    await page.get_by_text("2 comments and 2").wait_for()
