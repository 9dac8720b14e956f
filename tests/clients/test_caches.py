"""Clients with a cache of their own: what they show follows the stream, fed as our documentation tells."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from newsgraph.domain.users import Role
from newsgraph.web.static import BUILT
from tests.clients.scripts import Script, node, running
from tests.flows.conftest import Newsstand, token_for
from tests.flows.test_live import post
from tests.flows.test_resume import MODERATE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REMOVE = "mutation ($input: RemoveCommentInput!) { removeComment(input: $input) { userErrors { code } } }"
EDIT = "mutation ($input: EditCommentInput!) { editComment(input: $input) { userErrors { code } } }"


@pytest.fixture(scope="session")
def compiled(scripts: Path) -> Path:
    """What Relay's compiler makes of a small app and our schema."""
    folder = shutil.copytree(HERE / "relay", scripts / "relay")
    shutil.copy(ROOT / "schema" / "newsgraph.graphql", folder)
    made = folder / "__generated__"
    made.mkdir()
    (made / "package.json").write_text('{"type": "commonjs"}', "utf-8")
    done = run_node(scripts / "node_modules/relay-compiler/cli.js", "relay.config.json", folder=folder)
    assert "compiled documents" in done, done
    return made


def run_node(*command: object, folder: Path) -> str:
    options: dict[str, Any] = {"cwd": folder, "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run([str(node()), *map(str, command)], check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout + done.stderr)


def test_relay_compiles_every_operation_of_the_app(compiled: Path) -> None:
    names = {path.name.removesuffix(".graphql.js") for path in compiled.glob("*.graphql.js")}
    assert {"threadQuery", "threadPageQuery", "threadLiveSubscription", "threadPostMutation"} <= names
    assert "deleteEdge" in (compiled / "threadLiveSubscription.graphql.js").read_text("utf-8")
    assert "appendEdge" in (compiled / "threadReplyMutation.graphql.js").read_text("utf-8")


@pytest.mark.parametrize("name", ["apollo_cache", "urql_cache", "relay"])
async def test_a_cache_follows_the_stream(
    stand: Newsstand, scripts: Path, name: str, request: pytest.FixtureRequest
) -> None:
    """From a cursor that is none, so that it has to ask for its page again first."""
    if BUILT is None:
        pytest.skip("newsgraph-client has not been built: make frontend")
    if name == "relay":
        request.getfixturevalue("compiled")
    article, reader = await stand.publish("Storm"), stand.client(Role.READER)
    first = await post(reader, article, "First.")
    given = {
        "url": f"{stand.url}/graphql",
        "variables": {"articleId": article, "after": "none"},
        "token": token_for(Role.READER, "Own"),
    }
    async with running(scripts / f"{name}.mjs", given) as client:
        await shows(client, "First.")
        assert await client.until("refetched") == "INVALID_CURSOR"
        second = await post(reader, article, "Second.")
        await shows(client, "Second.", "First.")
        await client.answer("Mine.")
        await shows(client, "Mine.", "Second.", "First.")
        await reader.run(EDIT, input={"id": second, "body": "Second thoughts."})
        await shows(client, "Mine.", "Second thoughts.", "First.")
        rejection = {"id": first, "to": "REJECTED"}
        await stand.client(Role.MODERATOR, "Mo").run(MODERATE, input=rejection)
        await shows(client, "Mine.", "Second thoughts.")


async def shows(client: Script, *bodies: str) -> None:
    """Until it does, with as many in its count."""
    async with asyncio.timeout(30):
        while await client.until("page") != {"count": len(bodies), "bodies": list(bodies)}:
            pass


def test_graphql_codegen_makes_types_that_compile(scripts: Path) -> None:
    shutil.copytree(ROOT / "schema" / "operations", scripts / "operations")
    for file in (HERE / "codegen.json", HERE / "generated_use.ts"):
        shutil.copy(file, scripts)
    run_node(scripts / "node_modules/@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.json", folder=scripts)
    compiler = ROOT / "src/newsgraph/web/frontend/node_modules/typescript/bin/tsc"
    if not compiler.exists():
        pytest.skip("TypeScript's compiler is not here: make frontend")
    options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler"]
    run_node(compiler, *options, "generated_use.ts", folder=scripts)
