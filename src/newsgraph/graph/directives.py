"""What the schema says of its own fields: what they cost, how long they keep, who may see them."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry.schema_directive import Location

from newsgraph.graph.enums import Role


@strawberry.enum(description="Whether an answer may be shared between viewers.")
class CacheScope(Enum):
    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="What the field adds to an operation's cost; a list field multiplies what is selected below it.",
)
class Cost:
    weight: int


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How long the field's list is, for an operation's cost: as one of slicingArguments says (a number, or "
    "as many as it lists), else assumedSize, else a page. The list is in the sizedFields, if there are any.",
)
class ListSize:
    assumed_size: int | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    description="For how many seconds an answer with this field may be kept, and by whom.",
)
class CacheControl:
    max_age: int | None = strawberry.UNSET
    scope: CacheScope | None = strawberry.UNSET


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    description="The role that a viewer must have; without it the field is an error with the code FORBIDDEN.",
)
class Auth:
    role: Role


PRIVATE = CacheControl(scope=CacheScope.PRIVATE)


def cost(weight: int) -> Cost:
    return Cost(weight=weight)


def list_of(assumed: int, *slicing: str) -> ListSize:
    """A list of about so many, or of as many as one of the arguments lists."""
    return ListSize(assumed_size=assumed, slicing_arguments=list(slicing) or strawberry.UNSET)


def pages_of(*slicing: str, assumed: int = strawberry.UNSET) -> ListSize:
    """A connection; without `assumed`, a page has the usual length."""
    names = list(slicing or ("first", "last"))
    return ListSize(assumed_size=assumed, slicing_arguments=names, sized_fields=["edges", "nodes"])


def auth(role: Role) -> Auth:
    return Auth(role=role)
