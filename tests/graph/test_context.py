"""A context serves one operation, or one event after the other for as long as a stream is open."""

from __future__ import annotations

from newsgraph.domain.users import ANONYMOUS
from newsgraph.graph.context import Context
from newsgraph.graph.dependencies import Dependencies
from tests.graph.newsroom import World


async def test_what_was_read_for_one_event_is_forgotten_with_it(world: World) -> None:
    """Else a stream that is open for days would remember every comment of them."""
    context = Context(world.services, ANONYMOUS, depends=Dependencies(frozenset({"headline"})))
    for number in range(3):
        before = context.loaders
        await context.loaders.article.load(number)
        assert context.depends.tags == {f"article:{number}"}
        context.refresh()
        assert context.loaders is not before

    assert context.depends == Dependencies(frozenset({"headline"}))
