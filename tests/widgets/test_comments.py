"""`<newsgraph-comments>` in a real browser, on a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from newsgraph.domain.users import Role
from tests.flows.test_live import EDIT, RULES, post
from tests.flows.test_resume import MODERATE
from tests.widgets.conftest import Stage, bodies, said

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    '"><svg onload=window.hacked=1>',
    "</p></article></section><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "javascript:window.hacked=1",
    "{{constructor.constructor('window.hacked=1')()}}",
    "&lt;b&gt; stays as it was typed &amp;lt;",
    "<style>*{display:none}</style>",
]


async def counted(stage: Stage, article: str) -> int:
    count = "query ($id: ID!) { node(id: $id) { ... on Article { commentCount } } }"
    return int((await stage.stand.client().run(count, id=article))["node"]["commentCount"])


SEEN = """(text) => {
  const root = document.querySelector("newsgraph-comments").shadowRoot;
  window.seen = new Promise((done) => {
    const look = () => root.textContent.includes(text) && done(performance.timeOrigin + performance.now());
    new MutationObserver(look).observe(root, { subtree: true, childList: true, characterData: true });
  });
}"""

INSIDE = "document.querySelector('newsgraph-comments').shadowRoot."


async def eventually(page: Any, condition: str) -> None:
    """wait_for_function evaluates text in the page, which its policy forbids."""
    async with asyncio.timeout(20):
        while not await page.evaluate(condition):
            await asyncio.sleep(0.02)


async def write(page: Any, text: str) -> None:
    await page.get_by_role("textbox", name="Your comment").fill(text)
    await page.get_by_role("button", name="Post comment").click()


async def until(page: Any, text: str) -> Any:
    found = page.locator("newsgraph-comments .body", has_text=text)
    await found.wait_for()
    return found


async def test_what_one_posts_another_sees_at_once(stage: Stage) -> None:
    article = await stage.stand.publish("Live")
    writer, other = await stage.comments(article, "Kim"), await stage.comments(article)
    await stage.live(writer, other)
    took = [await posted_and_seen(writer, other, f"Hello out there, {number}.") for number in range(4)]
    assert min(took) < 300, "milliseconds from the click; of several, for the machine may be busy"
    for page in (writer, other):
        assert await bodies(page) == [f"Hello out there, {number}." for number in (3, 2, 1, 0)], "each once"
    assert await writer.get_by_role("textbox", name="Your comment").input_value() == ""
    await writer.get_by_role("heading", name="Comments 4").wait_for()


async def posted_and_seen(writer: Any, other: Any, text: str) -> float:
    """From a click in one tab to the text in another, in ms."""
    await other.evaluate(SEEN, text)
    await writer.get_by_role("textbox", name="Your comment").fill(text)
    await writer.evaluate(
        "addEventListener('click', () => { window.clicked = performance.timeOrigin + performance.now(); }, true)"
    )
    await writer.get_by_role("button", name="Post comment").click()
    seen = await other.evaluate("window.seen")
    await until(writer, text)
    return float(seen - await writer.evaluate("window.clicked"))


async def test_a_rejected_comment_vanishes_everywhere(stage: Stage) -> None:
    article = await stage.stand.publish("Rejected")
    [first, second] = await said(stage, article, "This stays.", "This goes.")
    one, two = await stage.comments(article, "Lee"), await stage.comments(article)
    for page in (one, two):
        await until(page, "This goes.")
    await stage.stand.client(Role.MODERATOR).run(MODERATE, input={"id": second, "to": "REJECTED"})
    for page in (one, two):
        await page.get_by_text("This goes.").wait_for(state="detached")
        assert await bodies(page) == ["This stays."]
    assert first


async def test_an_edit_and_a_reaction_are_seen_in_place(stage: Stage) -> None:
    article = await stage.stand.publish("Edited")
    [comment] = await said(stage, article, "Befour.")
    author, reader = await stage.comments(article, "Lee"), await stage.comments(article, "Kim")
    await author.get_by_role("button", name="Edit", exact=True).click()
    field = author.get_by_role("textbox", name="Edit")
    assert await field.input_value() == "Befour."
    await field.fill("Before.")
    await author.get_by_role("button", name="Save").click()
    await until(reader, "Before.")
    await reader.get_by_text("edited").wait_for()

    like = reader.get_by_role("button", name="Like")
    await like.click()
    await author.get_by_role("button", name="Like 1").wait_for()
    assert await like.get_attribute("aria-pressed") == "true"
    await like.click()
    await author.get_by_role("button", name="Like", exact=True).wait_for()
    assert await like.get_attribute("aria-pressed") == "false"
    assert await author.get_by_role("button", name="Like").is_disabled(), "nobody praises themselves"
    assert comment


async def test_length_is_counted_in_code_points(stage: Stage) -> None:
    article = await stage.stand.publish("Length")
    page = await stage.comments(article, "Kim")
    field = page.get_by_role("textbox", name="Your comment")
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"  # one picture, 7 code points, 11 UTF-16 units
    await field.fill("  " + "é".encode().decode() + "e\u0301" + family * 42 + "abcd \n")  # composed and not: 1 each
    await page.get_by_text("300 of 300 characters").wait_for()
    await field.press("End")
    await field.fill(family * 43)
    await page.locator(".counter", has_text="1 character too many").wait_for()
    await page.get_by_role("button", name="Post comment").click()
    await page.get_by_role("alert", name="").get_by_text("At most 300 characters, please.").wait_for()
    assert await field.get_attribute("aria-invalid") == "true"
    assert await field.input_value() == family * 43, "nothing is cut off"
    await field.fill(family * 42)
    await page.get_by_role("button", name="Post comment").click()
    await until(page, family)
    [shown] = await bodies(page)
    assert shown == family * 42


async def test_nothing_that_is_typed_becomes_markup(stage: Stage) -> None:
    article = await stage.stand.publish("Hostile")
    await said(stage, article, *HOSTILE[1:], by="<b>Mallory</b>")
    page = await stage.comments(article, "Kim")
    await write(page, HOSTILE[0])
    await until(page, HOSTILE[0])
    assert sorted(await bodies(page)) == sorted(HOSTILE)
    assert await page.evaluate(INSIDE + "querySelectorAll('script, img, svg, iframe, b, style, [onerror]').length") == 0
    assert await page.evaluate("window.hacked") is None
    await page.get_by_text("<b>Mallory</b>").first.wait_for()


async def test_a_reader_in_the_midst_is_not_disturbed(stage: Stage) -> None:
    article = await stage.stand.publish("Scrolled")
    await said(stage, article, *(f"Comment {number}." for number in range(22)))
    page = await stage.comments(article, options={"viewport": {"width": 800, "height": 600}})
    await page.mouse.move(400, 300)
    await page.mouse.wheel(0, 900)
    await eventually(page, "scrollY > 500")
    await said(stage, article, "Late one.", "Later one.", by="Mia")
    shown = page.get_by_role("button", name="2 new comments")
    await shown.wait_for()
    assert "Late one." not in await bodies(page)
    await page.get_by_role("status").get_by_text("2 new comments").wait_for()
    await shown.click()
    assert (await bodies(page))[:2] == ["Later one.", "Late one."]
    assert await shown.is_hidden()
    active = await page.evaluate("document.activeElement.shadowRoot.activeElement.innerText")
    assert "Later one." in active

    await page.get_by_role("button", name="Show more comments").click()
    await until(page, "Comment 0.")
    assert len(await bodies(page)) == 24


async def test_replies_and_tombstones(stage: Stage) -> None:
    article = await stage.stand.publish("Replies")
    [top] = await said(stage, article, "Top.", by="Kim")
    await said(stage, article, *(f"Reply {number}." for number in range(5)), parentId=top)
    page = await stage.comments(article, "Kim")
    assert await bodies(page) == ["Top.", "Reply 0.", "Reply 1.", "Reply 2."]
    await page.get_by_role("button", name="Show 2 more replies").click()
    await until(page, "Reply 4.")

    await page.get_by_role("button", name="Reply to Lee").first.click()
    await page.get_by_role("textbox", name="Your reply to Lee").fill("Reply to a reply.")
    await page.keyboard.press("Control+Enter")
    await until(page, "Reply to a reply.")
    assert await bodies(page) == ["Top.", "Reply 0.", "Reply to a reply.", *(f"Reply {n}." for n in range(1, 5))]

    other = await stage.comments(article)
    await page.get_by_role("button", name="Delete").first.click()
    await page.get_by_role("button", name="Delete it").click()
    for one in (page, other):
        await one.get_by_text("This comment was removed.").wait_for()
        assert (await bodies(one))[:2] == ["This comment was removed.", "Reply 0."]
    await page.get_by_role("heading", name="Comments 6").wait_for()


async def test_a_permalink_opens_at_its_comment(stage: Stage) -> None:
    article = await stage.stand.publish("Permalink")
    [deep] = await said(stage, article, "Old and deep below.")
    [reply] = await said(stage, article, "The one that is meant.", parentId=deep, by="Kim")
    await said(stage, article, *(f"Comment {number}." for number in range(25)))
    node = await stage.stand.client().run(
        "query ($id: ID!) { node(id: $id) { ... on Comment { permalink } } }", id=reply
    )
    anchor = "#" + node["node"]["permalink"].partition("#")[2]

    page = await stage.comments(article, path=anchor)
    meant = page.locator(anchor)
    await meant.wait_for()
    await eventually(page, f"document.activeElement?.shadowRoot?.activeElement?.id === '{anchor[1:]}'")
    assert await bodies(page) == ["Old and deep below.", "The one that is meant."]
    await page.get_by_role("button", name="Show all comments").click()
    await until(page, "Comment 24.")
    await page.evaluate("location.hash = ''")
    await page.evaluate(f"location.hash = '{anchor}'")
    await meant.wait_for()

    gone = await stage.comments(article, path="#comment-999999")
    await gone.get_by_text("The comment of this link is not here any more.").first.wait_for()
    assert len(await bodies(gone)) == 20


async def test_a_held_comment_is_its_authors_alone_until_it_is_approved(stage: Stage) -> None:
    article = await stage.stand.publish("Held")
    moderator = stage.stand.client(Role.MODERATOR)
    await moderator.run(RULES, input={"articleId": article, "mode": "PRE"})
    page, other = await stage.comments(article, "Kim"), await stage.comments(article)
    await page.get_by_text("Comments appear here once a moderator has read them.").wait_for()
    await write(page, "May I?")
    await page.get_by_text("Waiting for a moderator. Only you can see it.").wait_for()
    assert await bodies(page) == ["May I?"]
    await page.reload()
    await page.get_by_text("Waiting for a moderator. Only you can see it.").wait_for()
    assert await bodies(other) == []

    queue = "query ($id: ID) { moderationQueue(queue: PENDING, articleId: $id) { nodes { id } } }"
    [waiting] = (await moderator.run(queue, id=article))["moderationQueue"]["nodes"]
    await moderator.run(MODERATE, input={"id": waiting["id"], "to": "PUBLISHED"})
    for one in (page, other):
        await until(one, "May I?")
    await page.get_by_text("Waiting for a moderator").wait_for(state="detached")
    assert await bodies(page) == ["May I?"]


async def test_errors_are_words_and_lose_no_text(stage: Stage) -> None:
    article = await stage.stand.publish("Errors")
    page = await stage.comments(article, "Kim")
    await write(page, "Twice.")
    await until(page, "Twice.")
    await write(page, "Twice.")
    await page.get_by_text("You have said that already.").wait_for()
    field = page.get_by_role("textbox", name="Your comment")
    assert await field.input_value() == "Twice."
    assert await field.evaluate("(e) => e.getRootNode().activeElement === e")
    assert await bodies(page) == ["Twice."]
    await field.fill("")
    await page.get_by_role("button", name="Post comment").click()
    await page.get_by_text("Write something first.").wait_for()

    await stage.stand.client(Role.MODERATOR).run(RULES, input={"articleId": article, "open": False})
    await page.get_by_text("Comments are closed.").wait_for()
    assert await field.count() == 0, "closed for everybody at once"


async def test_reporting(stage: Stage) -> None:
    article = await stage.stand.publish("Reported")
    [comment] = await said(stage, article, "Buy now!")
    page = await stage.comments(article, "Kim")
    await page.get_by_role("button", name="Report").click()
    await page.get_by_role("combobox", name="What is wrong with it?").select_option("It is advertising")
    await page.get_by_role("textbox", name="What should the moderators know?").fill("Again.")
    await page.get_by_role("button", name="Send report").click()
    await page.get_by_text("Thank you. The moderators will look at it.").wait_for()
    flags = "query ($id: ID!) { node(id: $id) { ... on Comment { flags { reason note } } } }"
    found = await stage.stand.client(Role.MODERATOR).run(flags, id=comment)
    assert found["node"]["flags"] == [{"reason": "SPAM", "note": "Again."}]


async def test_who_is_not_signed_in_is_asked_to(stage: Stage) -> None:
    article = await stage.stand.publish("Anonymous")
    await said(stage, article, "Hello.")
    page = await stage.comments(article)
    await page.evaluate("addEventListener('newsgraph-sign-in', () => { window.asked = (window.asked ?? 0) + 1; })")
    for name in ("Sign in to comment", "Like", "Reply to Lee", "Report"):
        await page.get_by_role("button", name=name).click()
    assert await page.evaluate("window.asked") == 4

    token = stage.stand.client(Role.READER).token
    await page.evaluate("(token) => document.querySelector('newsgraph-comments').setAttribute('token', token)", token)
    await page.get_by_role("textbox", name="Your comment").wait_for()
    assert await bodies(page) == ["Hello."]


async def test_orders(stage: Stage) -> None:
    article = await stage.stand.publish("Orders")
    [first, _, _] = await said(stage, article, "First.", "Second.", "Third.")
    await said(stage, article, "A reply.", parentId=first, by="Kim")
    page = await stage.comments(article)
    order = page.get_by_role("combobox", name="Sort by")
    assert (await bodies(page))[0] == "Third."
    await order.select_option("Most replies")
    await eventually(page, INSIDE + "querySelector('.body').textContent === 'First.'")
    await order.select_option("Oldest")
    await eventually(page, f"[...{INSIDE}querySelectorAll('.body')].at(-1).textContent === 'Third.'")
    await said(stage, article, "Fourth.")
    await until(page, "Fourth.")
    assert await bodies(page) == ["First.", "A reply.", "Second.", "Third.", "Fourth."]


async def test_edits_by_others_reach_a_field_that_is_open(stage: Stage) -> None:
    """What somebody is typing stays, and so does the focus, whatever happens around it."""
    article = await stage.stand.publish("Typing")
    [comment] = await said(stage, article, "Before.")
    page = await stage.comments(article, "Kim")
    await page.get_by_role("button", name="Reply to Lee").click()
    field = page.get_by_role("textbox", name="Your reply to Lee")
    await field.fill("I am still")
    await stage.stand.client(Role.READER, "Lee").run(EDIT, input={"id": comment, "body": "After."})
    await until(page, "After.")
    await said(stage, article, "Another.", by="Mia")
    await page.get_by_role("button", name="1 new comment").wait_for()
    await page.keyboard.type(" typing")
    assert await field.input_value() == "I am still typing"
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.shadowRoot.activeElement.textContent") == "Reply"


async def test_offline_and_back(stage: Stage) -> None:
    article = await stage.stand.publish("Offline")
    context = await stage.reader()
    page = await stage.comments(article, "Kim", context=context)
    await context.set_offline(True)
    await write(page, "Into the void.")
    await page.get_by_text("Not sent: the connection is lost.").wait_for()
    await said(stage, article, "Meanwhile.")
    await context.set_offline(False)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await until(page, "Meanwhile.")
    await page.get_by_text("Not sent").wait_for(state="detached")
    assert await counted(stage, article) == 2
    assert sorted(await bodies(page)) == ["Into the void.", "Meanwhile."]


async def test_other_languages_and_directions(stage: Stage) -> None:
    article = await stage.stand.publish("Languages")
    await said(stage, article, "Hallo.")
    pages = {language: await stage.comments(article, "Kim", language=language) for language in ("ko", "de", "ar", "xx")}
    names = {"ko": "댓글 등록", "de": "Kommentar senden", "ar": "نشر التعليق", "xx": "Post comment"}
    for language, page in pages.items():
        await page.get_by_role("button", name=names[language]).wait_for()
        direction = await page.locator("newsgraph-comments section").evaluate("(e) => getComputedStyle(e).direction")
        assert direction == ("rtl" if language == "ar" else "ltr")


async def test_a_lost_answer_posts_nothing_twice(stage: Stage) -> None:
    """The comment is there, its answer is not: the second try has the same key."""
    article = await stage.stand.publish("Lost answer")
    context = await stage.reader()
    page = await stage.comments(article, "Kim", context=context)
    lost: list[int] = []

    async def lose(route: Any) -> None:
        if "NewsgraphPost" in (route.request.post_data or "") and not lost:
            lost.append((await route.fetch()).status)
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/graphql", lose)
    await write(page, "Once.")
    await until(page, "Once.")
    await eventually(page, f"!{INSIDE}querySelector('.draft')")
    async with asyncio.timeout(20):
        while not lost:
            await asyncio.sleep(0.01)
    assert lost == [200]
    assert await bodies(page) == ["Once."]
    count = await stage.stand.client().run(
        "query ($id: ID!) { node(id: $id) { ... on Article { commentCount } } }", id=article
    )
    assert count["node"]["commentCount"] == 1
    assert await post(stage.stand.client(Role.READER, "Lee"), article, "And on it goes.")
    await until(page, "And on it goes.")
    assert await page.get_by_role("textbox", name="Your comment").input_value() == ""


async def test_a_token_that_ends_is_asked_for_anew(stage: Stage) -> None:
    """From the page's own address, with the page's cookies; a second refusal is nobody."""
    article = await stage.stand.publish("Tokens")
    tokens = ["nonsense", stage.stand.client(Role.READER).token, "nonsense", "nonsense"]
    asked: list[str] = []

    async def give(route: Any) -> None:
        asked.append((await route.request.all_headers()).get("cookie", ""))
        await route.fulfill(json={"token": tokens.pop(0)})

    context = await stage.reader()
    await context.add_cookies([{"name": "session", "value": "mine", "url": stage.stand.url}])
    await context.route("**/embed/token", give)
    page = await stage.comments(
        article, attributes='token-url="/embed/token" sign-in="/embed/style.css"', context=context
    )
    await write(page, "With the second token.")
    await until(page, "With the second token.")
    assert asked == ["session=mine"] * 2

    await page.evaluate("document.querySelector('newsgraph-comments').signIn()")
    await page.get_by_role("button", name="Sign in to comment").click()
    await page.wait_for_url("**/embed/style.css")


async def test_a_page_may_tell_of_its_reader_before_the_module_is_there(stage: Stage) -> None:
    article = await stage.stand.publish("Early")
    context = await stage.reader()
    token = stage.stand.client(Role.READER).token
    await context.add_init_script(
        "new MutationObserver(() => { const found = document.querySelector('newsgraph-comments'); if (found)"
        f" found.getToken ??= async () => '{token}'; }}).observe(document, {{ childList: true, subtree: true }})"
    )
    await context.route("**/widgets/newsgraph.js", slowly)
    page = await stage.comments(article, context=context)
    await page.get_by_role("textbox", name="Your comment").wait_for()
    await page.evaluate("document.querySelector('newsgraph-comments').getToken = undefined")
    await page.get_by_role("button", name="Sign in to comment").wait_for()


async def slowly(route: Any) -> None:
    await asyncio.sleep(0.3)
    await route.continue_()


async def test_who_may_not_write_is_told_so(stage: Stage) -> None:
    article = await stage.stand.publish("Banned")
    [comment] = await said(stage, article, "Last words.", by="Mallory")
    author = "query ($id: ID!) { node(id: $id) { ... on Comment { author { id } } } }"
    found = await stage.stand.client().run(author, id=comment)
    restrict = "mutation ($input: RestrictUserInput!) { restrictUser(input: $input) { userErrors { code } } }"
    who = {"userId": found["node"]["author"]["id"], "banned": True}
    await stage.stand.client(Role.MODERATOR).run(restrict, input=who)
    page = await stage.comments(article, "Mallory")
    await page.get_by_text("You may not comment here.").wait_for()
    assert await page.get_by_role("textbox").count() == 0
    await page.get_by_role("button", name="Reply to Mallory").click()
    await page.get_by_role("textbox").fill("One more.")
    await page.get_by_role("button", name="Post reply").click()
    await page.get_by_text("You may not take part here any more.").wait_for()
    assert await page.get_by_role("textbox").input_value() == "One more."
