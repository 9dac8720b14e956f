"""A newsroom whose clients come back soon, and the clients' scripts."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsgraph import app
from newsgraph.settings import Settings
from newsgraph.web.static import BUILT
from tests.clients.scripts import node
from tests.flows.conftest import SECRET, Newsstand, furnish, serving

HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / "build" / "clients" / "node_modules"


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the scripts, beside the packages: a script finds what it imports only there."""
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    if not all((PACKAGES / name).exists() for name in wanted):
        pytest.skip("the JavaScript clients are not here: make clients")
    if node() is None:
        pytest.skip("there is no Node.js here, and not the one of the development tools: make setup")
    folder = tmp_path_factory.mktemp("clients")
    for file in (*HERE.glob("*.mjs"), HERE.parents[1] / "schema" / "newsgraph.graphql"):
        shutil.copy(file, folder)
    if BUILT is not None:
        shutil.copy(BUILT.files["widgets/newsgraph-client.js"].path, folder)
    (folder / "node_modules").symlink_to(PACKAGES)
    return folder


@pytest.fixture
async def furnished(tmp_path: Path) -> Settings:
    settings = Settings(
        database=f"sqlite:///{tmp_path / 'news.db'}", secret=SECRET, reconnect_spread=0.2, token_leeway=0.0
    )
    async with app.open_newsroom(settings) as newsroom:
        await newsroom.store.write(furnish)
    return settings


@pytest.fixture
async def stand(furnished: Settings) -> AsyncIterator[Newsstand]:
    async with serving(furnished) as url:
        stand = Newsstand(url, [])
        yield stand
        await asyncio.gather(*(client.close() for client in stand.clients))
