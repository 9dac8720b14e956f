"""Shared execution: identical subscriptions are executed and encoded once per event, not once per subscriber.

Subscriptions with the same key form a group. A group follows its feed live from the moment that it has a member,
executes the operation once for each event, and puts the encoded result into each member's mailbox. A member that
joins first catches up by itself, from its own cursor; what the group produces meanwhile waits in its mailbox and is
spliced on by sequence number. Attaching before reading is what makes the seam tight.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from newsgraph.ports.feeds import Feed, Happening

Execute = Callable[[object], Awaitable[str]]
"""From an event to the encoded result of the operation on it."""

Translate = Callable[[Exception], Exception]
"""From what ended a group to what its members raise."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscriber's operation: its own feed and execution, and how to make those of its group.

    `key` is equal for subscriptions that may share every result.
    """

    key: Hashable
    feed: Feed
    execute: Execute
    shared: Callable[[], Awaitable[tuple[Feed, Execute]]]


class _Member:
    """Results that wait for one subscriber, at most `capacity`; a full mailbox is emptied and says so."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[tuple[int, str]] = deque()
        self._overflowed = False
        self._failure: Exception | None = None
        self._filled = asyncio.Event()

    def put(self, seq: int, result: str) -> None:
        if self._overflowed:
            return
        if len(self._waiting) == self._capacity:
            self._waiting.clear()
            self._overflowed = True
        else:
            self._waiting.append((seq, result))
        self._filled.set()

    def fail(self, failure: Exception) -> None:
        self._failure = failure
        self._filled.set()

    async def take(self) -> list[tuple[int, str]] | None:
        """Everything that waits, at least one result; None when results were lost since the last time.

        Raises what ended the group.
        """
        await self._filled.wait()
        self._filled.clear()
        if self._failure is not None:
            raise self._failure
        if self._overflowed:
            self._overflowed = False
            return None
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


class _Group:
    """One execution for all members; once it has `failed`, nobody joins it any more."""

    def __init__(self, feed: Feed, execute: Execute, translate: Translate) -> None:
        self.members: set[_Member] = set()
        self.failed = False
        self._translate = translate
        self._attachment = ExitStack()
        happenings = self._attachment.enter_context(feed.attached())
        self._following = asyncio.create_task(self._follow(happenings, execute))

    async def _follow(self, happenings: AsyncIterator[Happening], execute: Execute) -> None:
        try:
            async for happening in happenings:
                result = await execute(happening.event)
                for member in self.members:
                    member.put(happening.seq, result)
        except Exception as defect:
            self.failed = True
            failure = self._translate(defect)
            for member in self.members:
                member.fail(failure)

    async def close(self) -> None:
        self._following.cancel()
        with suppress(asyncio.CancelledError):
            await self._following
        self._attachment.close()


class Fanout:
    """All groups of one process. `translate` is called once for a group that fails, however many members it has."""

    def __init__(self, capacity: int, translate: Translate = lambda defect: defect) -> None:
        self._capacity = capacity
        self._translate = translate
        self._groups: dict[Hashable, _Group] = {}

    @property
    def groups(self) -> int:
        return len(self._groups)

    @property
    def members(self) -> int:
        return sum(len(group.members) for group in self._groups.values())

    async def results(self, subscription: Subscription) -> AsyncGenerator[str, None]:
        """Encoded results, each event once and in order, until closed. Raises what the feed or the group raises."""
        member = _Member(self._capacity)
        group = await self._join(subscription, member)
        try:
            opening = await subscription.feed.opening()
            while True:
                for event in opening.events:
                    yield await subscription.execute(event)
                async for result in _later(member, opening.seq):
                    yield result
                opening = await subscription.feed.interruption()
        finally:
            await self._leave(subscription.key, group, member)

    async def _join(self, subscription: Subscription, member: _Member) -> _Group:
        if self._open_group(subscription.key) is None:
            feed, execute = await subscription.shared()
            # Somebody else may have made the group meanwhile.
            if self._open_group(subscription.key) is None:
                self._groups[subscription.key] = _Group(feed, execute, self._translate)
        group = self._groups[subscription.key]
        group.members.add(member)
        return group

    def _open_group(self, key: Hashable) -> _Group | None:
        group = self._groups.get(key)
        return None if group is None or group.failed else group

    async def _leave(self, key: Hashable, group: _Group, member: _Member) -> None:
        group.members.discard(member)
        if group.members:
            return
        if self._groups.get(key) is group:
            del self._groups[key]
        await group.close()


async def _later(member: _Member, seq: int) -> AsyncGenerator[str, None]:
    """What the group produced after `seq`, until the mailbox overflowed."""
    while (taken := await member.take()) is not None:
        for number, result in taken:
            if number > seq:
                seq = number
                yield result
