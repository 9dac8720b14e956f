"""What resolvers are told of the field they resolve: once per field of an operation and request, not per object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLField, GraphQLObjectType
from graphql.execution import Executor
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info

from newsgraph.engine.execution.values import WayBack


@dataclass(slots=True)
class Visit:
    """One attempt. Spoiled once a resolver asked for its path: an info serves all objects, so it has none.

    A resolver may swallow the exception; then the attempt's result is still not used.
    """

    spoiled: bool = False

    def spoil(self) -> None:
        self.spoiled = True
        raise WayBack


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a type in an operation; `own`: Strawberry's field, for an info of Strawberry's."""

    definition: GraphQLField
    nodes: list[FieldNode]
    parent: GraphQLObjectType
    own: StrawberryField | None = None

    @property
    def head(self) -> tuple[Any, ...]:
        """The beginning of a GraphQLResolveInfo: what differs between fields."""
        return self.nodes[0].name.value, self.nodes, self.definition.type, self.parent


def without_path(info: type[tuple[Any, ...]]) -> type[tuple[Any, ...]]:
    """A GraphQLResolveInfo class that has a Visit where the path would be, and spoils it when it is read."""

    def path(self: tuple[Any, ...]) -> None:
        tuple.__getitem__(self, 4).spoil()

    return type(info.__name__, (info,), {"__slots__": (), "path": property(path), "__module__": __name__})


class _Asked(NamedTuple):
    """What the infos of one request have in common: `rest` is all but a GraphQLResolveInfo's first four items."""

    kind: type[tuple[Any, ...]]
    rest: tuple[Any, ...]
    context: Any

    def raw(self, head: tuple[Any, ...]) -> Any:
        return tuple.__new__(self.kind, head + self.rest)


class _LightInfo(Info):
    """Strawberry's Info without what it is made of, until somebody looks: nearly all want the context alone.

    A page has twenty, and each took a microsecond to make.
    """

    context: Any = None  # in place of the property

    def __init__(self, asked: _Asked, head: tuple[Any, ...], own: StrawberryField) -> None:
        self.context = asked.context
        self._asked = asked
        self._head = head
        self._field = own

    @property
    def _raw_info(self) -> Any:  # type: ignore[override]
        return self._asked.raw(self._head)


class Infos:
    """Makes the infos of an operation's fields."""

    def __init__(self, places: list[Place], strawberry_info: type[Any] | None) -> None:
        self._places = [(place.head, place.own) for place in places]
        self._first = places[0] if places else None
        self._strawberry_info = strawberry_info
        self._classes: dict[type, type[tuple[Any, ...]]] = {}

    def make(self, executor: Executor[Any], visit: Visit) -> list[Any]:
        """In the order of the places; all but their first four items is what the executor says of any field."""
        if self._first is None:
            return []
        sample = executor.build_resolve_info(self._first.definition, self._first.nodes, self._first.parent, visit)  # type: ignore[arg-type]
        asked = _Asked(self._class(type(sample)), (visit, *sample[5:]), sample.context)
        return [self._info(asked, head, own) for head, own in self._places]

    def _info(self, asked: _Asked, head: tuple[Any, ...], own: StrawberryField | None) -> Any:
        if own is None or self._strawberry_info is None:
            return asked.raw(head)
        if self._strawberry_info is Info:
            return _LightInfo(asked, head, own)
        return self._strawberry_info(asked.raw(head), own)

    def _class(self, kind: type[tuple[Any, ...]]) -> type[tuple[Any, ...]]:
        if kind not in self._classes:
            self._classes[kind] = without_path(kind)
        return self._classes[kind]
