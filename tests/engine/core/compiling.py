"""A pytest plugin that puts compiled execution in place of graphql-core's, for graphql-core's own tests.

For a process of its own: every executor of graphql-core's compiles what it executes, whatever way a test comes by it.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from graphql.execution import Executor

from newsgraph.engine.execution import executor as executors
from newsgraph.engine.execution.operation import Ways

LEFT_OUT = Path(__file__).with_name("left-out.txt")


class Counting:
    """Replaces `execute_operation`, and counts whether it came to the reference."""

    def __init__(self, inline: bool) -> None:
        self.compiled = self.reference = 0
        self._operations = executors.Operations(Ways(inline), capacity=100)
        self._original: Any = Executor.execute_operation

    def execute(self, executor: Executor[Any], serially: bool | None = None) -> Any:
        self.compiled += 1
        reference = partial(self._refer, executor, serially)
        if serially or not executors.is_reference(type(executor)):
            return reference()
        return self._operations.of(executor).run(executor, reference)

    def _refer(self, executor: Executor[Any], serially: bool | None) -> Any:
        self.compiled -= 1
        self.reference += 1
        return self._original(executor, serially)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"executions: {self.compiled} compiled, {self.reference} by the reference")


def pytest_configure(config: pytest.Config) -> None:
    counting = Counting(os.environ["EXECUTION"] == "inline")
    config.pluginmanager.register(counting)
    method = lambda executor, serially=None: counting.execute(executor, serially)  # noqa: E731 - it becomes a method
    Executor.execute_operation = method  # type: ignore[method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = left_out()
    for item in items:
        if item.nodeid in reasons:
            item.add_marker(pytest.mark.skip(reason=reasons.pop(item.nodeid)))
    assert not reasons, f"there are no such tests: {list(reasons)}"


def left_out() -> dict[str, str]:
    """Tests that do not apply, by their names, and why."""
    reasons, reason = {}, ""
    for line in LEFT_OUT.read_text("utf-8").splitlines():
        if line.startswith("- "):
            reasons[line.removeprefix("- ")] = reason
        elif line and not line.startswith("#"):
            reason = line
    return reasons
