"""Clients as a frontend has them: GraphQL over HTTP, and graphql-transport-ws over a real socket."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from newsgraph.domain.users import Role

Json = dict[str, Any]


class Client:
    """One person's browser: every operation with their token."""

    def __init__(self, url: str, role: Role | None = None, token: str | None = None) -> None:
        self.url = url
        self.role = role
        self.token = token
        headers = {"user-agent": "Mozilla/5.0 (test)"} | ({"authorization": f"Bearer {token}"} if token else {})
        self.http = httpx.AsyncClient(base_url=url, headers=headers, timeout=30)

    async def close(self) -> None:
        await self.http.aclose()

    async def post(self, query: str, **variables: Any) -> Json:
        """The whole response body."""
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        return dict(answer.json())

    async def run(self, query: str, **variables: Any) -> Any:
        """The data of an operation that must not fail."""
        body = await self.post(query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def refused(self, query: str, **variables: Any) -> str:
        """The code of an operation that must fail with exactly one error."""
        body = await self.post(query, **variables)
        (error,) = body["errors"]
        return str(error["extensions"]["code"])

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[Socket]:
        address = self.url.replace("http", "ws", 1) + "/graphql"
        async with connect(address, subprotocols=["graphql-transport-ws"], max_size=None, max_queue=None) as connection:  # type: ignore[list-item]
            payload = {"authorization": f"Bearer {self.token}"} if self.token else {}
            await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
            ack = json.loads(await connection.recv())
            assert ack["type"] == "connection_ack", ack
            yield Socket(connection)

    @asynccontextmanager
    async def subscribe(self, query: str, **variables: Any) -> AsyncIterator[Subscription]:
        """One subscription on a socket of its own."""
        async with self.socket() as socket:
            yield await socket.subscribe(query, **variables)


class Socket:
    """A connection with one subscription at a time."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._ids = itertools.count(1)

    async def subscribe(self, query: str, **variables: Any) -> Subscription:
        name = str(next(self._ids))
        message = {"id": name, "type": "subscribe", "payload": {"query": query, "variables": variables}}
        await self.connection.send(json.dumps(message))
        return Subscription(self.connection)


class Subscription:
    """Events of the subscription's only field."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def cut(self) -> None:
        """The connection is gone without a goodbye."""
        self._connection.transport.abort()

    async def message(self, seconds: float = 10.0) -> Json:
        async with asyncio.timeout(seconds):
            return dict(json.loads(await self._connection.recv()))

    async def next(self, seconds: float = 10.0) -> Json:
        message = await self.message(seconds)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message["payload"]
        (event,) = message["payload"]["data"].values()
        return dict(event)

    async def until(self, typename: str) -> Json:
        while (event := await self.next())["__typename"] != typename:
            pass
        return event

    async def silent(self, seconds: float) -> None:
        """Nothing comes for this long."""
        try:
            message = await self.message(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"unexpected: {message}")
