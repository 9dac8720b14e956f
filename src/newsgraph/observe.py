"""Logging: where it goes, an id for each fault that a client may quote, and tasks that report theirs."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

LOG = logging.getLogger("newsgraph")


def configure(level: str) -> None:
    """Everything to standard error, one line an event."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # httpx logs every address that it fetches at INFO, which is not the reader's news.
    logging.getLogger("httpx").setLevel(logging.WARNING)


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
