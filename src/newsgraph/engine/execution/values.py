"""Completing values off the beaten track: what generated code calls when a value is not of the kind it expects.

Section 6.4.3 of the GraphQL specification, as far as there is no error in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping
from enum import Enum
from types import CoroutineType, GeneratorType
from typing import Any, NoReturn

from graphql import GraphQLEnumType, GraphQLLeafType
from graphql.pyutils import Undefined, is_iterable
from graphql.pyutils.is_awaitable import is_awaitable

Complete = Callable[[Any], Any]
"""From what a resolver returned to what stands in the response."""

Pending = tuple[Any, Any, Any, Complete]
"""An awaitable, and where its completed result goes: the container, and the key or index in it."""

Later = Callable[[Pending], None]

SEQUENCES = frozenset({list, tuple})
"""What a list field's value is nearly always, and what can be read more than once."""

_CLASSES = 1_000  # remembered; an application that makes classes as it goes must not fill the memory with them


class WayBack(Exception):
    """Compiled code does not know this, or must not decide it: the reference executor runs the operation again.

    `value`: what was made for the attempt, and is not known either. If it is an awaitable it has to be awaited still.
    """

    def __init__(self, value: object = None) -> None:
        super().__init__()
        self.value = value


def refuse(value: object) -> NoReturn:
    raise WayBack(value)


def confirm(answer: object) -> bool:
    """What is_type_of said. An awaitable is true like anything else, so it is told apart first."""
    if is_awaitable(answer):
        refuse(answer)
    return bool(answer)


class Classes(set[type]):
    """Classes whose instances are values as they are: no null, no exception, nothing to be awaited.

    Whether a value is one of those follows from its class, so each class is looked at once.
    """

    def learn(self, value: Any) -> bool:
        """Whether there is a value; False is null. Errors: WayBack for exceptions and awaitables."""
        if value is None or value is Undefined:
            return False
        if isinstance(value, Exception) or is_awaitable(value):
            raise WayBack
        if not isinstance(value, GeneratorType):  # whether one can be awaited is not said by its class
            if len(self) >= _CLASSES:
                self.clear()
            self.add(type(value))
        return True


def serialiser(type_: GraphQLLeafType) -> Complete:
    """For values that are known to be some."""
    coerce = type_.coerce_output_value

    def serialise(value: Any) -> Any:
        result = coerce(value)
        if result is None or result is Undefined:
            raise WayBack
        return result

    return serialise


def leaf(type_: GraphQLLeafType, classes: Classes, nullable: bool) -> Complete:
    """For any value."""
    serialise = serialiser(type_)

    def complete(value: Any) -> Any:
        if type(value) in classes or classes.learn(value):
            return serialise(value)
        return None if nullable else refuse(value)

    return complete


def names_of(type_: GraphQLEnumType) -> dict[int, str]:
    """The enum's names by the identity of its members: hashing a member of an Enum is a call into Python."""
    wrapped = getattr(type_, "wrapped_cls", None)
    members = [value.value for value in type_.values.values()] if wrapped is None else list(wrapped)
    return {id(member): type_.coerce_output_value(member) for member in members if isinstance(member, Enum)}


class Lists:
    """Lists that are more than a list or tuple of plain values.

    `later` is None for a list that was there before this attempt, as an attribute. What is in such a one may be
    readable only once, a generator for instance; then the reference executor must find it untouched.
    """

    def __init__(self, item: Complete, nullable: bool, classes: Classes) -> None:
        self._item = item
        self._nullable = nullable
        self._classes = classes

    def complete(self, value: Any, later: Later | None) -> list[Any] | None:
        if value is None or value is Undefined:
            return None if self._nullable else refuse(None)
        if isinstance(value, Exception) or is_awaitable(value):
            raise WayBack
        if later is None and _is_read_once(value):
            raise WayBack
        completed: list[Any] = []
        if hasattr(value, "__aiter__") and later is not None:
            later((_collect(value), {}, None, lambda items: self._fill(completed, items, later)))
        elif is_iterable(value):
            self._fill(completed, value, later)
        else:
            raise WayBack
        return completed

    def _fill(self, completed: list[Any], items: Iterable[Any], later: Later | None) -> None:
        for index, item in enumerate(items):
            if not is_awaitable(item):
                self._classes.learn(item)
                completed.append(self._item(item))
            elif later is not None:
                completed.append(None)
                later((item, completed, index, self._item))
            else:
                raise WayBack


def _is_read_once(value: Any) -> bool:
    return isinstance(value, Iterator) or hasattr(value, "__aiter__")


async def _collect(items: AsyncIterable[Any]) -> list[Any]:
    return [item async for item in items]


def is_kept(value: object, source: object, name: str) -> bool:
    """Whether the object has this very value, so that the reference executor would find it used up."""
    found = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
    if found is not value and isinstance(found, CoroutineType):
        found.close()  # each reading makes one
    return found is value
