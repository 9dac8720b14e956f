"""Logging: where it goes, an id for each fault that a client may quote, and tasks that report theirs."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import warnings
from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any, ParamSpec

from newsgraph.observe.lines import FORMS
from newsgraph.observe.lines import REQUEST as REQUEST

LOG = logging.getLogger("newsgraph")

ACCESS = logging.getLogger("newsgraph.access")
"""A line for each request, where that is wanted; its `facts` (observe.lines) have the parts by name."""

# At DEBUG these write down what they pass on: addresses, headers, statements with the texts of comments.
_TALKERS = ("httpx", "httpcore", "aiosqlite", "websockets", "hpack", "asyncio")


def configure(level: str, form: str = "text", access: bool = False) -> None:
    """Everything to standard error, one line an event; `form` is text or json. `access`: a line for each request."""
    handler = logging.StreamHandler()
    handler.setFormatter(FORMS[form]())
    logging.basicConfig(level=level, handlers=[handler])
    ACCESS.setLevel(logging.INFO if access else logging.WARNING)
    for name in _TALKERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    _pass_over_abandoned()


def _pass_over_abandoned() -> None:
    """Says nothing of coroutines that were never begun.

    graphql-core drops those of a failed operation; nothing is lost, and whoever likes could fill the log with it. Where
    one goes while a named tuple is made, Python cannot even say so: its code has no `__import__`.
    """
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    if not (isinstance(unraisable.object, CoroutineType) and isinstance(unraisable.exc_value, KeyError)):
        sys.__unraisablehook__(unraisable)


def report_fault(error: BaseException, where: str) -> str:
    """Logs a defect with its traceback and returns the id by which it can be found."""
    fault_id = secrets.token_hex(8)
    LOG.error("fault %s in %s", fault_id, where, exc_info=error)
    return fault_id


Args = ParamSpec("Args")
Work = Callable[Args, Coroutine[Any, Any, None]]


class Tasks(asyncio.TaskGroup):
    """A group of which some tasks may fail without the others: those that are begun with `start`."""

    def start(self, work: Work[Args], *args: Args.args, **more: Args.kwargs) -> asyncio.Task[None]:
        """A defect is logged, and ends this task alone."""
        return self.create_task(_guarded(work, *args, **more), name=work.__qualname__)


async def _guarded(work: Work[Args], *args: Args.args, **more: Args.kwargs) -> None:
    try:
        await work(*args, **more)
    except Exception as error:
        report_fault(error, work.__qualname__)
