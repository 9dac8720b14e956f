"""What the processes of one site tell each other of those who ask for much."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from newsgraph.actions.newsroom import Newsroom

Taken = Mapping[int, float]
"""Seconds' worth by number."""


async def settle(newsroom: Newsroom, taken: Taken, learn: Callable[[Taken], None]) -> None:
    """Nothing is written where nobody has taken much."""
    if taken:
        learn(await newsroom.store.write(lambda session: session.rates.settle(taken)))
