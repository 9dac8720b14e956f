"""Every operation of the public contract is answered by the demo newsroom, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, OperationType, parse, print_ast
from graphql.utilities import separate_operations

from newsgraph.domain.users import Role
from newsgraph.settings import Settings
from tests.flows.client import Client
from tests.flows.conftest import SECRET, serving, token_for
from tests.graph.test_sdl import CONTRACT

OPERATIONS = {
    name: print_ast(document)
    for path in sorted((CONTRACT / "operations").glob("*.graphql"))
    for name, document in separate_operations(parse(path.read_text("utf-8"))).items()
}


@pytest.fixture
async def reader(copied: Path) -> AsyncIterator[Client]:
    settings = Settings(database=f"sqlite:///{copied}", secret=SECRET)
    async with serving(settings) as url:
        client = Client(url, Role.READER, token_for(Role.READER, "Kim"))
        yield client
        await client.close()


async def variables(client: Client) -> dict[str, Any]:
    newest = (await client.run("{ latestStories { items { nodes { id slug } } } }"))["latestStories"]["items"]
    article = newest["nodes"][0]
    return {
        "slug": article["slug"],
        "articleId": article["id"],
        "input": {"articleId": article["id"], "body": "From the contract.", "clientMutationId": "1"},
    }


@pytest.mark.skipif(not OPERATIONS, reason="the public contract lies beside the repository")
@pytest.mark.parametrize("name", OPERATIONS or ["none"])
async def test_an_operation_of_the_contract_is_answered(reader: Client, name: str) -> None:
    [operation] = [node for node in parse(OPERATIONS[name]).definitions if isinstance(node, OperationDefinitionNode)]
    wanted = {definition.variable.name.value for definition in operation.variable_definitions or ()}
    given = {key: value for key, value in (await variables(reader)).items() if key in wanted}

    if operation.operation is OperationType.SUBSCRIPTION:
        async with reader.subscribe(OPERATIONS[name], **given) as stream:
            assert (await stream.next())["__typename"] == "StreamReady"
    else:
        assert all((await reader.run(OPERATIONS[name], **given)).values())
