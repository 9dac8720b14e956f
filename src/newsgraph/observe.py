"""Logging: where it goes, and an id for each fault that a client may quote."""

from __future__ import annotations

import logging
import secrets

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
