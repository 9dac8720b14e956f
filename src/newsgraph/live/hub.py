"""Who on this process listens to what: from an entry of the log to the mailboxes that want it, by tag."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from newsgraph.domain.events import Entry
from newsgraph.domain.tags import touched


class Mailbox:
    """Entries that wait for one subscriber, in order, at most `capacity`.

    A full mailbox is emptied and from then on only says that something was lost, until that was taken: a slow
    reader costs bounded memory and gets no silent hole.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: deque[Entry] = deque()
        self._overflowed = False
        self._filled = asyncio.Event()

    def put(self, entry: Entry) -> None:
        if self._overflowed:
            return
        if len(self._entries) == self._capacity:
            self.overflow()
        else:
            self._entries.append(entry)
            self._filled.set()

    def overflow(self) -> None:
        self._entries.clear()
        self._overflowed = True
        self._filled.set()

    async def take(self) -> list[Entry] | None:
        """Everything that waits, at least one entry; None when entries were lost since the last time."""
        await self._filled.wait()
        return self.take_nowait()

    def take_nowait(self) -> list[Entry] | None:
        """The same without waiting; empty when nothing waits."""
        self._filled.clear()
        if self._overflowed:
            self._overflowed = False
            return None
        taken = list(self._entries)
        self._entries.clear()
        return taken


class Hub:
    """Mailboxes by the tag they are attached to. An entry costs nothing for mailboxes of other tags."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._by_tag: dict[str, set[Mailbox]] = {}

    def __len__(self) -> int:
        """Mailboxes attached now."""
        return sum(map(len, self._by_tag.values()))

    @contextmanager
    def attach(self, tag: str) -> Iterator[Mailbox]:
        mailbox = Mailbox(self._capacity)
        self._by_tag.setdefault(tag, set()).add(mailbox)
        try:
            yield mailbox
        finally:
            self._detach(tag, mailbox)

    def _detach(self, tag: str, mailbox: Mailbox) -> None:
        members = self._by_tag[tag]
        members.discard(mailbox)
        if not members:
            del self._by_tag[tag]

    def deliver(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            for tag in touched(entry.event):
                for mailbox in self._by_tag.get(tag, ()):
                    mailbox.put(entry)

    def lose(self) -> None:
        """Entries were dropped from the log before this process read them: everybody starts anew."""
        for members in self._by_tag.values():
            for mailbox in members:
                mailbox.overflow()
