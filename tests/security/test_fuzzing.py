"""A short run of `make fuzz`: always the same seeds, so that it fails for what was changed and not by chance."""

from __future__ import annotations

from pathlib import Path

from tests.security.fuzzing import against_a_demo

_SECONDS = 8.0


async def test_whatever_comes_is_answered(tmp_path: Path) -> None:
    found = await against_a_demo(tmp_path, _SECONDS)
    assert found.statuses[200] > 20
    assert found.data > 0, "some of it finds something"
