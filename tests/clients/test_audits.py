"""GraphQL over HTTP as its reference implementation audits it: what must be, what should be, and what may be."""

from __future__ import annotations

from pathlib import Path

from tests.clients.scripts import running
from tests.flows.conftest import Newsstand

_AUDITS = 61  # of graphql-http 1.22; a later version may have more


async def test_all_audits_pass(stand: Newsstand, scripts: Path) -> None:
    async with running(scripts / "audits.mjs", {"url": f"{stand.url}/graphql"}) as audits:
        found = []
        while "audit" in (line := await audits.line()):
            found.append(line["audit"])

    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert len(found) >= _AUDITS
