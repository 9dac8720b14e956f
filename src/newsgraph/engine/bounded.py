"""A mapping of bounded weight in which a flood of new keys does not push out what is asked for again and again.

The policy is S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023) with one bit for each
entry instead of a counter. New entries stand in a short queue and are let go at its end, unless they were asked for
meanwhile: then they go over to the long queue, where an entry that was asked for since the last time goes back to the
beginning. Entries that come back soon after they were let go enter the long queue at once. So a key that is asked for
once costs nobody else their place, however many such keys there are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

OVERHEAD = 400
"""Bytes that an entry costs beside its key and value: its slot, its place in a queue, and another key remembered."""

_ON_TRIAL = 10  # one part in so many of the capacity is for entries that were asked for once, as in the paper
_REMEMBERED = 1_000  # keys that were let go, at the least: 130 KB


class _Slot(Generic[V]):
    __slots__ = ("asked", "value", "weight")

    def __init__(self, value: V, weight: int) -> None:
        self.value = value
        self.weight = weight
        self.asked = False


class Bounded(Generic[K, V]):
    """Entries of at most `capacity` weight in all, in whatever unit the weights are; never more, not for a moment.

    `heaviest`: what an entry may weigh, a tenth of it all. As long as those that are asked for again have no more than
    nine tenths together, entries that are asked for once displace none of them.

    `on_evict` is told of each entry that is let go for want of room, and of no other.
    """

    def __init__(self, capacity: int, on_evict: Callable[[K, V], object] = lambda key, value: None) -> None:
        self.capacity = capacity
        self.heaviest = capacity // _ON_TRIAL
        self.weight = 0
        self._on_evict = on_evict
        self._trial: OrderedDict[K, _Slot[V]] = OrderedDict()
        self._trial_weight = 0
        self._kept: OrderedDict[K, _Slot[V]] = OrderedDict()
        self._gone: OrderedDict[int, None] = OrderedDict()  # hashes of keys: keys may be long

    def __len__(self) -> int:
        return len(self._kept) + len(self._trial)

    def get(self, key: K) -> V | None:
        """The value, which is marked as asked for."""
        slot = self._kept.get(key) or self._trial.get(key)
        if slot is None:
            return None
        slot.asked = True
        return slot.value

    def put(self, key: K, value: V, weight: int) -> bool:
        """In place of what the key had. False when it is too heavy: then there is nothing."""
        self.pop(key)
        if weight > self.heaviest:
            return False
        again = hash(key) in self._gone
        self._make_room(weight, 0 if again else weight)
        if again:
            self._gone.pop(hash(key), None)
            self._kept[key] = _Slot(value, weight)
        else:
            self._trial[key] = _Slot(value, weight)
            self._trial_weight += weight
        self.weight += weight
        return True

    def grow(self, key: K, weight: int) -> bool:
        """Adds to the weight of what the key has. False when there is no room: then nothing is changed."""
        slot = self._kept.get(key) or self._trial.get(key)
        if slot is None or slot.weight + weight > self.heaviest:
            return False
        self.put(key, slot.value, slot.weight + weight)
        if slot.asked:
            self.get(key)
        return True

    def pop(self, key: K) -> V | None:
        """Takes the entry out. If it had been asked for again, it need not be once more when it comes back."""
        slot = self._kept.pop(key, None)
        if slot is not None:
            self._remember(key)
        else:
            slot = self._trial.pop(key, None)
            if slot is None:
                return None
            self._trial_weight -= slot.weight
        self.weight -= slot.weight
        return slot.value

    def clear(self) -> None:
        self._trial.clear()
        self._kept.clear()
        self._gone.clear()
        self.weight = self._trial_weight = 0

    def _make_room(self, weight: int, on_trial: int) -> None:
        """For so much, of which so much will be on trial."""
        while self.weight + weight > self.capacity:
            if self._trial and (self._trial_weight + on_trial > self.heaviest or not self._kept):
                self._end_trial()
            else:
                self._turn()

    def _end_trial(self) -> None:
        key, slot = self._trial.popitem(last=False)
        self._trial_weight -= slot.weight
        if slot.asked:
            slot.asked = False
            self._kept[key] = slot
        else:
            self._remember(key)
            self._let_go(key, slot)

    def _turn(self) -> None:
        """The oldest of the long queue: back to its beginning, or gone."""
        key, slot = self._kept.popitem(last=False)
        if slot.asked:
            slot.asked = False
            self._kept[key] = slot
        else:
            self._let_go(key, slot)

    def _let_go(self, key: K, slot: _Slot[V]) -> None:
        self.weight -= slot.weight
        self._on_evict(key, slot.value)

    def _remember(self, key: K) -> None:
        """As many as there are entries, as in the paper."""
        self._gone[hash(key)] = None
        while len(self._gone) > max(len(self), _REMEMBERED):
            self._gone.popitem(last=False)
