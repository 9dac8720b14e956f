"""Results as bytes of a response: what an EventSource and Apollo's reader make of them."""

from __future__ import annotations

import json
from typing import Any

from newsgraph.web.framing import EventStream, Multipart

PAYLOAD = b'{"data":{"a":"\\n \xc3\xa9"}}'


def events(text: bytes) -> list[dict[str, str]]:
    """As WHATWG HTML, 9.2.6, reads an event stream: the fields of each event that is dispatched."""
    found = []
    for block in text.decode().split("\n\n")[:-1]:
        fields = [line.partition(":")[::2] for line in block.split("\n") if not line.startswith(":")]
        if fields:
            found.append({name: value.removeprefix(" ") for name, value in fields})
    return found


def parts(text: bytes) -> list[bytes]:
    """As Apollo Client reads a multipart response: what stands before each boundary, but for its headers."""
    pieces = text.split(b"\r\n--graphql")[:-1]
    return [body for piece in pieces if (body := piece.partition(b"\r\n\r\n")[2])]


def test_a_stream_of_events() -> None:
    framing = EventStream()
    text = framing.begin(1_500) + framing.next(PAYLOAD, "c1") + framing.alive() + framing.next(PAYLOAD, None)

    assert events(text) == [
        {"retry": "1500"},
        {"event": "next", "id": "c1", "data": PAYLOAD.decode()},
        {"event": "next", "data": PAYLOAD.decode()},
    ]


def test_events_at_the_end() -> None:
    framing = EventStream()
    failed = framing.failed([{"message": "No."}])

    assert events(framing.complete()) == [{"event": "complete", "data": ""}]
    assert [one["event"] for one in events(failed)] == ["next", "complete"]
    assert json.loads(events(failed)[0]["data"]) == {"errors": [{"message": "No."}]}
    assert events(framing.going_away(250)) == [{"retry": "250"}], "and no complete: it is to be resumed"


def test_parts_can_be_read_as_soon_as_they_were_sent() -> None:
    framing = Multipart()
    text = framing.begin(1_500)
    for count in range(3):
        text += framing.next(PAYLOAD, "c1")
        assert parts(text) == [b'{"payload":%b}' % PAYLOAD] * (count + 1)
    text += framing.alive()
    assert parts(text)[-1] == b"{}"
    assert (text + framing.complete()).endswith(b"\r\n--graphql--\r\n")


def test_only_what_another_connection_could_mend_is_an_error_of_the_transport() -> None:
    """Apollo's RetryLink repeats those, and would repeat for ever what can never succeed."""
    framing, errors = Multipart(), [{"message": "No."}]
    away = [{"message": "The server is restarting.", "extensions": {"code": "GOING_AWAY", "retryAfter": 250}}]

    assert last(framing.failed(errors)) == {"payload": {"data": None, "errors": errors}}
    assert last(framing.expelled(errors)) == {"payload": None, "errors": errors}
    assert last(framing.going_away(250)) == {"payload": None, "errors": away}


def last(text: bytes) -> Any:
    (body,) = parts(Multipart().begin(1) + text)
    assert text.endswith(b"\r\n--graphql--\r\n")
    return json.loads(body)
