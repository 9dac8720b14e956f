"""graphql-transport-ws, message by message: what a client says, and what follows from it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from newsgraph.web.transport_ws import (
    Action,
    Authenticate,
    Close,
    CloseCode,
    Connection,
    Limits,
    Send,
    Start,
    Stop,
)

INIT = '{"type":"connection_init"}'
PING = '{"type":"ping"}'
ACK = Send('{"type":"connection_ack"}')
QUERY = "{ __typename }"


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def connection(operations: int = 3, rate: float = 0, clock: Seconds | None = None) -> Connection:
    return Connection(Limits(operations, rate), clock or Seconds())


def ready(**limits: Any) -> Connection:
    opened = connection(**limits)
    opened.receive(INIT)
    assert opened.acknowledged() == [ACK]
    return opened


def subscribe(name: Any = "1", **payload: Any) -> str:
    return json.dumps({"id": name, "type": "subscribe", "payload": {"query": QUERY} | payload})


def code(actions: list[Action]) -> int:
    (action,) = actions
    assert isinstance(action, Close), action
    return action.code


def sent(actions: list[Action]) -> Any:
    (action,) = actions
    assert isinstance(action, Send), action
    return json.loads(action.text)


# connection_init


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        (INIT, {}),
        ('{"type":"connection_init","payload":null}', {}),
        ('{"type":"connection_init","payload":{}}', {}),
        ('{"type":"connection_init","payload":{"a":[1]}}', {"a": [1]}),
        ('{"payload":{"a":1},"more":2,"type":"connection_init"}', {"a": 1}),
    ],
)
def test_an_init_is_authenticated_and_acknowledged_once(message: str, payload: Any) -> None:
    opened = connection()

    assert opened.receive(message) == [Authenticate(payload)]
    assert opened.acknowledged() == [ACK]
    assert opened.acknowledged() == []


def test_nothing_is_acknowledged_that_was_not_asked_for() -> None:
    assert connection().acknowledged() == []


def test_who_is_refused_is_told_why() -> None:
    opened = connection()
    opened.receive(INIT)

    assert opened.refused("The token has expired.") == [Close(4403, "The token has expired.")]
    assert opened.receive(PING) == []
    assert opened.acknowledged() == []


@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_second_init_is_one_too_many(acknowledged: bool) -> None:
    opened = ready() if acknowledged else connection()
    if not acknowledged:
        opened.receive(INIT)

    assert opened.receive(INIT) == [Close(4429, "Too many initialisation requests")]


def test_an_init_must_come_in_time() -> None:
    assert connection().init_timed_out() == [Close(4408, "Connection initialisation timeout")]


def test_a_ping_is_no_init() -> None:
    opened = connection()
    opened.receive(PING)

    assert code(opened.init_timed_out()) == 4408


@pytest.mark.parametrize("acknowledged", [False, True])
def test_an_init_that_came_does_not_time_out(acknowledged: bool) -> None:
    opened = connection()
    opened.receive(INIT)
    if acknowledged:
        opened.acknowledged()

    assert opened.init_timed_out() == []


# ping and pong


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (PING, '{"type":"pong"}'),
        ('{"type":"ping","payload":null}', '{"type":"pong"}'),
        ('{"type":"ping","payload":{}}', '{"type":"pong","payload":{}}'),
        ('{"type":"ping","payload":{"k":["v",1.5,null]}}', '{"type":"pong","payload":{"k":["v",1.5,null]}}'),
        ('{"type":"ping","payload":{"k":"\\ud800"}}', '{"type":"pong","payload":{"k":"\\ud800"}}'),
    ],
)
def test_a_ping_is_echoed_at_any_time(message: str, answer: str) -> None:
    assert connection().receive(message) == [Send(answer)]
    assert ready().receive(message) == [Send(answer)]


@pytest.mark.parametrize("message", ['{"type":"pong"}', '{"type":"pong","payload":{"x":1}}'])
def test_a_pong_needs_no_answer(message: str) -> None:
    assert connection().receive(message) == []
    assert ready().receive(message) == []


# Operations


@pytest.mark.parametrize(
    ("payload", "start"),
    [
        ({}, Start("1", QUERY)),
        ({"query": ""}, Start("1", "")),
        ({"variables": None, "operationName": None, "extensions": None}, Start("1", QUERY)),
        ({"variables": {"a": [1]}}, Start("1", QUERY, {"a": [1]})),
        ({"operationName": "A"}, Start("1", QUERY, None, "A")),
        ({"extensions": {"e": 1}, "other": 1}, Start("1", QUERY, None, None, {"e": 1})),
    ],
)
def test_an_operation_starts(payload: Any, start: Start) -> None:
    assert ready().receive(subscribe(**payload)) == [start]


@pytest.mark.parametrize("greeted", [False, True])
def test_an_operation_before_the_acknowledgement(greeted: bool) -> None:
    opened = connection()
    if greeted:
        opened.receive(INIT)

    assert opened.receive(subscribe()) == [Close(4401, "Unauthorized")]


def test_results_and_the_end() -> None:
    opened = ready()
    opened.receive(subscribe("ä\ud800"))

    first = opened.next("ä\ud800", '{"data":{"a":"Ω"}}')
    assert first == [Send('{"id":"\\u00e4\\ud800","type":"next","payload":{"data":{"a":"Ω"}}}')]
    assert sent(opened.complete("ä\ud800")) == {"id": "ä\ud800", "type": "complete"}
    assert opened.next("ä\ud800", "{}") == opened.complete("ä\ud800") == opened.error("ä\ud800", []) == []


def test_errors_end_an_operation() -> None:
    opened = ready()
    opened.receive(subscribe())

    assert sent(opened.error("1", [{"message": "No."}])) == {
        "id": "1",
        "type": "error",
        "payload": [{"message": "No."}],
    }
    assert opened.complete("1") == []
    assert opened.receive(subscribe()) == [Start("1", QUERY)]


def test_a_client_stops_an_operation_and_its_id_is_free() -> None:
    opened = ready()
    opened.receive(subscribe())

    assert opened.receive('{"type":"complete","id":"1"}') == [Stop("1")]
    assert opened.next("1", "{}") == []
    assert opened.receive(subscribe()) == [Start("1", QUERY)]


@pytest.mark.parametrize("make", [connection, ready])
def test_stopping_what_does_not_run_is_no_fault(make: Any) -> None:
    assert make().receive('{"type":"complete","id":"never"}') == []


def test_an_id_that_is_taken() -> None:
    opened = ready()
    opened.receive(subscribe("a"))

    assert opened.receive(subscribe("a")) == [Close(4409, "Subscriber for a already exists")]
    assert opened.next("a", "{}") == opened.complete("a") == opened.receive(subscribe("b")) == []


def test_one_operation_too_many_is_refused_and_the_others_go_on() -> None:
    opened = ready(operations=2)
    opened.receive(subscribe("1"))
    opened.receive(subscribe("2"))

    refused = sent(opened.receive(subscribe("3")))
    assert (refused["id"], refused["type"]) == ("3", "error")
    assert refused["payload"][0]["extensions"] == {"code": "TOO_MANY_OPERATIONS"}
    assert opened.next("3", "{}") == []
    opened.complete("1")
    assert opened.receive(subscribe("3")) == [Start("3", QUERY)]


# Messages that are none

OBJECTS = ['"text"', "[1]", "7", "true", '""', "0", "false", "[]"]
TEXTS = ["1", "null", "true", '{"a":1}', '["a"]', "[]"]
HALF = '{"id":"1","type":"subscribe","payload":'
MALFORMED: list[str | bytes] = [
    "",
    " ",
    "hello",
    '{"type":"ping"',
    '{"type":"ping"}x',
    "\ufeff" + PING,
    PING.encode(),
    b"\xff",
    "[1]",
    '"connection_init"',
    "1",
    "null",
    "true",
    "{}",
    *[f'{{"type":{value}}}' for value in ("1", "null", '["ping"]', '{"ping":1}', '"nope"', '""', '"Ping"')],
    *[f'{{"type":"{kind}","id":"1","payload":{{}}}}' for kind in ("next", "error", "connection_ack", "start", "stop")],
    *[f'{{"type":"{kind}","payload":{value}}}' for kind in ("connection_init", "ping", "pong") for value in OBJECTS],
    '{"type":"complete"}',
    '{"type":"complete","id":""}',
    *[f'{{"type":"complete","id":{value}}}' for value in TEXTS],
    '{"type":"subscribe","payload":{"query":"{a}"}}',
    *[subscribe(value) for value in ("", 1, None, True, {"a": 1}, ["a"])],
    '{"id":"1","type":"subscribe"}',
    *[f"{HALF}{value}}}" for value in [*OBJECTS, "null", "{}", '{"query":[]}', '{"query":null}', '{"query":1}']],
    *[f'{HALF}{{"query":"{{a}}","variables":{value}}}}}' for value in OBJECTS],
    *[f'{HALF}{{"query":"{{a}}","extensions":{value}}}}}' for value in OBJECTS],
    *[f'{HALF}{{"query":"{{a}}","operationName":{value}}}}}' for value in TEXTS if value != "null"],
    "[" * 5_000,
    '{"type":' * 5_000,
    '{"type":"ping","payload":{"a":' + "[" * 50_000 + "]" * 50_000 + "}}",
    '{"type":"ping","payload":{"a":' + "9" * 5_000 + "}}",
    *[f'{{"type":"ping","payload":{{"a":{number}}}}}' for number in ("1e999", "-1e999", "NaN", "Infinity", "01", "1.")],
]


@pytest.mark.parametrize("message", MALFORMED, ids=lambda message: repr(message)[:60])
def test_a_malformed_message_closes_the_connection(message: str | bytes) -> None:
    opened = ready()
    opened.receive(subscribe("running"))

    (close,) = opened.receive(message)
    assert isinstance(close, Close)
    assert close.code == 4400
    assert 0 < len(close.reason.encode()) <= 123
    assert opened.receive(PING) == opened.next("running", "{}") == []


def test_nesting_that_can_be_read_but_not_written_is_never_a_defect() -> None:
    """Just below and above what the interpreter can nest."""
    for depth in range(100, 1_400, 25):
        message = '{"type":"ping","payload":{"a":' + "[" * depth + "]" * depth + "}}"
        (action,) = ready().receive(message)
        assert isinstance(action, Send) or action == Close(4400, "The message is nested too deeply")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("d" * 300, "Subscriber for " + "d" * 108),
        ("ä" * 300, "Subscriber for " + "ä" * 54),
        ("世" * 300, "Subscriber for " + "世" * 36),
        ("x" + "🗞" * 300, "Subscriber for x" + "🗞" * 26),
        ("\ud800", "Subscriber for ? already exists"),
    ],
)
def test_a_reason_is_cut_between_two_characters(name: str, reason: str) -> None:
    opened = ready()
    opened.receive(subscribe(name))

    assert opened.receive(subscribe(name)) == [Close(4409, reason)]


# Floods


def test_messages_beyond_the_rate_close_the_connection() -> None:
    clock = Seconds()
    opened = connection(rate=2, clock=clock)
    assert [len(opened.receive(PING)) for _ in range(20)] == [1] * 20
    clock.now += 1
    assert [sent(opened.receive(PING)) for _ in range(2)] == [{"type": "pong"}] * 2

    assert opened.receive(PING) == [Close(4429, "Too many messages")]


def test_a_long_silence_saves_no_more_than_a_burst() -> None:
    clock = Seconds()
    opened = connection(rate=1, clock=clock)
    clock.now += 1_000

    for _ in range(10):
        opened.receive(PING)
    assert code(opened.receive(PING)) == 4429


def test_steady_messages_within_the_rate_go_on_for_ever() -> None:
    clock = Seconds()
    opened = connection(rate=4, clock=clock)
    for _ in range(1_000):
        clock.now += 0.25
        assert opened.receive(PING) == [Send('{"type":"pong"}')]


def test_without_a_rate_anything_goes() -> None:
    opened = connection(rate=0)

    assert all(len(opened.receive(PING)) == 1 for _ in range(10_000))


# The end


def test_a_connection_ends_once() -> None:
    opened = ready()
    opened.receive(subscribe())

    assert opened.end(CloseCode.INTERNAL, "Broken") == [Close(4500, "Broken")]
    assert opened.end(CloseCode.INTERNAL, "Broken") == opened.refused() == opened.init_timed_out() == []
    assert opened.receive(b"!") == opened.complete("1") == []


def test_every_close_code_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8")
    documented = re.findall(r"^\| `(\d{4})` \|", page.partition("## When a WebSocket is closed")[2], re.MULTILINE)

    of_the_transport = ["1007", "1009", "1011", "1012"]  # which uvicorn and web.uvicorn_sockets close with
    assert documented == sorted([str(code.value) for code in CloseCode] + of_the_transport)
