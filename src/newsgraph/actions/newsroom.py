"""What every action works with."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from newsgraph.domain.errors import Fault, FaultCode
from newsgraph.domain.users import Role, Viewer
from newsgraph.policies.submissions import Vocabulary
from newsgraph.ports.outside import OutsideRule
from newsgraph.ports.store import Session, Store
from newsgraph.settings import Settings

T = TypeVar("T")
Result = TypeVar("Result", int, str)
KEY_MAX = 200


class Keep(Enum):
    """Stands for a field that was left out of an update: it stays as it is. None means: take it away."""

    KEEP = "KEEP"


@dataclass(frozen=True, slots=True)
class Newsroom:
    store: Store
    settings: Settings
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    outside: OutsideRule | None = None


def signed_in(viewer: Viewer) -> int:
    """The viewer's user id; UNAUTHENTICATED for an anonymous reader."""
    if viewer.user_id is None:
        raise Fault(FaultCode.UNAUTHENTICATED, "Sign in first: send a token as Authorization: Bearer.")
    return viewer.user_id


def require(viewer: Viewer, role: Role) -> int:
    """The viewer's user id; FORBIDDEN when their role does not include `role`."""
    user_id = signed_in(viewer)
    if not viewer.has(role):
        raise Fault(FaultCode.FORBIDDEN, f"This needs the role {role.value}.")
    return user_id


def kept(value: T | Keep, otherwise: T) -> T:
    """The value of an update, or what stood there when it was left out."""
    return otherwise if isinstance(value, Keep) else value


@dataclass(frozen=True, slots=True)
class Call:
    """A mutation as its viewer called it; `key` is their clientMutationId."""

    user_id: int
    mutation: str
    key: str | None


async def receipt_of(session: Session, call: Call) -> str | None:
    """The result of the same call before, as JSON."""
    return await session.receipts.find(call.user_id, call.mutation, call.key) if call.key else None


async def once(newsroom: Newsroom, call: Call, change: Callable[[Session], Awaitable[Result]]) -> Result:
    """Runs `change` in a transaction, together with the receipt that makes a repeat answer the first result.

    A change that raises leaves no receipt, so that it can be tried again. Errors: BAD_INPUT for an unfit key.
    """
    if not call.key:
        return await newsroom.store.write(change)
    if len(call.key) > KEY_MAX or not call.key.isprintable():
        raise Fault(FaultCode.BAD_INPUT, f"clientMutationId: at most {KEY_MAX} printable characters.")
    key = call.key

    async def unit(session: Session) -> Result:
        receipt = await receipt_of(session, call)
        if receipt is not None:
            first: Result = json.loads(receipt)
            return first
        result = await change(session)
        await session.receipts.keep(call.user_id, call.mutation, key, json.dumps(result))
        return result

    return await newsroom.store.write(unit)
