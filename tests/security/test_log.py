"""What is in the log: what happened, by the name of its request; and what is never in it, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
from graphql import parse
from graphql.error import GraphQLError
from websockets.asyncio.client import connect

from newsgraph.domain.users import Role
from newsgraph.observe import ACCESS, REQUEST, report_fault
from newsgraph.observe.lines import FORMS, safe
from newsgraph.settings import Settings
from tests.flows.conftest import token_for
from tests.flows.processes import server_process
from tests.web.desk import Desk, opened_desk

CANARY = "xcanaryx"

HIDDEN = {
    "a token": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4Y2FuYXJ5eCJ9.xcanaryx",
    "a token alone": "eyJhbGciOiJIUzI1NiJ9.xcanaryx.",
    "another scheme": "basic xcanaryx",
    "a header": "Authorization: Negotiate xcanaryx=",
    "a header as bytes": "(b'authorization', b'xcanaryx')",
    "a cookie": "cookie: session=xcanaryx; theme=dark",
    "a cookie that is set": "Set-Cookie: session=xcanaryx",
    "a parameter": "GET /graphql?access_token=xcanaryx&query=x",
    "a field": '{"password": "xcanaryx"}',
    "a field of another name": "client_secret='xcanaryx'",
    "a key": "key ngk_xcanaryx was used",
    "the secret of a webhook": "whsec_xcanaryx",
    "an address with a password": "https://kim:xcanaryx@news.example/feed",
    "a failed task": "Task exception was never retrieved future: <Task coro=<f()> exception=KeyError('xcanaryx')>",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_secrets_are_hidden(name: str) -> None:
    assert CANARY not in safe(HIDDEN[name])


@pytest.mark.parametrize(
    "text",
    [
        "a connection was cut off: its client has not read for 30 s",
        "connections: 15000 do not fit, a process may open 4096 files here (ulimit -Hn)",
        "GET /graphql 200, 1234 bytes, 2.3 ms, 203.0.113.5",
        "12:00:00 ratio 3:4",
    ],
)
def test_the_rest_is_not(text: str) -> None:
    assert safe(text) == text


def test_nobody_writes_lines_of_their_own() -> None:
    assert safe("one\n2026-01-01 ERROR two\r\x1b[31m\x00") == "one\\n2026-01-01 ERROR two\\x0d\\x1b[31m\\x00"


def test_nothing_of_it_takes_long() -> None:
    """A megabyte of what each pattern begins with."""
    for begin in ("eyJ", "bearer ", "cookie:", "token=", "://", "a-", "exception=x("):
        safe(begin * (1_000_000 // len(begin)))


ERRORS = {
    "a value": ValueError(CANARY),
    "a key": KeyError(CANARY),
    "text that is none": UnicodeEncodeError("utf-8", CANARY, 0, 1, CANARY),
    "GraphQL": GraphQLError(CANARY, parse("{ xcanaryx }").definitions[0]),
    "several": ExceptionGroup("some", [ValueError(CANARY), RuntimeError("told")]),
    "what Python says": RuntimeError("token=xcanaryx"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ERRORS)
def test_an_exception_is_told_without_what_was_sent(form: str, name: str) -> None:
    with logged(form) as lines:
        try:
            try:
                raise ERRORS[name]
            except Exception as first:
                raise RuntimeError("while it was handled") from first
        except RuntimeError as error:
            report_fault(error, "a test")
    (line,) = lines
    assert type(ERRORS[name]).__name__ in line
    assert "while it was handled" in line
    assert "test_log.py" in line
    assert CANARY not in line


def test_what_the_database_says_is_told() -> None:
    with logged("text") as lines:
        report_fault(sqlite3.OperationalError("disk I/O error"), "a test")
    assert "sqlite3.OperationalError: disk I/O error" in lines[0]


def test_each_line_has_the_name_of_its_request() -> None:
    reset = REQUEST.set("4bf92f35-1")
    try:
        with logged("text") as plain, logged("json") as objects:
            logging.getLogger("newsgraph").warning("something")
    finally:
        REQUEST.reset(reset)
    assert "WARNING newsgraph [4bf92f35-1]: something" in plain[0]
    found = json.loads(objects[0])
    assert (found["request"], found["level"], found["message"]) == ("4bf92f35-1", "WARNING", "something")
    assert found["time"].endswith("+00:00")


@contextmanager
def logged(form: str) -> Iterator[list[str]]:
    """Lines as they would be written."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Keep()
    handler.setFormatter(FORMS[form]())
    logger = logging.getLogger("newsgraph")
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


# The access log


@pytest.fixture
async def noted(settings: Settings) -> Any:
    level = ACCESS.level
    ACCESS.setLevel(logging.INFO)
    with logged("json") as lines:
        async with opened_desk(replace(settings, access_log=True)) as desk:
            yield desk, lines
    ACCESS.setLevel(level)


async def test_a_line_for_each_request(noted: tuple[Desk, list[str]]) -> None:
    desk, lines = noted
    async with httpx.AsyncClient() as client:
        for query in ("{ __typename }", "{ streamHead }"):
            answer = await client.post(desk.url, json={"query": query})
            found = json.loads(lines.pop())
            assert found["request"] == answer.headers["x-request-id"]
            assert (found["method"], found["path"], found["status"]) == ("POST", "/graphql", 200)
            assert found["bytes"] == len(answer.content)
            assert found["address"] == "127.0.0.1"
            assert 0 <= found["milliseconds"] < 60_000
        await client.get(f"{desk.url}?query={{__typename}}&access_token={CANARY}")
        assert json.loads(lines.pop())["status"] == 400
        await client.post(desk.url, json={"query": "{ __typename }"}, headers={"accept": "text/event-stream"})
        assert (found := json.loads(lines.pop()))["status"] == 200
        assert found["bytes"] > 0
    assert lines == []


async def test_a_line_for_each_socket_and_for_what_is_no_request(noted: tuple[Desk, list[str]]) -> None:
    desk, lines = noted
    async with desk.socket():
        assert lines == []
    await desk.deserted()
    found = json.loads(lines.pop())
    assert (found["method"], found["status"]) == ("WEBSOCKET", 101)
    with suppress(Exception):
        async with desk.open(origin="https://evil.example"):
            pass
    assert json.loads(lines.pop())["status"] == 403
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(b"nonsense\r\n\r\n")
    await reader.read()
    writer.close()
    assert json.loads(lines.pop())["status"] == 400


# Everything at once: a process that tells all it can


async def test_nothing_that_was_sent_is_in_the_log(settings: Settings) -> None:
    """At DEBUG, with the access log; each secret in each place where one can be."""
    talkative = replace(settings, log_level="DEBUG", access_log=True)
    with tempfile.TemporaryFile() as log:
        async with server_process(talkative, log=log) as served, httpx.AsyncClient(base_url=served.url) as client:
            await _send_everywhere(client)
            await _send_by_socket(served.url.replace("http", "ws"))
            token = token_for(Role.ADMIN, CANARY)
            post = {"query": "mutation { __typename }", "variables": {"body": CANARY}}
            await client.post("/graphql", json=post, headers={"authorization": f"Bearer {token}"})
        log.seek(0)
        said = log.read().decode()
    assert said.count("newsgraph.access") > 8
    assert CANARY not in said
    assert token not in said
    assert token.split(".")[1] not in said


async def _send_everywhere(client: httpx.AsyncClient) -> None:
    query = f'query {CANARY} {{ a: article(slug: "{CANARY}") {{ headline }} }}'
    json_ = {"accept": "application/json"}
    secrets = {"authorization": f"Bearer {CANARY}", "cookie": f"session={CANARY}", "x-api-key": CANARY}
    await client.get("/graphql", params={"query": query, "access_token": CANARY}, headers=json_)
    await client.get("/graphql", params={"query": query, "access_token": CANARY})
    await client.post("/graphql", json={"query": query, "variables": {CANARY: CANARY}}, headers=secrets)
    await client.post("/graphql", json={"query": f"{{ {CANARY} }}"}, headers={"cookie": CANARY})
    await client.post("/graphql", json={"query": f"{{ {CANARY} ( }}"})
    await client.post("/graphql", content=f'{{"{CANARY}', headers={"content-type": "application/json"})
    await client.post("/graphql", content=CANARY, headers={"content-type": f"text/{CANARY}"})
    await client.get("/nowhere", params={"token": CANARY})
    await client.get("/graphql", params={"query": query}, headers={"origin": f"https://{CANARY}.example"})


async def _send_by_socket(url: str) -> None:
    protocols: Any = ["graphql-transport-ws"]
    address = f"{url}/graphql?access_token={CANARY}"
    for first in ({"type": "connection_init", "payload": {"authorization": f"Bearer {CANARY}"}}, CANARY, [CANARY]):
        async with connect(address, subprotocols=protocols) as opened:
            await opened.send(json.dumps(first))
            with suppress(Exception):
                await asyncio.wait_for(opened.recv(), 5)
