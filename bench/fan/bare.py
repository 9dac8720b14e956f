"""The reference: ASGI on uvicorn and nothing else. `python -m fan.bare IMPLEMENTATION`.

A socket at /TOPIC joins the topic; what is posted to /TOPIC goes to all its sockets as it is.
"""

from __future__ import annotations

import sys
from collections import defaultdict

from starlette.types import Receive, Scope, Send

from fan.uvicorns import serve

_ANSWER = [(b"content-length", b"2"), (b"content-type", b"application/json")]


class Bare:
    def __init__(self) -> None:
        self._topics: defaultdict[str, set[Send]] = defaultdict(set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        members = self._topics[scope["path"]]
        if scope["type"] == "websocket":
            await _stay(members, receive, send)
        else:
            await _pass_on(members, receive)
            await send({"type": "http.response.start", "status": 200, "headers": _ANSWER})
            await send({"type": "http.response.body", "body": b"{}"})


async def _stay(members: set[Send], receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
    members.add(send)
    await send({"type": "websocket.send", "text": "{}"})
    while (await receive())["type"] != "websocket.disconnect":
        pass
    members.discard(send)


async def _pass_on(members: set[Send], receive: Receive) -> None:
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part.get("body", b""), part.get("more_body", False)
    message = {"type": "websocket.send", "text": body.decode()}
    for send in list(members):
        await send(message)


if __name__ == "__main__":
    serve(Bare(), sys.argv[1])
